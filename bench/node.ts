// The benchmark in Node: options from the command line, a child process for what the kernels are compared with.

import { execFileSync, fork } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Build } from "../bindings/variant.ts";
import { hasRelaxedSimd } from "../bindings/variant.ts";
import { runBench } from "./bench.ts";
import type { Partner } from "./measure.ts";
import type { Answer } from "./partner.ts";

const folder = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const option = (name: string): string | undefined =>
  words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);

function commitOf(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

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

const build: Build = (option("build") as Build | undefined) ?? (hasRelaxedSimd() ? "relaxed" : "strict");
rmSync(join(folder, "report.json"), { force: true }); // one of before would be taken for this one's
const report = await runBench(
  {
    build,
    filter: option("filter")?.split(",") ?? [],
    quick: words.includes("--quick"),
    alone: words.includes("--alone"),
  },
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

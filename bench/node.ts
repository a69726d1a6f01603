// The benchmark in Node: options from the command line, a child process for what the kernels are compared with.

import { execFileSync, fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Build } from "../bindings/variant.ts";
import { hasRelaxedSimd } from "../bindings/variant.ts";
import type { Options, Report } from "./bench.ts";
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

function buildsOf(wanted: string | undefined): Build[] {
  const best: Build = hasRelaxedSimd() ? "relaxed" : "strict";
  if (wanted === undefined) return [best];
  if (wanted === "both") return best === "relaxed" ? ["relaxed", "strict"] : ["strict"];
  if (wanted !== "strict" && wanted !== "relaxed")
    throw new Error(`--build=${wanted}: expected strict, relaxed or both`);
  return [wanted];
}

const json = option("json");
const silent = words.includes("--json");
const reports: Report[] = [];
for (const build of buildsOf(option("build"))) {
  const options: Options = {
    build,
    filter: option("filter")?.split(",") ?? [],
    quick: words.includes("--quick"),
    alone: words.includes("--alone"),
  };
  reports.push(
    await runBench(options, {
      processor: cpus()[0]?.model.trim() ?? "unknown processor",
      engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
      commit: commitOf(),
      roof: await WebAssembly.compile(readFileSync(join(folder, `roof.${build}.wasm`))),
      startPartner,
      print: (line) => void (silent || console.log(line)),
    }),
  );
}
if (silent) console.log(JSON.stringify(reports, null, 2));
if (json) writeFileSync(json, `${JSON.stringify(reports, null, 2)}\n`);
process.exitCode = reports.some(({ failures }) => failures.length > 0) ? 1 : 0;

// `npm run bench`: builds the roof and the bundles of the benchmark and runs it in Node, a process for each build of the
// kernels. docs/benchmarks.md says how to read what comes out.
//
//     --filter=gemm,conv2d   rows whose group or name holds one of the words
//     --quick                few rows, short samples; under a minute
//     --build=strict         or relaxed (what is taken where the engine has it) or both
//     --alone                neither baseline nor twin: the kernels and the roof
//     --json, --json=FILE    all as JSON, in place of the table or beside it

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildRoof, bundle } from "./build.mjs";

const words = process.argv.slice(2);
const known = /^--(filter=.+|quick|build=(strict|relaxed|both)|alone|json(=.+)?)$/;
for (const word of words) {
  if (known.test(word)) continue;
  console.error(`unknown option ${word}; known: --filter=, --quick, --build=strict|relaxed|both, --alone, --json`);
  process.exit(1);
}

const wanted = words.find((word) => word.startsWith("--build="))?.slice(8);
const json = words.find((word) => word.startsWith("--json"));
const passed = words.filter((word) => !/^--(build|json)/.test(word));

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const folder = ".cache/bench";
mkdirSync(folder, { recursive: true });
await buildRoof(folder);
await bundle("node", { node: "bench/node.ts", partner: "bench/partner.node.ts" }, folder);

/** Runs one build, or the best one that this engine has; returns its report. */
function run(build) {
  const args = [`${folder}/node.mjs`, ...passed, ...(build ? [`--build=${build}`] : [])];
  const { status } = spawnSync(process.execPath, args, {
    stdio: ["ignore", json === "--json" ? "ignore" : "inherit", "inherit"],
  });
  if (status !== 0) process.exitCode = 1;
  return JSON.parse(readFileSync(`${folder}/report.json`, "utf8"));
}

const reports = [run(wanted === "both" ? undefined : wanted)];
if (wanted === "both" && reports[0].build !== "strict") reports.push(run("strict"));
if (json) {
  const text = `${JSON.stringify(reports, null, 2)}\n`;
  if (json === "--json") process.stdout.write(text);
  else writeFileSync(json.slice("--json=".length), text);
}

// `npm run bench`: builds the roof and the bundles of the benchmark and runs it, a process for each build of the kernels
// and each environment. docs/benchmarks.md says how to read what comes out.

//     --filter=gemm,conv2d   rows whose group or name holds one of the words
//     --quick                few rows, short samples; under a minute
//     --build=strict         or relaxed (which is taken where the engine has it) or both
//     --alone                neither baseline nor twin: the kernels and the roof
//     --threads=2            beside one thread the kernels on two, and training on two
//     --in=chromium,firefox  in headless browsers in place of Node
//     --json, --json=FILE    all as JSON, in place of the table or beside it

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildRoof, bundle } from "./build.mjs";

const words = process.argv.slice(2);
const known =
  /^--(filter=.+|quick|build=(strict|relaxed|both)|alone|threads=[1-9][0-9]?|in=(node|chromium|firefox)(,(node|chromium|firefox))*|json(=.+)?)$/;
for (const word of words) {
  if (known.test(word)) continue;
  console.error(
    `unknown option ${word}; known: --filter=, --quick, --build=, --alone, --threads=, --in=, --json (bench/run.mjs)`,
  );
  process.exit(1);
}
const option = (name) => words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const wanted = option("build");
const environments = option("in")?.split(",") ?? ["node"];
const json = words.find((word) => word.startsWith("--json"));
const passed = words.filter((word) => !/^--(build|in|json)/.test(word));

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const root = ".cache/bench";

/** Runs one build, or the best one that the engine has; returns its report, or null where there is none. */
function run(environment, folder, build) {
  const start = environment === "node" ? [`${folder}/node.mjs`] : [`${root}/node/web.mjs`, environment, folder];
  rmSync(`${folder}/report.json`, { force: true });
  const { status } = spawnSync(process.execPath, [...start, ...passed, ...(build ? [`--build=${build}`] : [])], {
    stdio: ["ignore", json === "--json" ? "ignore" : "inherit", "inherit"],
  });
  if (status !== 0) process.exitCode = 1;
  try {
    return JSON.parse(readFileSync(`${folder}/report.json`, "utf8"));
  } catch {
    return null; // it has said why
  }
}

const web = environments.some((environment) => environment !== "node");
const folders = { node: `${root}/node`, web: `${root}/web` };
for (const folder of Object.values(folders)) {
  mkdirSync(folder, { recursive: true });
  await buildRoof(folder);
}
const inNode = { node: "bench/node.ts", partner: "bench/partner.node.ts", ...(web ? { web: "bench/web.ts" } : {}) };
await bundle("node", inNode, folders.node);
if (web) await bundle("web", { page: "bench/page.ts", partner: "bench/partner.web.ts" }, folders.web);

const reports = [];
for (const environment of environments) {
  const folder = folders[environment === "node" ? "node" : "web"];
  const first = run(environment, folder, wanted === "both" ? undefined : wanted);
  reports.push(first);
  if (wanted === "both" && first?.build === "relaxed") reports.push(run(environment, folder, "strict"));
}
if (json) {
  const text = `${JSON.stringify(reports.filter(Boolean), null, 2)}\n`;
  if (json === "--json") process.stdout.write(text);
  else writeFileSync(json.slice("--json=".length), text);
}

// Runs the tests. `npm test` is `node test/run.mjs --full`: install, build, check, every tier in Node and in
// browsers. `node test/run.mjs [--tier=unit] [--in=node,chromium,firefox] [name ...]` runs a part, in Node
// alone where --in does not say otherwise. The work is done by runner.ts; this file needs nothing installed.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const words = process.argv.slice(2);
const checks = [];

/** Runs a script of the project; true where it succeeded. */
function step(...command) {
  return spawnSync(process.execPath, command, { stdio: "inherit" }).status === 0;
}

function endEarly(what) {
  console.log(`\n${what} failed\n0 passed, 1 failed`);
  process.exit(1);
}

if (words.includes("--full")) {
  if (!step("bindings/setup.mjs")) endEarly("Installing");
  if (!step("bindings/build.mjs")) endEarly("The build");
  checks.push(["typecheck", step("node_modules/typescript/bin/tsc", "-p", ".")]);
  checks.push(["lint", step("node_modules/@biomejs/biome/bin/biome", "check", "--log-level=warn", ".")]);
}

const { build } = await import("esbuild");
const cache = ".cache/tests";
mkdirSync(cache, { recursive: true });
const outfile = `${cache}/runner.mjs`;
await build({
  entryPoints: ["test/runner.ts"],
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  outfile,
  logLevel: "error",
});
const { runTests } = await import(pathToFileURL(outfile).href);
await runTests(words, checks).catch((error) => {
  console.error(error);
  endEarly("Running the tests");
});

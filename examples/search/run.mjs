// `node examples/search/run.mjs`, after a build: bundles node.ts and what workers load, and runs it. Options: --workers=2 --seed=1
// --journal=search.jsonl.

import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, "../../.cache/search");
await build({
  entryPoints: [join(here, "node.ts"), join(here, "spirals.ts")],
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external", // lanewise is imported as an installed package is
  outdir,
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
});
await import(pathToFileURL(join(outdir, "node.mjs")).href);

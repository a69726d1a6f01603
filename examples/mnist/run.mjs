// `npm start`: bundles node.ts and runs it. Options: --seed=1 --epochs=4 --threads=2.

import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outfile = join(here, "../../.cache/mnist/node.mjs");
await build({
  entryPoints: [join(here, "node.ts")],
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external", // lanewise is imported as an installed package is
  sourcemap: "inline",
  outfile,
  logLevel: "warning",
});
await import(pathToFileURL(outfile).href);

// `node bench/soak.mjs`: many steps, to see that nothing grows. A few minutes; `--short` a few seconds. With `--minutes=30` one
// network is trained so long on all cores: the last tenth is to be as fast as the first, and memory flat.

import { spawnSync } from "node:child_process";
import { build } from "esbuild";

const outfile = ".cache/soak.mjs";
await build({
  entryPoints: ["bench/soak.ts"],
  bundle: true,
  ignoreAnnotations: true,
  format: "esm",
  platform: "node",
  packages: "external",
  external: ["@assemblyscript/loader"],
  conditions: ["lanewise-source"],
  target: "es2023",
  outfile,
  logLevel: "error",
});
const { status } = spawnSync(process.execPath, ["--expose-gc", outfile, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? 1);

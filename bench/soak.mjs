// `node bench/soak.mjs`: many steps, to see that nothing grows. A few minutes; `--short` a few seconds.

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

// `node bench/barrier.mjs`: nanoseconds that two threads take to meet, with a core for each.

import { spawnSync } from "node:child_process";
import { build } from "esbuild";

const outfile = ".cache/barrier.mjs";
await build({
  entryPoints: ["bench/barrier.ts"],
  bundle: true,
  ignoreAnnotations: true,
  format: "esm",
  platform: "node",
  packages: "external",
  conditions: ["lanewise-source"],
  target: "es2023",
  outfile,
  logLevel: "error",
});
const { status } = spawnSync(process.execPath, [outfile], { stdio: "inherit" });
process.exit(status ?? 1);

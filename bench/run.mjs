// `npm run bench`: training steps a second, on the relaxed and on the strict kernels, a process each.
// `--filter=LeNet` picks rows.

import { spawnSync } from "node:child_process";
import { build } from "esbuild";

const outfile = ".cache/bench.mjs";
await build({
  entryPoints: ["bench/training.ts"],
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
for (const flags of [[], ["--reproducible"]]) {
  const { status } = spawnSync(process.execPath, [outfile, ...flags, ...process.argv.slice(2)], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

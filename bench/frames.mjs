// `node bench/frames.mjs`: how smooth the example's page is while it trains (frames.ts). Needs a build.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const outfile = resolve(".cache/frames.mjs");
await build({
  entryPoints: ["bench/frames.ts"],
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  target: "es2022",
  outfile,
  logLevel: "error",
});
await import(pathToFileURL(outfile).href);

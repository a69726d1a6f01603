// `node bench/startup.mjs`: milliseconds from the import of the library to the first finished training step of LeNet-5, and
// where they go; in fresh processes of this Node and in a fresh Chromium. It needs what `npm run build` makes.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const folder = ".cache/startup";
const common = { bundle: true, format: "esm", target: "es2022", logLevel: "error" };
const node = { ...common, platform: "node", packages: "external", outdir: folder, outExtension: { ".js": ".mjs" } };

// in Node the library's own files are imported; for a page the application is bundled as pages are
await build({ ...node, entryPoints: ["bench/startup.ts", "bench/startupApplication.ts", "bench/startupProbe.ts"] });
await build({
  ...common,
  entryPoints: ["bench/startupApplication.ts", "bench/startupProbe.ts"],
  platform: "browser",
  minify: true,
  splitting: true,
  outdir: `${folder}/page`,
});
writeFileSync(`${folder}/page/index.html`, "<!doctype html><title>startup</title>");
const { status } = spawnSync(process.execPath, [`${folder}/startup.mjs`, folder], { stdio: "inherit" });
process.exit(status ?? 1);

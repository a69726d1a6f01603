// Builds what the benchmark runs: the roof, as WebAssembly in both builds, and bundles for Node or a page.

import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

const sources = ["bench/assembly/roof.ts", "assembly/vec.ts", "bench/build.mjs"];
const features = { strict: "simd", relaxed: "simd,relaxed-simd" };

/** Writes roof.strict.wasm and roof.relaxed.wasm where they are not newer than their sources. */
export async function buildRoof(folder) {
  const newest = Math.max(...sources.map((path) => statSync(path).mtimeMs));
  for (const [name, enabled] of Object.entries(features)) {
    const outFile = `${folder}/roof.${name}.wasm`;
    if ((statSync(outFile, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) continue;
    const options = {
      "--config": "none",
      "--optimizeLevel": "3",
      "--runtime": "stub",
      "--initialMemory": "1",
      "--maximumMemory": "65536",
      "--use": "abort=",
      "--enable": enabled,
      "--outFile": outFile,
    };
    const { error, stderr } = await asc.main([
      "bench/assembly/roof.ts",
      "--noAssert",
      "--importMemory",
      ...Object.entries(options).flat(),
    ]);
    if (error) throw new Error(stderr.toString());
  }
}

/** Bundles entry points by name; in Node packages stay outside. */
export async function bundle(platform, entryPoints, folder) {
  await build({
    entryPoints,
    outdir: folder,
    outExtension: platform === "node" ? { ".js": ".mjs" } : {},
    bundle: true,
    ignoreAnnotations: true,
    format: "esm",
    platform: platform === "node" ? "node" : "browser",
    ...(platform === "node" ? { packages: "external" } : { define: { window: "globalThis" } }), // workers have no window
    conditions: ["lanewise-source"],
    target: "es2023",
    logLevel: "error",
  });
}

/** Bundles bench/<name>.ts for Node, in the project's folder, wherever it was called from; returns where it is. */
export async function bundleScript(name) {
  process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
  const folder = ".cache/bench/node";
  await bundle("node", { [name]: `bench/${name}.ts` }, folder);
  return `${folder}/${name}.mjs`;
}

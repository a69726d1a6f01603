// What the library weighs: the binaries, and what applications bundle of dist/ with esbuild. `node
// bindings/sizes.mjs` prints a table, with --json the figures. The limits stand in test/package.node.test.ts.

import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const weigh = (name, ...contents) => ({
  name,
  bytes: contents.reduce((sum, each) => sum + each.length, 0),
  gzip: contents.reduce((sum, each) => sum + gzipSync(each, { level: 9 }).length, 0),
});

/** Bundles for a page, minified; `splitting` keeps what is imported dynamically in files of its own. */
async function bundle(contents, splitting) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    splitting,
    outdir: join(root, ".cache/sizes"),
    absWorkingDir: root,
    write: false,
    metafile: true,
    logLevel: "error",
  });
  return { files: new Map(outputFiles.map((file) => [relative(root, file.path), file.contents])), metafile };
}

/** Modules that are imported where they are needed: the first example with relaxed SIMD needs none of them. */
const onDemand = /\/(classWeight|engine|extras|more|saving|staff|stepQueue|strict|tracking)-[^/]*$/;

/** The files that an application loads when it runs; test/package.browser.test.ts compares them with a page's. */
export function loaded({ files, metafile }) {
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path) || onDemand.test(path)) return;
    reached.add(path);
    for (const { path: next } of metafile.outputs[path].imports) visit(next);
  };
  visit(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint?.includes("stdin")));
  return [...reached].map((path) => files.get(path));
}

/** Raw and gzipped bytes: [{ name, bytes, gzip }]. */
export async function measureSizes() {
  const first = `export * from "./test/consumer/first.ts"`;
  const whole = `export * from "lanewise"; export * as kernels from "lanewise/kernels"`;
  return [
    ...["base", "strict", "relaxed", "moreStrict", "moreRelaxed"].map((name) =>
      weigh(`${name}.wasm`, readFileSync(join(root, `dist/wasm/${name}.wasm`))),
    ),
    weigh("first example", ...loaded(await bundle(first, true))),
    weigh("first example, bundled into one file", ...(await bundle(first, false)).files.values()),
    weigh("whole library", ...(await bundle(whole, false)).files.values()),
  ];
}

export function formatSizes(sizes) {
  const width = Math.max(...sizes.map(({ name }) => name.length));
  return sizes
    .map(
      ({ name, bytes, gzip }) => `${name.padEnd(width)} ${String(bytes).padStart(9)} ${String(gzip).padStart(9)} gzip`,
    )
    .join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = await measureSizes();
  console.log(process.argv.includes("--json") ? JSON.stringify(sizes) : formatSizes(sizes));
}

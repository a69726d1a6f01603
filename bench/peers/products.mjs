// `node bench/peers/products.mjs [--seconds=20]`: square matrix products on two threads in headless Chromium, by Lanewise, jax-js and
// TensorFlow.js (wasm), each in a worker of an isolated page of its own, in turns. Run `npm run bench:peers` first: it installs them.
//
// What is equal: the matrices, float32, in the memory of the library before and after. jax-js takes as many threads as there are cores; so
// run it where there are two. TensorFlow.js is asked for two and says how many it takes.

import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const folder = dirname(fileURLToPath(import.meta.url));
process.chdir(join(folder, "..", ".."));
const { values } = parseArgs({ options: { seconds: { type: "string", default: "20" } } });

const site = join(folder, ".cache", "products");
mkdirSync(site, { recursive: true });
const names = ["lanewise", "jax-js", "tfjs-wasm"];
const common = { bundle: true, format: "esm", target: "es2023", conditions: ["lanewise-source"], logLevel: "error" };
await build({
  ...common,
  entryPoints: names.map((name) => join(folder, "products", `${name}.mjs`)),
  outdir: site,
  platform: "browser",
});
const binaries = join(folder, "node_modules/@tensorflow/tfjs-backend-wasm/wasm-out");
for (const file of readdirSync(binaries))
  if (file.endsWith(".wasm")) copyFileSync(join(binaries, file), join(site, file));
writeFileSync(join(site, "page.html"), "<!doctype html><title>products</title>");
const browsers = join(site, "browsers.mjs");
await build({
  ...common,
  entryPoints: ["test/browsers.ts"],
  outfile: browsers,
  platform: "node",
  packages: "external",
});
const { findBrowser, serve, withBrowser } = await import(pathToFileURL(browsers).href);

const executable = findBrowser("chromium");
if (!executable) throw new Error("Chromium is not installed");

/** In a page: starts the library's worker; `globalThis.ask` sends it a message and resolves with its answer. */
async function start(name) {
  const worker = new Worker(`./${name}.js`, { type: "module" });
  globalThis.ask = (message) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(message);
    });
  return globalThis.ask({ start: true });
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const server = await serve(site, { isolated: true });
try {
  await withBrowser("chromium", executable, async (browser) => {
    console.log(await browser.version());
    const pages = [];
    for (const name of names) {
      const page = await browser.newPage();
      await page.goto(`${server.url}/page.html`);
      const { threads } = await page.evaluate(start, name);
      console.log(`${name}: ${threads}`);
      pages.push({ name, page });
    }
    for (const n of [480, 960]) {
      const rates = Object.fromEntries(names.map((name) => [name, []]));
      for (const { page } of pages) await page.evaluate((size) => globalThis.ask({ prepare: size }), n);
      const end = Date.now() + (Number(values.seconds) * 1000) / 2;
      do {
        for (const { name, page } of pages) {
          await page.bringToFront();
          const { milliseconds } = await page.evaluate(() => globalThis.ask({ run: 300 }));
          rates[name].push((2 * n ** 3) / (milliseconds * 1e6));
        }
      } while (Date.now() < end);
      for (const name of names) {
        const ratio = median(rates.lanewise.map((rate, i) => rate / rates[name][i]));
        const best = Math.max(...rates[name]);
        console.log(
          `${n}x${n}x${n}  ${name.padEnd(9)}  median ${median(rates[name]).toFixed(1)}, best ${best.toFixed(1)} GFLOP/s; Lanewise ${ratio.toFixed(2)} times as fast`,
        );
      }
    }
  });
} finally {
  await server.close();
}

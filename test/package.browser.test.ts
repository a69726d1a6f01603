// The built library in an application's bundle: the first example of the documents, bundled by esbuild, trains in a page, with
// and without cross-origin isolation. Needs a build.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { assert, suite } from "./harness.ts";
import { inBrowsers } from "./pages.ts";

const folder = ".cache/application";
const splitFolder = ".cache/applicationInParts";
for (const into of [folder, splitFolder]) {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  await build({
    stdin: {
      contents: `import * as first from "./test/consumer/first.ts"; Object.assign(globalThis, { first });`,
      resolveDir: ".",
    },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    splitting: into === splitFolder,
    entryNames: "application",
    outdir: into,
    logLevel: "error",
  });
  writeFileSync(
    `${into}/index.html`,
    `<!doctype html><title>application</title><link rel="icon" href="data:,"><script type="module" src="./application.js"></script>`,
  );
}

interface First {
  loss: number;
  numbers: number[];
  shape: number[];
  data: Float32Array;
}

suite("package in a page", (test) => {
  for (const isolated of [false, true]) {
    const name = `first example${isolated ? ", isolated" : ""}`;
    inBrowsers(test, name, { folder, isolated }, async (page, url) => {
      await page.goto(`${url}/index.html`);
      await page.waitForFunction(() => "first" in globalThis, { timeout: 60_000, polling: 100 });
      const { loss, numbers, shape, length } = await page.evaluate(() => {
        const first = (globalThis as unknown as { first: First }).first;
        return { loss: first.loss, numbers: first.numbers, shape: [...first.shape], length: first.data.length };
      });
      assert.equal(shape, [640, 10]);
      assert.is(length, 6400);
      assert.ok(Number.isFinite(loss) && (numbers.at(-1) as number) < (numbers[0] as number), `${numbers}, ${loss}`);
    });
  }

  // what bindings/sizes.mjs counts as the first example: where memory cannot be shared, what threads need is left, too
  for (const isolated of [false, true]) {
    const name = `first example in parts loads what it needs${isolated ? ", and threads" : ""}`;
    inBrowsers(test, name, { folder: splitFolder, isolated }, async (page, url) => {
      await page.goto(`${url}/index.html`);
      await page.waitForFunction(() => "first" in globalThis, { timeout: 60_000, polling: 100 });
      const loaded = await page.evaluate(() =>
        performance
          .getEntriesByType("resource")
          .map(({ name }) => name.slice(name.lastIndexOf("/") + 1))
          .filter((name) => name.endsWith(".js")),
      );
      const parts = readdirSync(splitFolder).filter((name) => name.endsWith(".js"));
      const left = parts.filter((name) => !loaded.includes(name)).map((name) => name.slice(0, name.indexOf("-")));
      // strict is left where the page has relaxed SIMD, stepQueue where no step was worth workers that were there already; what
      // several of these share is a chunk
      assert.equal(
        left.filter((name) => !["strict", "stepQueue", "chunk"].includes(name)),
        [
          ...["classWeight", "csv", "engine", "extras", "host.threads.web", "more", "saving"],
          ...(isolated ? [] : ["staff"]),
          ...["tracking", "trialWorker"],
        ],
      );
    });
  }
});

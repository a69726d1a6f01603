// Searches in the workers of a page: the same trials as in the page itself, and workers that break down. Sources are bundled; nothing
// built is needed.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { BuildOptions } from "esbuild";
import { build } from "esbuild";
import type { Page } from "puppeteer-core";
import { assert, suite } from "./harness.ts";
import { inBrowsers } from "./pages.ts";
import type { SearchPage } from "./searchPage.ts";

declare const searches: SearchPage;

const folder = ".cache/searchPage";
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const common: BuildOptions = {
  bundle: true,
  ignoreAnnotations: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  conditions: ["lanewise-source"],
  logLevel: "error",
};
await build({
  ...common,
  entryPoints: { page: "test/searchPage.ts", objective: "test/searchObjective.ts" },
  outdir: folder,
});
await build({
  ...common,
  stdin: {
    contents: `import { objective } from "./searchObjective.ts"; import { serveTrials } from "../src/index.ts"; serveTrials(objective);`,
    resolveDir: "test",
    loader: "ts",
  },
  outfile: `${folder}/serving.js`,
});
writeFileSync(
  `${folder}/failing.js`,
  `const second = (end) => async ({ x }, { trial: { index } }) => {
    if (index === 1 || index === 4) {
      end();
      await new Promise(() => {});
    }
    return x;
  };
  export const throwing = second(() => setTimeout(() => { throw new TypeError("late"); }));
  export const hanging = second(() => { for (;;); });
  export const closing = second(() => close());
  export const endless = () => { for (;;); };
  `,
);
writeFileSync(`${folder}/broken.js`, `throw new TypeError("at once");`);
writeFileSync(
  `${folder}/page.html`,
  `<!doctype html><title>searches</title><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>`,
);

async function open(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/page.html`);
  await page.waitForFunction(() => "searches" in globalThis, { timeout: 30_000, polling: 50 });
}

suite("searches in a page", (test) => {
  for (const isolated of [false, true]) {
    inBrowsers(
      test,
      `the same trials everywhere${isolated ? ", isolated" : ""}`,
      { folder, isolated },
      async (page, url) => {
        await open(page, url);
        const here = await page.evaluate(() => searches.values("here"));
        assert.is(here.length, 13);
        assert.ok(here.every(Number.isFinite));
        assert.equal(await page.evaluate(() => searches.values("module")), here);
        assert.equal(await page.evaluate(() => searches.values("own")), here);
      },
    );
  }

  inBrowsers(
    test,
    "a worker that is lost: its trial has failed, another takes its place",
    { folder },
    async (page, url) => {
      await open(page, url);
      for (const [name, error] of [
        ["throwing", "WorkerError"],
        ["hanging", "WorkerHang"],
        ["closing", "WorkerHang"], // nobody is told of it
      ] as const) {
        const fates = await page.evaluate((exportName) => searches.fates(exportName), name);
        assert.equal(fates, ["completed", error, "completed", "completed", error, "completed"], name);
      }
    },
  );

  inBrowsers(test, "a signal ends it, and what cannot be loaded", { folder }, async (page, url) => {
    await open(page, url);
    assert.is(await page.evaluate(() => searches.aborted()), "TimeoutError");
    assert.match(
      await page.evaluate(() => searches.refusal("./broken.js")),
      /broken\.js could not be loaded: TypeError: at once/,
    );
    assert.match(await page.evaluate(() => searches.refusal("./failing.js")), /default or objective/);
  });
});

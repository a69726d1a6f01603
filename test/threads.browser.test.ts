// Threads in pages: who computes, that the bits are those of one thread, that the page's own thread stays free, what is said
// where threads cannot be had, and what is done where workers are lost. Sources are bundled; nothing built is needed.

import { mkdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import type { Page } from "puppeteer-core";
import { assert, suite } from "./harness.ts";
import { inBrowsers, taskTimes } from "./pages.ts";
import type { ThreadsPage } from "./threadsPage.ts";

declare const threads: ThreadsPage;

const LONG_TASK_MS = 50;
const SLICE_MS = 20;
const folder = ".cache/threads";
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: { page: "test/threadsPage.ts", worker: "bindings/worker.ts" },
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  conditions: ["lanewise-source"],
  outdir: folder,
  logLevel: "error",
});
writeFileSync(
  `${folder}/index.html`,
  `<!doctype html><title>threads</title><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>`,
);

/** Opens the page; returns the list to which all that is said on its console is added. */
async function open(page: Page, url: string): Promise<string[]> {
  const said: string[] = [];
  console.log("T", Date.now() % 1e6);
  page.on("console", (message) => said.push(message.text()));
  await page.goto(`${url}/index.html`);
  await page.waitForFunction(() => "threads" in globalThis, { timeout: 60_000 });
  return said;
}

suite("threads in a page", (test) => {
  inBrowsers(
    test,
    "isolated: workers compute, with the bits of one thread",
    { folder, isolated: true },
    async (page, url) => {
      const said = await open(page, url);
      const one = await page.evaluate(async () => ({
        chosen: await threads.init({ threads: 1 }),
        ...(await threads.callAll(2)),
      }));
      assert.is(one.chosen.threads, 1);
      const two = await page.evaluate(async () => ({
        chosen: await threads.init({ threads: 2 }),
        ...(await threads.callAll(2)),
      }));
      assert.is(two.chosen.threads, 2);
      assert.is(two.chosen.sharedMemory, true);
      assert.is(two.hash, one.hash);
      for (const [name, moved] of Object.entries(one.moved))
        assert.ok((moved[0] as number) > 0 && moved[1] === 0 && moved[2] === 0, `one thread, ${name}: ${moved}`);
      for (const [name, moved] of Object.entries(two.moved))
        assert.ok(moved[0] === 0 && (moved[1] as number) > 0 && (moved[2] as number) > 0, `two, ${name}: ${moved}`);
      assert.equal(said, []);
    },
  );

  // a worker that was sent home goes on for two seconds in Chromium, and its slot has another one
  inBrowsers(test, "isolated: workers come and go, the bits stay", { folder, isolated: true }, async (page, url) => {
    const said = await open(page, url);
    const hashes = await page.evaluate(async () => {
      const found: string[] = [];
      for (const number of [2, 1, 3, 2, 4, 2]) {
        await threads.init({ threads: number });
        found.push(await threads.trained("image"), await threads.trained("dense"));
      }
      const [first, second] = await Promise.all([threads.init({ threads: 3 }), threads.init({ threads: 2 })]);
      return { found, first: first.threads, second: second.threads };
    });
    assert.is(new Set(hashes.found).size, 2, `${hashes.found}`);
    assert.is(hashes.second, 2);
    assert.equal(said, []);
  });

  inBrowsers(
    test,
    "not isolated: the same bits, and one message that names the headers",
    { folder },
    async (page, url) => {
      const said = await open(page, url);
      const found = await page.evaluate(async () => {
        const chosen = await threads.init({ threads: 4 });
        await threads.init({ threads: 2 });
        return { chosen, hash: await threads.trained("image") };
      });
      assert.is(found.chosen.threads, 1);
      assert.is(found.chosen.sharedMemory, false);
      assert.is(said.length, 1, `${said}`);
      assert.match(said[0] as string, /Cross-Origin-Opener-Policy: same-origin/);
      assert.match(said[0] as string, /Cross-Origin-Embedder-Policy: require-corp/);
    },
  );

  for (const isolated of [true, false]) {
    const options = { folder, isolated, browsers: ["chromium"] as const };
    const name = `${isolated ? "isolated" : "not isolated"}: no task over ${LONG_TASK_MS} ms where a step takes 300`;
    inBrowsers(test, name, options, async (page, url) => {
      await open(page, url);
      await page.evaluate(
        async (number) => {
          await threads.init({ threads: number });
          await threads.slowSteps(1); // compiles
        },
        isolated ? 2 : 1,
      );
      await page.tracing.start({ categories: ["toplevel", "devtools.timeline"] });
      const step = await page.evaluate(() => threads.slowSteps(2));
      const times = taskTimes((await page.tracing.stop()) as Uint8Array, url);
      assert.ok(step > 100, `a step took ${step} ms`);
      const longest = Math.max(...times);
      console.log(
        step,
        times
          .filter((each) => each > 4)
          .sort((a, b) => a - b)
          .join(" "),
      );
      assert.ok(longest <= LONG_TASK_MS, `${longest} ms`);
      // what else a page does is in between
      const slices = times.filter((each) => each > SLICE_MS);
      assert.ok(slices.length <= 2, `${slices}`);
    });
  }
});

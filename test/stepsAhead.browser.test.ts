// Steps that the workers of a page compute ahead of their turn: that they need the page's thread for none of them, and that
// numbers, errors and what is left behind an error are those of steps one by one.

import type { Page } from "puppeteer-core";
import { assert, suite } from "./harness.ts";
import { bundlePages, inBrowsers } from "./pages.ts";
import type { StepsAheadPage } from "./stepsAheadPage.ts";

declare const ahead: StepsAheadPage;

const folder = ".cache/stepsAhead";
await bundlePages(folder, { page: "test/stepsAheadPage.ts" }, ["page"]);

async function open(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/page.html`);
  await page.waitForFunction(() => "ahead" in globalThis);
}

/** What a call gives on one thread, and by two workers. */
async function onOneAndTwo<T>(page: Page, call: () => Promise<T>): Promise<[T, T]> {
  await page.evaluate(() => ahead.init({ threads: 1 }));
  const one = await call();
  const { threads } = await page.evaluate(() => ahead.init({ threads: 2 }));
  assert.is(threads, 2);
  return [one, await call()];
}

suite("steps ahead", (test) => {
  const everywhere = { folder, isolated: true };
  inBrowsers(test, "workers go on while the page's thread is busy", everywhere, async (page, url) => {
    await open(page, url);
    await page.evaluate(() => ahead.init({ threads: 2 }));
    // a machine that is busy otherwise may give the workers no time at all: the best of a few
    let ended = 0;
    for (let tries = 0; tries < 4 && ended < 3; tries++)
      ended = Math.max(ended, await page.evaluate(() => ahead.endedWhileBusy(100)));
    assert.ok(ended >= 3, `${ended} steps`);
  });

  inBrowsers(test, "fit, evaluate and predict give the bits of one thread", everywhere, async (page, url) => {
    await open(page, url);
    const [one, two] = await onOneAndTwo(page, () => page.evaluate(() => ahead.all()));
    assert.is(two, one);
  });

  inBrowsers(test, "a loss that is not finite ends the training before its batch", everywhere, async (page, url) => {
    await open(page, url);
    for (const batch of [0, 13]) {
      const [one, two] = await onOneAndTwo(page, () =>
        page.evaluate((number) => ahead.notFinite(number, "stop"), batch),
      );
      assert.match(two.error, new RegExp(`not finite in epoch 0, batch ${batch};`));
      assert.is(two.step, batch);
      assert.equal(two, one);
    }
    const [one, two] = await onOneAndTwo(page, () => page.evaluate(() => ahead.notFinite(13, "continue")));
    assert.is(two.error, "none");
    assert.is(two.step, 41);
    assert.equal(two, one);
  });

  inBrowsers(test, "a signal ends the training behind a step, all before it counts", everywhere, async (page, url) => {
    await open(page, url);
    await page.evaluate(() => ahead.init({ threads: 2 }));
    let within = 0;
    for (const milliseconds of [0, 2, 4, 8, 16, 32]) {
      const { error, step, hashes } = await page.evaluate((time) => ahead.aborted(time), milliseconds);
      if (!error.includes("enough")) assert.is(step, 42, error); // it was done before
      if (step === 1 || step > 40) continue; // before the first step, or in the last batch, which is smaller
      within++;
      assert.equal(hashes, await page.evaluate((steps) => ahead.stepped(steps), step), `after ${step} steps`);
    }
    assert.ok(within > 0, "no training was ended between its first step and its last");
  });

  inBrowsers(test, "steps that are taken back count for no program made meanwhile", everywhere, async (page, url) => {
    await open(page, url);
    await page.evaluate(() => ahead.init({ threads: 2 }));
    const { step, hash } = await page.evaluate(() => ahead.frozen());
    assert.is(hash, await page.evaluate((steps) => ahead.frozenAfter(steps), step), `after ${step} steps`);
  });

  inBrowsers(test, "weights cannot be read while steps are ahead", everywhere, async (page, url) => {
    await open(page, url);
    await page.evaluate(() => ahead.init({ threads: 2 }));
    assert.is(await page.evaluate(() => ahead.readsBetween()), 0);
  });

  inBrowsers(test, "a worker that is ended between two trainings loses nothing", everywhere, async (page, url) => {
    await open(page, url);
    const expected = await page.evaluate(() => ahead.twice());
    for (const worker of [0, 1])
      assert.is(await page.evaluate((i) => ahead.lostBetween(i), worker), expected, `worker ${worker}`);
  });
});

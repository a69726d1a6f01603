// The pages that tests run in are what they claim to be.

import { mkdirSync, writeFileSync } from "node:fs";
import { assert, suite } from "./harness.ts";
import { inBrowsers } from "./pages.ts";

const folder = ".cache/pages";
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/empty.html`, `<!doctype html><title>empty</title><link rel="icon" href="data:,">`);

suite("pages", (test) => {
  for (const isolated of [false, true]) {
    inBrowsers(test, isolated ? "isolated" : "not isolated", { folder, isolated }, async (page, url) => {
      await page.goto(`${url}/empty.html`);
      assert.is(await page.evaluate(() => crossOriginIsolated), isolated);
      const outside = await page.evaluate(async () => (await fetch("/..%2f..%2fpackage.json")).status);
      assert.is(outside, 404);
    });
  }
});

// Workers of a page that are killed while they start, compute and wait: a short form of bench/killsPage.mjs.

import { complaint, killInChromium } from "../bench/killsWeb.ts";
import { assert, suite } from "./harness.ts";

suite("killed workers of a page", (test) => {
  test("the bits are right, or the state is said to be lost, in time", async () => {
    const kills = await killInChromium(4, 7);
    if (!kills && process.env.CI) throw new Error("Chromium is not installed");
    if (!kills) return;
    assert.equal(kills.map(complaint).filter(Boolean), []);
    // while they start there may be none yet; later one of three is no more
    for (const { moment, threads } of kills)
      assert.ok(moment === "starting" || threads < 3, `${moment}: ${threads} left`);
  });
});

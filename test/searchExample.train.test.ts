// The example of a search from coarse to fine: what it finds tells the spirals apart.

import { objective, options, space, testAccuracy } from "../examples/search/spirals.ts";
import { search } from "../src/index.ts";
import { assert, suite } from "./harness.ts";

suite("example of a search", (test) => {
  test("at least 97 % of the test set; later stages better than the first", async () => {
    const { trials, best } = await search(objective, space, options);
    const least = (from: number, end: number): number =>
      Math.min(...trials.slice(from, end).map(({ value }) => value ?? Number.POSITIVE_INFINITY));
    assert.ok(least(8, 24) <= least(0, 8), `${least(0, 8)}, ${least(8, 24)}`);
    const accuracy = await testAccuracy(best.parameters, 1);
    assert.ok(accuracy >= 0.97, String(accuracy));
  });
});

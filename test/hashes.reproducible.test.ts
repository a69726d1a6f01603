// With `reproducible: true` training gives the same bits in every engine: one hash a network, written down here.
// Kernels are chosen once, hence a tier of its own. A kernel that sums in another order, or a change of initial
// values, changes the hashes: write down the new ones where all engines agree on them.

import { init } from "../src/index.ts";
import { assert, suite } from "./harness.ts";
import { denseNetwork, hashOf, imageNetwork, train } from "./trainedWeights.ts";

suite("reproducible", (test) => {
  test("the strict kernels are chosen", async () => {
    assert.is((await init({ reproducible: true })).kernels, "strict");
  });
  test("a dense network with dropout, twenty steps of Adam", async () => {
    const values = await train(denseNetwork(7));
    assert.ok(values.every(Number.isFinite));
    assert.is(await hashOf(values), "2ad6a4518e997855f3fb7e100369767070cb31037542e084ac14316cd020f259");
  });
  test("convolutions and batch normalisation, twenty steps of RMSprop", async () => {
    const values = await train(imageNetwork(7));
    assert.ok(values.every(Number.isFinite));
    assert.is(await hashOf(values), "543079c7457263f76042458f074b41848d10e785ec474fed7628daa8f8b12718");
  });
});

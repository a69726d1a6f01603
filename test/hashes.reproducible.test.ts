// With `reproducible: true` training gives the same bits in every engine: one hash a network, written down here.
// Kernels are chosen once, hence a tier of its own. A kernel that sums in another order, or a change of initial
// values, changes the hashes: write down the new ones where all engines agree on them.

import { init } from "../src/index.ts";
import { assert, suite } from "./harness.ts";
import { denseNetwork, hashOf, imageNetwork, train, wideNetwork } from "./trainedWeights.ts";

suite("reproducible", (test) => {
  test("the strict kernels are chosen", async () => {
    assert.is((await init({ reproducible: true })).kernels, "strict");
  });
  test("a dense network with dropout, twenty steps of Adam", async () => {
    const values = await train(denseNetwork(7));
    assert.ok(values.every(Number.isFinite));
    assert.is(await hashOf(values), "e6f8159c58de8972f10d548f26efd2bc0f1994b3e0cde3252e40baae591e44a2");
  });
  test("convolutions and batch normalisation, twenty steps of RMSprop", async () => {
    const values = await train(imageNetwork(7));
    assert.ok(values.every(Number.isFinite));
    assert.is(await hashOf(values), "3152d9049832691753dd89a7f775b057a77400db9da0fd66b2cae36ba376924f");
  });
  test("Winograd's convolutions, twenty steps of Adam", async () => {
    const model = wideNetwork(7);
    const values = await train(model);
    assert.match(model.explain("program", { batchSize: 16 }), /conv2dWinogradInputGradient/);
    assert.ok(values.every(Number.isFinite));
    assert.is(await hashOf(values), "74e98c2733796f1de8611b63f645db82f1d5e7acb2e7f4963c6502b12c4f37b2");
  });
});

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
    assert.is(await hashOf(values), "749c00aa4454a68d4d7444cdf4b5ec211d0e61d937c95bde3258c33df403d6b2");
  });
  test("convolutions and batch normalisation, twenty steps of RMSprop", async () => {
    const values = await train(imageNetwork(7));
    assert.ok(values.every(Number.isFinite));
    assert.is(await hashOf(values), "f01a001bf3bd28de84e7513fd6b381488ac9e55c544252f29318ec0f493e5596");
  });
});

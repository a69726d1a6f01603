// With `reproducible: true` training gives the same bits in every engine: one hash a network, written down here.
// Kernels are chosen once, hence a tier of its own. A kernel that sums in another order, or a change of initial
// values, changes the hashes: write down the new ones where all engines agree on them.

import { canShare } from "#host";
import { usualThreadCosts } from "../src/compile/threads.ts";
import { init } from "../src/index.ts";
import { assert, suite } from "./harness.ts";
import { shareEverything, trainOn } from "./sharedNetworks.ts";
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

/** The hash of each network, and how many threads it is trained on. */
const onThreads = [
  ["dense", "adam", [1, 2, 3], "70bc17f75e88a01bc63779988de15afd049336fae1421d4ee3e9dac3f0b0d096"],
  ["dense", "rmsprop", [2], "de368e612edf99191fe8285031f88711a53c56dc29fe0595376d7c2d2c516358"],
  ["images", "adam", [2], "6f2281a8ab23482e621991090bf2fa07894a6d5d79474b9a7e56d23ca54a5915"],
  ["images", "rmsprop", [1, 2, 4], "e31a042d9f0478b612d258c838f5bb511ba273ad5cb47ac517ea4f3ef6519e7e"],
  ["dense", "clipped", [1, 2, 3], "71de5e023ef632c69fc8ec14f0e718bf446e8aaefe9be99a37766b7dd5755c31"],
  ["images", "clipped", [1, 2, 4], "32d581f2c759b4231a98b9b594092b44897b2bad9af41795faa68788a30424b8"],
] as const;

suite("reproducible on threads", (test) => {
  for (const [name, optimizer, all, hash] of onThreads) {
    test(`${name}, a hundred steps of ${optimizer} on ${all.join(", ")}`, async () => {
      const usual = { ...usualThreadCosts };
      shareEverything();
      try {
        for (const wanted of all) {
          const { threads, took, weights } = await trainOn(wanted, name, optimizer);
          if (canShare) assert.is(threads, wanted);
          assert.ok(took >= threads, `${took} of ${threads} threads took part`);
          assert.is(await hashOf(weights), hash, `${threads} threads`);
        }
      } finally {
        Object.assign(usualThreadCosts, usual);
        await init({ threads: "auto" });
      }
    });
  }
});

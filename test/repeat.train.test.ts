// One seed gives the same bits twice in a row, whatever ran before; another seed gives others.

import { dense, program } from "../src/index.ts";
import { assert, suite } from "./harness.ts";
import { denseNetwork, hashOf, imageNetwork, train } from "./trainedWeights.ts";

for (const [name, make] of Object.entries({ denseNetwork, imageNetwork })) {
  suite(`determinism, ${name}`, (test) => {
    test("twice the same", async () => {
      const first = await hashOf(await train(make(1)));
      // other programs, layers and larger arenas in between
      const layer = dense({ units: 500 });
      const other = await program({ x: [100, 300] }, ({ x }) => ({ y: layer(x) }), { training: true, seed: 5 });
      other({ x: new Float32Array(30_000) });
      assert.is(await hashOf(await train(make(1))), first);
    });
    test("another seed, other weights", async () => {
      assert.is.not(await hashOf(await train(make(2))), await hashOf(await train(make(1))));
    });
  });
}

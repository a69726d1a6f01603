// The first ten losses of the main job, bit for bit the same in every engine.

import { lenet5, train } from "../examples/mnist/lenet5.ts";
import { init } from "../src/index.ts";
import { assert, suite } from "./harness.ts";
import { mnist } from "./mnist.ts";

const expected = [
  2.3263792991638184, 2.28902268409729, 2.2360353469848633, 2.2623496055603027, 2.218583583831787, 2.2148594856262207,
  2.1592495441436768, 2.134998083114624, 2.1444432735443115, 2.1054141521453857,
];

suite("LeNet-5 on MNIST, reproducible", (test) => {
  test("the first ten losses", async () => {
    assert.is((await init({ reproducible: true })).kernels, "strict");
    const losses: number[] = [];
    await train(lenet5({ seed: 1, epochs: 1, examples: 640 }), await mnist("train", 640), {
      epochs: 1,
      callbacks: [{ onBatchEnd: (_, { loss }) => losses.push(loss as number) }],
    });
    assert.equal(losses, expected);
  });
});

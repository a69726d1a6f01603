// The main job with its target: LeNet-5 on real MNIST, an epoch of a part of it.

import { hostName } from "#host";
import { lenet5, train } from "../examples/mnist/lenet5.ts";
import { assert, suite } from "./harness.ts";
import { mnist } from "./mnist.ts";

suite("LeNet-5 on MNIST", (test) => {
  const [examples, target] = hostName === "web" ? [12_800, 0.93] : [30_000, 0.965];
  test(`${examples} examples once: at least ${target} on the test images`, async () => {
    const model = lenet5({ seed: 1, epochs: 1, examples });
    const history = await train(model, await mnist("train", examples), { epochs: 1 });
    assert.equal(history.epochs, [0]);
    const { accuracy, loss } = await model.evaluate(await mnist("test", 10_000), { batchSize: 100 });
    assert.ok((accuracy as number) >= target, `accuracy ${accuracy}, loss ${loss}`);
  });
});

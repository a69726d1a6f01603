// Defaults that the documents name, each read from the program that would run or from what it gives.

import type { Layer, Optimizer } from "../src/index.ts";
import {
  activation,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  batchNormalization,
  dense,
  dropout,
  elu,
  functional,
  init,
  input,
  leakyRelu,
  lion,
  nadam,
  rmsprop,
  sequential,
  sgd,
} from "../src/index.ts";
import { assert, suite } from "./harness.ts";

/** The graph of a training step as text. */
function graphOf(layers: readonly Layer[]): string {
  const model = sequential([...layers, dense({ units: 1 })], { inputShape: [3] });
  model.compile({ optimizer: sgd(), loss: "meanSquaredError" });
  return model.explain("graph", { batchSize: 2 });
}

/** The instruction of an optimizer. */
function updateOf(optimizer: Optimizer): string {
  const model = sequential([dense({ units: 2 })], { inputShape: [3] });
  model.compile({ optimizer, loss: "meanSquaredError" });
  const lines = model.explain("program", { batchSize: 2 }).split("\n");
  return lines.find((line) => line.includes(`${optimizer.state.rule.kernel} n`)) ?? "";
}

suite("defaults", (test) => {
  test("batch normalization: momentum 0.99, epsilon 1e-3", () => {
    const text = graphOf([batchNormalization()]);
    assert.match(text, /momentum 0\.99\b/);
    assert.match(text, /epsilon 0\.001\b/);
  });

  test("leakyRelu 0.01 as layer and as activation, elu 1", () => {
    assert.match(graphOf([leakyRelu()]), /leakyRelu\(%\d+\) \{ slope 0\.01 \}/);
    assert.match(graphOf([activation("leakyRelu")]), /leakyRelu\(%\d+\) \{ slope 0\.01 \}/);
    assert.match(graphOf([elu()]), /elu\(%\d+\) \{ alpha 1 \}/);
  });

  test("adam: 0.9, 0.999, 1e-8, outside; 1e-3", () => {
    assert.match(updateOf(adam()), /beta1 0\.9, beta2 0\.999, epsilon 1e-8, epsilonForm 0, amsgrad 0, weightDecay 0,/);
    assert.is(adam().learningRate, 1e-3);
  });

  test("rmsprop: 0.9, 1e-7, inside; 1e-3", () => {
    assert.match(
      updateOf(rmsprop()),
      /rho 0\.9, epsilon 1e-7, epsilonForm 1, momentum 0, centered 0, biasCorrection 0, weightDecay 0,/,
    );
    assert.is(rmsprop().learningRate, 1e-3);
  });

  test("the others as in Keras", () => {
    assert.match(
      updateOf(adamw()),
      /beta1 0\.9, beta2 0\.999, epsilon 1e-8, epsilonForm 0, amsgrad 0, weightDecay 0\.004,/,
    );
    assert.match(updateOf(adagrad()), /epsilon 1e-7, epsilonForm 1, weightDecay 0,/);
    assert.match(updateOf(adadelta()), /rho 0\.95, epsilon 1e-7, weightDecay 0,/);
    assert.match(updateOf(adamax()), /beta1 0\.9, beta2 0\.999, epsilon 1e-7, epsilonForm 0, weightDecay 0,/);
    assert.match(updateOf(nadam()), /beta1 0\.9, beta2 0\.999, epsilon 1e-7, epsilonForm 0, weightDecay 0,/);
    assert.match(updateOf(lion()), /beta1 0\.9, beta2 0\.99, weightDecay 0,/);
    for (const make of [adamw, adagrad, adadelta, adamax, nadam, lion]) assert.is(make().learningRate, 1e-3);
  });

  test("sgd: no momentum; 0.01", () => {
    assert.match(updateOf(sgd()), /momentum 0, dampening 0, nesterov 0, weightDecay 0,/);
    assert.is(sgd().learningRate, 0.01);
  });

  test("initial weights: Glorot's uniform limit, biases 0", async () => {
    await init();
    const model = sequential([dense({ units: 50 })], { inputShape: [70], seed: 4 });
    const [kernel, bias] = model.variables.map((each) => each.read().data) as [Float32Array, Float32Array];
    const limit = Math.sqrt(6 / (70 + 50));
    const largest = kernel.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    assert.ok(largest <= limit && largest > 0.99 * limit, `${largest} of ${limit}`);
    assert.ok(bias.every((each) => each === 0));
  });

  test("every part of a seed counts, and every layer draws its own numbers", async () => {
    await init();
    const kernels = (seed: number): string[] =>
      sequential([dense({ units: 3 }), dense({ units: 3 })], { inputShape: [3], seed })
        .variables.filter(({ name }) => name.endsWith("kernel"))
        .map((each) => each.read().data.join());
    const all = [1, 2 ** 32 + 1, 2 ** 40 + 1, 2 ** 53 - 1].flatMap(kernels);
    assert.is(new Set(all).size, all.length);
  });

  test("dropout follows the seed's upper half, too", async () => {
    const masks = async (seed: number): Promise<string> => {
      const model = sequential([dropout({ rate: 0.5 }), dense({ units: 1, kernelInitializer: "ones" })], {
        inputShape: [64],
        seed,
      });
      model.compile({ optimizer: sgd({ learningRate: 1 }), loss: "meanSquaredError" });
      await model.trainOnBatch(new Float32Array(64).fill(1), [[0]]);
      return (model.variables[0]?.read().data ?? []).join();
    };
    assert.is.not(await masks(3), await masks(2 ** 32 + 3));
    assert.is(await masks(3), await masks(3));
  });

  test("lossWeights weigh the gradients of each output and the reported loss", async () => {
    const x = input([2]);
    const [left, right] = [dense({ units: 1 }), dense({ units: 1 })];
    const model = functional({ inputs: x, outputs: { left: left(x), right: right(x) }, seed: 2 });
    model.compile({
      optimizer: sgd({ learningRate: 0.1 }),
      loss: "meanSquaredError",
      lossWeights: { left: 0, right: 3 },
    });
    await init();
    const before = left.variables.map((each) => each.read().data.join());
    const logs = await model.trainOnBatch([[1, 2]], { left: [[5]], right: [[7]] });
    assert.equal(
      left.variables.map((each) => each.read().data.join()),
      before,
    );
    assert.ok(Math.abs((logs.loss as number) - 3 * (logs.right_loss as number)) < 1e-4 * (logs.loss as number));
    assert.ok((logs.left_loss as number) > 0);
  });
});

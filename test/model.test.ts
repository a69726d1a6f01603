// Models as users meet them: how they are put together. Numbers are compared with what is computed by hand from weights and
// predictions; the arithmetic itself is tested elsewhere.

import {
  adam,
  add,
  batchNormalization,
  concatenate,
  defineLayer,
  dense,
  dropout,
  functional,
  input,
  l2,
  ops,
  sequential,
  sgd,
} from "../src/index.ts";
import { rejects, throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";
import { classesOf, crossentropy, examples, firstOf, spread, weightsOf } from "./smallModels.ts";

suite("models, how they are put together", (test) => {
  test("inputs and outputs as arrays keep their order", async () => {
    const [a, b] = [input([2]), input([3])];
    const joined = concatenate()([a, b]);
    const model = functional({ inputs: [a, b], outputs: [ops.mul(joined, 2), ops.neg(b)] });
    const out = await model.predict([Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8, 9, 10)]);
    assert.equal([...out[0].data], [2, 4, 10, 12, 14, 6, 8, 16, 18, 20]);
    assert.equal(out[1].shape, [2, 3]);
    assert.equal([...out[1].data], [-5, -6, -7, -8, -9, -10]);
    await rejects(model.predict([Float32Array.of(1, 2)]), "invalid-argument", /x\.1 is missing/);
  });

  test("inputs and outputs as records, with a loss, a weight and metrics for each output", async () => {
    const inputs = { left: input([2]), right: input([3]) };
    const h = dense({ units: 5, activation: "tanh" })(concatenate()([inputs.left, inputs.right]));
    const outputs = { kind: dense({ units: 3, activation: "softmax" })(h), size: dense({ units: 1 })(h) };
    const model = functional({ inputs, outputs, seed: 3 });
    model.compile({
      optimizer: adam(),
      loss: { kind: crossentropy, size: "meanSquaredError" },
      lossWeights: { size: 0.25 },
      metrics: { kind: ["accuracy"], size: "meanAbsoluteError" },
    });
    const x = { left: spread(14), right: spread(21, 1) };
    const y = { kind: classesOf(7, 3), size: spread(7, 2) };
    const logs = await model.evaluate({ x, y }, { batchSize: 3 });
    assert.equal(Object.keys(logs), ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_meanAbsoluteError"]);
    near(logs.loss, (logs.kind_loss as number) + 0.25 * (logs.size_loss as number), 1e-5);
    const sizes = (await model.predict(x)).size.data;
    const squares = y.size.map((t, i) => (t - (sizes[i] as number)) ** 2);
    near(logs.size_loss, squares.reduce((sum, s) => sum + s, 0) / 7, 1e-5);
    const { metrics } = await model.fit({ x, y }, { epochs: 2, validation: { x, y } });
    assert.equal(Object.keys(metrics), [...Object.keys(logs), ...Object.keys(logs).map((name) => `val_${name}`)]);
    await rejects(model.fit({ x, y: { kind: y.kind } as never }), "invalid-argument", /y\.size is missing/);
    throwsError(
      () => model.compile({ optimizer: adam(), loss: { kind: crossentropy, size: "mse", other: "mse" } }),
      "unknown-option",
      /other/,
    );
  });

  test("a layer called twice shares its weights", async () => {
    const shared = dense({ units: 2, useBias: false });
    const x = input([2]);
    const model = functional({ inputs: x, outputs: add()([shared(x), shared(ops.mul(x, 3))]) });
    assert.is(model.variables.length, 1);
    model.variables[0]?.write([
      [1, 2],
      [3, 4],
    ]);
    const out = await model.predict([[1, 1]]);
    assert.equal([...out.data], [16, 24]);
    model.compile({ optimizer: sgd({ learningRate: 1 }), loss: (t, p) => ops.mean(ops.mul(t, p), { axes: [1] }) });
    await model.trainOnBatch([[1, 1]], [[2, 0]]); // d loss / d kernel = 4 x t / 2
    assert.equal(weightsOf(model), [-3, 2, -1, 4]);
  });

  test("plain functions in a sequential model are residual blocks, and their layers are trained", async () => {
    const inner = dense({ units: 4, activation: "tanh" });
    const model = sequential([(x) => ops.add(x, inner(x)), dense({ units: 3, activation: "softmax" })], {
      inputShape: [4],
    });
    assert.equal(
      model.layers.map(({ name }) => name),
      ["dense_1", "dense_2"],
    );
    model.compile({ optimizer: adam({ learningRate: 0.05 }), loss: crossentropy });
    await model.predict(spread(4));
    const before = [...firstOf(inner)];
    const { metrics } = await model.fit(examples(24), { epochs: 8 });
    assert.ok((metrics.loss?.at(-1) as number) < (metrics.loss?.[0] as number));
    assert.not.equal([...firstOf(inner)], before);
  });

  test("a model is a layer; called with training false it behaves as at inference", async () => {
    const base = sequential([dense({ units: 4 }), batchNormalization(), dropout({ rate: 0.5 })], {
      inputShape: [4],
      seed: 5,
    });
    const x = input([4]);
    const model = functional({
      inputs: x,
      outputs: dense({ units: 3, activation: "softmax" })(base(x, { training: false })),
    });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: crossentropy });
    const data = examples(8);
    const { loss } = await model.trainOnBatch(data.x, data.y);
    near(loss, (await model.evaluate(data)).loss as number, 1e-6);
    const moving = base.variables.filter(({ role }) => role === "statistics");
    assert.equal(
      moving.map((each) => each.read().data[0]),
      [0, 1],
    );
    assert.is(model.variables.length, 8);
  });

  test("models inside of a model are named and counted, and found again by another model", () => {
    const part = () => sequential([dense({ units: 2 })], { inputShape: [2] });
    const [first, second] = [part(), part()];
    const whole = sequential([first, (x) => second(x), dense({ units: 1 })], { inputShape: [2] });
    assert.equal(
      whole.layers.map(({ name }) => name),
      ["model_1", "dense_2", "model_2"],
    );
    assert.is(sequential([(x) => second(x)], { inputShape: [2] }).variables.length, 2);
  });

  test("two layers of one model cannot be given one name", () => {
    const twice = /"a"/;
    const named = () => dense({ units: 2, name: "a" });
    const [x, inner, shared] = [input([2]), named(), named()];
    throwsError(() => sequential([named(), named()], { inputShape: [2] }), "invalid-argument", twice);
    throwsError(() => sequential([named(), (y) => inner(y)], { inputShape: [2] }), "invalid-argument", twice);
    throwsError(() => functional({ inputs: x, outputs: named()(named()(x)) }), "invalid-argument", twice);
    functional({ inputs: x, outputs: shared(shared(x)) });
    sequential([dense({ units: 2, name: "dense" }), dense({ units: 2 })], { inputShape: [2] });
    const part = () => sequential([named()], { inputShape: [2] });
    sequential([part(), named(), part()], { inputShape: [2] });
  });

  test("a model without an input shape learns it from data, or where another model calls it", async () => {
    const late = sequential([dense({ units: 3 })], { seed: 2 });
    await rejects(late.predict(spread(8)), "not-ready", /inputShape/);
    throwsError(() => late.summary(), "not-ready");
    await rejects(late.load(new Uint8Array(8)), "not-ready", /^load: .*inputShape, or let fit or predict take it/);
    const out = await late.predict({ data: spread(8), shape: [2, 4] });
    assert.equal(out.shape, [2, 3]);
    await rejects(late.predict({ data: spread(10), shape: [2, 5] }), "shape-mismatch");
    const inner = dense({ units: 4 });
    const open = sequential([(x) => ops.add(x, inner(x))]);
    const outer = sequential([open, dense({ units: 2 })], { inputShape: [4] });
    assert.is(outer.variables.length, 4);
    assert.equal((await open.predict(spread(4))).shape, [1, 4]);
  });

  test("a weight's shape that is none is shown as it is", () => {
    const open = defineLayer({ name: "open", build: (shape) => ({ w: { shape: shape as number[] } }), call: (x) => x });
    throwsError(() => open()(input([2])), "invalid-argument", /got \[null, 2\]\./);
  });

  test("a layer of one's own has weights, training and options", async () => {
    const noisyScale = defineLayer<{ by: number }, "factor">({
      name: "noisyScale",
      build: (inputShape) => ({
        factor: { shape: [inputShape.at(-1) as number], initializer: "ones", regularizer: l2({ l2: 0.5 }) },
      }),
      call: (x, { factor }, { training, options }) => ops.mul(ops.mul(x, factor), training ? 100 : options.by),
    });
    const layer = noisyScale({ by: 2 });
    const model = sequential([layer], { inputShape: [2] });
    assert.equal([...(await model.predict([[1, 3]])).data], [2, 6]);
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanAbsoluteError" });
    near((await model.trainOnBatch([[1, 3]], [[0, 0]])).loss, 200 + 1, 1e-5);
    near((await model.evaluate({ x: [[1, 3]], y: [[0, 0]] })).loss, 4 + 1, 1e-5);
    assert.is(layer.name, "noisyScale_1");
  });
});

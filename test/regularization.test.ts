// Penalties, constraints, kinds of dropout and label smoothing, as a user meets them: through models, against numbers from the
// formulas.

import type { History, Layer, Model, Tensor } from "../src/index.ts";
import {
  adam,
  alphaDropout,
  batchNormalization,
  conv2d,
  defineLayer,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  functional,
  gaussianDropout,
  gaussianNoise,
  gradients,
  input,
  l1,
  l1l2,
  l2,
  layerNormalization,
  losses,
  maxNorm,
  minMaxNorm,
  nonNeg,
  ops,
  program,
  sequential,
  sgd,
  spatialDropout2d,
  unitNorm,
  variable,
} from "../src/index.ts";
import { rejects, throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";
import { normal, uniform } from "./values.ts";

const valuesOf = (layer: Layer | Model, i = 0): number[] => [...(layer.variables[i]?.read().data ?? [])];
/** A list of a hundred thousand numbers that differs is not shown as a difference. */
const same = (found: ArrayLike<number>, expected: ArrayLike<number>): void => {
  assert.is(found.length, expected.length);
  assert.is(
    Array.from(found).findIndex((x, i) => x !== expected[i]),
    -1,
    "first place that differs",
  );
};
const squares = (x: Iterable<number>): number => [...x].reduce((sum, value) => sum + value * value, 0);
const absolutes = (x: Iterable<number>): number => [...x].reduce((sum, value) => sum + Math.abs(value), 0);

/** A model whose loss does not depend on its weights: one layer on zeros. */
function still(layer: Layer, inputs = 3): Model {
  const model = sequential([layer], { inputShape: [inputs], seed: 3 });
  model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "meanSquaredError" });
  return model;
}

const zeros = (examples: number, size: number) => ({
  data: new Float32Array(examples * size),
  shape: [examples, size],
});

suite("penalties", (test) => {
  test("rate 0.1, lambda 0.7, m 200: a step without gradient leaves 0.99965 of a weight", async () => {
    const layer = dense({ units: 4, useBias: false, kernelRegularizer: l2({ lambda: 0.7 }) });
    const model = still(layer);
    model.variables[0]?.write(normal(12, 1, 3));
    const before = valuesOf(layer);
    const logs = await model.trainOnBatch(zeros(200, 3), zeros(200, 4));
    near(logs.loss, (0.7 / (2 * 200)) * squares(before));
    valuesOf(layer).forEach((w, i) => {
      near(w / (before[i] as number), 0.99965, 2e-7);
    });
  });

  test("Keras's form: l2 sum w^2 whatever the batch, gradient 2 l2 w", async () => {
    for (const examples of [1, 7]) {
      const layer = dense({ units: 2, useBias: false, kernelRegularizer: l2({ l2: 0.5 }) });
      const model = still(layer);
      model.variables[0]?.write(Float32Array.from([1, -2, 3, -4, 5, -6]));
      near((await model.trainOnBatch(zeros(examples, 3), zeros(examples, 2))).loss, 0.5 * 91);
      // w - 0.1 * 2 * 0.5 w
      valuesOf(layer).forEach((w, i) => {
        near(w, 0.9 * ([1, -2, 3, -4, 5, -6][i] as number));
      });
    }
  });

  test("l1 in both forms, and elastic net: values and a step", async () => {
    const w = [2, -1, 0];
    for (const [regularizer, first, second] of [
      [l1({ l1: 0.25 }), 0.25, 0],
      [l1({ lambda: 0.6 }), 0.6 / (2 * 4), 0],
      [l1l2({ l1: 0.25, l2: 0.125 }), 0.25, 0.125],
      [l1l2({ lambda1: 0.6, lambda2: 0.8 }), 0.6 / 8, 0.8 / 8],
      [l1l2({ lambda2: 0.8 }), 0, 0.8 / 8],
      [l1l2(), 0.01, 0.01],
      [l1(), 0.01, 0],
      [l2(), 0, 0.01],
    ] as const) {
      const layer = dense({ units: 1, useBias: false, kernelRegularizer: regularizer });
      const model = still(layer);
      model.variables[0]?.write(Float32Array.from(w));
      near((await model.trainOnBatch(zeros(4, 3), zeros(4, 1))).loss, first * absolutes(w) + second * squares(w));
      valuesOf(layer).forEach((after, i) => {
        const before = w[i] as number;
        near(after, before - 0.1 * (first * Math.sign(before) + 2 * second * before));
      });
    }
  });

  test("the last batch divides by its own m, fit reports what it divided by", async () => {
    const layer = dense({ units: 1, useBias: false, kernelRegularizer: l2({ lambda: 1 }) });
    const model = sequential([layer], { inputShape: [1] });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanSquaredError" });
    model.variables[0]?.write(Float32Array.from([2]));
    const found: number[] = [];
    const { metrics } = await model.fit(
      { x: zeros(5, 1), y: zeros(5, 1) },
      { batchSize: 3, callbacks: { onBatchEnd: (_, logs) => void found.push(logs.loss as number) } },
    );
    near(found[0], 4 / (2 * 3));
    near(found[1], 4 / (2 * 2));
    near(metrics.loss?.[0], ((4 / 6) * 3 + (4 / 4) * 2) / 5);
  });

  test("evaluate divides by all examples, whatever the batch size", async () => {
    const layer = dense({
      units: 2,
      kernelRegularizer: l2({ lambda: 3 }),
      biasRegularizer: l1({ l1: 0.5 }),
      activityRegularizer: l2({ l2: 0.1 }),
    });
    const model = sequential([layer], { inputShape: [3], seed: 5 });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanSquaredError", metrics: ["mse"] });
    model.variables[1]?.write(Float32Array.from([0.5, -0.25]));
    const x = { data: normal(21, 4), shape: [7, 3] };
    const y = zeros(7, 2);
    const { data: out } = await model.predict(x);
    const expected =
      squares(out) / 14 + (3 / (2 * 7)) * squares(valuesOf(layer)) + 0.5 * 0.75 + (0.1 * squares(out)) / 7;
    const found = [];
    for (const batchSize of [1, 2, 3, 7, 100])
      found.push((await model.evaluate({ x, y }, { batchSize })).loss as number);
    for (const loss of found) near(loss, expected);
    // one batch of all examples: training reports the same
    near((await model.trainOnBatch(x, y)).loss, expected);
    near((await model.evaluate({ x, y })).mse, squares(out) / 14);
  });

  test("penalties on activations are divided by the batch and have gradients; frozen layers count", async () => {
    const layer = dense({ units: 2, useBias: false, activityRegularizer: l1l2({ l1: 0.5, l2: 0.25 }) });
    const head = dense({ units: 1, useBias: false, kernelInitializer: "zeros", trainable: false });
    const model = sequential([layer, head], { inputShape: [1] });
    model.compile({ optimizer: sgd({ learningRate: 1 }), loss: "meanSquaredError" });
    layer.variables[0]?.write(Float32Array.from([2, -3]));
    // activations (2, -3) and (4, -6): loss = mean over examples of 0.5 sum |a| + 0.25 sum a^2
    const { loss } = await model.trainOnBatch([[1], [2]], [[0], [0]]);
    near(loss, (0.5 * 5 + 0.25 * 13 + 0.5 * 10 + 0.25 * 52) / 2);
    // dw = mean of x (0.5 sign(a) + 0.5 a): ((1.5) + 2 (2.5)) / 2, -((2) + 2 (3.5)) / 2
    near(valuesOf(layer)[0], 2 - 3.25);
    near(valuesOf(layer)[1], -3 + 4.5);
    layer.trainable = false;
    head.trainable = true;
    const frozen = valuesOf(layer);
    near((await model.trainOnBatch([[1]], [[0]])).loss, 0.5 * absolutes(frozen) + 0.25 * squares(frozen));
  });

  test("every layer that has them: kernels, biases, activations of conv2d and depthwiseConv2d, gamma and beta", async () => {
    const regularizer = l2({ l2: 1 });
    const image = { data: normal(2 * 4 * 4 * 2, 3), shape: [2, 4, 4, 2] };
    const all = { biasRegularizer: regularizer, biasInitializer: "ones", activityRegularizer: regularizer } as const;
    for (const layer of [
      conv2d({ filters: 3, kernelSize: 2, kernelRegularizer: regularizer, ...all }),
      depthwiseConv2d({ kernelSize: 2, depthwiseRegularizer: regularizer, ...all }),
    ]) {
      const model = sequential([layer], { inputShape: [4, 4, 2] });
      model.compile({
        optimizer: sgd({ learningRate: 0 }),
        loss: (_t, p) => ops.mean(ops.mul(p, 0), { axes: [1, 2, 3] }),
      });
      const { data, shape } = await model.predict(image);
      const { loss } = await model.evaluate({ x: image, y: { data, shape } });
      near(loss, squares(valuesOf(layer)) + squares(valuesOf(layer, 1)) + squares(data) / 2);
    }
    for (const layer of [batchNormalization, layerNormalization].map((make) =>
      make({ gammaRegularizer: regularizer, betaRegularizer: regularizer, betaInitializer: "ones" }),
    )) {
      const model = sequential([layer], { inputShape: [3] });
      model.compile({ optimizer: sgd(), loss: (_t, p) => ops.mean(ops.mul(p, 0), { axes: 1 }) });
      near((await model.evaluate({ x: zeros(2, 3), y: zeros(2, 3) })).loss, 6);
    }
  });

  test("shared weights count once, activations once a call, nested models count", async () => {
    const shared = dense({
      units: 2,
      useBias: false,
      kernelInitializer: "ones",
      kernelRegularizer: l2({ l2: 1 }),
      activityRegularizer: l1({ l1: 1 }),
    });
    const inner = sequential([shared], { inputShape: [2] });
    const x = input([2]);
    const model = functional({ inputs: x, outputs: shared(inner(x)) });
    model.compile({ optimizer: sgd(), loss: (_t, p) => ops.mean(ops.mul(p, 0), { axes: 1 }) });
    // x = (1, 1): activations (2, 2) and (4, 4); kernel of four ones
    near((await model.evaluate({ x: [[1, 1]], y: [[0, 0]] })).loss, 4 + 4 + 8);
  });

  test("defineLayer takes regularizers and constraints", async () => {
    const factor = defineLayer<object, "w">({
      name: "factor",
      build: ([, n]) => ({
        w: { shape: [n as number], initializer: "ones", regularizer: l2({ l2: 2 }), constraint: nonNeg() },
      }),
      call: (x, { w }) => ops.mul(x, w),
    });
    const layer = factor();
    const model = sequential([layer], { inputShape: [2] });
    model.compile({ optimizer: sgd({ learningRate: 1 }), loss: "mse" });
    near((await model.trainOnBatch([[0, 0]], [[0, 0]])).loss, 4);
    assert.equal(valuesOf(layer), [0, 0]); // 1 - 4, cut at 0
  });

  test("both forms at once are refused", () => {
    throwsError(() => l2({ l2: 0.1, lambda: 0.1 }), "invalid-argument", /l2: l2 .* lambda/);
    throwsError(() => l1({ l1: 0, lambda: 0 }), "invalid-argument", /l1: l1 .* lambda/);
    throwsError(() => l1l2({ l1: 0.1, lambda2: 0.1 }), "invalid-argument", /l1 and l2 .* lambda1 and lambda2/);
    throwsError(() => dense({ units: 1, kernelRegularizer: "l2" as never }), "invalid-argument", /kernelRegularizer/);
  });
});

suite("constraints", (test) => {
  /** The weights after a step that takes `push` off them. */
  async function constrained(layer: Layer, start: number[], push: number[], shape: number[]): Promise<number[]> {
    const model = sequential([layer], { inputShape: [shape[0] as number] });
    // dloss/dw = x, one example: rows of the kernel are pushed by x
    model.compile({ optimizer: sgd({ learningRate: 1 }), loss: (_t, p) => ops.sum(p, { axes: 1 }) });
    layer.variables[0]?.write(Float32Array.from(start));
    await model.trainOnBatch([push], [new Array(shape[1]).fill(0)]);
    return valuesOf(layer);
  }
  const kernel = (kernelConstraint: ReturnType<typeof maxNorm>) =>
    dense({ units: 2, useBias: false, kernelConstraint });

  test("maxNorm shrinks each unit's column after the update, and leaves others as they are", async () => {
    // after the step: columns (3, 4) and (0.3, 0.4)
    const after = await constrained(kernel(maxNorm({ maxValue: 2 })), [4, 1.3, 6, 2.4], [1, 2], [2, 2]);
    near(after[0], 1.2);
    near(after[2], 1.6);
    assert.equal([after[1], after[3]], [Math.fround(Math.fround(1.3) - 1), Math.fround(Math.fround(2.4) - 2)]);
    const rows = await constrained(kernel(maxNorm({ maxValue: 2, axis: 1 })), [4, 1.3, 6, 2.4], [1, 2], [2, 2]);
    near(rows[0], (3 * 2) / Math.hypot(3, 0.3));
    near(rows[3], (0.4 * 2) / Math.hypot(4, 0.4));
  });

  test("unitNorm, nonNeg and minMaxNorm", async () => {
    near((await constrained(kernel(unitNorm()), [4, 1.3, 6, 2.4], [1, 2], [2, 2]))[1], 0.6);
    const zero = await constrained(kernel(unitNorm()), [1, 4, 2, 6], [1, 2], [2, 2]);
    assert.equal([zero[0], zero[2]], [0, 0]);
    assert.equal(await constrained(kernel(nonNeg()), [4, 0.5, 1, 3], [1, 2], [2, 2]), [3, 0, 0, 1]);
    // norms 5 and 0.5 between 1 and 2, half of the way: 3.5 and 0.75
    const half = await constrained(
      kernel(minMaxNorm({ minValue: 1, maxValue: 2, rate: 0.5 })),
      [4, 1.3, 6, 2.4],
      [1, 2],
      [2, 2],
    );
    near(half[0], (3 * 3.5) / 5);
    near(half[1], (0.3 * 0.75) / 0.5);
  });

  test("on biases and on filters of conv2d; frozen weights are left alone", async () => {
    const layer = conv2d({
      filters: 2,
      kernelSize: 2,
      kernelConstraint: maxNorm({ maxValue: 1, axis: [0, 1, 2] }),
      biasConstraint: nonNeg(),
      kernelInitializer: "ones",
    });
    const model = sequential([layer, flatten()], { inputShape: [2, 2, 1] });
    model.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: (_t, p) => ops.sum(p, { axes: 1 }) });
    layer.trainable = false;
    const tail = dense({ units: 2 });
    const whole = sequential([layer, flatten(), tail], { inputShape: [2, 2, 1] });
    whole.compile({ optimizer: sgd(), loss: "mse" });
    const x = { data: new Float32Array(4), shape: [1, 2, 2, 1] };
    await whole.trainOnBatch(x, [[0, 0]]);
    assert.equal(valuesOf(layer), new Array(8).fill(1));
    layer.trainable = true;
    await model.trainOnBatch(x, [[0, 0]]);
    assert.equal(valuesOf(layer), new Array(8).fill(0.5));
    assert.equal(valuesOf(layer, 1), [0, 0]); // pushed to -0.5
  });

  test("in a program: apply and project", async () => {
    const w = variable([3, 4], { name: "w" });
    const step = await program({ x: [2] }, ({ x }) => {
      const projected = maxNorm({ maxValue: 1 }).project(x);
      sgd({ learningRate: 1 }).minimize(ops.mul(ops.sum(w), 0), [w]);
      maxNorm({ maxValue: 1 }).apply(w);
      return { projected };
    });
    const { projected } = step({ x: [0.6, 0.8] });
    near(projected.data[1], 0.8);
    near(w.read().data[0], 0.6);
    near(w.read().data[1], 0.8);

    const v = variable([3, 4], { name: "v" });
    const other = await program({}, () => {
      sgd({ learningRate: 1 }).minimize(ops.mul(ops.sum(v), 0), [v], new Map([[v, maxNorm({ maxValue: 1 })]]));
    });
    other({});
    near(v.read().data[0], 0.6);
  });

  test("an axis that the weights do not have is found when the layer is built", () => {
    const layer = dense({ units: 2, biasConstraint: maxNorm({ axis: 1 }) });
    throwsError(() => sequential([layer], { inputShape: [3] }), "invalid-argument", /dense.*"bias": maxNorm: axes/);
    throwsError(() => minMaxNorm({ minValue: 2, maxValue: 1 }), "invalid-argument", /minValue 2 is above maxValue 1/);
  });

  test("updates of several constrained variables stay one instruction", () => {
    const constraint = { kernelConstraint: maxNorm(), biasConstraint: maxNorm() };
    const model = sequential([dense({ units: 4, ...constraint }), dense({ units: 3, ...constraint })], {
      inputShape: [5],
    });
    model.compile({ optimizer: adam(), loss: "mse" });
    const updates = model
      .explain("program")
      .split("\n")
      .filter((line) => /\badam n/.test(line));
    assert.is(updates.length, 1);
  });
});

suite("dropout and noise", (test) => {
  const elements = 200 * 500;
  const ones = { data: new Float32Array(elements).fill(1), shape: [200, 500] };

  /** What a layer gives while training, and the gradient with respect to its input for an upstream of ones. */
  async function sample(layer: Layer, shape: number[], seed = 1, steps = 1) {
    const x = { data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape };
    const step = await program(
      { x: shape },
      (symbols) => {
        const out = layer(symbols.x);
        const [dx] = gradients(out, [symbols.x]);
        return { out, dx: dx as Tensor };
      },
      { training: true, seed },
    );
    let result = step({ x });
    for (let i = 1; i < steps; i++) result = step({ x });
    return { out: [...result.out.data], dx: [...result.dx.data] };
  }
  const mean = (x: readonly number[]) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const deviation = (x: readonly number[]) => {
    const center = mean(x);
    return Math.sqrt(mean(x.map((value) => (value - center) ** 2)));
  };

  test("keepProb is 1 - rate: the same masks, scaled by 1 / keepProb", async () => {
    const byRate = await sample(dropout({ rate: 0.25 }), [200, 500]);
    const byKeep = await sample(dropout({ keepProb: 0.75 }), [200, 500]);
    same(byRate.out, byKeep.out);
    assert.equal(new Set(byRate.out), new Set([0, Math.fround(1 / 0.75)]));
    // the share that stays: 5 standard errors of sqrt(0.25 0.75 / 1e5)
    near(mean(byRate.out), 1, 0.009);
    same(byRate.dx, byRate.out); // x is 1: forward and backward have the same mask
  });

  test("rate 0 and keepProb 1 change nothing, one of both must be given", async () => {
    for (const layer of [dropout({ rate: 0 }), dropout({ keepProb: 1 })]) {
      const { out } = await sample(layer, [2, 3]);
      assert.equal(out, [1, 1, 1, 1, 1, 1]);
    }
    throwsError(() => dropout({}), "invalid-argument", /rate.*required.*keepProb/);
    throwsError(() => dropout({ rate: 0.5, keepProb: 0.5 }), "invalid-argument", /not both/);
    throwsError(() => dropout({ keepProb: 0 }), "invalid-argument", /keepProb/);
  });

  test("masks follow the seed and the step; a seed of its own stays when the program's changes", async () => {
    const plain = dropout({ rate: 0.5 });
    const first = await sample(plain, [4, 50], 1);
    assert.equal((await sample(plain, [4, 50], 1)).out, first.out);
    assert.not.equal((await sample(plain, [4, 50], 2)).out, first.out);
    assert.not.equal((await sample(plain, [4, 50], 1, 2)).out, first.out);
    const own = dropout({ rate: 0.5, seed: 9 });
    assert.equal((await sample(own, [4, 50], 1)).out, (await sample(own, [4, 50], 2)).out);
    assert.not.equal((await sample(own, [4, 50], 1)).out, first.out);
    assert.not.equal((await sample(own, [4, 50], 1, 2)).out, (await sample(own, [4, 50], 1)).out);
  });

  test("noiseShape keeps axes together and must fit", async () => {
    const { out, dx } = await sample(dropout({ rate: 0.5, noiseShape: [null, 1, null] }), [3, 4, 50]);
    const kept = new Set<number>();
    for (let b = 0; b < 3; b++) {
      for (let c = 0; c < 50; c++) {
        const column = new Set([0, 1, 2, 3].map((s) => out[(b * 4 + s) * 50 + c] as number));
        assert.is(column.size, 1);
        for (const value of column) kept.add(value);
      }
    }
    assert.equal([...kept].sort(), [0, 2]);
    same(dx, out);
    const layer = dropout({ rate: 0.5, noiseShape: [null, 2] });
    await rejects(sample(layer, [2, 3]), "shape-mismatch", /noiseShape \[null, 2\]/);
    await rejects(sample(dropout({ rate: 0.5, noiseShape: [null] }), [2, 3]), "shape-mismatch", /noiseShape/);
  });

  test("spatialDropout2d drops whole channels of single examples", async () => {
    const [batch, size, channels] = [40, 3, 25];
    const { out, dx } = await sample(spatialDropout2d({ keepProb: 0.8 }), [batch, size, size, channels]);
    let dropped = 0;
    for (let b = 0; b < batch; b++) {
      for (let c = 0; c < channels; c++) {
        const values = new Set(
          Array.from({ length: size * size }, (_, p) => out[(b * size * size + p) * channels + c] as number),
        );
        assert.is(values.size, 1);
        const [value] = values;
        if (value === 0) dropped++;
        else near(value, 1.25);
      }
    }
    near(dropped / (batch * channels), 0.2, 0.065); // 5 standard errors of 1000 draws
    same(dx, out);
    await rejects(sample(spatialDropout2d({ rate: 0.2 }), [2, 3]), "shape-mismatch", /channels/);
  });

  test("gaussianNoise adds, gaussianDropout multiplies, with the stated deviation; gradients see the same noise", async () => {
    const noise = await sample(gaussianNoise({ stddev: 0.5 }), [200, 500]);
    near(mean(noise.out), 1, 5 * (0.5 / Math.sqrt(elements)));
    near(deviation(noise.out), 0.5, 0.006);
    assert.equal(new Set(noise.dx), new Set([1]));
    const times = await sample(gaussianDropout({ rate: 0.2 }), [200, 500]);
    near(mean(times.out), 1, 5 * (0.5 / Math.sqrt(elements)));
    near(deviation(times.out), 0.5, 0.006); // sqrt(0.2 / 0.8)
    same(times.dx, times.out);
  });

  test("alphaDropout keeps mean 0 and variance 1", async () => {
    const layer = alphaDropout({ rate: 0.1 });
    const step = await program({ x: [200, 500] }, ({ x }) => ({ out: layer(x) }), { training: true });
    const out = [...step({ x: { data: normal(elements, 6), shape: [200, 500] } }).out.data];
    near(mean(out), 0, 0.016);
    near(deviation(out), 1, 0.012);
    // a c + b for those switched off, a = 1 / sqrt(0.9 (1 + 0.1 c^2)), b = -a 0.1 c
    const c = -1.7580993408473766;
    const off = (0.9 * c) / Math.sqrt(0.9 * (1 + 0.1 * c * c));
    const share = out.filter((value) => Math.abs(value - off) < 1e-6).length / elements;
    near(share, 0.1, 0.005);
  });

  test("off at inference", async () => {
    for (const layer of [
      dropout({ rate: 0.5 }),
      gaussianNoise({ stddev: 1 }),
      gaussianDropout({ rate: 0.5 }),
      alphaDropout({ rate: 0.5 }),
    ]) {
      const model = sequential([layer], { inputShape: [500] });
      same((await model.predict(ones)).data, ones.data);
    }
  });
});

suite("label smoothing", (test) => {
  const logits = [2, -1, 0.5, 0, 3, -2];
  const logSoftmax = (row: number[]) => {
    const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    return row.map((x) => x - total);
  };
  /** -sum t log p of two rows, t = (1 - s) onehot + s / 3 for the labels 0 and 2. */
  const expected = (s: number) =>
    [0, 2].map((label, row) => {
      const logs = logSoftmax(logits.slice(3 * row, 3 * row + 3));
      return -logs.reduce((sum, value, k) => sum + value * ((k === label ? 1 - s : 0) + s / 3), 0);
    });

  test("categorical and sparse agree with the formula, and with each other", async () => {
    const s = 0.1;
    const sparse = losses.sparseCategoricalCrossentropy({ fromLogits: true, labelSmoothing: s });
    const categorical = losses.categoricalCrossentropy({ fromLogits: true, labelSmoothing: s });
    const step = await program(
      { p: [2, 3], t: [2, 3], labels: { shape: [2], dtype: "int32" } },
      ({ p, t, labels }) => ({
        sparse: sparse.call(labels, p),
        categorical: categorical.call(t, p),
      }),
    );
    const found = step({ p: Float32Array.from(logits), t: Float32Array.of(1, 0, 0, 0, 0, 1), labels: [0, 2] });
    expected(s).forEach((value, i) => {
      near(found.sparse.data[i], value);
      near(found.categorical.data[i], value);
    });
  });

  test("the fused forms are used behind a softmax and a sigmoid", () => {
    for (const [units, activation, loss, kernel] of [
      [3, "softmax", losses.sparseCategoricalCrossentropy({ labelSmoothing: 0.1 }), "crossEntropy"],
      [3, "softmax", losses.categoricalCrossentropy({ labelSmoothing: 0.1 }), "crossEntropy"],
      [1, "sigmoid", losses.binaryCrossentropy({ labelSmoothing: 0.1 }), "sigmoidCrossEntropy"],
    ] as const) {
      const model = sequential([dense({ units, activation })], { inputShape: [2] });
      model.compile({ optimizer: sgd(), loss });
      const text = model.explain("program");
      assert.match(text, new RegExp(`\\b${kernel}\\b`));
      assert.match(text, new RegExp(`\\b${kernel}Gradient\\b`));
      assert.not.match(text, /\b(softmax|sigmoid|log) n?/);
    }
  });

  test("binary: (1 - s) t + s/2", async () => {
    const model = sequential([dense({ units: 1, activation: "sigmoid", kernelInitializer: "ones" })], {
      inputShape: [1],
    });
    model.compile({ optimizer: sgd(), loss: losses.binaryCrossentropy({ labelSmoothing: 0.2 }) });
    const p = 1 / (1 + Math.exp(-2));
    near((await model.evaluate({ x: [[2]], y: [[1]] })).loss, -0.9 * Math.log(p) - 0.1 * Math.log(1 - p));
  });
});

suite("all of it in a step", (test) => {
  /** Everything of this file in one model. */
  function whole(): Model {
    const model = sequential(
      [
        gaussianNoise({ stddev: 0.01 }),
        dense({ units: 16, kernelRegularizer: l2({ lambda: 0.7 }), kernelConstraint: maxNorm(), useBias: false }),
        batchNormalization(),
        (x) => ops.relu(x),
        dropout({ keepProb: 0.8 }),
        dense({ units: 8, activation: "tanh", activityRegularizer: l1({ l1: 1e-4 }) }),
        layerNormalization(),
        dense({ units: 3, activation: "softmax", biasConstraint: nonNeg() }),
      ],
      { inputShape: [6], seed: 2 },
    );
    model.compile({
      optimizer: adam({ learningRate: 0.01 }),
      loss: losses.sparseCategoricalCrossentropy({ labelSmoothing: 0.1 }),
      metrics: ["accuracy"],
    });
    return model;
  }
  const x = { data: uniform(60 * 6, 8, -1, 1), shape: [60, 6] };
  const y = Int32Array.from({ length: 60 }, (_, i) => ((x.data[6 * i] as number) > 0 ? 1 : 0) + (i % 3 === 0 ? 1 : 0));

  test("one program, trained twice to the same bits, and it learns", async () => {
    const models = [whole(), whole()];
    const runs: History[] = [];
    for (const model of models) runs.push(await model.fit({ x, y }, { epochs: 40, batchSize: 20 }));
    assert.equal(runs[0], runs[1]);
    const [first, last] = [0, 39].map((epoch) => runs[0]?.metrics.loss?.[epoch] as number);
    assert.ok((last as number) < 0.8 * (first as number), `${first} to ${last}`);
    const bits = models.map((model) => model.variables.map((each) => [...each.read().data]));
    assert.equal(bits[0], bits[1]);
    const kernel = bits[0]?.[0] as number[];
    for (let unit = 0; unit < 16; unit++) {
      const norm = Math.sqrt(squares(kernel.filter((_, i) => i % 16 === unit)));
      assert.ok(norm <= 2 * (1 + 1e-6), `norm ${norm}`);
    }
  });
});

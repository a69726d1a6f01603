// Tools that train again and again: learning curves over the size of the data, bias and variance of a regression.

import type { Examples, Model } from "../src/index.ts";
import {
  adam,
  biasVariance,
  dense,
  drawLearningCurve,
  functional,
  input,
  learningCurve,
  sequential,
  sgd,
} from "../src/index.ts";
import { createRandom } from "../src/randomNumbers.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";

const near = (found: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(found - wanted) <= tolerance, `${found} is not ${wanted} +- ${tolerance}`);

/**
 * A model that predicts a constant: inputs are 0, so only the bias counts, and a step of half the gradient of the squared error over
 * the whole set, b - 1/2 * 2 (b - mean), ends at the mean of the targets.
 */
const constantModel = ({ seed }: { seed: number }): Model => {
  const model = sequential([dense({ units: 1 })], { inputShape: [1], seed });
  model.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: "mse" });
  return model;
};
const constants = (y: readonly number[]): Examples => ({ x: y.map(() => [0]), y: y.map((value) => [value]) });
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number => mean(values.map((value) => (value - mean(values)) ** 2));

suite("bias and variance", (test) => {
  const whole = { epochs: 1, batchSize: 100 };

  test("means of known samples: bias, variance and noise worked out by hand", async () => {
    // three trainings end at 1, 2 and 6: mean 3, variance 14/3; beside the targets 1 and 4: bias^2 = (4 + 1) / 2
    const samples = [
      [0, 2],
      [1, 3],
      [5, 7],
    ];
    const found = await biasVariance(constantModel, {
      ...whole,
      sample: (_random, repeat) => constants(samples[repeat] as number[]),
      test: { x: [[0], [0]], y: [[2], [3]] },
      target: [[1], [4]],
      repeats: 3,
    });
    near(found.biasSquared, 2.5, 1e-6);
    near(found.variance, 14 / 3, 1e-6);
    near(found.noise, 1, 1e-12); // (2 - 1)^2 and (3 - 4)^2
    near(found.meanSquaredError, 2.5 + 14 / 3 + 1, 1e-6);
    near(found.biasSquared + found.variance + found.noise, found.meanSquaredError, 1e-12);
    near(found.means[0] as number, 3, 1e-6);
    near(found.deviations[1] as number, Math.sqrt(14 / 3), 1e-6);
    assert.match(String(found), /^bias squared +2\.5\nvariance +4\.667\nnoise +1\nmean squared error +8\.167$/);
  });

  test("the mean of n draws of variance 1 has no bias and variance 1/n", async () => {
    const n = 8;
    const found = await biasVariance(constantModel, {
      ...whole,
      sample: (random) => constants(Array.from({ length: n }, () => 3 + random.normal())),
      test: { x: [[0]] },
      target: [[3]],
      noise: 1,
      repeats: 60,
      seed: 5,
    });
    near(found.biasSquared, 0, 0.01); // the mean of 60 such means: a deviation of 0.05
    near(found.variance, 1 / n, 0.07);
    assert.is(found.noise, 1);
    near(found.biasSquared + found.variance + found.noise, found.meanSquaredError, 1e-12);
  });

  test("a line through a parabola is biased; a line through a line is not", async () => {
    const xs = Array.from({ length: 21 }, (_, i) => i / 10 - 1);
    const create = ({ seed }: { seed: number }): Model => {
      const model = sequential([dense({ units: 1 })], { inputShape: [1], seed });
      model.compile({ optimizer: adam({ learningRate: 0.05 }), loss: "mse" });
      return model;
    };
    const fit = (f: (x: number) => number) =>
      biasVariance(create, {
        sample: (random) => ({
          x: xs.map((x) => [x]),
          y: xs.map((x) => [f(x) + 0.1 * random.normal()]),
        }),
        test: { x: xs.map((x) => [x]) },
        target: xs.map((x) => [f(x)]),
        noise: 0.01,
        repeats: 8,
        epochs: 120,
        batchSize: 21,
      });
    const line = await fit((x) => 2 * x + 1);
    near(line.biasSquared, 0, 0.002);
    near(line.variance, (0.01 * 2) / 21, 0.001); // two parameters
    // what a line leaves of x^2 on these points: its variance, (x^2 is symmetric, so the slope is 0)
    const parabola = await fit((x) => x * x);
    near(parabola.biasSquared, variance(xs.map((x) => x * x)), 0.01);
    near(parabola.variance, (0.01 * 2) / 21, 0.001);
  });

  test("bootstrap: of the data alone, with replacement, the same again by the same seed", async () => {
    const y = Array.from({ length: 40 }, (_, i) => (i % 7) - 3);
    const run = (seed: number) =>
      biasVariance(constantModel, {
        ...whole,
        data: constants(y),
        test: { x: [[0]], y: [[mean(y)]] },
        repeats: 25,
        seed,
      });
    const first = await run(1);
    near(first.variance, variance(y) / 40, 0.6 * (variance(y) / 40));
    near(first.biasSquared, 0, 0.1);
    assert.is((await run(1)).variance, first.variance);
    assert.is.not((await run(2)).variance, first.variance);
  });

  test("without the true values the bias holds the noise, unless it is known", async () => {
    const samples = [[1], [3]];
    const given = {
      ...whole,
      sample: (_random: unknown, repeat: number) => constants(samples[repeat] as number[]),
      test: { x: [[0]], y: [[4]] },
      repeats: 2,
    };
    const unknown = await biasVariance(constantModel, given);
    near(unknown.biasSquared, 4, 1e-6);
    assert.is(unknown.noise, 0);
    const known = await biasVariance(constantModel, { ...given, noise: 1.5 });
    near(known.biasSquared, 2.5, 1e-6);
    near(known.meanSquaredError, unknown.meanSquaredError, 1e-12);
    near(known.biasSquared + known.variance + known.noise, known.meanSquaredError, 1e-12);
  });

  test("what is missing or does not fit", async () => {
    const data = constants([1, 2]);
    const point = { x: [[0]], y: [[1]] };
    const refuses = async (
      options: object,
      code: string,
      text: string,
      create: unknown = constantModel,
    ): Promise<void> => {
      await rejects(biasVariance(create as never, options as never), code, text);
    };
    await refuses({ test: point }, "invalid-argument", "data or sample");
    await refuses({ data, sample: () => data, test: point }, "invalid-argument", "data or sample");
    await refuses({ data, test: { x: [[0]] } }, "invalid-argument", "test.y or target");
    await refuses({ data, test: { x: [[0]], y: [[1], [2]] } }, "shape-mismatch", "test.x gives 1");
    await refuses({ data, test: point, target: [[1], [2]] }, "shape-mismatch", "target has 2");
    await refuses({ data, test: point }, "invalid-argument", "what create returns", () => ({}));
    await refuses({ data, test: point }, "not-ready", "compile", () =>
      sequential([dense({ units: 1 })], { inputShape: [1] }),
    );
    const one = constantModel({ seed: 0 });
    await refuses({ data, test: point, repeats: 2 }, "invalid-argument", "new model at each call", () => one);
    await refuses({ sample: () => constants([]), test: point }, "empty-data", "x has no examples");
  });
});

suite("histories", (test) => {
  test("fit's history prints, and is data otherwise", async () => {
    const history = await constantModel({ seed: 0 }).fit(constants([2, 4]), { epochs: 2, validation: constants([3]) });
    assert.is(String(history), "epoch 0  loss 10.00  val_loss 0.000\nepoch 1  loss 1.000  val_loss 0.000");
    assert.equal(Object.keys(history), ["epochs", "metrics"]);
    assert.equal(JSON.parse(JSON.stringify(history)), { epochs: [0, 1], metrics: { loss: [10, 1], val_loss: [0, 0] } });
  });
});

suite("learning curves", (test) => {
  test("errors of a constant: the variance of what it was trained on, and of the dev set round its mean", async () => {
    const y = Array.from({ length: 30 }, (_, i) => (i * 7) % 11);
    const dev = [3, 5, 8];
    const curve = await learningCurve(constantModel, constants(y), {
      validation: constants(dev),
      sizes: [1, 10, 30],
      epochs: 1,
      batchSize: 100,
      repeats: 2,
    });
    assert.equal(
      curve.points.map(({ size }) => size),
      [1, 10, 30],
    );
    assert.is(curve.error, "loss");
    near(curve.points[0]?.train as number, 0, 1e-9); // one example is met exactly
    const last = curve.points[2];
    near(last?.train as number, variance(y), 1e-4);
    near(last?.dev as number, mean(dev.map((value) => (value - mean(y)) ** 2)), 1e-4);
    assert.is(last?.trainErrors.length, 2);
    assert.ok(drawLearningCurve(curve).includes("training examples"));
    assert.match(String(curve), /examples +train +dev\n +1 +0 /);
  });

  test("the default sizes, and that a size's examples are among the next one's", async () => {
    const y = Array.from({ length: 20 }, (_, i) => 2 ** (i / 4));
    const curve = await learningCurve(constantModel, constants(y), {
      validation: constants([0]),
      epochs: 1,
      batchSize: 100,
    });
    assert.equal(
      curve.points.map(({ size }) => size),
      [2, 4, 8, 14, 20],
    );
    // sums grow by positive terms alone where examples are only added; dev error is mean^2 here
    const sums = curve.points.map(({ size, dev }) => size * Math.sqrt(dev));
    for (let i = 1; i < sums.length; i++) assert.ok((sums[i] as number) > (sums[i - 1] as number), sums.join(" "));
  });

  /** Points on both sides of a line, some labels flipped. */
  const points = (n: number, from: number, flip: number, width = 2): Examples => {
    const random = createRandom(from);
    const x = Float32Array.from({ length: n * width }, () => random.uniform() * 2 - 1);
    const isAbove = (i: number): boolean => (x[i * width] as number) + (x[i * width + 1] as number) > 0;
    return {
      x: { data: x, shape: [n, width] },
      y: Int32Array.from({ length: n }, (_, i) => Number(isAbove(i) !== (flip > 0 && i % flip === 0))),
    };
  };
  const classifier =
    (units: number, width: number) =>
    ({ seed }: { seed: number }): Model => {
      const model = sequential(
        [...(units > 0 ? [dense({ units, activation: "relu" })] : []), dense({ units: 2, activation: "softmax" })],
        { inputShape: [width], seed },
      );
      model.compile({
        optimizer: adam({ learningRate: 0.02 }),
        loss: "sparseCategoricalCrossentropy",
        metrics: ["accuracy"],
      });
      return model;
    };

  test("of high variance more data are advised only where they help", async () => {
    const adviceOf = async (sizes: number[]): Promise<string> => {
      const options = { validation: constants([0]), sizes, epochs: 1, batchSize: 100 };
      return (await learningCurve(constantModel, constants([4, 4]), options)).explanation;
    };
    assert.match(await adviceOf([1, 2]), /hardly falls any more with more data: regularise, augment, or try/);
    assert.match(await adviceOf([2]), /^High variance[^;]*\)\. Get more data, augment, or regularise\.$/);
  });

  test("noise learned by heart reads as high variance", async () => {
    const curve = await learningCurve(classifier(64, 20), points(60, 0, 3, 20), {
      validation: points(200, 500, 0, 20),
      sizes: [20, 60],
      epochs: 250,
    });
    assert.is(curve.error, "1 - accuracy");
    assert.is(curve.reading, "highVariance");
    assert.match(curve.explanation, /High variance: a gap of/);
  });

  test("half of the labels flipped everywhere reads as high bias, and not as a call for data", async () => {
    const curve = await learningCurve(classifier(0, 2), points(400, 0, 2), {
      validation: points(400, 400, 2),
      sizes: [100, 400],
      epochs: 5,
    });
    assert.is(curve.reading, "highBias");
    assert.match(curve.explanation, /More data will not help/);
  });

  test("a line learned reads as good; a target moves what counts as bias", async () => {
    const given = { validation: points(200, 700, 0), sizes: [300], epochs: 30 };
    const curve = await learningCurve(classifier(0, 2), points(300, 0, 0), { ...given, tolerance: 0.05 });
    assert.is(curve.reading, "good");
    const noisy = { validation: points(300, 700, 5), sizes: [300], epochs: 30, tolerance: 0.06 };
    assert.is((await learningCurve(classifier(0, 2), points(300, 0, 5), noisy)).reading, "highBias");
    assert.is((await learningCurve(classifier(0, 2), points(300, 0, 5), { ...noisy, target: 0.2 })).reading, "good");
  });

  test("the same seed gives the same curve", async () => {
    const run = (seed: number) =>
      learningCurve(classifier(4, 2), points(60, 0, 4), {
        validation: points(60, 100, 4),
        sizes: [30, 60],
        epochs: 2,
        seed,
      });
    const first = await run(3);
    assert.equal((await run(3)).points, first.points);
    assert.not.equal((await run(4)).points, first.points);
  });

  test("what does not fit is refused before anything is trained", async () => {
    const data = points(20, 0, 0);
    let made = 0;
    const create = ({ seed }: { seed: number }): Model => {
      made++;
      return classifier(0, 2)({ seed });
    };
    const refuses = async (options: object, code: string, text: string, from: unknown = create): Promise<void> => {
      made = 0;
      const curve = learningCurve(from as never, data, { validation: data, epochs: 1, ...options } as never);
      await rejects(curve, code, text);
      assert.ok(made <= 1);
    };
    await refuses({ sizes: [10, 30] }, "invalid-argument", "data has 20");
    await refuses({ sizes: [10, 5] }, "invalid-argument", "ascending");
    await refuses({ metric: "recall" }, "invalid-argument", "loss, accuracy");
    await refuses({ validation: { x: [[1]], y: [0] } }, "shape-mismatch", "validation");
    const one = classifier(0, 2)({ seed: 0 });
    await refuses({ sizes: [5, 10] }, "invalid-argument", "new model at each call", () => one);
  });

  test("a signal ends it", async () => {
    const controller = new AbortController();
    let made = 0;
    const create = ({ seed }: { seed: number }): Model => {
      if (++made === 2) controller.abort(new Error("enough"));
      return classifier(0, 2)({ seed });
    };
    const { signal } = controller;
    const data = points(20, 0, 0);
    const caught = await learningCurve(create, data, { validation: data, epochs: 1, signal }).catch((error) => error);
    assert.is((caught as Error).message, "enough");
    assert.is(made, 2);
  });

  test("models of several inputs and outputs", async () => {
    const create = ({ seed }: { seed: number }): Model<unknown> => {
      const [a, b] = [input([1]), input([2])];
      const outputs = { p: dense({ units: 1 })(a), q: dense({ units: 2, activation: "softmax" })(b) };
      const model = functional({ inputs: { a, b }, outputs, seed });
      model.compile({
        optimizer: sgd(),
        loss: { p: "mse", q: "sparseCategoricalCrossentropy" },
        metrics: { q: ["accuracy"] },
      });
      return model;
    };
    const data: Examples = {
      x: { a: new Float32Array(6), b: new Float32Array(12) },
      y: { p: new Float32Array(6), q: new Uint8Array(6) },
      sampleWeight: new Float32Array(6).fill(1),
    };
    const curve = await learningCurve(create, data, { validation: data, sizes: [2, 6], epochs: 1 });
    assert.is(curve.error, "1 - q_accuracy");
    assert.equal(curve.points.length, 2);
  });
});

// Options of fit about batches and weights, and evaluation of batches that come from anywhere.

import * as lanewise from "../src/index.ts";
import { batches, classWeights, dense, functional, input, sequential, sgd } from "../src/index.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";

type Logs = Record<string, number>;

/** A model that predicts w x, its loss (w x - y)^2, w = 1 at first. */
function line(learningRate = 0): lanewise.Model {
  const model = sequential([dense({ units: 1, useBias: false, kernelInitializer: "ones" })], { inputShape: [1] });
  model.compile({ optimizer: sgd({ learningRate }), loss: "mse" });
  return model;
}

/** Classes of examples told by the sign of a number. */
function classifier(loss: "sparseCategoricalCrossentropy" | "categoricalCrossentropy"): lanewise.Model {
  const model = sequential([dense({ units: 2, activation: "softmax", kernelInitializer: "zeros" })], {
    inputShape: [1],
  });
  model.compile({ optimizer: sgd({ learningRate: 0.5 }), loss, metrics: ["accuracy"] });
  return model;
}

const weightsOf = (model: lanewise.Model): number[] => model.variables.flatMap((each) => [...each.read().data]);

/** Sizes of the batches of an epoch, and what the context says of them. */
async function sizesOf(n: number, options: lanewise.FitOptions) {
  const sizes: number[] = [];
  let context: lanewise.TrainContext | undefined;
  const callbacks: lanewise.Callback = {
    onTrainBegin: (given) => {
      context = given;
    },
    onBatchEnd: (_batch, logs) => {
      sizes.push(logs.size as number);
    },
  };
  await line().fit({ x: new Float32Array(n), y: new Float32Array(n) }, { ...options, callbacks });
  return { sizes, batchSize: context?.batchSize, batches: context?.batches };
}

suite("fit, sizes of batches", (test) => {
  test("full is one batch; auto is one up to 2,000, then a power of two", async () => {
    assert.equal(await sizesOf(70, { batchSize: "full" }), { sizes: [70], batchSize: 70, batches: 1 });
    assert.equal(await sizesOf(2000, { batchSize: "auto" }), { sizes: [2000], batchSize: 2000, batches: 1 });
    const more = await sizesOf(2001, { batchSize: "auto" });
    assert.equal(more, { sizes: [...new Array(31).fill(64), 17], batchSize: 64, batches: 32 });
  });

  test("dropRemainder leaves out what does not fill a batch, other examples each epoch", async () => {
    assert.equal(await sizesOf(10, { batchSize: 4 }), { sizes: [4, 4, 2], batchSize: 4, batches: 3 });
    const options = { batchSize: 4, dropRemainder: true };
    assert.equal(await sizesOf(10, options), { sizes: [4, 4], batchSize: 4, batches: 2 });
    assert.equal((await sizesOf(8, options)).sizes, [4, 4]);
    await rejects(() => sizesOf(3, options), "empty-data", /dropRemainder.*batch of 4.*3 examples/);
  });

  test("counted after validationSplit", async () => {
    const { sizes } = await sizesOf(100, { batchSize: "full", validationSplit: 0.3 });
    assert.equal(sizes, [70]);
  });

  test("neither is for batches from a function", async () => {
    const source = () => [{ x: [[1]], y: [[1]] }];
    await rejects(() => line().fit(source, { batchSize: "auto" }), "invalid-argument", /batchSize.*function/);
    await rejects(() => line().fit(source, { batchSize: "full" }), "invalid-argument", /batchSize.*function/);
    await rejects(() => line().fit(source, { dropRemainder: true }), "invalid-argument", /dropRemainder.*function/);
  });
});

suite("fit, batches from a function", (test) => {
  test("it is told the epoch; batches() gives all examples in another order each epoch", async () => {
    const epochs: number[] = [];
    const seen: number[][] = [];
    const data = { x: { data: Float32Array.of(1, 2, 3, 4, 5), shape: [5, 1] }, y: Float32Array.of(1, 2, 3, 4, 5) };
    const source = (epoch: number): Iterable<lanewise.Examples> => {
      epochs.push(epoch);
      const made = [...batches(data, { batchSize: 2, epoch })];
      seen.push(made.flatMap(({ x }) => [...x.data]));
      return made;
    };
    await line().fit(source, { epochs: 2, initialEpoch: 3 });
    assert.equal(epochs, [3, 4]);
    for (const each of seen) assert.equal([...each].sort(), [1, 2, 3, 4, 5]);
    assert.not.equal(seen[0], seen[1]);
    const { metrics } = await line().fit(batches(data, { batchSize: 2 }), { epochs: 2 });
    assert.equal(metrics.loss, [0, 0]);
  });

  test("validation and evaluate take batches: exact means over all examples, however they are cut", async () => {
    const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7);
    const y = Float32Array.of(0, 0, 1, 1, 0, 0, 2);
    const sampleWeight = Float32Array.of(1, 2, 0, 1, 3, 1, 1);
    const cut = async function* (): AsyncGenerator<lanewise.Examples> {
      for (const [a, b] of [
        [0, 1],
        [1, 5],
        [5, 7],
      ] as const) {
        yield { x: x.subarray(a, b), y: y.subarray(a, b), sampleWeight: sampleWeight.subarray(a, b) };
      }
    };
    const model = line();
    const whole = await model.evaluate({ x, y, sampleWeight });
    near(whole.loss, (1 + 2 * 4 + 9 + 3 * 25 + 36 + 25) / 7);
    near((await model.evaluate(cut)).loss, whole.loss);
    near((await model.evaluate(cut(), { batchSize: 2 })).loss, whole.loss);
    const { metrics } = await model.fit({ x, y }, { epochs: 2, validation: cut });
    near(metrics.val_loss?.[0], whole.loss);
    near(metrics.val_loss?.[1], whole.loss);
  });

  test("a list of batches is gone through every epoch, and by evaluate and validation", async () => {
    const list = [
      { x: [[1], [2]], y: [[0], [0]], sampleWeight: [1, 3] },
      { x: [[3]], y: [[0]] },
    ];
    const { metrics } = await line().fit(list, { epochs: 2, validation: list });
    // (1 + 3 * 4 + 9) / 3
    for (const loss of [...(metrics.loss ?? []), ...(metrics.val_loss ?? [])]) near(loss, 22 / 3);
    assert.is(metrics.loss?.length, 2);
    near((await line().evaluate(list)).loss, 22 / 3);
    await rejects(() => line().fit([[1], [2]] as never), "invalid-argument", /data must be one object \{ x, y \}/);
    await rejects(() => line().fit([] as never), "invalid-argument", /data must be one object \{ x, y \}/);
  });

  test("a source without batches, or with wrong ones, is refused where it is met", async () => {
    const data = { x: [[1]], y: [[1]] };
    await rejects(() => line().evaluate([] as never), "invalid-argument", /data/);
    await rejects(() => line().evaluate(() => []), "empty-data", /evaluate: no batch/);
    const wrong = () => [data, { x: [[1, 2]], y: [[1]] }];
    await rejects(() => line().evaluate(wrong), "shape-mismatch", /evaluate, batch 1: x/);
    await rejects(() => line().fit(data, { validation: wrong }), "shape-mismatch", /validation, batch 1: x/);
    const once = (function* () {
      yield data;
    })();
    await rejects(() => line().fit(data, { epochs: 2, validation: once }), "empty-data", /validation: no batch/);
  });
});

suite("weights of examples", (test) => {
  const x = [[-1], [-2], [1], [2], [3], [-3]];
  const y = Uint8Array.of(0, 0, 1, 1, 1, 0);
  const oneHot = lanewise.oneHot(y);

  test("classWeight trains as the same sampleWeight does; metrics and validation are not weighted", async () => {
    const weights = [3, 0.5];
    const sampleWeight = Float32Array.from(y, (label) => weights[label] as number);
    for (const classWeight of [weights, { 0: 3, 1: 0.5 }]) {
      const [first, second] = [
        classifier("sparseCategoricalCrossentropy"),
        classifier("sparseCategoricalCrossentropy"),
      ];
      const options = { epochs: 3, batchSize: 4, validation: { x, y } };
      const byClass = await first.fit({ x, y }, { ...options, classWeight });
      const byExample = await second.fit({ x, y, sampleWeight }, options);
      assert.equal(weightsOf(first), weightsOf(second));
      assert.equal(byClass.metrics.loss, byExample.metrics.loss);
      assert.equal(byClass.metrics.val_loss, byExample.metrics.val_loss);
      near(byClass.metrics.val_loss?.[2], (await first.evaluate({ x, y })).loss);
    }
  });

  test("the first loss of a batch is the sum of weighted losses over its examples; accuracy is plain", async () => {
    const model = classifier("sparseCategoricalCrossentropy");
    const { metrics } = await model.fit({ x, y }, { batchSize: "full", classWeight: { 1: 5 } });
    near(metrics.loss?.[0], (Math.LN2 * (3 + 3 * 5)) / 6); // both classes at 0.5
    near(metrics.accuracy?.[0], 0.5);
  });

  test("sample weights and class weights multiply", async () => {
    const sampleWeight = Float32Array.of(1, 2, 3, 4, 5, 6);
    const product = Float32Array.from(sampleWeight, (weight, i) => weight * (y[i] ? 2 : 0.5));
    const [first, second] = [classifier("sparseCategoricalCrossentropy"), classifier("sparseCategoricalCrossentropy")];
    await first.fit({ x, y, sampleWeight }, { epochs: 2, batchSize: 2, classWeight: [0.5, 2] });
    await second.fit({ x, y, sampleWeight: product }, { epochs: 2, batchSize: 2 });
    for (const [i, weight] of weightsOf(first).entries()) near(weight, weightsOf(second)[i], 1e-6);
  });

  test("balanced counts the training part; one-hot and 0/1 targets are classes too", async () => {
    const [ones, data] = [[[1], [1], [1], [1]], Uint8Array.of(0, 0, 0, 1)];
    const given = classWeights(data);
    assert.equal(given, [4 / 6, 2]);
    const train = async (model: lanewise.Model, target: lanewise.Arrays, classWeight: lanewise.ClassWeight) => {
      await model.fit({ x: ones, y: target }, { epochs: 2, classWeight });
      return weightsOf(model);
    };
    const expected = await train(classifier("sparseCategoricalCrossentropy"), data, given);
    assert.equal(await train(classifier("sparseCategoricalCrossentropy"), data, "balanced"), expected);
    assert.equal(await train(classifier("categoricalCrossentropy"), lanewise.oneHot(data), "balanced"), expected);
    const binary = (): lanewise.Model => {
      const model = sequential([dense({ units: 1, activation: "sigmoid" })], { inputShape: [1] });
      model.compile({ optimizer: sgd(), loss: "binaryCrossentropy" });
      return model;
    };
    assert.equal(await train(binary(), data, "balanced"), await train(binary(), data, given));
    // the last two are for validation: of the others one in three is of class 1
    const split = classifier("sparseCategoricalCrossentropy");
    const y5 = Uint8Array.of(0, 0, 1, 1, 1);
    await split.fit({ x: [...ones, [1]], y: y5 }, { validationSplit: 0.4, classWeight: "balanced", batchSize: "full" });
    const same = classifier("sparseCategoricalCrossentropy");
    await same.fit({ x: ones.slice(1), y: y5.subarray(0, 3) }, { classWeight: [0.75, 1.5], batchSize: "full" });
    assert.equal(weightsOf(split), weightsOf(same));
  });

  test("classWeight for batches from a function, also where the model's shapes come with them", async () => {
    const late = sequential([dense({ units: 2, activation: "softmax", kernelInitializer: "zeros" })]);
    late.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: "sparseCategoricalCrossentropy" });
    const early = classifier("sparseCategoricalCrossentropy");
    for (const model of [late, early]) await model.fit(() => [{ x, y }], { classWeight: [1, 4] });
    assert.equal(weightsOf(late), weightsOf(early));
    await rejects(() => early.fit(() => [{ x, y }], { classWeight: "balanced" }), "invalid-argument", /classWeight/);
  });

  test("of several outputs each has its own weights, of examples and of classes", async () => {
    const two = (): lanewise.Model => {
      const from = input([1]);
      const kind = dense({ units: 2, activation: "softmax", kernelInitializer: "zeros" })(from);
      const price = dense({ units: 1, kernelInitializer: "ones" })(from);
      const model = functional({ inputs: from, outputs: { price, kind } }) as unknown as lanewise.Model;
      model.compile({
        optimizer: sgd({ learningRate: 0 }),
        loss: { price: "mse", kind: "sparseCategoricalCrossentropy" },
        metrics: { kind: ["accuracy"], price: ["mae"] },
      });
      return model;
    };
    const target = { price: [[0], [0], [0], [0], [0], [0]], kind: y };
    const squares = [1, 4, 1, 4, 9, 9];
    const weights = [1, 0, 0, 2, 0, 3];
    const price = squares.reduce((sum, square, i) => sum + square * (weights[i] as number), 0) / 6;
    const mae = (1 + 2 * 2 + 3 * 3) / 6;
    const check = (logs: Logs, kind: number): void => {
      near(logs.price_loss, price);
      near(logs.kind_loss, kind);
      near(logs.loss, price + kind);
      near(logs.price_mae, mae);
      near(logs.kind_accuracy, 0.5);
    };
    const data = { x, y: target, sampleWeight: { price: weights } };
    check(await two().evaluate(data), Math.LN2);
    check(await two().trainOnBatch(x, target, { sampleWeight: { price: weights } }), Math.LN2);
    const options = { batchSize: "full", classWeight: { kind: [1, 3] } } as const;
    const { metrics } = await two().fit(data, { ...options, validation: data });
    const firstOf = (prefix: string): Logs =>
      Object.fromEntries(
        Object.entries(metrics)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, [value]]) => [name.slice(prefix.length), value as number]),
      );
    check(firstOf(""), Math.LN2 * 2);
    check(firstOf("val_"), Math.LN2);
    await rejects(
      () => two().evaluate({ ...data, sampleWeight: { prize: weights } }),
      "unknown-option",
      /prize.*price/,
    );
    await rejects(() => two().evaluate({ ...data, sampleWeight: { price: [1] } }), "shape-mismatch", /price/);
    await rejects(() => two().fit(data, { classWeight: [1, 2] }), "invalid-argument", /classWeight.*output name/);
    await rejects(() => two().fit(data, { classWeight: { prize: [1, 2] } }), "unknown-option", /classWeight\.prize/);
    await rejects(
      () => two().fit(data, { classWeight: { price: [1, 2, 3] } }),
      "invalid-argument",
      /classWeight\.price/,
    );
  });

  test("refused before anything is trained: targets that are no labels, weights that do not fit", async () => {
    const model = classifier("categoricalCrossentropy");
    const before = weightsOf(model);
    const soft = { data: Float32Array.of(0.5, 0.5), shape: [1, 2] };
    await rejects(() => model.fit({ x: [[1]], y: soft }, { classWeight: [1, 2] }), "invalid-argument", /single 1/);
    await rejects(() => model.fit({ x, y: oneHot }, { classWeight: [1, 2, 3] }), "invalid-argument", /2 weights/);
    await rejects(() => model.fit({ x, y: oneHot }, { classWeight: { 2: 1 } }), "invalid-argument", /class "2"/);
    await rejects(() => model.fit({ x, y: oneHot }, { classWeight: [1, -1] }), "invalid-argument", /classWeight\[1\]/);
    const prices = { x: [[1], [2]], y: [[1.5], [2]] };
    await rejects(() => line().fit(prices, { classWeight: [1, 2] }), "invalid-argument", /example 0 is 1\.5/);
    assert.equal(weightsOf(model), before);
  });
});

suite("fit, what messages advise", (test) => {
  const x = Float32Array.of(-1, 1, 2);

  test("class indices where one-hot rows are wanted, and the other way round", async () => {
    const advice = /oneHot\(labels, \{ classes: 2 \}\).*"sparseCategoricalCrossentropy"/;
    const [rows, indices] = [classifier("categoricalCrossentropy"), classifier("sparseCategoricalCrossentropy")];
    const oneHot = [
      [1, 0],
      [0, 1],
      [0, 1],
    ];
    for (const y of [Int32Array.of(0, 1, 1), [0, 1, 1, 1]])
      await rejects(() => rows.fit({ x, y }), "shape-mismatch", advice);
    await rejects(() => rows.fit({ x: x.subarray(1), y: [0, 1] }), "shape-mismatch", advice);
    await rejects(() => rows.fit({ x: [[1], [2]], y: Int32Array.of(0, 1) }), "shape-mismatch", advice);
    await rejects(
      () => rows.fit({ x, y: oneHot }, { validation: { x, y: Int32Array.of(0, 1, 1) } }),
      "shape-mismatch",
      /^fit, validation: .*oneHot\(labels/,
    );
    const back = /class indices; for one-hot rows.*"categoricalCrossentropy"/;
    await rejects(() => indices.fit({ x, y: oneHot }), "shape-mismatch", back);
    await rejects(() => indices.fit({ x, y: Float32Array.from(oneHot.flat()) }), "shape-mismatch", back);
  });

  test("fit(x, y) is told how examples are given", async () => {
    const model = line();
    for (const [inputs, y] of [
      [x, x],
      [
        [[1], [2]],
        [[1], [2]],
      ],
    ]) {
      const args = [inputs, y] as never as [lanewise.Examples, lanewise.FitOptions];
      await rejects(
        () => model.fit(...args),
        "invalid-argument",
        /^fit: data must be one object \{ x, y \}, not x and y/,
      );
      await rejects(
        () => model.evaluate(...(args as [never, never])),
        "invalid-argument",
        /^evaluate: data must be one object/,
      );
    }
  });

  test("a flat list where rows of one number are wanted, rows where a list is", async () => {
    await rejects(
      () => line().fit({ x, y: [0, 1, 2] }),
      "shape-mismatch",
      /nest them so \(\[\[0\], \[1\]\]\), or give a typed array/,
    );
    const rows = [[0], [1], [1]];
    await rejects(
      () => classifier("sparseCategoricalCrossentropy").fit({ x, y: rows }),
      "shape-mismatch",
      /\(\[0, 1\]\)/,
    );
  });

  test("a list of typed arrays is several inputs, and no rows", async () => {
    const rows = [Float64Array.of(1), Uint8Array.of(2)];
    await rejects(() => line().predict(rows), "invalid-argument", /join typed arrays in one: \{ data, shape \}/);
  });
});

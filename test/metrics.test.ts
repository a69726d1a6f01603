// Metrics of models over a whole set: exact whatever the batches are, in evaluate, fit and validation. Numbers from numpy
// (golden/metrics.py); the models pass what they get on.

import type { CompileOptions, Logs, Model, StatefulMetric, Tensor } from "../src/index.ts";
import {
  dense,
  earlyStopping,
  functional,
  input,
  LanewiseError,
  l2,
  losses,
  metrics,
  ops,
  scores,
  sequential,
  sgd,
} from "../src/index.ts";
import golden from "./golden/metrics.json";
import { assert, suite } from "./harness.ts";

const count = golden.labels.length;
const labels = Int32Array.from(golden.labels);
const probabilities = { data: Float32Array.from(golden.probabilities.flat()), shape: [count, 4] };
const scored = Float32Array.from(golden.scores);
const binary = Float32Array.from(golden.binary);
const oneHot = golden.labels.map((label) => [0, 1, 2, 3].map((c) => Number(c === label)));

/** What is given is predicted, and stays so when it is trained: the rate is 0. */
function passing(width: number, options: Omit<CompileOptions, "optimizer">): Model {
  const identity = dense({ units: width, useBias: false });
  const model = sequential([identity], { inputShape: [width], seed: 1 });
  model.variables[0]?.write(Float32Array.from({ length: width * width }, (_, i) => Number(i % (width + 1) === 0)));
  model.compile({ optimizer: sgd({ learningRate: 0 }), ...options });
  return model;
}

const everything = [
  "accuracy",
  metrics.precision(),
  metrics.recall({ average: "weighted" }),
  metrics.f1Score({ average: "micro" }),
  metrics.auc(),
  metrics.averagePrecision(),
  metrics.logLoss(),
  metrics.sparseTopKCategoricalAccuracy({ k: 2 }),
] as const;

function expected(kind: "plain" | "weighted", prefix = ""): Logs {
  const want = golden[kind];
  return Object.fromEntries(
    Object.entries({
      accuracy: want.micro,
      precision: want.macro[0] as number,
      recall: want.weighted[1] as number,
      f1Score: want.micro,
      auc: want.aucOvr,
      averagePrecision: want.apOvr,
      logLoss: want.logLoss,
      sparseTopKCategoricalAccuracy: want.top2,
    }).map(([name, value]) => [prefix + name, value]),
  );
}

function compare(got: Logs, want: Logs, relative = 1e-6): void {
  for (const [name, value] of Object.entries(want)) {
    const found = got[name] as number;
    assert.ok(Math.abs(found - value) <= relative * Math.max(1, Math.abs(value)), `${name} is ${found}, not ${value}`);
  }
}

async function rejected(run: () => Promise<unknown>, text: string): Promise<void> {
  const error = await run().then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LanewiseError && error.message.includes(text), `${String(error)}, not: ${text}`);
}

const sparse = { loss: "sparseCategoricalCrossentropy", metrics: everything } as const;

suite("metrics over a whole set", (test) => {
  test("evaluate: the same numbers for any size of batch, with and without weights", async () => {
    const model = passing(4, sparse);
    for (const batchSize of [7, 40, 1]) {
      compare(await model.evaluate({ x: probabilities, y: labels }, { batchSize }), expected("plain"));
      const weighted = { x: probabilities, y: labels, sampleWeight: golden.weights };
      compare(await model.evaluate(weighted, { batchSize }), expected("weighted"));
    }
  });

  test("fit: over the epoch, shuffled; validation; from a generator; the batch's own in onBatchEnd", async () => {
    const model = passing(4, sparse);
    const batches: Logs[] = [];
    const data = { x: probabilities, y: labels, sampleWeight: golden.weights };
    const plain = { x: probabilities, y: labels };
    const { metrics: history } = await model.fit(data, {
      epochs: 2,
      batchSize: 7,
      validation: plain,
      callbacks: { onBatchEnd: (_batch, logs) => void batches.push(logs) },
    });
    for (const epoch of [0, 1]) {
      const logs = Object.fromEntries(Object.entries(history).map(([name, values]) => [name, values[epoch] as number]));
      compare(logs, { ...expected("weighted"), ...expected("plain", "val_") });
    }
    assert.is(batches.length, 12);
    assert.ok(new Set(batches.map(({ precision }) => precision)).size > 3);

    const generated = await model.fit(
      function* () {
        const half = count / 2;
        for (const from of [0, half])
          yield {
            x: { data: probabilities.data.slice(from * 4, (from + half) * 4), shape: [half, 4] },
            y: labels.slice(from, from + half),
          };
      },
      { epochs: 1 },
    );
    const logs = Object.fromEntries(
      Object.entries(generated.metrics).map(([name, [value]]) => [name, value as number]),
    );
    compare(logs, expected("plain"));
  });

  test("a source of which only some batches have weights: the others count as 1", async () => {
    const model = passing(4, {
      loss: "sparseCategoricalCrossentropy",
      metrics: [metrics.auc(), metrics.averagePrecision()],
    });
    const half = count / 2;
    const part = (from: number) => ({
      x: { data: probabilities.data.slice(from * 4, (from + half) * 4), shape: [half, 4] },
      y: labels.slice(from, from + half),
    });
    const sampleWeight = golden.weights.slice(half);
    const mixed = await model.evaluate(() => [part(0), { ...part(half), sampleWeight }]);
    const ones = Array.from({ length: half }, () => 1);
    const all = { x: probabilities, y: labels, sampleWeight: [...ones, ...sampleWeight] };
    const { auc, averagePrecision } = await model.evaluate(all);
    compare(mixed, { auc: auc as number, averagePrecision: averagePrecision as number });
    const { metrics: history } = await model.fit(() => [part(0), { ...part(half), sampleWeight }]);
    assert.is(history.auc?.[0], mixed.auc);
  });

  test("callbacks know their names, and may watch them", async () => {
    const model = passing(4, { loss: "sparseCategoricalCrossentropy", metrics: [metrics.precision()] });
    const data = { x: probabilities, y: labels };
    const known: string[] = [];
    const { epochs } = await model.fit(data, {
      epochs: 9,
      validation: data,
      callbacks: [
        earlyStopping({ monitor: "val_precision", mode: "max", patience: 2 }),
        { onTrainBegin: (context) => void known.push(...context.metrics) },
      ],
    });
    assert.equal(known, ["loss", "precision", "val_loss", "val_precision"]);
    assert.is(epochs.length, 3); // it stays as it is
  });

  test("trainOnBatch", async () => {
    compare(await passing(4, sparse).trainOnBatch(probabilities, labels), expected("plain"));
  });

  test("one-hot targets, one output value, several values that do not exclude each other", async () => {
    const topK = metrics.topKCategoricalAccuracy({ k: 2 });
    const categorical = passing(4, {
      loss: "categoricalCrossentropy",
      metrics: [metrics.precision(), metrics.auc(), metrics.logLoss(), topK],
    });
    const { precision, auc, logLoss } = expected("plain") as Record<string, number>;
    compare(await categorical.evaluate({ x: probabilities, y: oneHot }), {
      precision: precision as number,
      auc: auc as number,
      logLoss: logLoss as number,
      topKCategoricalAccuracy: golden.plain.top2,
    });

    const one = passing(1, {
      loss: "binaryCrossentropy",
      metrics: [
        metrics.precision(),
        metrics.recall(),
        metrics.f1Score(),
        metrics.auc({ curve: "pr" }),
        metrics.logLoss(),
      ],
    });
    const want = golden.plain;
    const got = await one.evaluate({ x: scored, y: binary }, { batchSize: 7 });
    const [p, r, f] = want.binary as [number, number, number];
    compare(got, { precision: p, recall: r, f1Score: f, auc: want.ap });

    // the same with logits of 0 at probability 0.5: nothing but the threshold and the log loss know the difference
    const above = metrics.binaryAccuracy({ threshold: 0.5 });
    const named = { ...above, name: "above" };
    const logits = passing(1, {
      loss: losses.binaryCrossentropy({ fromLogits: true }),
      metrics: [metrics.precision(), metrics.auc(), metrics.logLoss(), "binaryAccuracy", named],
    });
    const x = scored.map((s) => (s - 0.5) * 8);
    const p1 = Array.from(x, (each) => 1 / (1 + Math.exp(-each)));
    compare(await logits.evaluate({ x, y: binary }), {
      precision: p,
      auc: want.auc,
      logLoss: scores.logLoss(golden.binary, p1),
      binaryAccuracy: scores.accuracy(golden.binary, p1),
      above: scores.accuracy(golden.binary, p1, { threshold: 1 / (1 + Math.exp(-0.5)) }),
    });

    const several = passing(2, {
      loss: "binaryCrossentropy",
      metrics: [metrics.precision(), metrics.f1Score({ average: "micro" })],
    });
    const multi = await several.evaluate({
      x: [
        [0.9, 0.9],
        [0.1, 0.8],
        [0.7, 0.2],
      ],
      y: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
    });
    compare(multi, { precision: (1 + 0.5) / 2, f1Score: (2 * 3) / (2 * 3 + 1 + 1) });
  });

  test("regression: r2, rmse, mse and mae, with targets far from 0", async () => {
    const made = [
      metrics.r2Score(),
      metrics.rootMeanSquaredError(),
      metrics.meanSquaredError(),
      metrics.meanAbsoluteError(),
    ];
    const model = passing(2, { loss: "mse", metrics: made });
    const got = await model.evaluate({ x: golden.predictions, y: golden.targets }, { batchSize: 7 });
    const { r2, mse, mae } = golden.plain;
    const want = { r2Score: r2, rootMeanSquaredError: Math.sqrt(mse), meanSquaredError: mse, meanAbsoluteError: mae };
    compare(got, want, 1e-4); // predictions near 100 are float32
  });

  test("a metric of one's own, by states that are replaced or changed; what it is given is its own", async () => {
    const kept: Float32Array[] = [];
    const largest: StatefulMetric<number> = {
      name: "largest",
      init: () => Number.NEGATIVE_INFINITY,
      update: (most, _target, { data }) => Math.max(most, ...data),
      result: (most) => most,
    };
    const examples: StatefulMetric<{ n: number; weight: number }> = {
      init: () => ({ n: 0, weight: 0 }),
      update(state, target, prediction, weights) {
        assert.equal(prediction.shape, [target.shape[0], 4]);
        state.n += target.shape[0] as number;
        for (const weight of weights ?? []) state.weight += weight;
        kept.push(prediction.data);
      },
      result: ({ n, weight }) => n + weight / 1000,
    };
    const model = passing(4, { loss: "sparseCategoricalCrossentropy", metrics: [largest, examples] });
    const data = { x: probabilities, y: labels, sampleWeight: golden.weights };
    const total = golden.weights.reduce((sum, each) => sum + each, 0);
    const want = { largest: Math.max(...probabilities.data), metric: count + total / 1000 };
    compare(await model.evaluate(data, { batchSize: 9 }), want);
    assert.equal(
      kept.flatMap((each) => [...each]),
      [...probabilities.data],
    );
    const { metrics: history } = await model.fit(data, { batchSize: 9 });
    compare({ largest: history.largest?.[0] as number, metric: history.metric?.[0] as number }, want);
  });

  test("several outputs: names of their own", async () => {
    const x = input([4]);
    const same = (): Tensor => dense({ units: 4, useBias: false, kernelInitializer: "zeros" })(x);
    const model = functional({ inputs: x, outputs: { a: same(), b: same() } });
    for (const variable of model.variables)
      variable.write(Float32Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)));
    model.compile({
      optimizer: sgd(),
      loss: { a: "sparseCategoricalCrossentropy", b: "mse" },
      metrics: { a: ["accuracy", metrics.precision()], b: [metrics.r2Score()] },
    });
    const got = await model.evaluate({ x: probabilities, y: { a: labels, b: probabilities } }, { batchSize: 7 });
    assert.equal(Object.keys(got), ["loss", "a_loss", "b_loss", "a_accuracy", "a_precision", "b_r2Score"]);
    compare(got, {
      a_accuracy: golden.plain.micro,
      a_precision: golden.plain.macro[0] as number,
      b_r2Score: 1,
      b_loss: 0,
    });
  });

  test("with a penalty on weights the loss is as without the metric", async () => {
    const make = (own: CompileOptions["metrics"]): Model => {
      const model = sequential([dense({ units: 3, kernelRegularizer: l2({ l2: 0.5 }) })], {
        inputShape: [4],
        seed: 3,
      });
      model.compile({ optimizer: sgd(), loss: "sparseCategoricalCrossentropy", metrics: own ?? [] });
      return model;
    };
    const y = labels.map((label) => Math.min(2, label));
    const [without, beside] = [make([]), make([metrics.precision()])];
    assert.is(
      (await beside.evaluate({ x: probabilities, y })).loss,
      (await without.evaluate({ x: probabilities, y })).loss,
    );
  });

  test("top k: of equal predictions the first, as in the arg max; NaN is no hit", async () => {
    const ks = [1, 2, 3].map((k) =>
      passing(3, { loss: (_, p) => ops.mean(p, { axes: 1 }), metrics: [metrics.topKCategoricalAccuracy({ k })] }),
    );
    for (const [i, want] of [1 / 4, 2 / 4, 3 / 4].entries()) {
      const { topKCategoricalAccuracy: got } = await (ks[i] as Model).evaluate({
        x: { data: [1, 1, 1, 1, 1, 1, 1, 1, 1, 5, Number.NaN, 5], shape: [4, 3] },
        y: [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
          [0, 1, 0],
        ],
      });
      assert.is(got, want);
    }
  });

  test("what does not fit an output is refused before anything is trained", async () => {
    const model = (own: CompileOptions["metrics"]) =>
      passing(4, { loss: "sparseCategoricalCrossentropy", metrics: own ?? [] });
    const data = { x: probabilities, y: labels };
    const calls = [
      (m: Model) => m.evaluate(data),
      (m: Model) => m.fit(data),
      (m: Model) => m.fit(() => [data]),
      (m: Model) => m.trainOnBatch(data.x, data.y),
    ];
    for (const run of calls) {
      await rejected(() => run(model([metrics.precision({ average: "binary" })])), "binary");
      await rejected(() => run(model([metrics.precision({ threshold: 0.4 })])), "threshold");
      await rejected(() => run(model([metrics.r2Score()])), "r2Score");
      await rejected(() => run(model([{ init: () => 0, update: () => 0, result: () => "1" as never }])), "result");
    }
    for (const wrong of [{ init: 1 }, { init: () => 0 }, { init: () => 0, update: 1, result: 1 }])
      assert.throws(
        () => model([wrong as never]),
        (error: unknown) => error instanceof LanewiseError,
      );
    const unbuilt = sequential([dense({ units: 4 })]);
    unbuilt.compile({ optimizer: sgd(), loss: "mse", metrics: [metrics.precision({ average: "binary" })] });
    const y = { data: new Float32Array(8), shape: [2, 4] };
    for (const run of [() => unbuilt.trainOnBatch(y, y), () => unbuilt.fit(() => [{ x: y, y }])]) {
      await rejected(run, "binary");
      assert.ok(unbuilt.variables[1]?.read().data.every((bias) => bias === 0));
    }
    for (const make of [metrics.precision, metrics.auc, metrics.binaryAccuracy])
      assert.throws(() => model([make as never]), new RegExp(`made by calling it: metrics\\.${make.name}\\(\\)`));
    assert.throws(() => model([metrics.auc(), metrics.auc({ curve: "pr" })]), /names of their own/);
    assert.throws(
      () => model(["precision" as never]),
      /"accuracy", "acc".*"mse".*metrics\.precision\(\).*got "precision"/,
    );
  });

  test("two of one kind have names of their own", async () => {
    const own = [
      metrics.topKCategoricalAccuracy({ k: 1, name: "top1" }),
      metrics.topKCategoricalAccuracy({ k: 2, name: "top2" }),
    ];
    const model = passing(2, { loss: "categoricalCrossentropy", metrics: [...own, metrics.auc({ name: "roc" })] });
    const logs = await model.evaluate({ x: [[0.25, 0.75]], y: [[1, 0]] });
    assert.equal(Object.keys(logs), ["loss", "top1", "top2", "roc"]);
    assert.equal([logs.top1, logs.top2], [0, 1]);
    const all = [
      ...Object.values(metrics).map((make) =>
        (make as (options: { name: string }) => { name: string })({ name: "own" }),
      ),
    ];
    assert.ok(all.length >= 15 && all.every(({ name }) => name === "own"));
    assert.throws(() => metrics.auc({ name: "" }), /name/);
  });
});

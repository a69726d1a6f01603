// Each rule of advise: a run in which it fires, and one as like it as can be in which it does not.

import type {
  AdviceList,
  AdviseOptions,
  Examples,
  History,
  Layer,
  LossLike,
  Optimizer,
  Variable,
} from "../src/index.ts";
import {
  adam,
  adamw,
  advise,
  augment,
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  functional,
  initializers,
  input,
  LanewiseError,
  l2,
  losses,
  relu,
  rescaling,
  sequential,
  sgd,
} from "../src/index.ts";
import { assert, suite } from "./harness.ts";

/** Numbers that look drawn at random, from -1 to 1, with mean 0. */
const noise = (i: number): number => (((i * 7919 + 13) % 2003) / 2003) * 2 - 1;

const inputs = (n: number, size: number, of: (value: number, feature: number) => number = (value) => value) => ({
  data: Float32Array.from({ length: n * size }, (_, i) => of(noise(i), i % size)),
  shape: [n, size],
});

/** Labels of k classes in an order that looks random. */
const labels = (n: number, k: number): Int32Array =>
  Int32Array.from({ length: n }, (_, i) => Math.abs((i * 7919) % 1009) % k);

interface Setting {
  readonly layers?: readonly Layer[];
  readonly loss?: LossLike;
  readonly optimizer?: Optimizer;
  readonly data?: Examples;
  readonly metrics?: Readonly<Record<string, readonly number[]>>;
  readonly options?: AdviseOptions;
}

const falling = [1, 0.6, 0.4, 0.3, 0.25, 0.23, 0.22, 0.215];
const accuracy = [0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.93, 0.94];
/** A run that no rule complains of. */
const good: Required<Setting> = {
  layers: [
    dense({ units: 8, activation: "relu", kernelInitializer: "heNormal" }),
    dense({ units: 3, activation: "softmax" }),
  ],
  loss: "sparseCategoricalCrossentropy",
  optimizer: adam(),
  data: { x: inputs(600, 4), y: labels(600, 3) },
  metrics: { loss: falling, val_loss: falling.map((loss) => loss + 0.02), accuracy, val_accuracy: accuracy },
  options: { batchSize: 64 },
};

const fresh = (): Required<Setting> => ({
  ...good,
  layers: [
    dense({ units: 8, activation: "relu", kernelInitializer: "heNormal" }),
    dense({ units: 3, activation: "softmax" }),
  ],
});

function adviceFor(setting: Setting): AdviceList {
  const { layers, loss, optimizer, data, metrics, options } = { ...fresh(), ...setting };
  const { shape } = data.x as { shape: number[] };
  const model = sequential(layers, { inputShape: shape.slice(1) });
  model.compile({ optimizer, loss });
  const history = {
    epochs: (metrics.loss ?? metrics.val_loss ?? []).map((_, i) => i),
    metrics: metrics as Record<string, number[]>,
  } as History;
  return advise(model, data, history, options);
}

const rulesOf = (setting: Setting): string[] => adviceFor(setting).map(({ rule }) => rule);

/** A network for one number. */
const regression = (...end: readonly Layer[]): Setting => ({
  layers: [dense({ units: 8, activation: "relu" }), ...end],
  loss: "mse",
  data: { x: inputs(600, 4), y: inputs(600, 1, (value) => value / 2) },
  metrics: { loss: [0.07, 0.01, 0.008, 0.007, 0.0068], val_loss: [0.07, 0.01, 0.008, 0.007, 0.0068] },
});
const yesOrNo = (...end: readonly Layer[]): Setting => ({
  layers: [dense({ units: 8, activation: "relu" }), ...end],
  loss: "binaryCrossentropy",
  data: { x: inputs(600, 4), y: { data: labels(600, 2), shape: [600, 1] } },
});
const deep = (n: number, activation: "tanh" | "sigmoid" | "relu", extra: object = {}): Layer[] => [
  ...Array.from({ length: n }, () => dense({ units: 4, activation, ...extra })),
  dense({ units: 3, activation: "softmax" }),
];
const withLoss = (loss: readonly number[]): Setting => ({ metrics: { loss, val_loss: loss } });
const sortedLabels = Int32Array.from({ length: 600 }, (_, i) => Math.floor(i / 200));
const pixels = { data: Float32Array.from({ length: 600 * 64 }, (_, i) => (noise(i) + 1) * 127), shape: [600, 8, 8, 1] };
const images = (...first: readonly Layer[]): Setting => ({
  layers: [
    ...first,
    conv2d({ filters: 2, kernelSize: 3, activation: "relu" }),
    flatten(),
    dense({ units: 3, activation: "softmax" }),
  ],
  data: { x: pixels, y: labels(600, 3) },
});
const part = (n: number): Examples => ({ x: inputs(n, 4), y: labels(n, 3) });

/** Rule, what breaks it, what does not. */
const table: readonly (readonly [rule: string, what: string, broken: Setting, kept: Setting])[] = [
  ["learningRateTooHigh", "NaN", withLoss([1, 0.5, Number.NaN]), withLoss([1, 0.5, 0.49])],
  ["learningRateTooHigh", "grows", withLoss([1, 2, 4]), withLoss([1, 1.05, 0.9])],
  [
    "learningRateTooHigh",
    "oscillates",
    withLoss([1, 0.4, 0.9, 0.3, 0.8, 0.35, 0.9, 0.3]),
    withLoss([1, 0.4, 0.3, 0.31, 0.28, 0.29, 0.27, 0.275]),
  ],
  ["learningRateTooLow", "falls steeply", withLoss([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]), withLoss(falling)],
  [
    "learningRateTooLow",
    "falls slowly in every epoch",
    withLoss([2.4, 2.39, 2.38, 2.37, 2.36, 2.35, 2.34, 2.33]),
    withLoss([2.4, 2.39, 2.38, 2.38, 2.36, 2.37, 2.34, 2.33]),
  ],
  ["learningRateTooLow", "few epochs", withLoss([1, 0.9, 0.8, 0.7]), withLoss([1, 0.9, 0.8])],
  [
    "underfitting",
    "as good as the most frequent class",
    { metrics: { accuracy: [0.3, 0.33, 0.34, 0.35], loss: [1.1, 1.09, 1.08, 1.08] } },
    { metrics: { accuracy: [0.3, 0.5, 0.6, 0.7], loss: [1.1, 0.9, 0.8, 0.75] } },
  ],
  [
    "underfitting",
    "as good as the mean",
    { ...regression(dense({ units: 1 })), metrics: { loss: [0.09, 0.084, 0.083], val_loss: [0.09, 0.08, 0.08] } },
    regression(dense({ units: 1 })),
  ],
  ["underfitting", "the loss stands still", withLoss([1.1, 1.101, 1.099, 1.1]), withLoss(falling)],
  [
    "overfitting",
    "a gap of accuracy",
    { metrics: { ...good.metrics, val_accuracy: accuracy.map((each) => each - 0.08) } },
    { metrics: { ...good.metrics, val_accuracy: accuracy.map((each) => each - 0.03) } },
  ],
  [
    "overfitting",
    "a gap that counts beside the training error",
    { metrics: { ...good.metrics, accuracy: [0.7], val_accuracy: [0.6] } },
    { metrics: { ...good.metrics, accuracy: [0.2], val_accuracy: [0.1] } },
  ],
  [
    "overfitting",
    "a gap of loss",
    { metrics: { loss: falling, val_loss: falling.map((each) => each * 1.5) } },
    { metrics: { loss: falling, val_loss: falling.map((each) => each * 1.1) } },
  ],
  [
    "earlyStopping",
    "the best was long before",
    { metrics: { ...good.metrics, val_loss: [1, 0.6, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7] } },
    { metrics: { ...good.metrics, val_loss: [1, 0.6, 0.4, 0.405, 0.41, 0.4, 0.405, 0.41] } },
  ],
  ["noValidation", "none", { metrics: { loss: falling } }, good],
  [
    "lossAndOutput",
    "no softmax",
    { layers: [dense({ units: 8, activation: "relu" }), dense({ units: 3 })] },
    {
      layers: [dense({ units: 8, activation: "relu" }), dense({ units: 3 })],
      loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
    },
  ],
  ["lossAndOutput", "softmax twice", { loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) }, {}],
  [
    "lossAndOutput",
    "softmax over one",
    {
      layers: [dense({ units: 1, activation: "softmax" })],
      loss: "categoricalCrossentropy",
      data: { x: inputs(600, 4), y: { data: labels(600, 2), shape: [600, 1] } },
    },
    yesOrNo(dense({ units: 1, activation: "sigmoid" })),
  ],
  ["lossAndOutput", "no sigmoid", yesOrNo(dense({ units: 1 })), yesOrNo(dense({ units: 1, activation: "sigmoid" }))],
  [
    "lossAndOutput",
    "binary after softmax",
    {
      loss: "binaryCrossentropy",
      data: {
        x: inputs(600, 4),
        y: { data: Float32Array.from({ length: 1800 }, (_, i) => Number(i % 3 === 0)), shape: [600, 3] },
      },
    },
    {
      loss: "categoricalCrossentropy",
      data: {
        x: inputs(600, 4),
        y: {
          data: Float32Array.from({ length: 1800 }, (_, i) => Number(i % 3 === Math.floor(i / 3) % 3)),
          shape: [600, 3],
        },
      },
    },
  ],
  ["lossAndOutput", "targets below a relu", regression(dense({ units: 1 }), relu()), regression(dense({ units: 1 }))],
  [
    "lossAndOutput",
    "squared error of a sigmoid",
    { ...yesOrNo(dense({ units: 1, activation: "sigmoid" })), loss: "mse" },
    regression(dense({ units: 1, activation: "tanh" })),
  ],
  [
    "initialWeights",
    "zeros",
    {
      layers: [
        dense({ units: 8, activation: "relu", kernelInitializer: "zeros" }),
        dense({ units: 3, activation: "softmax" }),
      ],
    },
    { layers: [dense({ units: 3, activation: "softmax", kernelInitializer: "zeros" })] },
  ],
  [
    "initialWeights",
    "large",
    {
      layers: [
        dense({ units: 8, activation: "tanh", kernelInitializer: initializers.randomNormal({ stddev: 3 }) }),
        dense({ units: 3, activation: "softmax" }),
      ],
    },
    {
      layers: [
        dense({ units: 8, activation: "tanh", kernelInitializer: initializers.randomNormal({ stddev: 0.5 }) }),
        dense({ units: 3, activation: "softmax" }),
      ],
    },
  ],
  [
    "initialWeights",
    "deep relus of small variance",
    { layers: deep(6, "relu") },
    { layers: deep(6, "relu", { kernelInitializer: "heNormal" }) },
  ],
  ["saturatingActivations", "a hidden sigmoid", { layers: deep(1, "sigmoid") }, { layers: deep(1, "tanh") }],
  ["saturatingActivations", "deep tanh", { layers: deep(4, "tanh") }, { layers: deep(3, "tanh") }],
  [
    "biasBeforeBatchNormalization",
    "a bias",
    { layers: [dense({ units: 8 }), batchNormalization(), relu(), dense({ units: 3, activation: "softmax" })] },
    {
      layers: [
        dense({ units: 8, useBias: false }),
        batchNormalization(),
        relu(),
        dense({ units: 3, activation: "softmax" }),
      ],
    },
  ],
  [
    "inputsNotNormalised",
    "a mean far from 0",
    { data: { x: inputs(600, 4, (value, i) => (i === 2 ? 50 + value : value)), y: labels(600, 3) } },
    { data: { x: inputs(600, 4, (value, i) => (i === 2 ? 0.5 + value : value)), y: labels(600, 3) } },
  ],
  [
    "inputsNotNormalised",
    "deviations that differ",
    { data: { x: inputs(600, 4, (value, i) => (i === 2 ? value / 1000 : value)), y: labels(600, 3) } },
    { data: { x: inputs(600, 4, (value, i) => (i === 2 ? 0 : value / 3)), y: labels(600, 3) } },
  ],
  [
    "inputsNotNormalised",
    "deviations of almost nothing",
    { data: { x: inputs(600, 4, (value) => value / 100), y: labels(600, 3) } },
    { data: { x: inputs(600, 4, (value) => value / 10), y: labels(600, 3) } },
  ],
  ["inputsNotNormalised", "bytes of images", images(), images(rescaling({ scale: 1 / 255 }))],
  [
    "labelsSkewed",
    "a rare class",
    { data: { x: inputs(600, 4), y: labels(600, 3).map((label, i) => (label === 2 && i % 10 > 0 ? 0 : label)) } },
    { data: { x: inputs(600, 4), y: labels(600, 3).map((label, i) => (label === 2 && i % 2 > 0 ? 0 : label)) } },
  ],
  [
    "labelsSkewed",
    "yes in a few of a thousand",
    {
      ...yesOrNo(dense({ units: 1, activation: "sigmoid" })),
      data: {
        x: inputs(600, 4),
        y: { data: Float32Array.from({ length: 600 }, (_, i) => Number(i % 100 === 7)), shape: [600, 1] },
      },
    },
    yesOrNo(dense({ units: 1, activation: "sigmoid" })),
  ],
  [
    "orderedExamples",
    "sorted and not shuffled",
    { data: { x: inputs(600, 4), y: sortedLabels }, options: { batchSize: 64, shuffle: false } },
    { data: { x: inputs(600, 4), y: sortedLabels }, options: { batchSize: 64 } },
  ],
  [
    "orderedExamples",
    "sorted and split at the end",
    { data: { x: inputs(600, 4), y: sortedLabels }, options: { batchSize: 64, validationSplit: 0.2 } },
    { options: { batchSize: 64, validationSplit: 0.2 } },
  ],
  [
    "orderedExamples",
    "not shuffled",
    { options: { batchSize: 64, shuffle: false } },
    { options: { batchSize: 600, shuffle: false } },
  ],
  ["batchSize", "one example", { options: { batchSize: 1 } }, { options: { batchSize: 32 } }],
  ["batchSize", "no power of two", { options: { batchSize: 100 } }, { options: { batchSize: 128 } }],
  [
    "batchSize",
    "the whole of a large set",
    { data: part(2500), options: { batchSize: 2500 } },
    { options: { batchSize: 600 } },
  ],
  ["batchSize", "by the library", { options: { batchSize: 100 } }, { options: { batchSize: "full" } }],
  [
    "batchSize",
    "too small for batch normalisation",
    {
      layers: [dense({ units: 8, useBias: false }), batchNormalization(), dense({ units: 3, activation: "softmax" })],
      options: { batchSize: 4 },
    },
    {
      layers: [dense({ units: 8, useBias: false }), batchNormalization(), dense({ units: 3, activation: "softmax" })],
      options: { batchSize: 16 },
    },
  ],
  ["fewExamples", "ten times as many weights", { data: part(6) }, { data: part(60) }],
  [
    "splitSizes",
    "a dev set of fifty",
    { options: { validation: part(50) } },
    { options: { validation: part(150), test: part(150) } },
  ],
  ["splitSizes", "half of all", { options: { validation: part(600) } }, { options: { validation: part(200) } }],
];

suite("advise", (test) => {
  test("a good run: nothing to advise", () => {
    const list = adviceFor({});
    assert.equal([...list], []);
    assert.is(String(list), "Nothing to advise: no rule of thumb is broken.");
  });

  for (const [rule, what, broken, kept] of table) {
    test(`${rule}: ${what}`, () => {
      assert.ok(rulesOf(broken).includes(rule), `does not fire: ${rulesOf(broken).join(", ")}`);
      assert.not.ok(rulesOf(kept).includes(rule), String(adviceFor(kept)));
    });
  }

  test("problems first, then warnings, then hints; reasons have their numbers", () => {
    const list = adviceFor({
      ...withLoss([1, 2, 4]),
      layers: deep(1, "sigmoid", { kernelInitializer: "zeros" }),
      options: { batchSize: 1 },
    });
    const severities = list.map(({ severity }) => severity);
    assert.equal(
      severities,
      [...severities].sort((a, b) => "pwh".indexOf(a[0] as string) - "pwh".indexOf(b[0] as string)),
    );
    assert.ok(new Set(severities).size > 1);
    assert.is(list[0]?.rule, "learningRateTooHigh");
    assert.ok(list[0]?.reason.includes("from 1 to 4"));
    assert.ok(String(list).startsWith("problem: learningRateTooHigh\n  The loss has grown from 1 to 4.\n  "));
  });

  test("weights that were trained: what they started from counts", async () => {
    for (const kernelInitializer of ["heNormal", "zeros"] as const) {
      const hidden = dense({ units: 8, activation: "relu", kernelInitializer });
      const model = sequential([hidden, dense({ units: 3, activation: "softmax" })], { inputShape: [4] });
      model.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy" });
      const history = await model.fit(good.data, { epochs: 1, validation: part(100) });
      const rules = advise(model, good.data, history).map(({ rule }) => rule);
      assert.is(rules.includes("initialWeights"), kernelInitializer === "zeros");
    }
  });

  test("200,000 epochs", () => {
    const loss = Array.from({ length: 200_000 }, (_, i) => 1 / (i + 1));
    assert.not.throws(() => adviceFor({ metrics: { loss, val_loss: loss } }));
  });

  test("what regularises already is taken into account", () => {
    const metrics = { ...good.metrics, val_accuracy: accuracy.map((each) => each - 0.2) };
    const of = (...first: readonly Layer[]) =>
      adviceFor({ metrics, layers: [...first, dense({ units: 3, activation: "softmax" })] }).find(
        ({ rule }) => rule === "overfitting",
      )?.reason;
    assert.ok(of(dense({ units: 8, activation: "relu" }))?.includes("nothing regularises"));
    assert.not.ok(of(dense({ units: 8, activation: "relu" }), dropout({ rate: 0.5 }))?.includes("nothing"));
    assert.not.ok(of(dense({ units: 8, activation: "relu", kernelRegularizer: l2() }))?.includes("nothing"));
    assert.not.ok(of(dense({ units: 8, activation: "relu", activityRegularizer: l2() }))?.includes("nothing"));
    const groups = [{ match: (variable: Variable) => variable.shape.length > 1, weightDecay: 0.1 }];
    for (const optimizer of [adamw(), adam({ weightDecay: 0.1 }), sgd({ groups })])
      assert.not.ok(String(adviceFor({ metrics, optimizer })).includes("nothing regularises"));
    assert.ok(String(adviceFor({ metrics, optimizer: adamw({ weightDecay: 0 }) })).includes("nothing regularises"));
    const augmented = adviceFor({ ...images(augment.mirror()), metrics });
    assert.not.ok(String(augmented).includes("nothing regularises"));
  });

  test("inputs of almost no deviation are told of as such", () => {
    const list = adviceFor({ data: { x: inputs(600, 4, (value) => value / 100), y: labels(600, 3) } });
    const reason = list.find(({ rule }) => rule === "inputsNotNormalised")?.reason ?? "";
    assert.match(reason, /^no feature of .* has a deviation above 0\.00\d+: they hardly differ/);
  });

  test("several outputs, residual links, plain functions", () => {
    const x = input([4]);
    const hidden = dense({ units: 8, activation: "relu" })(x);
    const model = functional({
      inputs: { x },
      outputs: {
        kind: dense({ units: 3, name: "kind" })(hidden),
        size: dense({ units: 1, activation: "sigmoid" })(hidden),
      },
    });
    model.compile({ optimizer: sgd(), loss: { kind: "sparseCategoricalCrossentropy", size: "binaryCrossentropy" } });
    const data = { x: { x: inputs(60, 4) }, y: { kind: labels(60, 3), size: { data: labels(60, 2), shape: [60, 1] } } };
    const list = advise(model, data, { epochs: [0], metrics: { loss: [1], val_loss: [1] } });
    assert.ok(list.find(({ rule }) => rule === "lossAndOutput")?.reason.startsWith("kind: sparse"));
  });

  test("what is no model, not compiled, no history, data that do not fit", () => {
    const model = sequential([dense({ units: 1 })], { inputShape: [2] });
    const history = { epochs: [0], metrics: { loss: [1] } };
    const data = { x: [[1, 2]], y: [[1]] };
    const is = (code: string) => (error: unknown) => error instanceof LanewiseError && error.code === code;
    assert.throws(() => advise(model, data, history), is("not-ready"));
    model.compile({ optimizer: sgd(), loss: "mse" });
    assert.throws(() => advise(model, { x: [[1]], y: [[1]] }, history), is("shape-mismatch"));
    assert.throws(() => advise(model, data, {} as never), is("invalid-argument"));
    assert.throws(() => advise({} as never, data, history), is("invalid-argument"));
    assert.throws(() => advise(model, data, history, { validation: { x: [[1]], y: [[1]] } }), is("shape-mismatch"));
    assert.ok(advise(model, data, history).length > 0);
  });
});

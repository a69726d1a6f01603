// Methods of models, and steps of programs.

import type { Model, Tensor } from "../../src/index.ts";
import * as lanewise from "../../src/index.ts";
import type { Call } from "./kinds.ts";
import { choice, count, flag, kind, must, record, seed, size } from "./kinds.ts";

const { losses, metrics, ops } = lanewise;

export const inputs = 4;
export const examples = 24;
export const x: Float32Array = Float32Array.from({ length: examples * inputs }, (_v, i) =>
  Math.fround(((i * 37) % 19) / 9.5 - 1),
);
export const y: Uint8Array = Uint8Array.from({ length: examples }, (_v, i) => (i * 7) % 3);

export function makeModel(): Model {
  const model = lanewise.sequential(
    [
      lanewise.dense({ units: 8, activation: "tanh", kernelRegularizer: lanewise.l2() }),
      lanewise.dropout({ rate: 0.25 }),
      lanewise.dense({ units: 3, activation: "softmax" }),
    ],
    { inputShape: [inputs], seed: 7 },
  );
  model.compile({ optimizer: lanewise.adam(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** FNV-1a over all bytes of the weights. */
export function hashOf(model: Model): string {
  let hash = 0x811c9dc5;
  for (const variable of model.variables) {
    for (const byte of new Uint8Array(variable.read().data.buffer)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}

export const fiveSteps = async (model: Model): Promise<string> => {
  await model.fit({ x: x.subarray(0, 20 * inputs), y: y.subarray(0, 20) }, { batchSize: 4 });
  return hashOf(model);
};

const matrix = kind(
  [],
  new Float32Array(inputs + 1),
  { data: new Float32Array(2 * inputs), shape: [inputs, 2] },
  [[1, 2, 3]],
  [["a", 1, 2, 3]],
  new BigInt64Array(inputs),
  new Float32Array(0),
  [[1, 2, 3, 4], [1]],
);
const labelsKind = kind(
  [],
  new Uint8Array(examples - 1),
  new Float32Array(examples).fill(0.5),
  new Uint8Array(examples).fill(3),
  new Int8Array(examples).fill(-1),
  new Uint8Array(0),
  { data: new Uint8Array(examples), shape: [examples, 1] },
);
const weightKind = kind(
  [],
  new Float32Array(examples).fill(-1),
  new Float32Array(examples).fill(Number.NaN),
  new Float32Array(examples - 1),
  new Float32Array(0),
  [["1"]],
);
const dataKinds = { x: must(matrix), y: must(labelsKind), sampleWeight: weightKind };
const compileValid = () => ({ optimizer: lanewise.adam(), loss: "sparseCategoricalCrossentropy" });

export const modelCalls = (model: Model): readonly Call[] => {
  const data = { x, y };
  const notExamples = kind(
    [],
    [1],
    new Float32Array(4),
    [x],
    () => 5,
    () => [null],
    () => [{ x: [1], y }],
    function* () {},
  );
  const normalised = lanewise.sequential([lanewise.batchNormalization()], { inputShape: [inputs] });
  return [
    {
      name: "recalibrate",
      args: [
        ["model", kind([], [1], lanewise.batchNormalization()), normalised],
        ["", must(kind([], ...notExamples.also.filter((each) => !ArrayBuffer.isView(each)))), { x }], // x may stand alone
        record(),
      ],
      options: { batchSize: size, signal: kind([], { aborted: false }) },
      run: lanewise.recalibrate as never,
    },
    {
      name: "recalibrate, data",
      args: [
        ["model", kind([]), normalised],
        ["data", kind([]), { x }],
      ],
      options: { x: must(matrix) },
      run: lanewise.recalibrate as never,
    },
    {
      name: "model.compile",
      args: [record(compileValid())],
      options: {
        optimizer: must(kind([], "adam", lanewise.adam)),
        loss: must(kind(["function"], "crossentropy", losses.meanSquaredError, { output: 1 }, { other: "mse" })),
        metrics: kind(["[]", "{}"], ["acuracy"], [null], [metrics.binaryAccuracy], { other: "acc" }, ["acc", "acc"]),
        lossWeights: kind(["{}"], { output: "1" }, { output: Number.NaN }, { other: 1 }),
      },
      run: model.compile as never,
    },
    {
      name: "model.fit",
      args: [["", must(notExamples), data], record()],
      options: {
        epochs: size,
        batchSize: kind([], "3", [3], "all"),
        dropRemainder: flag,
        classWeight: kind([], "balance", [1, 1], [1, 1, -1], [1, 1, Number.NaN], { 3: 1 }, { "-1": 1 }, { a: 1 }),
        shuffle: flag,
        validation: kind(["function"], { x }, { x, y: [1] }),
        validationSplit: kind(["0"], 1, 0.999999),
        callbacks: kind(["[]"], [null], [{}], { onEpochEnd: 1 }),
        signal: kind([], { aborted: false }),
        initialEpoch: count,
        onNaN: choice,
      },
      run: model.fit as never,
    },
    { name: "model.fit, data", args: [["data", kind([]), data]], options: dataKinds, run: model.fit as never },
    {
      name: "model.evaluate",
      args: [["", must(kind([], [1], x)), data], record()],
      options: { batchSize: size, signal: kind([], {}) },
      run: model.evaluate as never,
    },
    {
      name: "model.evaluate, data",
      args: [["data", kind([]), data]],
      options: dataKinds,
      run: model.evaluate as never,
    },
    {
      name: "model.predict",
      args: [["x", must(matrix), x], record()],
      options: { batchSize: size, signal: kind([], {}) },
      run: model.predict as never,
    },
    {
      name: "model.trainOnBatch",
      args: [["x", must(matrix), x], ["y", must(labelsKind), y], record()],
      options: { sampleWeight: weightKind },
      run: model.trainOnBatch as never,
    },
    {
      name: "model.explain",
      args: [["stage", must(choice), "graph"], record()],
      options: { batchSize: size, training: flag },
      run: model.explain as never,
    },
    {
      name: "model.save",
      args: [["path", kind(["text"], "", "no/such/folder/file"), undefined]],
      run: model.save as never,
    },
    {
      name: "model.load",
      args: [
        [
          "load",
          must(kind([], new Uint8Array(0), new Uint8Array(100), new Float32Array(4), "no/such/file")),
          undefined,
        ],
        record(),
      ],
      options: { optimizer: flag, partial: flag },
      run: model.load as never,
    },
    { name: "model.summary", args: [], run: model.summary as never },
    { name: "model.dispose", args: [], run: (() => {}) as never },
  ];
};

export async function stepCalls(): Promise<readonly Call[]> {
  const step = await lanewise.program(
    { a: [2, 3], b: [null, 2], c: { shape: [2], dtype: "int32" } },
    ({ a, b, c }) => ({
      s: ops.sum(a),
      t: ops.sum(b),
      u: ops.sum(ops.cast(c, "float32")),
    }),
  );
  const v = lanewise.variable([1, 2, 3], { name: "v" });
  const valid = { a: new Float32Array(6), b: new Float32Array(4), c: [1, 2] };
  return [
    {
      name: "program",
      args: [
        [
          "",
          must(
            kind(
              ["{}"],
              { a: null },
              { a: [0] },
              { a: [1, null] },
              { a: [1.5] },
              { a: ["2"] },
              { a: { shape: 3 } },
              { a: { shape: [1], dtype: "float64" } },
              { a: { shape: [1], size: 1 } },
              { a: [2 ** 31] },
            ),
          ),
          { a: [1] },
        ],
        [
          "",
          must(
            kind(
              ["function"],
              () => 5,
              () => [1],
              () => ({ y: 1 }),
              (i: { a: Tensor }) => i.a,
            ),
          ),
          () => {},
        ],
        record(),
      ],
      options: { training: flag, seed },
      run: lanewise.program as never,
    },
    {
      name: "step",
      args: [["input", must(kind([], { ...valid, d: [1] }, { a: valid.a, b: valid.b })), valid], record()],
      options: { epoch: count },
      run: step as never,
    },
    {
      name: "step, inputs",
      args: [["input", kind(), valid]],
      options: {
        a: must(kind([], new Float32Array(5), [[1, 2, 3]], { data: new Float32Array(6), shape: [3, 2] })),
        b: must(kind([], new Float32Array(3), new Float32Array(0), [1, 2], [[1], [2]])),
        c: must(kind([], [1.5, 2], [1, 2 ** 31], [1, Number.NaN], [1], new Float32Array(2).fill(0.5))),
      },
      run: step as never,
    },
    {
      name: "step.explain",
      args: [["stage", must(choice), "graph"], record()],
      options: { batchSize: size },
      run: step.explain as never,
    },
    {
      name: "variable.write",
      args: [
        [
          "v",
          must(kind([], [1, 2], [[1, 2, 3]], ["1"], new Float32Array(4), { data: [1, 2, 3], shape: [1, 3] })),
          [1, 2, 3],
        ],
      ],
      run: v.write as never,
    },
  ];
}

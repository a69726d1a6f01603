// Tools that look at errors, trainings and histories, and the drawings.

import type { History } from "../../src/index.ts";
import * as lanewise from "../../src/index.ts";
import type { Call, Kind } from "./kinds.ts";
import { choice, finite, flag, fraction, kind, must, nonNegative, record, seed, size, text } from "./kinds.ts";
import { makeModel, x, y } from "./models.ts";

const errorRate = kind(["0"], -0.1, 8, "0.1");
const draw: Readonly<Record<string, Kind>> = {
  title: text,
  width: kind([], 99, 10001, "300"),
  height: kind([], 99, 10001),
};
const names = kind([], [1], ["recall"]);
const history: History = { epochs: [0, 1], metrics: { loss: [1, 0.5], val_loss: [1, 0.6] } };
const historyKind = must(
  kind(
    [],
    { epochs: [0] },
    { epochs: [0], metrics: { loss: ["1"] } },
    { epochs: [0], metrics: { loss: [1, 2] } },
    {
      epochs: [],
      metrics: {},
    },
  ),
);
const captions = kind([], ["a"], [null], ["a", {}]);
const column = { data: [0, 1, 0.5, 1], shape: [4, 1] };
const examples = { x: column, y: column };
const notExamples = kind([], [1], { x: column }, { x: [1], y: [[1, 2]] }, { ...examples, z: 1 });
const numbers = kind([], ["1"], [[1], [1, 2]], new Float32Array(0), { data: [1], shape: [2] });
const curve = {
  points: [{ size: 1, train: 0, dev: 1, trainErrors: [0], devErrors: [1] }],
  error: "loss",
  target: 0,
  reading: "good",
  explanation: "",
};
const layer = {
  name: "dense_1",
  activations: { deviation: 1 },
  gradients: null,
  deadShare: null,
  saturatedShare: null,
  updateRatio: null,
};

/** A compiled model of one number, new at each call. */
function create(): lanewise.Model {
  const model = lanewise.sequential([lanewise.dense({ units: 1 })], { inputShape: [1] });
  model.compile({ optimizer: lanewise.sgd(), loss: "mse" });
  return model;
}
const training = { epochs: size, batchSize: size, repeats: size, seed, signal: kind([], { aborted: false }) };
const creates = must(kind(["function"], create(), { create }));

/** A call whose arguments before the options are these. */
const call = (
  name: string,
  run: unknown,
  args: readonly (readonly [name: string, kind: Kind, valid: unknown])[],
  options: Readonly<Record<string, Kind>>,
  valid: object = {},
): Call => ({ name, args: [...args, record(valid)], options, run: run as Call["run"] });

const diagnosis: readonly Call[] = [
  call(
    "diagnose",
    lanewise.diagnose,
    [],
    { human: errorRate, train: must(errorRate), trainDev: errorRate, dev: must(errorRate), test: errorRate },
    { train: 0.1, dev: 0.2 },
  ),
  {
    name: "errorAnalysis",
    args: [
      ["predictions", must(kind(["1.5", "0"], ["1"], [-1, 0], [1, 2, 3], new Float32Array(0), [[[1]]])), [0, 1]],
      ["labels", must(kind(["0"], [0.5, 1], [1], ["a", "b"], [[[1]]])), [0, 0]],
      [
        "tags",
        must(
          kind([], [["a"]], [["a"], [1]], ["a", "b"], { a: [true] }, { a: [true, 2] }, { a: 1 }, [["(no tag)"], []]),
        ),
        [["a"], []],
      ],
    ],
    run: lanewise.errorAnalysis as never,
  },
  call(
    "suspectLabels",
    lanewise.suspectLabels,
    [
      ["probabilities", must(kind(["0"], [["1", 0]], [[2, 0]], [[Number.NaN, 1]], [[[1]]], [])), [[0.5, 0.5]]],
      ["labels", must(kind(["0"], [2], [-1], [0, 1], ["a"])), [0]],
    ],
    { confidence: kind(["0"], 1.1, "0.9"), limit: size },
  ),
  call(
    "learningCurve",
    lanewise.learningCurve,
    [
      ["create", creates, create],
      ["data", must(notExamples), examples],
    ],
    {
      ...training,
      sizes: kind([], [0], [2, 1], [5], ["1"], [1.5]),
      validation: must(notExamples),
      metric: kind([], "recall", ""),
      target: finite,
      tolerance: nonNegative,
    },
    { validation: examples, epochs: 1 },
  ),
  call(
    "biasVariance",
    lanewise.biasVariance,
    [["create", creates, create]],
    {
      ...training,
      data: notExamples,
      sample: kind(["function"]),
      test: must(kind([], { y: column }, { x: column, y: [1] }, { x: column, z: 1 })),
      target: numbers,
      noise: nonNegative,
    },
    { data: examples, test: examples, epochs: 1, repeats: 1 },
  ),
  call(
    "advise",
    lanewise.advise,
    [
      ["model", must(kind([], lanewise.dense({ units: 1 }), { layers: [] })), makeModel()],
      ["data", must(kind([], [1], { x }, [{ x, y }])), { x, y }],
      ["history", historyKind, history],
    ],
    {
      batchSize: kind([], "all", 0.5),
      shuffle: flag,
      validationSplit: fraction,
      validation: kind([], [1], { x }, { x, y: [1] }),
      test: kind([], [1], { x }, { x, y: [1] }),
    },
  ),
];

const drawings: readonly Call[] = [
  call("historyTable", lanewise.historyTable, [["history", historyKind, history]], { metrics: names, rows: size }),
  call("historyChart", lanewise.historyChart, [["history", historyKind, history]], {
    metrics: names,
    width: kind([], 19, 1001),
    height: kind([], 1, 1001),
  }),
  call("drawHistory", lanewise.drawHistory, [["history", historyKind, history]], {
    ...draw,
    metrics: names,
    scale: choice,
  }),
  call(
    "drawCurves",
    lanewise.drawCurves,
    [
      [
        "curves",
        must(kind([], { a: [] }, { a: ["1"] }, { a: { x: [1], y: [1, 2] } }, { a: 1 }, [[1, 2]])),
        { a: [1, 2] },
      ],
    ],
    { ...draw, xLabel: text, yLabel: text, scale: choice, xScale: choice },
  ),
  call(
    "drawSchedule",
    lanewise.drawSchedule,
    [["schedule", must(kind(["NaN", "Infinity", "-1", "0", "1.5", "2^31"], { a: "1" }, () => "1", [0.1])), 0.1]],
    { ...draw, steps: size, stepsPerEpoch: size, scale: choice },
  ),
  call(
    "drawLearningCurve",
    lanewise.drawLearningCurve,
    [["curve", must(kind([], { ...curve, points: [] }, { ...curve, points: [1] })), curve]],
    draw,
  ),
  call(
    "drawLayerReport",
    lanewise.drawLayerReport,
    [
      [
        "report",
        must(kind([], { layers: [] }, { layers: [null] }, { layers: [{ ...layer, deadShare: "1" }] })),
        { layers: [layer] },
      ],
    ],
    draw,
  ),
  call(
    "drawConfusionMatrix",
    lanewise.drawConfusionMatrix,
    [
      [
        "matrix",
        must(
          kind(
            [],
            [1, 2],
            [[1, 2]],
            [[-1]],
            [[Number.NaN]],
            [["1"]],
            new Float32Array(4),
            { counts: [[1]] },
            { counts: 1, classes: ["a"] },
          ),
        ),
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ],
    { ...draw, labels: captions },
  ),
  call(
    "drawFilters",
    lanewise.drawFilters,
    [["kernel", must(kind([], [1, 2], [[1, 2]], new Float32Array(4), [[[["1"]]]])), [[[[1, 2]]]]]],
    { ...draw, columns: size },
  ),
  call(
    "drawImages",
    lanewise.drawImages,
    [["images", must(kind([], [1, 2], [[1, 2]], new Float32Array(4), [[[[1, 2]]]], [[["1"]]])), [[[1]], [[0]]]]],
    { ...draw, columns: size, range: kind([], [0], [1, 0], [0, Number.NaN], ["0", 1]), labels: captions },
  ),
  call(
    "drawDecisionBoundary",
    lanewise.drawDecisionBoundary,
    [
      [
        "model",
        must(kind([], lanewise.dense({ units: 1 }), create(), makeModel())),
        lanewise.sequential([lanewise.dense({ units: 1 })], { inputShape: [2] }),
      ],
      [
        "data",
        must(kind([], [1], { x: [[1, 2]] }, { x: [[1]], y: [0] }, { x: [[1, 2]], y: [0, 1] })),
        { x: [[1, 2]], y: [0] },
      ],
    ],
    { ...draw, resolution: kind([], 1, 501), threshold: fraction, labels: kind(["[]"], [null], ["a", {}]) },
  ),
];

export const calls: readonly Call[] = [...diagnosis, ...drawings];

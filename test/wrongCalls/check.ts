// Metrics, scores, gradientCheck and layerReport.

import * as lanewise from "../../src/index.ts";
import type { Call } from "./kinds.ts";
import { callable, choice, finite, flag, kind, maker, must, positive, record, seed, size, text } from "./kinds.ts";
import { makeModel, x, y } from "./models.ts";

const { metrics, ops, scores } = lanewise;

const arrays = kind([], [0], [[[0]]]);
const weights = kind([], [1], [1, -1], [1, Number.NaN]);
const averageKind = choice;
const classKinds = {
  classes: kind([], 0, 1, ["a", 1]),
  sampleWeight: weights,
  threshold: finite,
};
const weighted = { sampleWeight: weights };

const labels = [0, 1];
const predictions = [0.2, 0.7];
/** A score of two arrays. */
const score = (
  name: string,
  run: unknown,
  options: Call["options"],
  first = "labels",
  second = "predictions",
): Call => ({
  name,
  args: [[first, must(arrays), labels], [second, must(arrays), predictions], record()],
  ...(options && { options }),
  run: run as Call["run"],
});

const averaged = { ...classKinds, average: averageKind };

const scoreCalls: readonly Call[] = [
  score("scores.accuracy", scores.accuracy, classKinds),
  score("scores.precision", scores.precision, averaged),
  score("scores.recall", scores.recall, averaged),
  score("scores.f1", scores.f1, averaged),
  ...(["rocAuc", "rocCurve", "averagePrecision", "precisionRecallCurve"] as const).map((name) =>
    score(`scores.${name}`, scores[name], weighted, "labels", "scores"),
  ),
  ...(["r2", "meanAbsoluteError", "meanSquaredError", "rootMeanSquaredError"] as const).map((name) =>
    score(`scores.${name}`, scores[name], weighted, "targets", "predictions"),
  ),
  score("scores.logLoss", scores.logLoss, { ...weighted, fromLogits: flag }, "labels", ""),
  {
    name: "scores.topKAccuracy",
    args: [
      ["labels", must(arrays), labels],
      [
        "",
        must(arrays),
        [
          [1, 0],
          [0, 1],
        ],
      ],
      record(),
    ],
    options: { ...weighted, k: size },
    run: scores.topKAccuracy as Call["run"],
  },
  score("confusionMatrix", lanewise.confusionMatrix, { ...classKinds, normalize: choice }),
  score("classificationReport", lanewise.classificationReport, classKinds),
];

const classScore = { average: averageKind, threshold: finite, name: text };
const data = { x, y };
const dataKinds = { x: must(kind([], [1])), y: must(kind([], [1])) };

export const calls: readonly Call[] = [
  ...scoreCalls,
  maker("metrics.precision", metrics.precision, classScore),
  maker("metrics.recall", metrics.recall, classScore),
  maker("metrics.f1Score", metrics.f1Score, classScore),
  maker("metrics.auc", metrics.auc, { curve: choice, name: text }),
  maker("metrics.topKCategoricalAccuracy", metrics.topKCategoricalAccuracy, { k: size, name: text }),
  maker("metrics.sparseTopKCategoricalAccuracy", metrics.sparseTopKCategoricalAccuracy, { k: size, name: text }),
  {
    name: "pick",
    args: [["candidates", must(kind([], [1], [{}], [{ a: "1" }])), [{ a: 1 }]], record({ optimize: "a" })],
    options: {
      optimize: must(kind(["text"], { best: "a" }, { minimize: "a", maximize: "a" })),
      subjectTo: kind(["{}"], { a: {} }, { a: { max: "1" } }, { a: { most: 1 } }, { a: 1 }),
    },
    // "text" is the name of no metric, and refused for that
    run: ((candidates: never, options: never) => lanewise.pick(candidates, options)) as never,
  },
  {
    name: "ops.customGradient",
    args: [["f", must(callable), (t: never) => ({ value: t, gradient: (dy: never) => dy })], record()],
    options: { name: text },
    run: ops.customGradient as Call["run"],
  },
  {
    name: "gradientCheck",
    args: [
      ["model", must(kind(["function"], lanewise.dense({ units: 1 }))), makeModel()],
      ["", kind([]), data],
      record(),
    ],
    options: { epsilon: positive, samples: kind(["2^31", "Infinity"], "3", [3]), seed },
    run: lanewise.gradientCheck as Call["run"],
  },
  {
    name: "gradientCheck, data",
    args: [
      ["", kind([]), makeModel()],
      ["data", kind([]), data],
    ],
    options: dataKinds,
    run: lanewise.gradientCheck as Call["run"],
  },
  {
    name: "gradientCheck, functions",
    args: [
      ["model", kind(["function"]), (v: number) => v],
      ["gradient", must(kind(["function"], [1])), () => 1],
      ["at", must(kind(["-1", "0", "1.5", "2^31"], ["1"])), 1],
    ],
    run: lanewise.gradientCheck as Call["run"],
  },
  {
    name: "layerReport",
    args: [
      ["model", must(kind([], lanewise.dense({ units: 1 }))), makeModel()],
      ["data", kind([]), data],
    ],
    options: dataKinds,
    run: lanewise.layerReport as Call["run"],
  },
];

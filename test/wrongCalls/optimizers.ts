// Optimizers.

import * as lanewise from "../../src/index.ts";
import type { Call } from "./kinds.ts";
import { choice, flag, fraction, kind, maker, must, nonNegative, positive, rate } from "./kinds.ts";

const groups = kind(["[]"], [1], [{}], [{ match: "" }], [{ match: "a", frozen: 1 }], [{ match: "a", rate: 1 }]);
const settings = {
  learningRate: rate,
  weightDecay: nonNegative,
  clipValue: positive,
  clipNorm: positive,
  globalClipNorm: positive,
  gradientAccumulationSteps: kind([], "2", [2]),
  useEma: flag,
  emaMomentum: fraction,
  emaOverwriteFrequency: kind([], "2", [2]),
  groups,
};
const betas = { ...settings, beta1: fraction, beta2: fraction };
const formed = { epsilon: positive, epsilonForm: choice };

const optimizer = lanewise.sgd({ useEma: true });
const w = lanewise.variable([1, 2]);
const optimizerKind = must(kind([], "adam", lanewise.adam));
const targetKind = must(kind([], [1], { variables: 1 }));

export const calls: readonly Call[] = [
  {
    name: "sgd",
    args: [["options", kind(["{}"], new Float32Array(2), [1]), { momentum: 0.9 }]],
    options: { ...settings, momentum: fraction, nesterov: flag, dampening: fraction },
    run: lanewise.sgd,
  },
  maker("rmsprop", lanewise.rmsprop, {
    ...settings,
    ...formed,
    rho: fraction,
    momentum: fraction,
    centered: flag,
    biasCorrection: flag,
  }),
  maker("adam", lanewise.adam, { ...betas, ...formed, amsgrad: flag, biasCorrection: flag }),
  maker("adamw", lanewise.adamw, { ...betas, ...formed, amsgrad: flag, biasCorrection: flag }),
  maker("adamax", lanewise.adamax, { ...betas, ...formed, biasCorrection: flag }),
  maker("nadam", lanewise.nadam, { ...betas, ...formed, momentumDecay: nonNegative, biasCorrection: flag }),
  maker("adagrad", lanewise.adagrad, { ...settings, ...formed, initialAccumulatorValue: nonNegative }),
  maker("adadelta", lanewise.adadelta, { ...settings, rho: fraction, epsilon: positive }),
  maker("lion", lanewise.lion, betas),
  {
    name: "averageOf",
    args: [
      ["optimizer", optimizerKind, optimizer],
      ["variable", must(kind([], [1])), w],
    ],
    run: lanewise.averageOf,
  },
  {
    name: "swapAverages",
    args: [
      ["optimizer", optimizerKind, optimizer],
      ["target", targetKind, [w]],
    ],
    run: lanewise.swapAverages,
  },
  {
    name: "withAverages",
    args: [
      ["optimizer", optimizerKind, optimizer],
      ["target", targetKind, [w]],
      ["body", must(kind(["function"])), () => {}],
    ],
    run: lanewise.withAverages,
  },
];

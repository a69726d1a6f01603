// Optimizers.

import * as lanewise from "../../src/index.ts";
import type { Call } from "./kinds.ts";
import { choice, flag, fraction, maker, nonNegative, positive, rate } from "./kinds.ts";

const settings = { learningRate: rate, weightDecay: nonNegative, epsilonForm: choice };
const { epsilonForm: _, ...plainSettings } = settings;
export const calls: readonly Call[] = [
  maker("sgd", lanewise.sgd, { ...plainSettings, momentum: fraction, nesterov: flag, dampening: fraction }),
  maker("rmsprop", lanewise.rmsprop, {
    ...settings,
    rho: fraction,
    epsilon: positive,
    momentum: fraction,
    centered: flag,
  }),
  maker("adam", lanewise.adam, { ...settings, beta1: fraction, beta2: fraction, epsilon: positive, amsgrad: flag }),
];

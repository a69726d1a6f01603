// Stochastic gradient descent, with and without momentum.

import { bool, checkOptions, fraction, nonNegative } from "../check.ts";
import { learningRateOption } from "./learningRate.ts";
import type { LearningRate, Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";

/** Options of `sgd`. */
export interface SgdOptions {
  /** By default 0.01. */
  readonly learningRate?: LearningRate;
  /** By default 0: no velocity. */
  readonly momentum?: number;
  /** Nesterov's look-ahead; needs momentum. */
  readonly nesterov?: boolean;
  /** v = momentum v + (1 - dampening) g; `dampening: momentum` is the exponentially weighted average of courses. */
  readonly dampening?: number;
  /** Decoupled decay: w -= learningRate weightDecay w. */
  readonly weightDecay?: number;
}

/**
 * Gradient descent: w -= learningRate g. With momentum (Polyak 1964; Sutskever et al. 2013):
 * v = momentum v + (1 - dampening) g; w -= learningRate v, or with nesterov
 * w -= learningRate ((1 - dampening) g + momentum v). The velocity starts at zero.
 * Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions("sgd", options, {
    learningRate: learningRateOption,
    momentum: fraction,
    nesterov: bool,
    dampening: fraction,
    weightDecay: nonNegative,
  });
  const { learningRate = 0.01, momentum = 0, nesterov = false, dampening = 0, weightDecay = 0 } = options;
  return createOptimizer(
    {
      name: "sgd",
      kernel: "sgd",
      slots: momentum > 0 ? ["velocity"] : [],
      settings: { momentum, dampening, nesterov: Number(nesterov), weightDecay },
      factors: [],
      control: () => [],
    },
    learningRate,
  );
}

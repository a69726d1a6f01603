// Stochastic gradient descent, with and without momentum.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, fraction } from "../check.ts";
import { shareRatio } from "./float32.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  /** By default 0.01. */
  readonly learningRate?: LearningRate;
  /** By default 0: no velocity. */
  readonly momentum?: number;
  /** Nesterov's look-ahead; needs momentum. */
  readonly nesterov?: boolean;
  /** v = momentum v + (1 - dampening) g, needs momentum; `dampening: momentum` is the exponentially weighted average of courses. By default 0. */
  readonly dampening?: number;
}

/**
 * Gradient descent: w -= learningRate g. With momentum (Polyak 1964; Sutskever et al. 2013):
 * v = momentum v + (1 - dampening) g; w -= learningRate v, or with nesterov
 * w -= learningRate ((1 - dampening) g + momentum v). The velocity starts at zero.
 * Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptimizer("sgd", options, { momentum: fraction, nesterov: bool, dampening: fraction });
  const { momentum = 0, nesterov = false, dampening = 0 } = options;
  if (momentum === 0 && (nesterov || dampening > 0))
    throw new LanewiseError(
      "invalid-argument",
      `sgd: ${nesterov ? "nesterov" : "dampening"} needs momentum: without it there is no velocity. Give momentum, 0.9 for instance.`,
    );
  return createOptimizer(
    {
      name: "sgd",
      kernel: "sgd",
      slots: momentum > 0 ? ["velocity"] : [],
      settings: { momentum, dampening, nesterov: Number(nesterov) },
      rateFactor: 1 / shareRatio(dampening),
    },
    options,
    { learningRate: 0.01 },
  );
}

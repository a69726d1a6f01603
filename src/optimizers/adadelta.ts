// Adadelta.

import { fraction, positive } from "../check.ts";
import { shareRatio } from "./float32.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `adadelta`. */
export interface AdadeltaOptions extends OptimizerOptions {
  /** By default 1e-3, as in Keras; in the paper it is 1. */
  readonly learningRate?: LearningRate;
  /** Decay of both averages, by default 0.95. */
  readonly rho?: number;
  /** By default 1e-7; in the paper 1e-6. */
  readonly epsilon?: number;
}

/**
 * Adadelta (Zeiler 2012): s = rho s + (1 - rho) g^2; u = sqrt(delta + epsilon) / sqrt(s + epsilon) g;
 * delta = rho delta + (1 - rho) u^2; w -= learningRate u. Slots start at zero.
 * Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  checkOptimizer("adadelta", options, { rho: fraction, epsilon: positive });
  const { rho = 0.95, epsilon = 1e-7 } = options;
  return createOptimizer(
    {
      name: "adadelta",
      kernel: "adadelta",
      slots: ["s", "delta"],
      // both averages are off by this, so that their quotient is right with an epsilon that is, too
      settings: { rho, epsilon: epsilon * shareRatio(rho) },
    },
    options,
    { learningRate: 1e-3 },
  );
}

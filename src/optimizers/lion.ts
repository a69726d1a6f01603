// Lion.

import { fraction } from "../check.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `lion`. */
export interface LionOptions extends OptimizerOptions {
  /** By default 1e-3; three to ten times less than Adam's is usual. */
  readonly learningRate?: LearningRate;
  /** Share of the average in what the sign is taken of, by default 0.9. */
  readonly beta1?: number;
  /** Decay of the average gradient, by default 0.99. */
  readonly beta2?: number;
}

/**
 * Lion (Chen et al. 2023): w -= learningRate sign(beta1 m + (1 - beta1) g), then m = beta2 m + (1 - beta2) g. Every
 * weight moves by the rate, up or down; sign(0) is 0. The slot starts at zero.
 * Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function lion(options: LionOptions = {}): Optimizer {
  checkOptimizer("lion", options, { beta1: fraction, beta2: fraction });
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  return createOptimizer(
    {
      name: "lion",
      kernel: "lion",
      slots: ["m"],
      settings: { beta1, beta2 },
    },
    options,
    { learningRate: 1e-3 },
  );
}

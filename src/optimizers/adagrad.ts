// Adagrad.

import { nonNegative, oneOf, positive } from "../check.ts";
import { epsilonForms } from "./epsilonForms.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** By default 1e-3. */
  readonly learningRate?: LearningRate;
  /** What s starts at, by default 0.1. */
  readonly initialAccumulatorValue?: number;
  /** By default 1e-7. */
  readonly epsilon?: number;
  /** "inside" (default, Keras): g / sqrt(s + eps); "outside" (PyTorch): g / (sqrt(s) + eps). */
  readonly epsilonForm?: "outside" | "inside";
}

/**
 * Adagrad (Duchi, Hazan and Singer 2011), for sparse gradients: s = s + g^2; w -= learningRate g / sqrt(s + epsilon).
 * s starts at initialAccumulatorValue. Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  checkOptimizer("adagrad", options, {
    initialAccumulatorValue: nonNegative,
    epsilon: positive,
    epsilonForm: oneOf("outside", "inside"),
  });
  const { initialAccumulatorValue = 0.1, epsilon = 1e-7, epsilonForm = "inside" } = options;
  return createOptimizer(
    {
      name: "adagrad",
      kernel: "adagrad",
      slots: ["s"],
      initial: { s: initialAccumulatorValue },
      settings: { epsilon, epsilonForm: epsilonForms[epsilonForm] },
    },
    options,
    { learningRate: 1e-3 },
  );
}

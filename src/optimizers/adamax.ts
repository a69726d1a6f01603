// Adamax.

import { bool, fraction, oneOf, positive } from "../check.ts";
import { epsilonForms } from "./epsilonForms.ts";
import { shareRatio } from "./float32.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `adamax`. */
export interface AdamaxOptions extends OptimizerOptions {
  /** By default 1e-3. */
  readonly learningRate?: LearningRate;
  /** Decay of the average gradient, by default 0.9. */
  readonly beta1?: number;
  /** Decay of the largest gradient, by default 0.999. */
  readonly beta2?: number;
  /** By default 1e-7. */
  readonly epsilon?: number;
  /** "outside" (default, Keras): m^ / (u + eps); "inside" (PyTorch): u = max(beta2 u, |g| + eps), m^ / u. */
  readonly epsilonForm?: "outside" | "inside";
  /** Whether m^ is m over 1 - beta1^t (default) or m itself. */
  readonly biasCorrection?: boolean;
}

/**
 * Adamax (Kingma and Ba 2015, section 7), Adam by the largest gradient, t counted from 1:
 * m = beta1 m + (1 - beta1) g; u = max(beta2 u, |g|); m^ = m / (1 - beta1^t); w -= learningRate m^ / (u + epsilon).
 * Slots start at zero. Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function adamax(options: AdamaxOptions = {}): Optimizer {
  checkOptimizer("adamax", options, {
    beta1: fraction,
    beta2: fraction,
    epsilon: positive,
    epsilonForm: oneOf("outside", "inside"),
    biasCorrection: bool,
  });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, epsilonForm = "outside", biasCorrection = true } = options;
  const decay = Math.fround(beta1);
  // an uncorrected average is brought to that of the beta that was given
  const correction = [1 / shareRatio(beta1)];
  return createOptimizer(
    {
      name: "adamax",
      kernel: "adamax",
      slots: ["m", "u"],
      settings: { beta1, beta2, epsilon, epsilonForm: epsilonForms[epsilonForm] },
      factors: biasCorrection ? [() => decay] : [],
      control([power]) {
        if (power !== undefined) correction[0] = 1 / (1 - power);
        return correction;
      },
    },
    options,
    { learningRate: 1e-3 },
  );
}

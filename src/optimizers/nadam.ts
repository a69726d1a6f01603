// Nadam.

import { bool, fraction, nonNegative, oneOf, positive } from "../check.ts";
import { pow } from "../math.ts";
import { epsilonForms } from "./epsilonForms.ts";
import { shareRatio } from "./float32.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `nadam`. */
export interface NadamOptions extends OptimizerOptions {
  /** By default 1e-3. */
  readonly learningRate?: LearningRate;
  /** Decay of the average gradient, by default 0.9; the momentum comes near it. */
  readonly beta1?: number;
  /** Decay of the average squared gradient, by default 0.999. */
  readonly beta2?: number;
  /** By default 1e-7. */
  readonly epsilon?: number;
  /** As adam's; by default "outside". */
  readonly epsilonForm?: "outside" | "inside" | "hat";
  /** How fast the momentum grows: u_t = beta1 (1 - 0.96^(t momentumDecay) / 2); by default 0.004 (Dozat, PyTorch), Keras has 1. */
  readonly momentumDecay?: number;
  /** Whether averages are corrected for starting at zero (default): with P = 0 and v itself below otherwise. */
  readonly biasCorrection?: boolean;
}

/**
 * Nadam (Dozat 2016), Adam with Nesterov's look-ahead, t counted from 1; u_t = beta1 (1 - 0.96^(t momentumDecay) / 2),
 * P_t = u_1 ... u_t:
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * m^ = u_(t+1) m / (1 - P_(t+1)) + (1 - u_t) g / (1 - P_t); v^ = v / (1 - beta2^t); w -= learningRate m^ / (sqrt(v^) + epsilon).
 * Slots start at zero. Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function nadam(options: NadamOptions = {}): Optimizer {
  checkOptimizer("nadam", options, {
    beta1: fraction,
    beta2: fraction,
    epsilon: positive,
    epsilonForm: oneOf("outside", "inside", "hat"),
    momentumDecay: nonNegative,
    biasCorrection: bool,
  });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, epsilonForm = "outside" } = options;
  const { momentumDecay = 0.004, biasCorrection = true } = options;
  const decay2 = Math.fround(beta2);
  const share = shareRatio(beta1); // of which m has too much
  const momentum = (t: number): number => beta1 * (1 - 0.5 * pow(0.96, t * momentumDecay));
  const words = [1, 1, 1];
  return createOptimizer(
    {
      name: "nadam",
      kernel: "nadam",
      slots: ["m", "v"],
      settings: { beta1, beta2, epsilon, epsilonForm: epsilonForms[epsilonForm] },
      factors: biasCorrection ? [momentum, () => decay2] : [() => 0, () => decay2, () => beta2],
      control([product = 0, power = 0, given = 0], t) {
        const next = momentum(t + 1);
        words[0] = next / (1 - product * next) / share;
        words[1] = (1 - momentum(t)) / (1 - product);
        words[2] = (1 - given) / (1 - power); // as in adam
        return words;
      },
    },
    options,
    { learningRate: 1e-3 },
  );
}

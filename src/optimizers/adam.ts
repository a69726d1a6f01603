// Adam and AdamW.

import { bool, checkOptions, fraction, nonNegative, oneOf, positive } from "../check.ts";
import { learningRateOption } from "./learningRate.ts";
import type { LearningRate, Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";

/** Options of `adam`. */
export interface AdamOptions {
  /** By default 1e-3. */
  readonly learningRate?: LearningRate;
  /** Decay of the average gradient, by default 0.9. */
  readonly beta1?: number;
  /** Decay of the average squared gradient, by default 0.999. */
  readonly beta2?: number;
  /** By default 1e-8. */
  readonly epsilon?: number;
  /** "outside" (default): m^ / (sqrt(v^) + eps); "inside": m^ / sqrt(v^ + eps); "hat": Keras's, eps on the uncorrected average. */
  readonly epsilonForm?: "outside" | "inside" | "hat";
  /** Divide by the largest average so far (Reddi et al. 2018). */
  readonly amsgrad?: boolean;
  /** Decoupled decay (AdamW, Loshchilov and Hutter 2019): w -= learningRate weightDecay w. */
  readonly weightDecay?: number;
}

const forms = { outside: 0, inside: 1, hat: 2 } as const;

/**
 * Adam (Kingma and Ba 2015), t counted from 1:
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * m^ = m / (1 - beta1^t); v^ = v / (1 - beta2^t); w -= learningRate m^ / (sqrt(v^) + epsilon).
 * Slots start at zero. Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  checkOptions("adam", options, {
    learningRate: learningRateOption,
    beta1: fraction,
    beta2: fraction,
    epsilon: positive,
    epsilonForm: oneOf("outside", "inside", "hat"),
    amsgrad: bool,
    weightDecay: nonNegative,
  });
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const { epsilonForm = "outside", amsgrad = false, weightDecay = 0 } = options;
  const correction = [0, 0];
  return createOptimizer(
    {
      name: "adam",
      kernel: "adam",
      slots: amsgrad ? ["m", "v", "vMax"] : ["m", "v"],
      settings: { beta1, beta2, epsilon, epsilonForm: forms[epsilonForm], amsgrad: Number(amsgrad), weightDecay },
      factors: [Math.fround(beta1), Math.fround(beta2)],
      control(powers) {
        correction[0] = 1 / (1 - (powers[0] as number));
        correction[1] = 1 / (1 - (powers[1] as number));
        return correction;
      },
    },
    learningRate,
  );
}

// Adam and AdamW.

import { bool, fraction, oneOf, positive } from "../check.ts";
import { epsilonForms } from "./epsilonForms.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `adam` and `adamw`. */
export interface AdamOptions extends OptimizerOptions {
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
  /** Whether m^ and v^ are m and v over 1 - beta^t (default) or m and v themselves. */
  readonly biasCorrection?: boolean;
}

function createAdam(name: string, options: AdamOptions, weightDecay: number): Optimizer {
  checkOptimizer(name, options, {
    beta1: fraction,
    beta2: fraction,
    epsilon: positive,
    epsilonForm: oneOf("outside", "inside", "hat"),
    amsgrad: bool,
    biasCorrection: bool,
  });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, epsilonForm = "outside" } = options;
  const { amsgrad = false, biasCorrection = true } = options;
  const [decay1, decay2] = [Math.fround(beta1), Math.fround(beta2)];
  const betas = [() => decay1, () => decay2];
  // 1 - beta of a float32 beta is off in its fifth digit: uncorrected averages are brought to those of the beta that was given
  const given = biasCorrection ? [] : [() => beta1, () => beta2];
  const correction = [1, 1];
  return createOptimizer(
    {
      name,
      kernel: "adam",
      slots: amsgrad ? ["m", "v", "vMax"] : ["m", "v"],
      settings: { beta1, beta2, epsilon, epsilonForm: epsilonForms[epsilonForm], amsgrad: Number(amsgrad) },
      factors: [...betas, ...given],
      control(powers) {
        for (let i = 0; i < 2; i++) correction[i] = (1 - (powers[i + 2] ?? 0)) / (1 - (powers[i] as number));
        return correction;
      },
    },
    options,
    { learningRate: 1e-3, weightDecay },
  );
}

/**
 * Adam (Kingma and Ba 2015), t counted from 1:
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * m^ = m / (1 - beta1^t); v^ = v / (1 - beta2^t); w -= learningRate m^ / (sqrt(v^) + epsilon).
 * Slots start at zero. Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return createAdam("adam", options, 0);
}

/**
 * AdamW (Loshchilov and Hutter 2019): Adam with decoupled decay, w -= learningRate weightDecay w beside its update; weightDecay
 * is 0.004 by default, as in Keras. Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function adamw(options: AdamOptions = {}): Optimizer {
  return createAdam("adamw", options, 0.004);
}

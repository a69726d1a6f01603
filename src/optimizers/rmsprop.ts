// RMSprop.

import { bool, fraction, oneOf, positive } from "../check.ts";
import { epsilonForms } from "./epsilonForms.ts";
import { shareRatio } from "./float32.ts";
import type { Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { checkOptimizer } from "./options.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  /** By default 1e-3. */
  readonly learningRate?: LearningRate;
  /** Decay of the average squared gradient, by default 0.9. */
  readonly rho?: number;
  /** By default 1e-7. */
  readonly epsilon?: number;
  /** "inside" (default): g / sqrt(s + eps); "outside": g / (sqrt(s) + eps). */
  readonly epsilonForm?: "outside" | "inside";
  /** By default 0: no velocity. */
  readonly momentum?: number;
  /** Subtract the square of the average gradient: the variance takes the place of s. */
  readonly centered?: boolean;
  /** Whether averages are divided by 1 - rho^t first; by default false, as it was published. */
  readonly biasCorrection?: boolean;
}

/**
 * RMSprop (Tieleman and Hinton 2012): s = rho s + (1 - rho) g^2; w -= learningRate g / sqrt(s + epsilon).
 * With momentum: v = momentum v + learningRate g / sqrt(s + epsilon); w -= v. Centered: s - a^2 for s, with
 * a = rho a + (1 - rho) g (Graves 2013). Slots start at zero.
 * Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  checkOptimizer("rmsprop", options, {
    rho: fraction,
    epsilon: positive,
    epsilonForm: oneOf("outside", "inside"),
    momentum: fraction,
    centered: bool,
    biasCorrection: bool,
  });
  const { rho = 0.9, epsilon = 1e-7, epsilonForm = "inside", momentum = 0 } = options;
  const { centered = false, biasCorrection = false } = options;
  const slots = ["s"];
  if (centered) slots.push("average");
  if (momentum > 0) slots.push("velocity");
  const decay = Math.fround(rho);
  // where 1 - rho of the float32 rho is off, uncorrected averages are brought to those of the rho that was given
  const isOff = shareRatio(rho) !== 1;
  const corrects = biasCorrection || isOff;
  const correction = [1];
  return createOptimizer(
    {
      name: "rmsprop",
      kernel: "rmsprop",
      slots,
      settings: {
        rho,
        epsilon,
        epsilonForm: epsilonForms[epsilonForm],
        momentum,
        centered: Number(centered),
        biasCorrection: Number(corrects),
      },
      factors: biasCorrection ? [() => decay] : isOff ? [() => decay, () => rho] : [],
      control([power = 0, given = 0]) {
        correction[0] = (1 - given) / (1 - power);
        return correction;
      },
    },
    options,
    { learningRate: 1e-3 },
  );
}

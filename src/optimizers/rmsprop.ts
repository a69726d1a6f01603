// RMSprop.

import { bool, checkOptions, fraction, nonNegative, oneOf, positive } from "../check.ts";
import { learningRateOption } from "./learningRate.ts";
import type { LearningRate, Optimizer } from "./optimizer.ts";
import { createOptimizer } from "./optimizer.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions {
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
  /** Decoupled decay: w -= learningRate weightDecay w. */
  readonly weightDecay?: number;
}

/**
 * RMSprop (Tieleman and Hinton 2012): s = rho s + (1 - rho) g^2; w -= learningRate g / sqrt(s + epsilon).
 * With momentum: v = momentum v + learningRate g / sqrt(s + epsilon); w -= v. Slots start at zero.
 * Throws `invalid-argument` or `unknown-option` for options out of range.
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  checkOptions("rmsprop", options, {
    learningRate: learningRateOption,
    rho: fraction,
    epsilon: positive,
    epsilonForm: oneOf("outside", "inside"),
    momentum: fraction,
    centered: bool,
    weightDecay: nonNegative,
  });
  const { learningRate = 1e-3, rho = 0.9, epsilon = 1e-7, epsilonForm = "inside" } = options;
  const { momentum = 0, centered = false, weightDecay = 0 } = options;
  const slots = ["s"];
  if (centered) slots.push("average");
  if (momentum > 0) slots.push("velocity");
  return createOptimizer(
    {
      name: "rmsprop",
      kernel: "rmsprop",
      slots,
      settings: {
        rho,
        epsilon,
        epsilonForm: epsilonForm === "inside" ? 1 : 0,
        momentum,
        centered: Number(centered),
        weightDecay,
      },
      factors: [],
      control: () => [],
    },
    learningRate,
  );
}

// The exponentially weighted average of numbers that come one after the other.

import { LanewiseError } from "../bindings/errors.ts";
import { bool, checkOptions, fraction, show } from "./check.ts";

/** Options of `exponentialAverage`. */
export interface ExponentialAverageOptions {
  /** Whether `value` is corrected for the beginning at zero; by default true. */
  readonly biasCorrection?: boolean;
}

/** An average as `exponentialAverage` makes it. */
export interface ExponentialAverage {
  /** Takes a number in; returns `value`. Throws `invalid-argument` for what is no finite number. */
  add(value: number): number;
  /** The average: `raw / (1 - beta^count)`, or `raw` without bias correction. NaN before the first number. */
  readonly value: number;
  /** v = beta v + (1 - beta) x, from v = 0: what is kept. */
  readonly raw: number;
  /** How many numbers were added. */
  readonly count: number;
  /** About how many of the last numbers it averages: 1 / (1 - beta). */
  readonly window: number;
}

/**
 * The exponentially weighted average v = beta v + (1 - beta) x of numbers, v = 0 before the first; what is read is
 * v / (1 - beta^t) after t numbers, what is kept is not corrected. Throws `invalid-argument` for a beta that is
 * not from 0 up to 1, `unknown-option` for other options. Source: Adam's averages (Kingma and Ba 2015).
 */
export function exponentialAverage(beta: number, options: ExponentialAverageOptions = {}): ExponentialAverage {
  const where = "exponentialAverage";
  fraction(beta, "beta", where);
  checkOptions(where, options, { biasCorrection: bool });
  const { biasCorrection = true } = options;
  let raw = 0;
  let count = 0;
  let power = 1; // beta^count
  const self: ExponentialAverage = {
    add(value) {
      if (typeof value !== "number" || !Number.isFinite(value))
        throw new LanewiseError("invalid-argument", `${where}.add: value must be a finite number, got ${show(value)}.`);
      raw = beta * raw + (1 - beta) * value;
      power *= beta;
      count++;
      return self.value;
    },
    get value() {
      if (count === 0) return Number.NaN;
      return biasCorrection ? raw / (1 - power) : raw;
    },
    get raw() {
      return raw;
    },
    get count() {
      return count;
    },
    window: 1 / (1 - beta),
  };
  return self;
}

// The members of the namespace `initializers`: each says how the initial values of a variable of some shape
// are drawn, and draws nothing itself.

import { checkOptions, finite, invalid, nonNegative, oneOf, positive } from "../check.ts";
import type { FanMode, Initializer } from "./usual.ts";
import { constantly, normal, scaled, uniform, usual, usualDeviation, usualScaling } from "./usual.ts";

export type { FanMode, Initializer } from "./usual.ts";

export interface ConstantOptions {
  readonly value: number;
}

export interface NormalOptions {
  /** By default 0. */
  readonly mean?: number;
  /** Standard deviation (of the normal distribution before it is cut off, where it is), by default 0.05. */
  readonly stddev?: number;
}

export interface UniformOptions {
  /** By default -0.05. */
  readonly minval?: number;
  /** By default 0.05. */
  readonly maxval?: number;
}

export interface VarianceScalingOptions {
  /** By default 1. */
  readonly scale?: number;
  /** Which count of connections the variance is divided by, by default "fanIn". */
  readonly mode?: FanMode;
  /** By default "truncatedNormal". */
  readonly distribution?: "normal" | "uniform" | "truncatedNormal";
}

/** Nothing can be chosen: an option given is an error, not ignored. */
export type NoOptions = Readonly<Record<string, never>>;

/** All 0; `zeros()` is the usual start of a bias. Throws `unknown-option` where options are given. */
export function zeros(options: NoOptions = {}): Initializer {
  checkOptions("initializers.zeros", options, {});
  return usual.zeros;
}

/** All 1. Throws `unknown-option` where options are given. */
export function ones(options: NoOptions = {}): Initializer {
  checkOptions("initializers.ones", options, {});
  return usual.ones;
}

/** All `value`, which must be given: `constant({ value: 0.1 })`. Throws `invalid-argument` or `unknown-option`. */
export function constant(options: ConstantOptions): Initializer {
  checkOptions("initializers.constant", options, { value: finite }, ["value"]);
  return constantly("constant", options.value);
}

/** Normal numbers, by default of mean 0 and deviation 0.05. Throws `invalid-argument` or `unknown-option`. */
export function randomNormal(options: NormalOptions = {}): Initializer {
  checkOptions("initializers.randomNormal", options, { mean: finite, stddev: nonNegative });
  const { mean = 0, stddev = usualDeviation } = options;
  return normal("randomNormal", mean, stddev);
}

/**
 * Uniform numbers in [minval, maxval), by default [-0.05, 0.05); minval where both are equal. Throws `invalid-argument` (also where minval is
 * above maxval) or `unknown-option`.
 */
export function randomUniform(options: UniformOptions = {}): Initializer {
  const where = "initializers.randomUniform";
  checkOptions(where, options, { minval: finite, maxval: finite });
  const { minval = -usualDeviation, maxval = usualDeviation } = options;
  if (minval > maxval) throw invalid(where, "minval", `at most maxval (${maxval})`, minval);
  // nothing is in [1, 1)
  if (minval === maxval) return constantly("randomUniform", minval);
  return uniform("randomUniform", minval, maxval);
}

/**
 * Normal numbers, drawn again where they are more than two deviations from the mean; by default of mean 0 and
 * deviation 0.05 before that. Throws `invalid-argument` or `unknown-option`.
 */
export function truncatedNormal(options: NormalOptions = {}): Initializer {
  checkOptions("initializers.truncatedNormal", options, { mean: finite, stddev: nonNegative });
  const { mean = 0, stddev = usualDeviation } = options;
  return normal("truncatedNormal", mean, stddev);
}

/**
 * Numbers of mean 0 and variance scale / n, where n is the units that feed one (fanIn), that one feeds (fanOut) or
 * the mean of both (fanAvg). The truncated normal is widened before it is cut off, so that its variance is right,
 * as in Keras. "normal" is not cut off, unlike in TensorFlow.js. Throws `invalid-argument` or `unknown-option`.
 */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  checkOptions("initializers.varianceScaling", options, {
    scale: positive,
    mode: oneOf("fanIn", "fanOut", "fanAvg"),
    distribution: oneOf("normal", "uniform", "truncatedNormal"),
  });
  const { scale, mode, distribution } = usualScaling;
  return scaled("varianceScaling", {
    scale: options.scale ?? scale,
    mode: options.mode ?? mode,
    distribution: options.distribution ?? distribution,
  });
}

/**
 * Uniform in [-limit, limit), limit = sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010). The name Xavier is used
 * for this and, in Andrew Ng's course, for variance 1 / n_in, which is leCunNormal.
 */
export function glorotUniform(options: NoOptions = {}): Initializer {
  checkOptions("initializers.glorotUniform", options, {});
  return usual.glorotUniform;
}

/**
 * Truncated normal of variance 2 / (n_in + n_out) (Glorot and Bengio 2010). The name Xavier is used for this and,
 * in Andrew Ng's course, for variance 1 / n_in, which is leCunNormal.
 */
export function glorotNormal(options: NoOptions = {}): Initializer {
  checkOptions("initializers.glorotNormal", options, {});
  return usual.glorotNormal;
}

/** Uniform in [-limit, limit), limit = sqrt(6 / n_in) (He, Zhang, Ren, Sun 2015): for layers before a relu. */
export function heUniform(options: NoOptions = {}): Initializer {
  checkOptions("initializers.heUniform", options, {});
  return usual.heUniform;
}

/** Truncated normal of variance 2 / n_in (He, Zhang, Ren, Sun 2015): for layers before a relu. */
export function heNormal(options: NoOptions = {}): Initializer {
  checkOptions("initializers.heNormal", options, {});
  return usual.heNormal;
}

/** Uniform in [-limit, limit), limit = sqrt(3 / n_in) (LeCun, Bottou, Orr, Müller 1998). */
export function leCunUniform(options: NoOptions = {}): Initializer {
  checkOptions("initializers.leCunUniform", options, {});
  return usual.leCunUniform;
}

/**
 * Truncated normal of variance 1 / n_in (LeCun, Bottou, Orr, Müller 1998). This variance is what Andrew Ng's
 * course calls Xavier initialization, there for layers before a tanh.
 */
export function leCunNormal(options: NoOptions = {}): Initializer {
  checkOptions("initializers.leCunNormal", options, {});
  return usual.leCunNormal;
}

// The members of the namespace `initializers`: each says how the initial values of a variable of some shape
// are drawn, and draws nothing itself.

import { checkOptions, finite, invalid, nonNegative, oneOf, positive } from "../check.ts";
import type { InitialValues } from "../graph/variable.ts";
import type { Shape } from "../shape.ts";
import { sizeOf } from "../shape.ts";

/** Initial values for a shape: what the functions of `initializers` return. */
export interface Initializer {
  readonly kind: "initializer";
  readonly name: string;
  values(shape: Shape): InitialValues;
}

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

export type FanMode = "fanIn" | "fanOut" | "fanAvg";

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

/** Standard deviation of a standard normal distribution cut off at two. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/**
 * Connections into and out of one unit, by Keras's rule: a dense kernel is [in, out], a convolution's
 * [height, width, in, out], where each counts once for every position of the window.
 */
function fansOf(shape: Shape): readonly [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const [channelsIn, channelsOut] = shape.slice(-2) as [number, number];
  const positions = sizeOf(shape.slice(0, -2));
  return [positions * channelsIn, positions * channelsOut];
}

const initializer = (name: string, values: (shape: Shape) => InitialValues): Initializer => ({
  kind: "initializer",
  name,
  values,
});

function scaled(name: string, options: Required<VarianceScalingOptions>): Initializer {
  const { scale, mode, distribution } = options;
  return initializer(name, (shape) => {
    const [fanIn, fanOut] = fansOf(shape);
    const fan = mode === "fanIn" ? fanIn : mode === "fanOut" ? fanOut : (fanIn + fanOut) / 2;
    const variance = scale / Math.max(1, fan);
    // the variance of uniform numbers in [-limit, limit) is limit^2 / 3
    if (distribution === "uniform") {
      const limit = Math.sqrt(3 * variance);
      return { kind: "uniform", low: -limit, high: limit };
    }
    const deviation = Math.sqrt(variance);
    if (distribution === "normal") return { kind: "normal", mean: 0, deviation };
    return { kind: "truncatedNormal", mean: 0, deviation: deviation / TRUNCATED_DEVIATION };
  });
}

/** All 0; `zeros()` is the usual start of a bias. Throws `unknown-option` where options are given. */
export function zeros(options: NoOptions = {}): Initializer {
  checkOptions("initializers.zeros", options, {});
  return initializer("zeros", () => ({ kind: "constant", value: 0 }));
}

/** All 1. Throws `unknown-option` where options are given. */
export function ones(options: NoOptions = {}): Initializer {
  checkOptions("initializers.ones", options, {});
  return initializer("ones", () => ({ kind: "constant", value: 1 }));
}

/** All `value`, which must be given: `constant({ value: 0.1 })`. Throws `invalid-argument` or `unknown-option`. */
export function constant(options: ConstantOptions): Initializer {
  checkOptions("initializers.constant", options, { value: finite }, ["value"]);
  const { value } = options;
  return initializer("constant", () => ({ kind: "constant", value }));
}

/** Normal numbers, by default of mean 0 and deviation 0.05. Throws `invalid-argument` or `unknown-option`. */
export function randomNormal(options: NormalOptions = {}): Initializer {
  checkOptions("initializers.randomNormal", options, { mean: finite, stddev: nonNegative });
  const { mean = 0, stddev = 0.05 } = options;
  return initializer("randomNormal", () => ({ kind: "normal", mean, deviation: stddev }));
}

/**
 * Uniform numbers in [minval, maxval), by default [-0.05, 0.05); minval where both are equal. Throws `invalid-argument` (also where minval is
 * above maxval) or `unknown-option`.
 */
export function randomUniform(options: UniformOptions = {}): Initializer {
  const where = "initializers.randomUniform";
  checkOptions(where, options, { minval: finite, maxval: finite });
  const { minval = -0.05, maxval = 0.05 } = options;
  if (minval > maxval) throw invalid(where, "minval", `at most maxval (${maxval})`, minval);
  // nothing is in [1, 1)
  if (minval === maxval) return initializer("randomUniform", () => ({ kind: "constant", value: minval }));
  return initializer("randomUniform", () => ({ kind: "uniform", low: minval, high: maxval }));
}

/**
 * Normal numbers, drawn again where they are more than two deviations from the mean; by default of mean 0 and
 * deviation 0.05 before that. Throws `invalid-argument` or `unknown-option`.
 */
export function truncatedNormal(options: NormalOptions = {}): Initializer {
  checkOptions("initializers.truncatedNormal", options, { mean: finite, stddev: nonNegative });
  const { mean = 0, stddev = 0.05 } = options;
  return initializer("truncatedNormal", () => ({ kind: "truncatedNormal", mean, deviation: stddev }));
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
  const { scale = 1, mode = "fanIn", distribution = "truncatedNormal" } = options;
  return scaled("varianceScaling", { scale, mode, distribution });
}

/**
 * Uniform in [-limit, limit), limit = sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010). The name Xavier is used
 * for this and, in Andrew Ng's course, for variance 1 / n_in, which is leCunNormal.
 */
export function glorotUniform(options: NoOptions = {}): Initializer {
  checkOptions("initializers.glorotUniform", options, {});
  return scaled("glorotUniform", { scale: 1, mode: "fanAvg", distribution: "uniform" });
}

/**
 * Truncated normal of variance 2 / (n_in + n_out) (Glorot and Bengio 2010). The name Xavier is used for this and,
 * in Andrew Ng's course, for variance 1 / n_in, which is leCunNormal.
 */
export function glorotNormal(options: NoOptions = {}): Initializer {
  checkOptions("initializers.glorotNormal", options, {});
  return scaled("glorotNormal", { scale: 1, mode: "fanAvg", distribution: "truncatedNormal" });
}

/** Uniform in [-limit, limit), limit = sqrt(6 / n_in) (He, Zhang, Ren, Sun 2015): for layers before a relu. */
export function heUniform(options: NoOptions = {}): Initializer {
  checkOptions("initializers.heUniform", options, {});
  return scaled("heUniform", { scale: 2, mode: "fanIn", distribution: "uniform" });
}

/** Truncated normal of variance 2 / n_in (He, Zhang, Ren, Sun 2015): for layers before a relu. */
export function heNormal(options: NoOptions = {}): Initializer {
  checkOptions("initializers.heNormal", options, {});
  return scaled("heNormal", { scale: 2, mode: "fanIn", distribution: "truncatedNormal" });
}

/** Uniform in [-limit, limit), limit = sqrt(3 / n_in) (LeCun, Bottou, Orr, Müller 1998). */
export function leCunUniform(options: NoOptions = {}): Initializer {
  checkOptions("initializers.leCunUniform", options, {});
  return scaled("leCunUniform", { scale: 1, mode: "fanIn", distribution: "uniform" });
}

/**
 * Truncated normal of variance 1 / n_in (LeCun, Bottou, Orr, Müller 1998). This variance is what Andrew Ng's
 * course calls Xavier initialization, there for layers before a tanh.
 */
export function leCunNormal(options: NoOptions = {}): Initializer {
  checkOptions("initializers.leCunNormal", options, {});
  return scaled("leCunNormal", { scale: 1, mode: "fanIn", distribution: "truncatedNormal" });
}

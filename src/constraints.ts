// Constraints: projections of weights that are applied after each update, within the same step.

import { LanewiseError } from "../bindings/errors.ts";
import { checkOptions, invalid, nonNegative, positive } from "./check.ts";
import type { Tensor } from "./graph/graph.ts";
import { readVariable } from "./graph/trace.ts";
import type { Variable } from "./graph/variable.ts";
import type { NoOptions } from "./initializers/distributions.ts";
import { axesOption } from "./layers/axes.ts";
import { sum } from "./ops/broadcasting.ts";
import { assign } from "./ops/effects.ts";
import { add, clip, div, maximum, mul, relu, sqrt, square } from "./ops/pointwise.ts";
import { normalizeAxes, type Shape } from "./shape.ts";

/** A projection of weights, as `maxNorm`, `unitNorm`, `nonNeg` and `minMaxNorm` make it. */
export interface Constraint {
  readonly kind: "constraint";
  /** "maxNorm", ... */
  readonly name: string;
  /** The weights as they are allowed to be. */
  project(weights: Tensor): Tensor;
  /** Records, in a program, that a variable is projected after what was recorded before. */
  apply(variable: Variable): void;
  /** Throws `invalid-argument` where weights of this shape do not have the axes. */
  check(shape: Shape, where: string): void;
}

interface AxisOptions {
  /**
   * The axis, or axes, over which norms are taken: 0 (default) for the kernel [in, units] of `dense`, a norm for each unit;
   * [0, 1, 2] for the kernel [height, width, in, filters] of `conv2d`, a norm for each filter.
   */
  readonly axis?: number | readonly number[];
}

/** Options of `maxNorm`. */
export interface MaxNormOptions extends AxisOptions {
  /** By default 2. */
  readonly maxValue?: number;
}

/** Options of `unitNorm`. */
export interface UnitNormOptions extends AxisOptions {}

/** Options of `minMaxNorm`. */
export interface MinMaxNormOptions extends AxisOptions {
  /** By default 0. */
  readonly minValue?: number;
  /** By default 1. */
  readonly maxValue?: number;
  /** Share of the way that one step goes, above 0 up to 1 (default). */
  readonly rate?: number;
}

/** Below it a norm counts as 0 (Keras's epsilon). */
const SMALLEST = 1e-7;

function makeConstraint(
  name: string,
  project: (weights: Tensor) => Tensor,
  axes: number | readonly number[] = [],
): Constraint {
  return {
    kind: "constraint",
    name,
    project,
    apply: (variable) => assign(variable, project(readVariable(variable))),
    check: (shape, where) => void normalizeAxes(`${where}: ${name}`, axes, shape.length),
  };
}

/** sqrt(sum w^2) over the axes, which stay with size 1. */
const normOf = (weights: Tensor, axes: number | readonly number[]): Tensor =>
  sqrt(sum(square(weights), { axes, keepDims: true }));

/**
 * w maxValue / max(||w||, maxValue): weights whose norm over `axis` is above `maxValue` are shrunk to it, others stay as they
 * are, bit for bit (Srebro and Shraibman 2005; with dropout, Srivastava et al. 2014). Throws `invalid-argument` for wrong options;
 * for an axis that weights do not have, when a layer is built.
 */
export function maxNorm(options: MaxNormOptions = {}): Constraint {
  checkOptions("maxNorm", options, { maxValue: positive, axis: axesOption });
  const { maxValue = 2, axis = 0 } = options;
  return makeConstraint(
    "maxNorm",
    (weights) => mul(weights, div(maxValue, maximum(normOf(weights, axis), maxValue))),
    axis,
  );
}

/** w / ||w||: each norm over `axis` becomes 1; weights that are all 0 stay 0. */
export function unitNorm(options: UnitNormOptions = {}): Constraint {
  checkOptions("unitNorm", options, { axis: axesOption });
  const { axis = 0 } = options;
  return makeConstraint("unitNorm", (weights) => div(weights, maximum(normOf(weights, axis), SMALLEST)), axis);
}

/** max(w, 0): no weight is negative. */
export function nonNeg(options: NoOptions = {}): Constraint {
  checkOptions("nonNeg", options, {});
  return makeConstraint("nonNeg", (weights) => relu(weights));
}

/**
 * w n / ||w||, n = rate clip(||w||, minValue, maxValue) + (1 - rate) ||w||: norms over `axis` are brought between two bounds,
 * with `rate` 1 at once. Throws `invalid-argument` for wrong options, or where minValue is above maxValue.
 */
export function minMaxNorm(options: MinMaxNormOptions = {}): Constraint {
  const where = "minMaxNorm";
  checkOptions(where, options, {
    minValue: nonNegative,
    maxValue: positive,
    axis: axesOption,
    rate(value, name) {
      positive(value, name, where);
      if ((value as number) > 1) throw invalid(where, name, "a number above 0 up to 1", value);
      return value;
    },
  });
  const { minValue = 0, maxValue = 1, rate = 1, axis = 0 } = options;
  if (minValue > maxValue)
    throw new LanewiseError("invalid-argument", `${where}: minValue ${minValue} is above maxValue ${maxValue}.`);
  return makeConstraint(
    where,
    (weights) => {
      const norm = normOf(weights, axis);
      const bounded = clip(norm, minValue, maxValue);
      const wanted = rate === 1 ? bounded : add(mul(bounded, rate), mul(norm, 1 - rate));
      return mul(weights, div(wanted, maximum(norm, SMALLEST)));
    },
    axis,
  );
}

/** Checks the constraint option of a layer. */
export function constraintOption(value: unknown, name: string, where: string): Constraint {
  if (typeof value === "object" && value !== null && (value as Constraint).kind === "constraint")
    return value as Constraint;
  throw invalid(where, name, "made by maxNorm, unitNorm, nonNeg or minMaxNorm", value);
}

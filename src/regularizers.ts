// Penalties on weights and activations: l1, l2, and both. What a penalty computes is carried by the record that l1, l2 and
// l1l2 make, so that models without one pay nothing for it.

import { LanewiseError } from "../bindings/errors.ts";
import { checkOptions, invalid, nonNegative } from "./check.ts";
import type { Tensor } from "./graph/graph.ts";
import { absoluteSum, squaredSum } from "./ops/penalties.ts";
import { abs, add, mul, square } from "./ops/pointwise.ts";
import { sumPerExample } from "./ops/softmax.ts";

/**
 * A penalty as `l1`, `l2` and `l1l2` make it: l1 sum |w| + l2 sum w^2 of weights, divided by the examples of the batch
 * where `perExample`; of activations the mean over the examples of l1 sum |a| + l2 sum a^2.
 */
export interface Regularizer {
  readonly kind: "regularizer";
  readonly l1: number;
  readonly l2: number;
  /** Whether the penalty of weights is divided by m, the examples of the batch. */
  readonly perExample: boolean;
  /** factor (l1 sum |w| + l2 sum w^2), null where both are 0. */
  ofWeights(weights: Tensor, factor: number): Tensor | null;
  /** l1 sum |a| + l2 sum a^2 of each example, [batch]. */
  ofExamples(activations: Tensor): Tensor | null;
}

/** Options of `l1`; one of them at most. */
export interface L1Options {
  /** Factor of sum |w|, by default 0.01. */
  readonly l1?: number;
  /** The course's lambda: lambda/(2m) sum |w|. */
  readonly lambda?: number;
}

/** Options of `l2`; one of them at most. */
export interface L2Options {
  /** Factor of sum w^2, by default 0.01. */
  readonly l2?: number;
  /** The course's lambda: lambda/(2m) sum w^2. */
  readonly lambda?: number;
}

/** Options of `l1l2`: factors as Keras has them, or lambdas as the course has them. */
export interface L1L2Options {
  /** Factor of sum |w|, by default 0.01. */
  readonly l1?: number;
  /** Factor of sum w^2, by default 0.01. */
  readonly l2?: number;
  /** lambda1/(2m) sum |w|, by default 0 where lambda2 is given. */
  readonly lambda1?: number;
  /** lambda2/(2m) sum w^2, by default 0 where lambda1 is given. */
  readonly lambda2?: number;
}

/** The sum of what is there. */
function total(parts: readonly (Tensor | null)[]): Tensor | null {
  return parts.reduce((sum, part) => (sum && part ? add(sum, part) : (sum ?? part)), null);
}

function makeRegularizer(l1: number, l2: number, perExample: boolean): Regularizer {
  return {
    kind: "regularizer",
    l1,
    l2,
    perExample,
    ofWeights: (weights, factor) =>
      total([l1 > 0 ? absoluteSum(weights, l1 * factor) : null, l2 > 0 ? squaredSum(weights, l2 * factor) : null]),
    ofExamples: (activations) =>
      total([
        l1 > 0 ? mul(sumPerExample(abs(activations)), l1) : null,
        l2 > 0 ? mul(sumPerExample(square(activations)), l2) : null,
      ]),
  };
}

function requireOneForm(where: string, options: object, factors: string, lambdas: string): void {
  const given = (names: string) =>
    names.split(" ").some((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (given(factors) && given(lambdas)) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: ${factors.replace(" ", " and ")} (a factor) and ${lambdas.replace(" ", " and ")} (divided by 2m) are two forms of one penalty. Give one of them.`,
    );
  }
}

/**
 * l1 sum |w| + l2 sum w^2, both 0.01 by default (Keras; elastic net, Zou and Hastie 2005); or lambda1/(2m) sum |w| +
 * lambda2/(2m) sum w^2, m the examples of the batch. Throws `invalid-argument` for negative factors, or for both forms at once.
 */
export function l1l2(options: L1L2Options = {}): Regularizer {
  const where = "l1l2";
  checkOptions(where, options, { l1: nonNegative, l2: nonNegative, lambda1: nonNegative, lambda2: nonNegative });
  requireOneForm(where, options, "l1 l2", "lambda1 lambda2");
  const { lambda1, lambda2 } = options;
  if (lambda1 === undefined && lambda2 === undefined)
    return makeRegularizer(options.l1 ?? 0.01, options.l2 ?? 0.01, false);
  return makeRegularizer((lambda1 ?? 0) / 2, (lambda2 ?? 0) / 2, true);
}

/**
 * l1 sum |w|, l1 0.01 by default (Keras); or, with `lambda`, lambda/(2m) ||w||_1, m the examples of the batch (the course).
 * Throws `invalid-argument` for a negative factor, or for both forms at once.
 */
export function l1(options: L1Options = {}): Regularizer {
  checkOptions("l1", options, { l1: nonNegative, lambda: nonNegative });
  requireOneForm("l1", options, "l1", "lambda");
  const { lambda } = options;
  return lambda === undefined ? makeRegularizer(options.l1 ?? 0.01, 0, false) : makeRegularizer(lambda / 2, 0, true);
}

/**
 * l2 sum w^2, l2 0.01 by default (Keras); or, with `lambda`, lambda/(2m) ||W||^2, the squared Frobenius norm, m the examples
 * of the batch (the course): a step with rate a then shrinks a weight to 1 - a lambda/m of itself ("weight decay").
 * Throws `invalid-argument` for a negative factor, or for both forms at once.
 */
export function l2(options: L2Options = {}): Regularizer {
  checkOptions("l2", options, { l2: nonNegative, lambda: nonNegative });
  requireOneForm("l2", options, "l2", "lambda");
  const { lambda } = options;
  return lambda === undefined ? makeRegularizer(0, options.l2 ?? 0.01, false) : makeRegularizer(0, lambda / 2, true);
}

/** Checks the regularizer option of a layer. */
export function regularizerOption(value: unknown, name: string, where: string): Regularizer {
  if (typeof value === "object" && value !== null && (value as Regularizer).kind === "regularizer")
    return value as Regularizer;
  throw invalid(where, name, "made by l1, l2 or l1l2", value);
}

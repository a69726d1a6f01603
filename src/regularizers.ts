// Penalties on weights: l1, l2, and both.

import { LanewiseError } from "../bindings/errors.ts";
import { checkOptions, nonNegative } from "./check.ts";
import type { Tensor } from "./graph/graph.ts";
import { sum } from "./ops/broadcasting.ts";
import { abs, add, mul, square } from "./ops/pointwise.ts";

/** A penalty as `l1`, `l2` and `l1l2` make it: l1 sum |w| + l2 sum w^2. */
export interface Regularizer {
  readonly kind: "regularizer";
  readonly l1: number;
  readonly l2: number;
}

/** l1 sum |w| + l2 sum w^2; both 0.01 by default (Keras). */
export function l1l2(options: { l1?: number; l2?: number } = {}): Regularizer {
  checkOptions("l1l2", options, { l1: nonNegative, l2: nonNegative });
  return { kind: "regularizer", l1: options.l1 ?? 0.01, l2: options.l2 ?? 0.01 };
}

/** l1 sum |w|; 0.01 by default. */
export function l1(options: { l1?: number } = {}): Regularizer {
  checkOptions("l1", options, { l1: nonNegative });
  return { kind: "regularizer", l1: options.l1 ?? 0.01, l2: 0 };
}

/** l2 sum w^2; 0.01 by default. */
export function l2(options: { l2?: number } = {}): Regularizer {
  checkOptions("l2", options, { l2: nonNegative });
  return { kind: "regularizer", l1: 0, l2: options.l2 ?? 0.01 };
}

/** The penalty of one tensor of weights, a scalar; null where it is 0. */
export function penalty(regularizer: Regularizer, weights: Tensor): Tensor | null {
  const parts: Tensor[] = [];
  if (regularizer.l1 > 0) parts.push(mul(sum(abs(weights)), regularizer.l1));
  if (regularizer.l2 > 0) parts.push(mul(sum(square(weights)), regularizer.l2));
  if (parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] as Tensor) : add(parts[0] as Tensor, parts[1] as Tensor);
}

/** Checks the regularizer option of a layer. */
export function regularizerOption(value: unknown, name: string, where: string): Regularizer {
  if (typeof value === "object" && value !== null && (value as Regularizer).kind === "regularizer")
    return value as Regularizer;
  throw new LanewiseError("invalid-argument", `${where}: ${name} must be made by l1, l2 or l1l2.`);
}

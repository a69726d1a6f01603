// Work over some axes, done where they are the last ones.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { invalid, SIZE_MAX } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { transpose } from "../ops/shaping.ts";
import type { Shape } from "../shape.ts";
import { formatShape, normalizeAxes } from "../shape.ts";

/** An axis, or several. */
const isAxes = (value: unknown): value is number | readonly number[] => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((n) => Number.isInteger(n) && Math.abs(n as number) <= SIZE_MAX);
};

/** Checks the option `axis` where it may be several. */
export const axesOption: Checker<number | readonly number[]> = (value, name, where) => {
  if (isAxes(value)) return value;
  throw invalid(where, name, "an integer or a non-empty array of integers", value);
};

/** The same where there may be none. */
export const axesOrNull: Checker<number | readonly number[] | null> = (value, name, where) => {
  if (value === null || isAxes(value)) return value;
  throw invalid(where, name, "an integer, a non-empty array of integers, or null", value);
};

/** Axes of one example as sorted, non-negative numbers; the batch's axis is none of them. */
export function featureAxes(where: string, axis: number | readonly number[], shape: Shape): number[] {
  const axes = normalizeAxes(where, axis, shape.length);
  if (shape.length < 2 || axes[0] === 0) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: axis ${JSON.stringify(axis)} of an input ${formatShape(shape)} is the batch's. Give axes of the features, e.g. -1.`,
    );
  }
  return axes;
}

/** The body's result for x with the axes moved to the end, in order; moved back. */
export function onLastAxes(x: Tensor, axes: readonly number[], body: (x: Tensor) => Tensor): Tensor {
  const others = [...x.dims.keys()].filter((axis) => !axes.includes(axis));
  const order = [...others, ...axes];
  if (order.every((axis, i) => axis === i)) return body(x);
  return transpose(
    body(transpose(x, order)),
    order.map((_, axis) => order.indexOf(axis)),
  );
}

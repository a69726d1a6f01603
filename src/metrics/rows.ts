// Labels, predictions and scores as users have them, for the functions of `scores` and the metrics over a whole set.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import { formatShape } from "../shape.ts";

/** Rows of `width` numbers. */
export interface Rows {
  readonly data: NumericArray;
  readonly count: number;
  readonly width: number;
}

/** [n] or [n, width]; a typed array is [n]. */
export function rowsOf(where: string, name: string, values: Values): Rows {
  const { data, shape } = flattenArray(`${where}: ${name}`, values);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: ${name} has no examples.`);
  if (shape && (shape.length === 0 || shape.length > 2))
    throw new LanewiseError("shape-mismatch", `${where}: ${name} must be [n] or [n, m], got ${formatShape(shape)}.`);
  const width = shape?.[1] ?? 1;
  return { data, count: data.length / width, width };
}

export function requireSameCount(where: string, a: Rows, b: Rows, names = "labels and predictions"): void {
  if (a.count !== b.count)
    throw new LanewiseError("shape-mismatch", `${where}: ${names} must be as many, got ${a.count} and ${b.count}.`);
}

/** One weight an example; null where there are none. */
export function weightsOf(where: string, count: number, values: Values | undefined): NumericArray | null {
  if (values === undefined) return null;
  const rows = rowsOf(where, "sampleWeight", values);
  if (rows.width !== 1 || rows.count !== count)
    throw new LanewiseError("shape-mismatch", `${where}: sampleWeight must have ${count} numbers, one an example.`);
  for (const weight of rows.data)
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw invalid(where, "sampleWeight", "finite numbers of at least 0", weight);
  return rows.data;
}

/** Place of the first largest number of a row. */
export function largestIn({ data, width }: Rows, row: number): number {
  let best = 0;
  for (let j = 1; j < width; j++)
    if ((data[row * width + j] as number) > (data[row * width + best] as number)) best = j;
  return best;
}

/** A class index; throws for what is none. */
export function classAt(where: string, name: string, { data }: Rows, row: number): number {
  const value = data[row] as number;
  if (!Number.isInteger(value) || value < 0 || value > 0xffff)
    throw invalid(where, name, `class indices from 0 to 65535, but example ${row} is none`, value);
  return value;
}

/** Classes of labels: indices [n] or [n, 1], or one-hot rows. */
export function labelsOf(where: string, rows: Rows): Int32Array {
  return Int32Array.from({ length: rows.count }, (_, i) =>
    rows.width > 1 ? largestIn(rows, i) : classAt(where, "labels", rows, i),
  );
}

/**
 * Predicted classes: the largest of each row [n, classes]; of [n] or [n, 1] 1 above the threshold, else 0, where a threshold is given or
 * a number is no integer, otherwise class indices.
 */
export function predictedOf(where: string, rows: Rows, threshold: number | undefined): Int32Array {
  if (rows.width > 1) return Int32Array.from({ length: rows.count }, (_, i) => largestIn(rows, i));
  let limit = threshold;
  for (let i = 0; i < rows.count && limit === undefined; i++)
    if (!Number.isInteger(rows.data[i] as number)) limit = 0.5;
  return Int32Array.from({ length: rows.count }, (_, i) =>
    limit === undefined ? classAt(where, "predictions", rows, i) : (rows.data[i] as number) > limit ? 1 : 0,
  );
}

// Labels, predictions and scores as users have them: class indices, one-hot rows, rows of probabilities. For what compares
// them: scores, tables, the analysis of errors.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import type { NumberRows } from "../data/labelRows.ts";
import { classIndices } from "../data/labelRows.ts";
import { formatShape } from "../shape.ts";

/** Rows of numbers, counted. */
export interface Rows extends NumberRows {
  readonly data: NumericArray;
  readonly count: number;
}

/** [n] or [n, width]; a typed array is [n]. */
export function rowsOf(where: string, name: string, values: Values): Rows {
  const { data, shape } = flattenArray(`${where}: ${name}`, values);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: ${name} has no examples.`);
  if (shape && (shape.length === 0 || shape.length > 2))
    throw new LanewiseError("shape-mismatch", `${where}: ${name} must be [n] or [n, m], got ${formatShape(shape)}.`);
  const width = shape?.[1] ?? 1;
  return { name, data, count: data.length / width, width };
}

/** What has a name and so many examples. */
type Counted = Pick<Rows, "name" | "count">;

export function requireSameCount(where: string, a: Counted, b: Counted): void {
  if (a.count === b.count) return;
  throw new LanewiseError(
    "shape-mismatch",
    `${where}: ${a.name} has ${a.count} examples, ${b.name} has ${b.count}. They must be as many.`,
  );
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
export function largestIn({ data, width }: Pick<Rows, "data" | "width">, row: number): number {
  let best = 0;
  for (let j = 1; j < width; j++)
    if ((data[row * width + j] as number) > (data[row * width + best] as number)) best = j;
  return best;
}

/** The class of each row; a row with NaN has none. */
function largest(where: string, rows: Rows): Int32Array {
  for (let i = 0; i < rows.data.length; i++)
    if (Number.isNaN(rows.data[i]))
      throw new LanewiseError("non-finite", `${where}: ${rows.name} has NaN in example ${Math.floor(i / rows.width)}.`);
  return Int32Array.from({ length: rows.count }, (_, i) => largestIn(rows, i));
}

/**
 * Predicted classes: the largest of each row [n, classes]; of [n] or [n, 1] class indices, or 1 above the threshold and else 0, where one
 * is given or numbers are probabilities: not all integers, for which it is 0.5.
 */
export function predictedOf(where: string, rows: Rows, threshold?: number): Int32Array {
  const { name, data, width } = rows;
  if (width > 1) return largest(where, rows);
  const isIndex = (value: number): boolean => Number.isInteger(value);
  if (threshold === undefined && Array.prototype.every.call(data, isIndex))
    return classIndices(where, rows, "class indices from 0");
  return Int32Array.from(data, (value, i) => {
    if (threshold === undefined && !(value >= 0 && value <= 1)) {
      const expected = `class indices, or probabilities from 0 to 1, but example ${i} is neither; of logits, give 1 where they are above 0`;
      throw invalid(where, name, expected, value);
    }
    return value > (threshold ?? 0.5) ? 1 : 0;
  });
}

// Predictions and labels as users have them: class indices, rows of probabilities, one-hot rows.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import { formatShape } from "../shape.ts";

/** Rows of numbers: one class index a row where `width` is 1 and it is not a probability. */
interface Rows {
  readonly data: NumericArray;
  readonly count: number;
  readonly width: number;
}

function rowsOf(where: string, name: string, values: Values): Rows {
  const { data, shape } = flattenArray(`${where}: ${name}`, values);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: ${name} has no examples.`);
  if (shape && (shape.length === 0 || shape.length > 2)) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: ${name} must be [examples] or [examples, classes], got ${formatShape(shape)}.`,
    );
  }
  const width = shape?.[1] ?? 1;
  return { data, count: data.length / width, width };
}

/** The first largest entry of each row. */
function largest({ data, count, width }: Rows): Int32Array {
  const classes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let best = 0;
    for (let j = 1; j < width; j++) if ((data[i * width + j] as number) > (data[i * width + best] as number)) best = j;
    classes[i] = best;
  }
  return classes;
}

function classIndices(where: string, name: string, { data, count }: Rows): Int32Array {
  const classes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const value = data[i] as number;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31)
      throw invalid(where, name, `class indices from 0, but example ${i} is not one`, value);
    classes[i] = value;
  }
  return classes;
}

/** Labels: class indices [n] or [n, 1], or one-hot rows [n, classes]. */
export function labelsOf(where: string, name: string, values: Values): Int32Array {
  const rows = rowsOf(where, name, values);
  return rows.width > 1 ? largest(rows) : classIndices(where, name, rows);
}

/**
 * Predicted classes: indices [n]; or probabilities [n, classes], of which the largest counts; or those of one class [n, 1], on the
 * side of 0.5.
 */
export function predictedClasses(where: string, name: string, values: Values): Int32Array {
  const rows = rowsOf(where, name, values);
  if (rows.width > 1) return largest(rows);
  for (let i = 0; i < rows.count; i++) {
    // a number between 0 and 1: these are probabilities of the class 1
    const value = rows.data[i] as number;
    if (value > 0 && value < 1) return Int32Array.from(rows.data, (each) => (each > 0.5 ? 1 : 0));
  }
  return classIndices(where, name, rows);
}

/** Probabilities of each class: [n, classes], or [n] and [n, 1] for those of the class 1 alone. */
export function probabilitiesOf(where: string, name: string, values: Values): Rows {
  const rows = rowsOf(where, name, values);
  const { data, count, width } = rows;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!(value >= 0 && value <= 1.0001))
      throw invalid(where, name, `probabilities from 0 to 1, but example ${Math.floor(i / width)} has another`, value);
  }
  if (width > 1) return rows;
  const both = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) {
    both[i * 2] = 1 - (data[i] as number);
    both[i * 2 + 1] = data[i] as number;
  }
  return { data: both, count, width: 2 };
}

export function requireSameCount(where: string, a: string, countA: number, b: string, countB: number): void {
  if (countA === countB) return;
  throw new LanewiseError(
    "shape-mismatch",
    `${where}: ${a} has ${countA} examples, ${b} has ${countB}. They must be as many.`,
  );
}

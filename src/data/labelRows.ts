// Labels in rows of numbers: what is left of labels.ts where the form of the array is known; fit loads it on demand.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";

/** Class indices of rows of `each` numbers: one, which is the index, or a one-hot row. */
export function labelsOf(where: string, name: string, data: ArrayLike<number>, each: number): Int32Array {
  if (each > 1) return classesOfRows(where, name, data, each);
  for (let i = 0; i < data.length; i++) {
    const label = data[i] as number;
    if (!Number.isInteger(label) || label < 0 || label > 2 ** 31 - 1) {
      throw new LanewiseError(
        "invalid-argument",
        `${where}: ${name} must be class indices from 0, or one-hot rows, but example ${i} is ${label}.`,
      );
    }
  }
  return Int32Array.from(data);
}

/** The class of a one-hot row, e.g. 2 of [0, 0, 1]; -1 of any other row. */
export function oneHotAt(data: ArrayLike<number>, row: number, classes: number): number {
  let found = -1;
  for (let j = 0; j < classes; j++) {
    const value = data[row * classes + j];
    if (value === 0) continue;
    if (value !== 1 || found >= 0) return -1;
    found = j;
  }
  return found;
}

function classesOfRows(where: string, name: string, data: ArrayLike<number>, classes: number): Int32Array {
  return Int32Array.from({ length: data.length / classes }, (_, i) => {
    const label = oneHotAt(data, i, classes);
    if (label >= 0) return label;
    const row = Array.from({ length: Math.min(classes, 12) }, (_, j) => data[i * classes + j]);
    throw invalid(where, name, "integers, or rows with a single 1 and zeros", row);
  });
}

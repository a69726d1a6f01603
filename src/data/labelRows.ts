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

/** The class of each example where rows are one-hot, e.g. [0, 0, 1]; throws where one is not. */
function classesOfRows(where: string, name: string, data: ArrayLike<number>, classes: number): Int32Array {
  const labels = new Int32Array(data.length / classes);
  for (let i = 0; i < labels.length; i++) {
    let found = -1;
    for (let j = 0; j < classes; j++) {
      const value = data[i * classes + j];
      if (value === 0) continue;
      if (value !== 1 || found >= 0) found = classes;
      else found = j;
    }
    if (found < 0 || found === classes) {
      const row = Array.from({ length: Math.min(classes, 12) }, (_, j) => data[i * classes + j]);
      throw invalid(where, name, "integers, or rows with a single 1 and zeros", row);
    }
    labels[i] = found;
  }
  return labels;
}

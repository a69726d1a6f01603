// Labels in rows of numbers: what is left of labels.ts where the form of the array is known; fit loads it on demand.

import { LanewiseError } from "../../bindings/errors.ts";
import { show } from "../check.ts";

/** Rows of `width` numbers; `name` is the argument's, for messages. */
export interface NumberRows {
  readonly name: string;
  readonly data: ArrayLike<number>;
  readonly width: number;
}

const LABELS = "class indices, or one-hot rows with a single 1 and zeros";

const refusal = (where: string, name: string, expected: string, example: number, came: string): LanewiseError =>
  new LanewiseError("invalid-argument", `${where}: ${name} must be ${expected}, but example ${example} is ${came}.`);

/** Numbers that are class indices, from 0; `expected` says what else they might have been. */
export function classIndices(
  where: string,
  { name, data }: Pick<NumberRows, "name" | "data">,
  expected: string = LABELS,
): Int32Array {
  const classes = new Int32Array(data.length);
  for (let i = 0; i < classes.length; i++) {
    const value = data[i] as number;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) throw refusal(where, name, expected, i, show(value));
    classes[i] = value;
  }
  return classes;
}

/** The class of a one-hot row, e.g. 2 of [0, 0, 1]; -1 of any other row. */
function oneHotAt({ data, width }: NumberRows, row: number): number {
  let found = -1;
  for (let j = 0; j < width; j++) {
    const value = data[row * width + j];
    if (value === 0) continue;
    if (value !== 1 || found >= 0) return -1;
    found = j;
  }
  return found;
}

/**
 * Classes of labels: indices in rows of one number, or one-hot rows. Rows of probabilities are refused: some functions take labels first,
 * others predictions, and swapped arguments would go unnoticed.
 */
export function labelsOf(where: string, rows: NumberRows): Int32Array {
  if (rows.width === 1) return classIndices(where, rows);
  const { name, data, width } = rows;
  return Int32Array.from({ length: data.length / width }, (_, i) => {
    const label = oneHotAt(rows, i);
    if (label >= 0) return label;
    const row = show(Array.from({ length: width }, (_, j) => data[i * width + j]));
    const swapped = "(rows of probabilities are predictions: are the arguments swapped?)";
    throw refusal(where, name, LABELS, i, `${row} ${swapped}`);
  });
}

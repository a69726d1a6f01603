// Datasets: what users pass as x, y and weights, checked against a model and ready to be read by batches.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, nonNegative } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import { requireIntegers } from "../data/feed.ts";
import type { Form } from "../layers/network.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sizeOf } from "../shape.ts";

/** What a program wants of one input or target. */
export interface Wanted {
  /** Of the program's input, also in messages: "x", "y", "y.digits". */
  readonly label: string;
  /** Of one example. */
  readonly shape: Shape;
  readonly dtype: "float32" | "int32";
  /** Labels must lie below it. */
  readonly classes?: number;
  /** Said where the shape does not fit. */
  readonly hint?: string;
  /** Whether values must be finite and not negative: weights. */
  readonly weights?: true;
}

/** Weights by class: all, or a record by class index (1 for the others); "balanced" is n / (classes * count of the class). */
export type ClassWeight = "balanced" | readonly number[] | Readonly<Record<number, number>>;

/** Columns that hold weights: for all outputs, for one, and by class for one. */
export const SAMPLE_WEIGHT = "sampleWeight";
export const sampleWeightColumn = (output: string): string => `${SAMPLE_WEIGHT}.${output}`;
export const classWeightColumn = (output: string): string => `classWeight.${output}`;

export interface Column {
  readonly name: string;
  readonly data: NumericArray;
  /** Numbers of one example. */
  readonly size: number;
}

export interface Dataset {
  readonly count: number;
  readonly columns: readonly Column[];
}

/** Splits one, several or named arrays by how the model takes them, for its inputs or outputs. */
export function byForm(
  where: string,
  label: string,
  form: Form,
  slots: readonly { readonly name: string }[],
  value: unknown,
): unknown[] {
  if (form === "one") return [value];
  const names = slots.map(({ name }) => name);
  const list = form === "array";
  if (typeof value !== "object" || value === null || Array.isArray(value) !== list || ArrayBuffer.isView(value)) {
    throw invalid(
      where,
      label,
      list ? `an array of ${names.length} arrays` : `a record with ${names.join(", ")}`,
      value,
    );
  }
  const keys = list ? names.map((_, i) => String(i)) : names;
  for (const key of Object.keys(value)) {
    if (!keys.includes(key))
      throw new LanewiseError(
        "unknown-option",
        `${where}: ${label} has "${key}", which the model does not. Known: ${keys.join(", ")}.`,
      );
  }
  return keys.map((key) => {
    const each = (value as Record<string, unknown>)[key];
    if (each === undefined) throw new LanewiseError("invalid-argument", `${where}: ${label}.${key} is missing.`);
    return each;
  });
}

/** Checks one array against what is wanted; returns it as a column with its number of examples. */
export function checkColumn(where: string, wanted: Wanted, value: unknown): { column: Column; count: number } {
  const { label, shape, dtype, classes, hint = "" } = wanted;
  const at = `${where}: ${label}`;
  if (value === undefined) throw new LanewiseError("invalid-argument", `${at} is missing.`);
  const array = flattenArray(at, value as Values);
  const size = sizeOf(shape);
  const whole = [null, ...shape];
  if (array.data.length === 0) throw new LanewiseError("empty-data", `${at} has no examples.`);
  if (array.shape) {
    if (array.shape.length !== whole.length || !shape.every((n, axis) => n === array.shape?.[axis + 1])) {
      const nest = size === 1 ? `nest them so (${shape.length === 0 ? "[0, 1]" : "[[0], [1]]"})` : "nest them so";
      const isSame = (array.shape[0] as number) * size === array.data.length;
      throw new LanewiseError(
        "shape-mismatch",
        `${at} must have shape ${formatShape(whole)}, got ${formatShape(array.shape)}.${isSame ? ` The numbers are as many: ${nest}, or give a typed array.` : hint}`,
      );
    }
  } else if (array.data.length % size !== 0) {
    throw new LanewiseError(
      "shape-mismatch",
      `${at} must have shape ${formatShape(whole)}: ${array.data.length} numbers are no multiple of ${size}.${hint}`,
    );
  }
  if (dtype === "int32") requireIntegers(at, array.data);
  if (classes !== undefined) requireLabels(at, array.data, classes);
  if (wanted.weights) for (const weight of array.data) nonNegative(weight, label, where);
  return { column: { name: label, data: array.data, size }, count: array.data.length / size };
}

function requireLabels(where: string, data: NumericArray, classes: number): void {
  for (let i = 0; i < data.length; i++) {
    const label = data[i] as number;
    if (label < 0 || label >= classes) {
      throw new LanewiseError(
        "invalid-argument",
        `${where}: label ${label} of example ${i} is out of range: the model has ${classes} classes, 0 to ${classes - 1}.`,
      );
    }
  }
}

/** Checks several arrays; all must have the same number of examples. */
export function checkDataset(where: string, wanted: readonly Wanted[], values: readonly unknown[]): Dataset {
  const columns: Column[] = [];
  let count = -1;
  wanted.forEach((each, i) => {
    const checked = checkColumn(where, each, values[i]);
    if (count >= 0 && checked.count !== count) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: ${each.label} has ${checked.count} examples of shape ${formatShape(each.shape)}, ${wanted[0]?.label} has ${count}. They must be as many.${each.hint ?? ""}`,
      );
    }
    count = checked.count;
    columns.push(checked.column);
  });
  return { count, columns };
}

/** What a column of weights must be. */
export const weightWanted = (label: string): Wanted => ({ label, shape: [], dtype: "float32", weights: true });

/** The names of the columns that hold weights, one a line: part of a program's signature. */
export function weightsIn(dataset: Dataset): string {
  const names = dataset.columns.map(({ name }) => name);
  return names.filter((name) => /^(sample|class)Weight\b/.test(name)).join("\n");
}

/** The examples [first, end) of a dataset, without copying typed arrays. */
export function sliceDataset(dataset: Dataset, first: number, end: number): Dataset {
  return {
    count: end - first,
    columns: dataset.columns.map(({ name, data, size }) => ({
      name,
      size,
      data: ArrayBuffer.isView(data) ? data.subarray(first * size, end * size) : data.slice(first * size, end * size),
    })),
  };
}

// Labels: class indices or one-hot rows, read, counted, and turned into each other.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, positiveInteger } from "../check.ts";
import { formatShape, sizeOf } from "../shape.ts";
import type { Values } from "./arrays.ts";
import { flattenArray, newArray } from "./arrays.ts";
import { labelsOf } from "./labelRows.ts";

/**
 * Class indices of labels: integers from 0, `[n]` or `[n, 1]`, or one-hot `[n, classes]`. `count` is the number of
 * examples where it is known, so that one-hot rows in a typed array are recognised.
 */
export function readLabels(where: string, name: string, labels: unknown, count?: number): Int32Array {
  const { data, shape } = flattenArray(`${where}: ${name}`, labels);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: ${name} has no examples.`);
  const n = shape ? (shape[0] ?? 0) : (count ?? data.length);
  const each = data.length / n;
  if (shape?.length === 0 || (shape && sizeOf(shape.slice(2)) !== 1) || !Number.isInteger(each)) {
    const came = shape ? `shape ${formatShape(shape)}` : `${data.length} numbers for ${count} examples`;
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: ${name} must be [n] or [n, classes], one label an example, got ${came}.`,
    );
  }
  return labelsOf(where, { name, data, width: each });
}

/**
 * A code from 0 for each example, equal where the labels are: what strata are made of. Labels are class indices, one-hot
 * rows, any other numbers, or strings.
 */
export function strataOf(where: string, name: string, labels: unknown, count: number | null): Int32Array {
  const codes = new Map<unknown, number>();
  const codeOf = (label: unknown): number => {
    const known = codes.get(label);
    if (known !== undefined) return known;
    codes.set(label, codes.size);
    return codes.size - 1;
  };
  const texts = Array.isArray(labels) && labels.length > 0 && labels.every((each) => typeof each === "string");
  const list = texts ? labels : plainNumbers(where, name, labels, count);
  const strata = Int32Array.from(list as ArrayLike<unknown> & Iterable<unknown>, codeOf);
  if (count !== null && strata.length !== count) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: ${name} has ${strata.length} labels, the data have ${count} examples.`,
    );
  }
  return strata;
}

/** One number an example as it is, one-hot rows by their class. */
function plainNumbers(where: string, name: string, labels: unknown, count: number | null): ArrayLike<number> {
  const { data, shape } = flattenArray(`${where}: ${name}`, labels);
  const rows = shape ? shape[0] : (count ?? data.length);
  if (data.length === 0 || rows !== data.length) return readLabels(where, name, labels, count ?? undefined);
  const bad = Array.prototype.findIndex.call(data, (label: number) => Number.isNaN(label));
  if (bad >= 0) throw invalid(where, name, "labels", `NaN for example ${bad}`);
  return data;
}

/** Options of `oneHot`. */
export interface OneHotOptions {
  /** Size of the last axis; by default the highest label and one. */
  readonly classes?: number;
}

/**
 * One row for each label: 1 at its class, 0 elsewhere, `[...labels, classes]`. Labels are integers from 0.
 * Throws `invalid-argument` for labels that are not below `classes`, `out-of-memory` where the rows have no room.
 */
export function oneHot(labels: Values, options: OneHotOptions = {}): { data: Float32Array; shape: number[] } {
  const where = "oneHot";
  checkOptions(where, options, { classes: positiveInteger });
  const { data: numbers, shape } = flattenArray(`${where}: labels`, labels);
  if (numbers.length === 0) throw new LanewiseError("empty-data", `${where}: labels holds no numbers.`);
  const flat = readLabels(where, "labels", { data: numbers, shape: [numbers.length] });
  const classes = classCount(where, flat, options.classes);
  const data = newArray(where, "float32", flat.length * classes) as Float32Array;
  flat.forEach((label, i) => {
    data[i * classes + label] = 1;
  });
  return { data, shape: [...(shape ?? [flat.length]), classes] };
}

/** How many classes there are; throws where a label is not one of those given. */
function classCount(where: string, labels: Int32Array, given: number | undefined): number {
  let highest = 0;
  for (const label of labels) highest = Math.max(highest, label);
  if (given === undefined) return highest + 1;
  if (highest >= given) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: labels has ${highest}, which is not below the ${given} classes.`,
    );
  }
  return given;
}

/** Options of `classWeights`. */
export interface ClassWeightsOptions {
  /** How many classes there are; by default the highest label and one, or the row's length where labels are one-hot. */
  readonly classes?: number;
}

/**
 * Weights by class that make each class count the same: n / (classes * count of the class), so that the mean weight of an
 * example is 1 (scikit-learn's "balanced"; King and Zeng 2001). Labels are integers from 0, or one-hot.
 * For `classWeight` of `fit`. Throws `empty-data` where a class has no example: its weight would be infinite.
 */
export function classWeights(labels: Values, options: ClassWeightsOptions = {}): number[] {
  const where = "classWeights";
  checkOptions(where, options, { classes: positiveInteger });
  const flat = readLabels(where, "labels", labels);
  const { shape } = flattenArray(`${where}: labels`, labels);
  const oneHotClasses = shape && shape.length > 1 && (shape[1] as number) > 1 ? shape[1] : undefined;
  const classes = classCount(where, flat, options.classes ?? oneHotClasses);
  const counts = new Float64Array(classes);
  for (const label of flat) counts[label] = (counts[label] as number) + 1;
  const missing = counts.indexOf(0);
  if (missing >= 0) {
    throw new LanewiseError(
      "empty-data",
      `${where}: labels has no example of class ${missing} of ${classes}, whose weight would be infinite. Give weights of your own.`,
    );
  }
  return Array.from(counts, (count) => flat.length / (classes * count));
}

// Tables of labels against predictions: the confusion matrix, and precision, recall and F1 of each class.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { anything, checkOptions, finite, invalid, oneOf } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { labelsOf } from "../data/labelRows.ts";
import { textTable, withText } from "../text.ts";
import type { ClassCounts } from "./counts.ts";
import { averageScore, countExample, createCounts, scoreOf } from "./counts.ts";
import { predictedOf, requireSameCount, rowsOf, weightsOf } from "./rows.ts";

/** Options of what compares classes. */
export interface ClassOptions {
  /** How many classes there are, or their names; by default as many as occur. */
  readonly classes?: number | readonly string[];
  /** A weight for each example, by default 1. */
  readonly sampleWeight?: Values;
  /** Above it a prediction [n] or [n, 1] counts as the class 1; by default 0.5 where predictions are no class indices. */
  readonly threshold?: number;
}

/** Classes of labels and predictions, with their weights. */
export interface ClassPairs {
  readonly labels: Int32Array;
  readonly predictions: Int32Array;
  readonly weights: ArrayLike<number> | null;
  /** Names of the classes, by default their numbers. */
  readonly classes: readonly string[];
}

/** Counts are kept for each class, and in a matrix for every pair of them. */
const CLASSES_MAX = 65536;
const MATRIX_CLASSES_MAX = 4096;

const classesOption = (value: unknown, name: string, where: string): unknown => {
  const isNames = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
  const isCount = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= CLASSES_MAX;
  if (isNames || isCount) return value;
  throw invalid(where, name, `a number of classes from 1 to ${CLASSES_MAX}, or an array of their names`, value);
};

/** Checkers of ClassOptions. */
export const classCheckers: Readonly<Record<"classes" | "sampleWeight" | "threshold", Checker>> = {
  classes: classesOption,
  sampleWeight: anything,
  threshold: finite,
};

export function pairsOf(where: string, labels: Values, predictions: Values, options: ClassOptions): ClassPairs {
  const [left, right] = [rowsOf(where, "labels", labels), rowsOf(where, "predictions", predictions)];
  requireSameCount(where, left, right);
  const pairs = { labels: labelsOf(where, left), predictions: predictedOf(where, right, options.threshold) };
  const most = (values: Int32Array): number => values.reduce((high, each) => Math.max(high, each), 0);
  const needed = Math.max(left.width, right.width, most(pairs.labels) + 1, most(pairs.predictions) + 1, 2);
  if (needed > CLASSES_MAX)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: class ${needed - 1} occurs, the highest is ${CLASSES_MAX - 1}.`,
    );
  const { classes = needed } = options;
  const names = typeof classes === "number" ? Array.from({ length: classes }, (_, i) => String(i)) : classes;
  if (Math.max(most(pairs.labels), most(pairs.predictions)) >= names.length)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: classes are ${names.length}, but class ${Math.max(most(pairs.labels), most(pairs.predictions))} occurs.`,
    );
  return { ...pairs, classes: names, weights: weightsOf(where, left.count, options.sampleWeight) };
}

export function countPairs({ labels, predictions, weights, classes }: ClassPairs): ClassCounts {
  const counts = createCounts(classes.length);
  labels.forEach((label, i) => {
    countExample(counts, label, predictions[i] as number, weights ? (weights[i] as number) : 1);
  });
  return counts;
}

/** A sum of weights without the last digits that adding leaves: 0.1 + 0.2 is 0.3. */
const countText = (sum: number): string => String(Number(sum.toPrecision(12)));

/** What `confusionMatrix` returns. */
export interface ConfusionMatrix {
  /** counts[label][prediction]: examples, or their weights, or shares. */
  readonly counts: readonly (readonly number[])[];
  readonly classes: readonly string[];
  /** A table, labels down, predictions across. */
  toString(): string;
}

/** Options of `confusionMatrix`. */
export interface ConfusionMatrixOptions extends ClassOptions {
  /** Divides by the sum of each row ("labels"), of each column ("predictions"), or of all; 0 where that is 0. */
  readonly normalize?: "labels" | "predictions" | "all";
}

/** Counts divided by what `of` says. */
function sharesOf(counts: readonly (readonly number[])[], of: "labels" | "predictions" | "all"): number[][] {
  const [rows, columns] = [counts.map(() => 0), counts.map(() => 0)];
  let all = 0;
  for (const [r, row] of counts.entries())
    for (const [c, count] of row.entries()) {
      rows[r] = (rows[r] as number) + count;
      columns[c] = (columns[c] as number) + count;
      all += count;
    }
  const divisor = (r: number, c: number): number =>
    of === "all" ? all : ((of === "labels" ? rows[r] : columns[c]) as number);
  return counts.map((row, r) => row.map((count, c) => (divisor(r, c) === 0 ? 0 : count / divisor(r, c))));
}

/**
 * How often each label was predicted as each class: counts[label][prediction]. Labels are class indices or one-hot rows,
 * predictions class indices, rows of probabilities as `predict` gives them, or probabilities of the class 1. Throws
 * `shape-mismatch` where they are not as many, `invalid-argument` for what is no class and for more than 4,096 classes.
 */
export function confusionMatrix(
  labels: Values,
  predictions: Values,
  options: ConfusionMatrixOptions = {},
): ConfusionMatrix {
  const where = "confusionMatrix";
  checkOptions(where, options, { ...classCheckers, normalize: oneOf("labels", "predictions", "all") });
  const { normalize, ...rest } = options;
  const pairs = pairsOf(where, labels, predictions, rest);
  const { classes, weights } = pairs;
  if (classes.length > MATRIX_CLASSES_MAX)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: a matrix has at most ${MATRIX_CLASSES_MAX} classes, here are ${classes.length}. Take classificationReport.`,
    );
  const counts = classes.map(() => classes.map(() => 0));
  pairs.labels.forEach((label, i) => {
    const row = counts[label] as number[];
    const column = pairs.predictions[i] as number;
    row[column] = (row[column] as number) + (weights ? (weights[i] as number) : 1);
  });
  const values = normalize ? sharesOf(counts, normalize) : counts;
  const print = (x: number): string => (normalize ? x.toFixed(3) : countText(x));
  const rows = (): string[][] => [
    ["", ...classes],
    ...values.map((row, r) => [classes[r] as string, ...row.map(print)]),
  ];
  const right = classes.map((_, c) => c + 1);
  return withText({ counts: values, classes }, () => textTable(rows(), right).join("\n"));
}

/** Precision, recall and F1 of one class, or their means. */
export interface ClassReportRow {
  readonly name: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Labels of the class. */
  readonly support: number;
}

/** What `classificationReport` returns. */
export interface ClassificationReport {
  readonly accuracy: number;
  readonly classes: readonly ClassReportRow[];
  /** The mean over classes that occur. */
  readonly macro: ClassReportRow;
  /** Weighted by support. */
  readonly weighted: ClassReportRow;
  /** A table. */
  toString(): string;
}

/** Precision, recall and F1 of each class, with their means and the accuracy; arguments as of `confusionMatrix`. */
export function classificationReport(
  labels: Values,
  predictions: Values,
  options: ClassOptions = {},
): ClassificationReport {
  const where = "classificationReport";
  checkOptions(where, options, classCheckers);
  const pairs = pairsOf(where, labels, predictions, options);
  const counts = countPairs(pairs);
  const { truePositives, predicted, actual } = counts;
  const support = actual.reduce((sum, each) => sum + each, 0);
  const scores = (of: (score: "precision" | "recall" | "f1") => number) => ({
    precision: of("precision"),
    recall: of("recall"),
    f1: of("f1"),
  });
  const rows = pairs.classes.map(
    (name, c): ClassReportRow => ({
      name,
      ...scores((s) => scoreOf(s, truePositives[c] as number, predicted[c] as number, actual[c] as number)),
      support: actual[c] as number,
    }),
  );
  const mean = (average: "macro" | "weighted"): ClassReportRow => ({
    name: average,
    ...scores((s) => averageScore(s, counts, average)),
    support,
  });
  const [macro, weighted] = [mean("macro"), mean("weighted")];
  const accuracy = averageScore("recall", counts, "micro");
  const cells = ({ name, precision, recall, f1, support: n }: ClassReportRow): string[] => [
    name,
    precision.toFixed(3),
    recall.toFixed(3),
    f1.toFixed(3),
    countText(n),
  ];
  const table = (): string[][] => [
    ["", "precision", "recall", "f1", "support"],
    ...rows.map(cells),
    ["accuracy", "", "", accuracy.toFixed(3), countText(support)],
    cells(macro),
    cells(weighted),
  ];
  return withText({ accuracy, classes: rows, macro, weighted }, () => textTable(table(), [1, 2, 3, 4]).join("\n"));
}

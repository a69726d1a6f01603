// Scores of predictions on arrays: the functions of `scores`. The arithmetic is that of the metrics over a whole set.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions, invalid, oneOf, positiveInteger } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { labelsOf } from "../data/labelRows.ts";
import type { ClassOptions } from "./confusion.ts";
import { classCheckers, countPairs, pairsOf } from "./confusion.ts";
import type { Average, Score } from "./counts.ts";
import { averageScore, averages } from "./counts.ts";
import type { RegressionState } from "./errors.ts";
import {
  addRegression,
  binaryLogLoss,
  createRegression,
  determination,
  meanAbsolute,
  meanSquared,
  rowLogLoss,
  smallestFor,
} from "./errors.ts";
import type { Scored } from "./ranking.ts";
import { averagePrecision as averagePrecisionOf, meanOverColumns, rocAuc as rocAucOf, stepsOf } from "./ranking.ts";
import type { Rows } from "./rows.ts";
import { requireSameCount, rowsOf, weightsOf } from "./rows.ts";

/** Options of `scores.precision`, `scores.recall` and `scores.f1`. */
export interface AveragedScoreOptions extends ClassOptions {
  /** "binary": of the class 1, the default for two classes; "macro" (the default for more), "weighted" or "micro". */
  readonly average?: Average;
}

/** Options of scores that take a weight for each example. */
export interface WeightedOptions {
  readonly sampleWeight?: Values;
}

const weightedCheckers = { sampleWeight: classCheckers.sampleWeight } as const;

/** Share of the predictions that are the label; arguments as of `confusionMatrix`. */
export function accuracy(labels: Values, predictions: Values, options: ClassOptions = {}): number {
  checkOptions("scores.accuracy", options, classCheckers);
  return averageScore("recall", countPairs(pairsOf("scores.accuracy", labels, predictions, options)), "micro");
}

function averaged(score: Score, labels: Values, predictions: Values, options: AveragedScoreOptions): number {
  const where = `scores.${score}`;
  checkOptions(where, options, { ...classCheckers, average: oneOf(...averages) });
  const { average, ...rest } = options;
  const pairs = pairsOf(where, labels, predictions, rest);
  const count = pairs.classes.length;
  if (average === "binary" && count !== 2)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: average "binary" is for two classes, there are ${count}. Use "macro", "micro" or "weighted".`,
    );
  return averageScore(score, countPairs(pairs), average ?? (count === 2 ? "binary" : "macro"));
}

/** tp / (tp + fp); 0 where nothing is predicted. Arguments as of `confusionMatrix`. */
export function precision(labels: Values, predictions: Values, options: AveragedScoreOptions = {}): number {
  return averaged("precision", labels, predictions, options);
}

/** tp / (tp + fn); 0 where nothing is there. Arguments as of `confusionMatrix`. */
export function recall(labels: Values, predictions: Values, options: AveragedScoreOptions = {}): number {
  return averaged("recall", labels, predictions, options);
}

/** 2 tp / (2 tp + fp + fn); 0 where that is 0. Arguments as of `confusionMatrix`. */
export function f1(labels: Values, predictions: Values, options: AveragedScoreOptions = {}): number {
  return averaged("f1", labels, predictions, options);
}

/** Labels and scores, as many; labels 0 and 1 where there is one score an example. */
function scoredRows(where: string, labels: Values, scores: Values): { classes: Int32Array; right: Rows } {
  const [left, right] = [rowsOf(where, "labels", labels), rowsOf(where, "scores", scores)];
  requireSameCount(where, left, right);
  const classes = labelsOf(where, left);
  const end = Math.max(2, right.width);
  const bad = classes.findIndex((label) => label >= end);
  if (bad >= 0)
    throw invalid(where, "labels", `classes from 0 to ${end - 1}, but example ${bad} is none`, classes[bad]);
  return { classes, right };
}

/** Scores of the class 1: [n], [n, 1], or the second of [n, 2]. */
function binaryScores(where: string, labels: Values, scores: Values, sampleWeight: Values | undefined): Scored {
  const { classes, right } = scoredRows(where, labels, scores);
  if (right.width > 2)
    throw new LanewiseError("shape-mismatch", `${where}: scores must be [n] or [n, 2], got ${right.width} a row.`);
  const { data, width, count } = right;
  return {
    scores: Float64Array.from({ length: count }, (_, i) => data[i * width + width - 1] as number),
    positive: classes,
    weights: weightsOf(where, count, sampleWeight),
  };
}

function rankedScore(
  where: string,
  score: (scored: Scored) => number,
  labels: Values,
  scores: Values,
  options: WeightedOptions,
): number {
  checkOptions(where, options, weightedCheckers);
  const { sampleWeight } = options;
  const { classes, right } = scoredRows(where, labels, scores);
  if (right.width <= 2) return score(binaryScores(where, labels, scores, sampleWeight));
  const weights = weightsOf(where, right.count, sampleWeight);
  const isPositive = (row: number, c: number): boolean => classes[row] === c;
  return meanOverColumns(score, { scores: right.data, width: right.width, isPositive, weights });
}

/**
 * Area under the ROC curve: the share of pairs of a positive and a negative whose scores are in order, equal ones half. Of rows of
 * several classes each against the rest, the mean. NaN where there are examples of one class only, or a score is NaN.
 */
export function rocAuc(labels: Values, scores: Values, options: WeightedOptions = {}): number {
  return rankedScore("scores.rocAuc", rocAucOf, labels, scores, options);
}

/** Sum of (R_i - R_(i-1)) P_i over distinct scores, recall R and precision P; NaN without positives. */
export function averagePrecision(labels: Values, scores: Values, options: WeightedOptions = {}): number {
  return rankedScore("scores.averagePrecision", averagePrecisionOf, labels, scores, options);
}

/** A point of a curve for each distinct score: what is at or above `threshold` counts as positive. */
export interface RocPoint {
  readonly threshold: number;
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

/** The ROC curve, from (0, 0) at the threshold Infinity to (1, 1); rates are NaN where a class is missing. */
export function rocCurve(labels: Values, scores: Values, options: WeightedOptions = {}): RocPoint[] {
  const { thresholds, positives, negatives } = curveSteps("scores.rocCurve", labels, scores, options);
  const [p, n] = [positives.at(-1) as number, negatives.at(-1) as number];
  return [Number.POSITIVE_INFINITY, ...thresholds].map((threshold, i) => ({
    threshold,
    falsePositiveRate: (negatives[i - 1] ?? 0) / n,
    truePositiveRate: (positives[i - 1] ?? 0) / p,
  }));
}

/** A point of a curve for each distinct score: what is at or above `threshold` counts as positive. */
export interface PrecisionRecallPoint {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
}

/** Precision and recall at each distinct score, from the highest; recall is NaN without positives. */
export function precisionRecallCurve(
  labels: Values,
  scores: Values,
  options: WeightedOptions = {},
): PrecisionRecallPoint[] {
  const { thresholds, positives, negatives } = curveSteps("scores.precisionRecallCurve", labels, scores, options);
  const all = positives.at(-1) as number;
  return thresholds.map((threshold, i) => {
    const p = positives[i] as number;
    const predicted = p + (negatives[i] as number);
    return { threshold, precision: predicted === 0 ? 0 : p / predicted, recall: p / all };
  });
}

function curveSteps(where: string, labels: Values, scores: Values, options: WeightedOptions) {
  checkOptions(where, options, weightedCheckers);
  const steps = stepsOf(binaryScores(where, labels, scores, options.sampleWeight));
  if (!steps) throw new LanewiseError("non-finite", `${where}: a score is NaN.`);
  return steps;
}

/** Options of `scores.topKAccuracy`. */
export interface TopKAccuracyOptions extends WeightedOptions {
  /** By default 5. */
  readonly k?: number;
}

/** Share of the labels that are among the k largest of their row; of equal ones the first stands first. */
export function topKAccuracy(labels: Values, probabilities: Values, options: TopKAccuracyOptions = {}): number {
  const where = "scores.topKAccuracy";
  checkOptions(where, options, { ...weightedCheckers, k: positiveInteger });
  const { classes, right } = scoredRows(where, labels, probabilities);
  const weights = weightsOf(where, right.count, options.sampleWeight);
  const { data, width } = right;
  if (width < 2) throw new LanewiseError("shape-mismatch", `${where}: probabilities must be rows [n, classes].`);
  let [sum, total] = [0, 0];
  classes.forEach((label, i) => {
    const own = data[i * width + label] as number;
    let before = Number.isNaN(own) ? width : 0;
    for (let j = 0; j < width; j++) {
      const other = data[i * width + j] as number;
      if (other > own || (other === own && j < label)) before++;
    }
    const weight = weights ? (weights[i] as number) : 1;
    if (before < (options.k ?? 5)) sum += weight;
    total += weight;
  });
  return sum / total;
}

/** Options of `scores.logLoss`. */
export interface LogLossOptions extends WeightedOptions {
  /** Whether logits are given rather than probabilities, by default false. */
  readonly fromLogits?: boolean;
}

/**
 * Mean of -log p of the label: [n] or [n, 1] probabilities of the class 1, or rows [n, classes]. Probabilities are kept 2^-52 away from
 * 0 and 1, or 2^-23 in a Float32Array.
 */
export function logLoss(labels: Values, probabilities: Values, options: LogLossOptions = {}): number {
  const where = "scores.logLoss";
  checkOptions(where, options, { ...weightedCheckers, fromLogits: bool });
  const { fromLogits = false } = options;
  const { classes, right } = scoredRows(where, labels, probabilities);
  const { data, width, count } = right;
  const small = smallestFor(data);
  if (!fromLogits) {
    for (let i = 0; i < data.length; i++) {
      const p = data[i] as number;
      if (p < 0 || p > 1) throw invalid(where, "probabilities", "from 0 to 1; logits need fromLogits: true", p);
    }
  }
  const weights = weightsOf(where, count, options.sampleWeight);
  let [sum, total] = [0, 0];
  for (let i = 0; i < count; i++) {
    const weight = weights ? (weights[i] as number) : 1;
    const label = classes[i] as number;
    const loss =
      width === 1
        ? binaryLogLoss(label, data[i] as number, fromLogits, small)
        : rowLogLoss((j) => Number(j === label), data, i * width, width, fromLogits, small);
    sum += weight * loss;
    total += weight;
  }
  return sum / total;
}

function regression(name: string, targets: Values, predictions: Values, options: WeightedOptions): RegressionState {
  const where = `scores.${name}`;
  checkOptions(where, options, weightedCheckers);
  const [left, right] = [rowsOf(where, "targets", targets), rowsOf(where, "predictions", predictions)];
  requireSameCount(where, left, right);
  if (left.width !== right.width)
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: targets have ${left.width} a row, predictions ${right.width}.`,
    );
  const state = createRegression(left.width);
  const weights = weightsOf(where, left.count, options.sampleWeight);
  addRegression(state, left.data, right.data, weights);
  return state;
}

/** 1 - sum (t - p)^2 / sum (t - mean t)^2, the mean over columns; of constant targets 1 where all is right, else 0; NaN for one example. */
export function r2(targets: Values, predictions: Values, options: WeightedOptions = {}): number {
  return determination(regression("r2", targets, predictions, options));
}

/** Mean of |t - p|. */
export function meanAbsoluteError(targets: Values, predictions: Values, options: WeightedOptions = {}): number {
  return meanAbsolute(regression("meanAbsoluteError", targets, predictions, options));
}

/** Mean of (t - p)^2. */
export function meanSquaredError(targets: Values, predictions: Values, options: WeightedOptions = {}): number {
  return meanSquared(regression("meanSquaredError", targets, predictions, options));
}

/** Root of the mean of (t - p)^2 over all examples and columns. */
export function rootMeanSquaredError(targets: Values, predictions: Values, options: WeightedOptions = {}): number {
  return Math.sqrt(meanSquared(regression("rootMeanSquaredError", targets, predictions, options)));
}

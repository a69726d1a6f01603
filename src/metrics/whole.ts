// The library's metrics over a whole set, exact: sums and counts in float64, or all scores kept.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, finite, nonEmptyString, oneOf } from "../check.ts";
import type { Loss } from "../losses.ts";
import { meanAbsoluteError as absoluteLoss, meanSquaredError as squaredLoss } from "../losses.ts";
import type {
  ExampleMetric,
  MetricBatch,
  MetricOptions,
  MetricSubject,
  StatefulMetric,
  WholeMetric,
} from "../metrics.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import type { Average, ClassCounts, Score } from "./counts.ts";
import { averageScore, averages, countExample, createCounts } from "./counts.ts";
import type { RegressionState } from "./errors.ts";
import {
  addRegression,
  binaryLogLoss,
  createRegression,
  determination,
  meanSquared,
  rowLogLoss,
  smallestFor,
} from "./errors.ts";
import { averagePrecision as averagePrecisionOf, meanOverColumns, rocAuc } from "./ranking.ts";
import { largestIn } from "./rows.ts";

const nameOnly = { name: nonEmptyString } as const;

/** Options of `precision`, `recall` and `f1Score`. */
export interface ClassScoreOptions extends MetricOptions {
  /**
   * "binary": of the class 1 (the default for one output value); "macro": the mean over classes (the default for several); "weighted":
   * weighted by the labels' counts; "micro": of all decisions together.
   */
  readonly average?: Average;
  /** Above it a value counts as the class 1, for outputs of a sigmoid; by default 0.5, 0 for logits. */
  readonly threshold?: number;
}

/** What stands in an example: one decision a value, several that do not exclude each other, or rows of classes. */
type Layout = "binary" | "multilabel" | "labels" | "oneHot";

interface Laid {
  readonly layout: Layout;
  readonly width: number;
  /** Rows, or single values, of one example. */
  readonly rows: number;
}

function layoutOf({ where, loss, targetShape, predictionShape }: MetricSubject): Laid {
  const width = predictionShape.at(-1) ?? 1;
  const size = sizeOf(predictionShape);
  if (width > 1 && sameShape(targetShape, predictionShape.slice(0, -1)))
    return { layout: "labels", width, rows: size / width };
  if (!sameShape(targetShape, predictionShape))
    throw new LanewiseError(
      "shape-mismatch",
      `${where} needs class indices or one value for each of the prediction's, got targets ${formatShape([null, ...targetShape])} and predictions ${formatShape([null, ...predictionShape])}.`,
    );
  if (width === 1) return { layout: "binary", width, rows: size };
  return { layout: loss.name === "binaryCrossentropy" ? "multilabel" : "oneHot", width, rows: size / width };
}

const rowsOf = ({ data }: MetricBatch, width: number) => ({ data, width, count: data.length / width });
const weightAt = (weights: Float32Array | null, row: number, rows: number): number =>
  weights ? (weights[Math.floor(row / rows)] as number) : 1;

function classScore(score: Score, kind: string, options: ClassScoreOptions): WholeMetric {
  checkOptions(kind, options, { name: nonEmptyString, average: oneOf(...averages), threshold: finite });
  const whole = (subject: MetricSubject): StatefulMetric<ClassCounts> => {
    const laid = layoutOf(subject);
    const { layout, width, rows } = laid;
    const average = options.average ?? (layout === "binary" ? "binary" : "macro");
    const isRows = layout === "labels" || layout === "oneHot";
    if (average === "binary" && (layout === "multilabel" || width > 2))
      throw new LanewiseError(
        "invalid-argument",
        `${subject.where}: average "binary" is for two classes, there are ${width}. Use "macro", "micro" or "weighted".`,
      );
    if (options.threshold !== undefined && isRows)
      throw new LanewiseError(
        "invalid-argument",
        `${subject.where}: threshold is for outputs of a sigmoid; of ${width} classes the largest counts. Leave it out.`,
      );
    const limit = options.threshold ?? (subject.loss.fromLogits ? 0 : 0.5);
    return {
      init: () => createCounts(layout === "binary" ? 2 : width),
      update(counts, target, prediction, weights) {
        if (isRows) return countRows(counts, laid, target, prediction, weights);
        const [t, p] = [target.data, prediction.data];
        for (let i = 0; i < p.length; i++) {
          const weight = weightAt(weights, i, rows * width);
          const [actual, predicted] = [(t[i] as number) > 0.5, (p[i] as number) > limit];
          if (layout === "binary") countExample(counts, Number(actual), Number(predicted), weight);
          else countDecision(counts, i % width, actual, predicted, weight);
        }
      },
      result: (counts) => averageScore(score, counts, average),
    };
  };
  return { kind: "metric", name: options.name ?? kind, whole };
}

function countRows(
  counts: ClassCounts,
  { layout, width, rows }: Laid,
  target: MetricBatch,
  prediction: MetricBatch,
  weights: Float32Array | null,
): void {
  const [t, p] = [rowsOf(target, width), rowsOf(prediction, width)];
  for (let i = 0; i < p.count; i++) {
    const label = layout === "labels" ? (t.data[i] as number) : largestIn(t, i);
    countExample(counts, label, largestIn(p, i), weightAt(weights, i, rows));
  }
}

function countDecision(
  { truePositives, predicted, actual }: ClassCounts,
  at: number,
  isActual: boolean,
  isPredicted: boolean,
  weight: number,
): void {
  if (isActual) actual[at] = (actual[at] as number) + weight;
  if (isPredicted) predicted[at] = (predicted[at] as number) + weight;
  if (isActual && isPredicted) truePositives[at] = (truePositives[at] as number) + weight;
}

/** tp / (tp + fp): how much of what is predicted is right; 0 where nothing is predicted. */
export function precision(options: ClassScoreOptions = {}): WholeMetric {
  return classScore("precision", "precision", options);
}

/** tp / (tp + fn): how much of what is there is found; 0 where nothing is there. */
export function recall(options: ClassScoreOptions = {}): WholeMetric {
  return classScore("recall", "recall", options);
}

/** 2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall; 0 where the divisor is. */
export function f1Score(options: ClassScoreOptions = {}): WholeMetric {
  return classScore("f1", "f1Score", options);
}

/** Batches as they came. */
interface Kept {
  readonly target: MetricBatch[];
  readonly prediction: MetricBatch[];
  readonly weights: (Float32Array | null)[];
}

function joined(parts: readonly ArrayLike<number>[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const data of parts) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}

function ranked(name: string, score: typeof rocAuc): WholeMetric {
  const whole = (subject: MetricSubject): StatefulMetric<Kept> => {
    const { layout, width, rows } = layoutOf(subject);
    return {
      init: () => ({ target: [], prediction: [], weights: [] }),
      update(kept, target, prediction, weights) {
        kept.target.push(target);
        kept.prediction.push(prediction);
        kept.weights.push(weights);
      },
      result(kept) {
        const [targets, scores] = [kept.target, kept.prediction].map((list) =>
          joined(list.map(({ data }) => data)),
        ) as [Float64Array, Float64Array];
        const count = scores.length / width;
        const weights = kept.weights.some((each) => each !== null)
          ? joined(kept.weights.map((data, i) => data ?? new Float32Array(kept.target[i]?.shape[0] as number).fill(1)))
          : null;
        const each = weights && Float64Array.from({ length: count }, (_, i) => weights[Math.floor(i / rows)] as number);
        if (layout === "binary") return score({ scores, positive: targets, weights: each });
        const isPositive = (row: number, c: number): boolean =>
          layout === "labels" ? targets[row] === c : (targets[row * width + c] as number) > 0.5;
        if (width > 2 || layout === "multilabel")
          return meanOverColumns(score, { scores, width, isPositive, weights: each });
        const second = (_: unknown, i: number): number => scores[i * 2 + 1] as number;
        const length = { length: count };
        const positive = Float64Array.from(length, (_, i) => Number(isPositive(i, 1)));
        return score({ scores: Float64Array.from(length, second), positive, weights: each });
      },
    };
  };
  return { kind: "metric", name, whole };
}

/** Options of `auc`. */
export interface AucOptions extends MetricOptions {
  /** "roc" (default): true against false positives; "pr": precision against recall, as averagePrecision. */
  readonly curve?: "roc" | "pr";
}

/**
 * Area under a curve, from all scores without thresholds: the share of pairs of a positive and a negative that are in order, equal scores
 * counting half (Mann and Whitney 1947). Of several classes each against the rest, the mean. NaN where only one class is there. Scores
 * of the epoch are kept in memory.
 */
export function auc(options: AucOptions = {}): WholeMetric {
  checkOptions("auc", options, { name: nonEmptyString, curve: oneOf("roc", "pr") });
  return ranked(options.name ?? "auc", options.curve === "pr" ? averagePrecisionOf : rocAuc);
}

/** Sum of (R_i - R_(i-1)) P_i over all distinct scores, recall R and precision P; NaN without positives. */
export function averagePrecision(options: MetricOptions = {}): WholeMetric {
  checkOptions("averagePrecision", options, nameOnly);
  return ranked(options.name ?? "averagePrecision", averagePrecisionOf);
}

/** Mean of -log p of what is true, in float64, from probabilities kept 2^-23 away from 0 and 1, or from logits. */
export function logLoss(options: MetricOptions = {}): WholeMetric {
  checkOptions("logLoss", options, nameOnly);
  const whole = (subject: MetricSubject): StatefulMetric<{ sum: number; weight: number }> => {
    const { layout, width, rows } = layoutOf(subject);
    const { fromLogits } = subject.loss;
    const small = smallestFor(new Float32Array(0));
    return {
      init: () => ({ sum: 0, weight: 0 }),
      update(state, { data: targets }, { data: values }, weights) {
        const isRows = layout === "labels" || layout === "oneHot";
        const step = isRows ? width : 1;
        const each = isRows ? rows : rows * width;
        for (let i = 0; i * step < values.length; i++) {
          const weight = weightAt(weights, i, each);
          const targetAt = (j: number): number =>
            layout === "labels" ? Number(targets[i] === j) : (targets[i * width + j] as number);
          const loss = isRows
            ? rowLogLoss(targetAt, values, i * width, width, fromLogits, small)
            : binaryLogLoss(targets[i] as number, values[i] as number, fromLogits, small);
          state.sum += weight * loss;
          state.weight += weight;
        }
      },
      result: ({ sum, weight }) => sum / weight,
    };
  };
  return { kind: "metric", name: options.name ?? "logLoss", whole };
}

function regression(name: string, result: (state: RegressionState) => number): WholeMetric {
  const whole = ({ where, targetShape, predictionShape }: MetricSubject): StatefulMetric<RegressionState> => {
    if (!sameShape(targetShape, predictionShape))
      throw new LanewiseError("shape-mismatch", `${where} needs one target for each of the prediction's values.`);
    return {
      init: () => createRegression(sizeOf(predictionShape)),
      update: (state, target, prediction, weights) => addRegression(state, target.data, prediction.data, weights),
      result,
    };
  };
  return { kind: "metric", name, whole };
}

/**
 * R^2 = 1 - sum (t - p)^2 / sum (t - mean t)^2, the mean over outputs. Of constant targets 1 where all is right, else 0; NaN for fewer
 * than two examples.
 */
export function r2Score(options: MetricOptions = {}): WholeMetric {
  checkOptions("r2Score", options, nameOnly);
  return regression(options.name ?? "r2Score", determination);
}

/** Root of the mean of (t - p)^2 over all examples and outputs. */
export function rootMeanSquaredError(options: MetricOptions = {}): WholeMetric {
  checkOptions("rootMeanSquaredError", options, nameOnly);
  return regression(options.name ?? "rootMeanSquaredError", (state) => Math.sqrt(meanSquared(state)));
}

const ofLoss = ({ name, call }: Loss, options: MetricOptions): ExampleMetric => ({
  kind: "metric",
  name: options.name ?? name,
  call,
});

/** Mean of (t - p)^2. */
export function meanSquaredError(options: MetricOptions = {}): ExampleMetric {
  checkOptions("meanSquaredError", options, nameOnly);
  return ofLoss(squaredLoss(), options);
}

/** Mean of |t - p|. */
export function meanAbsoluteError(options: MetricOptions = {}): ExampleMetric {
  checkOptions("meanAbsoluteError", options, nameOnly);
  return ofLoss(absoluteLoss(), options);
}

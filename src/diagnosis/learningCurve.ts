// Learning curves over the size of the training set, and what they say.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import {
  abortSignal,
  anything,
  checker,
  checkOptions,
  finite,
  invalid,
  nonEmptyString,
  nonNegative,
  positiveInteger,
  seedValue,
} from "../check.ts";
import { errorLabel, errorOf, isScore } from "../metrics/names.ts";
import type { Model } from "../model.ts";
import { permutation } from "../random.ts";
import { SUBSET_STREAM } from "../streams.ts";
import { short, textTable, withText } from "../text.ts";
import type { Examples } from "../train/examples.ts";
import type { CreateModel } from "./fresh.ts";
import { examplePool, freshModel, reported, requireCreate } from "./fresh.ts";

/** Options of `learningCurve`; `validation` must be given. */
export interface LearningCurveOptions {
  /** Numbers of training examples; by default a tenth, a fifth, two fifths, seven tenths of the data and all of it. */
  readonly sizes?: readonly number[];
  /** The dev set, the same for all sizes. */
  readonly validation: Examples;
  /** Of each training, by default 10. */
  readonly epochs?: number;
  /** By default 32. */
  readonly batchSize?: number;
  /** Trainings of each size, on other examples with other initial values; the curve is their mean. By default 1. */
  readonly repeats?: number;
  /** By default 0. */
  readonly seed?: number;
  /** Ends it within a step; it rejects with signal.reason. */
  readonly signal?: AbortSignal;
  /** A name that `evaluate` reports; of an accuracy (or another score) the error is 1 - it. By default the first score, else "loss". */
  readonly metric?: string;
  /** The error that is wanted or that people reach, by default 0: what bias is counted from. */
  readonly target?: number;
  /** Up to here bias and gap count as small, by default 0.02. */
  readonly tolerance?: number;
}

/** One size of the curve. */
export interface LearningCurvePoint {
  readonly size: number;
  /** Mean errors over the repeats. */
  readonly train: number;
  readonly dev: number;
  /** Of each repeat. */
  readonly trainErrors: readonly number[];
  readonly devErrors: readonly number[];
}

export type LearningCurveReading = "highBias" | "highVariance" | "both" | "good";

/** What `learningCurve` resolves with: data, and a table as text. */
export interface LearningCurve {
  readonly points: readonly LearningCurvePoint[];
  /** "1 - accuracy" */
  readonly error: string;
  readonly target: number;
  readonly reading: LearningCurveReading;
  /** The reading in words, with its numbers and what to do. */
  readonly explanation: string;
  toString(): string;
}

const where = "learningCurve";

const ascendingSizes: Checker<readonly number[]> = checker(
  "ascending numbers of examples",
  (sizes) =>
    Array.isArray(sizes) &&
    sizes.length > 0 &&
    sizes.every((size, i) => Number.isInteger(size) && size >= 1 && (i === 0 || size > sizes[i - 1])),
);

function sizesFor(count: number, given: readonly number[] | undefined): readonly number[] {
  if (!given) {
    const shares = [0.1, 0.2, 0.4, 0.7, 1].map((share) => Math.max(1, Math.round(share * count)));
    return [...new Set(shares)];
  }
  const most = given.at(-1) as number;
  if (most > count)
    throw new LanewiseError("invalid-argument", `${where}: sizes has ${most}, but data has ${count} examples.`);
  return given;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The reading at the largest size: bias = train - target, gap = dev - train, whichever is above the tolerance and dominates. */
function read(
  points: readonly LearningCurvePoint[],
  target: number,
  tolerance: number,
): Pick<LearningCurve, "reading" | "explanation"> {
  const { train, dev } = points.at(-1) as LearningCurvePoint;
  const bias = train - target;
  const gap = dev - train;
  const before = points.at(-2);
  const falling = before !== undefined && before.dev - dev > tolerance / 2;
  const numbers = `training error ${short(train)}, dev error ${short(dev)}, wanted ${short(target)}`;
  const high = { bias: bias > tolerance, variance: gap > tolerance };
  if (high.bias && (!high.variance || bias >= 2 * gap)) {
    return {
      reading: "highBias",
      explanation: `High bias: both errors are high and close (${numbers}). More data will not help; a bigger network, longer training or less regularisation may.`,
    };
  }
  if (high.variance && (!high.bias || gap >= 2 * bias)) {
    const slope = falling ? "still falls" : "hardly falls any more";
    const remedy = falling ? "get more, augment, or regularise" : "regularise, augment, or try another architecture";
    const advice = before
      ? `The dev error ${slope} with more data: ${remedy}.`
      : "Get more data, augment, or regularise.";
    return {
      reading: "highVariance",
      explanation: `High variance: a gap of ${short(gap)} between the errors (${numbers}). ${advice}`,
    };
  }
  if (high.bias) {
    return {
      reading: "both",
      explanation: `High bias and high variance: the training error is ${short(bias)} above what is wanted, and the dev error ${short(gap)} above it (${numbers}). Lower the bias first.`,
    };
  }
  return { reading: "good", explanation: `Both errors are low and close (${numbers}).` };
}

function metricOf(names: readonly string[], given: string | undefined): string {
  if (given === undefined) return names.find(isScore) ?? "loss";
  if (names.includes(given)) return given;
  throw invalid(where, "metric", `one of what evaluate reports (${names.join(", ")})`, given);
}

/**
 * Trains a new model for each size of the training set and takes its error on what it was trained on and on the dev set. Two
 * errors that are high and close mean high bias; a gap between them means high variance, and more data will
 * close it (Ng, Machine Learning Yearning). The examples of a size are among those of the next one.
 * `create` makes a compiled model, a new one at each call, which is disposed of after its training. Rejects with `invalid-argument` where it does not.
 */
export async function learningCurve(
  create: CreateModel,
  data: Examples,
  options: LearningCurveOptions,
): Promise<LearningCurve> {
  requireCreate(where, create);
  checkOptions(where, options, checkers, ["validation"]);
  const { validation, epochs = 10, batchSize = 32, repeats = 1, seed = 0, target = 0, tolerance = 0.02 } = options;
  const { signal } = options;
  const evaluation = { batchSize, ...(signal && { signal }) };
  const before = new WeakSet<object>();
  const make = (repeat: number): Promise<Model<unknown>> =>
    freshModel(where, create, { seed: seed + repeat, repeat }, before);

  let model: Model<unknown> | null = await make(0);
  const pool = examplePool(`${where}, data`, model, data);
  examplePool(`${where}, validation`, model, validation);
  const sizes = sizesFor(pool.count, options.sizes);
  const metric = metricOf(reported(where, model), options.metric);
  const points: LearningCurvePoint[] = [];
  for (const size of sizes) {
    const [trainErrors, devErrors]: [number[], number[]] = [[], []];
    for (let repeat = 0; repeat < repeats; repeat++) {
      signal?.throwIfAborted();
      model ??= await make(repeat);
      const part = pool.take(permutation(pool.count, seed, SUBSET_STREAM, repeat).subarray(0, size));
      await model.fit(part, { epochs, ...evaluation });
      for (const [errors, examples] of [
        [trainErrors, part],
        [devErrors, validation],
      ] as const) {
        const logs = await model.evaluate(examples, evaluation);
        errors.push(errorOf(metric, logs[metric] as number));
      }
      model.dispose();
      model = null;
    }
    points.push({ size, train: mean(trainErrors), dev: mean(devErrors), trainErrors, devErrors });
  }
  return curveOf(points, metric, target, tolerance);
}

const checkers = {
  sizes: ascendingSizes,
  validation: anything,
  epochs: positiveInteger,
  batchSize: positiveInteger,
  repeats: positiveInteger,
  seed: seedValue,
  signal: abortSignal,
  metric: nonEmptyString,
  target: finite,
  tolerance: nonNegative,
};

function curveOf(
  points: readonly LearningCurvePoint[],
  metric: string,
  target: number,
  tolerance: number,
): LearningCurve {
  const { reading, explanation } = read(points, target, tolerance);
  return withText({ points, error: errorLabel(metric), target, reading, explanation }, () => {
    const rows = points.map(({ size, train, dev }) => [String(size), short(train), short(dev)]);
    return [...textTable([["examples", "train", "dev"], ...rows], [0, 1, 2]), explanation].join("\n");
  });
}

// Metrics: one value an example, averaged over all examples exactly; or a state that takes batch after batch.

import { anyFunction, checkOptions, finite, invalid, nonEmptyString } from "./check.ts";
import type { Loss, LossFunction, LossName } from "./losses.ts";
import { lossNames, perExample, resolveLoss } from "./losses.ts";
import { sameIntegers } from "./ops/gather.ts";
import { equal, greater } from "./ops/pointwise.ts";
import { argMaxOfRows } from "./ops/reduce.ts";
import { meanPerExample } from "./ops/softmax.ts";

/** One value an example, of which the mean is taken. */
export interface ExampleMetric {
  readonly kind: "metric";
  readonly name: string;
  readonly call: LossFunction;
}

/** Targets or predictions of one batch, [batch, ...]; copies. */
export interface MetricBatch<D = Float32Array | Int32Array> {
  readonly data: D;
  readonly shape: readonly number[];
}

/**
 * A metric over a whole set: `init` gives a state, `update` takes one batch after the other into it (what it returns is the new
 * state, where it returns something), `result` makes a number of it. `weights` are the sample weights of the batch, null without.
 */
export interface StatefulMetric<S = unknown> {
  /** In logs and history; by default "metric". */
  readonly name?: string;
  init(): S;
  update(state: S, target: MetricBatch, prediction: MetricBatch<Float32Array>, weights: Float32Array | null): S | void;
  result(state: S): number;
}

/** What a metric over a whole set is told about the output that it is for. Shapes are of one example. */
export interface MetricSubject {
  readonly where: string;
  readonly loss: Loss;
  readonly targetShape: readonly number[];
  readonly predictionShape: readonly number[];
}

/** A metric over a whole set, made for an output when its shape is known. */
export interface WholeMetric {
  readonly kind: "metric";
  readonly name: string;
  readonly call?: never;
  readonly whole: (subject: MetricSubject) => StatefulMetric;
}

/** A metric as the functions of `metrics` make it. */
export type Metric = ExampleMetric | WholeMetric;

/** Share of values on the right side of the threshold (0.5, or 0 for logits). */
const binary =
  (threshold: number): LossFunction =>
  (target, prediction) =>
    meanPerExample(equal(greater(prediction, threshold), greater(target, 0.5)));

/** 1 where the largest entry of the prediction is that of the target. */
const categorical: LossFunction = (target, prediction) =>
  meanPerExample(sameIntegers(argMaxOfRows(prediction), argMaxOfRows(target)));

/** 1 where the largest entry of the prediction is the label. */
const sparse: LossFunction = (target, prediction) => meanPerExample(sameIntegers(argMaxOfRows(prediction), target));

/** What every metric takes. */
export interface MetricOptions {
  /** In logs and history, for two of one kind; by default the function's name. */
  readonly name?: string;
}

/** Options of `binaryAccuracy`. */
export interface BinaryAccuracyOptions extends MetricOptions {
  /** Above it a value counts as 1, by default 0.5: logits need 0. */
  readonly threshold?: number;
}

/** (p > threshold) = target, the mean over all axes but the first. Throws `invalid-argument` for a threshold that is not finite. */
export function binaryAccuracy(options: BinaryAccuracyOptions = {}): Metric {
  checkOptions("binaryAccuracy", options, { name: nonEmptyString, threshold: finite });
  const { name = "binaryAccuracy", threshold = 0.5 } = options;
  return { kind: "metric", name, call: binary(threshold) };
}

/** Share of examples whose largest prediction is the target's largest entry. */
export function categoricalAccuracy(options: MetricOptions = {}): Metric {
  checkOptions("categoricalAccuracy", options, { name: nonEmptyString });
  return { kind: "metric", name: options.name ?? "categoricalAccuracy", call: categorical };
}

/** Share of examples whose largest prediction is at the label's index. */
export function sparseCategoricalAccuracy(options: MetricOptions = {}): Metric {
  checkOptions("sparseCategoricalAccuracy", options, { name: nonEmptyString });
  return { kind: "metric", name: options.name ?? "sparseCategoricalAccuracy", call: sparse };
}

const byName = { binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } as const;

/** "accuracy", in short "acc", picks the kind that fits the loss and the prediction. */
export type MetricName =
  | "accuracy"
  | "acc"
  | "binaryAccuracy"
  | "categoricalAccuracy"
  | "sparseCategoricalAccuracy"
  | LossName;
/** A metric by name, made, or as a function. */
export type MetricLike = MetricName | Metric | StatefulMetric | LossFunction;

function statefulMetric(where: string, value: object): WholeMetric {
  checkOptions(
    `${where}, metrics`,
    value,
    { name: nonEmptyString, init: anyFunction, update: anyFunction, result: anyFunction },
    ["init", "update", "result"],
  );
  const metric = value as StatefulMetric;
  return { kind: "metric", name: metric.name ?? "metric", whole: () => metric };
}

/** What a function that was not called makes, where that is a metric. */
function madeBy(value: unknown): Metric | null {
  try {
    const made = (value as () => Metric | undefined)();
    return made?.kind === "metric" ? made : null;
  } catch {
    return null;
  }
}

/** The metric that an option names or is, for an output with this loss. */
export function resolveMetric(where: string, value: unknown, loss: Loss): Metric {
  if (value === "accuracy" || value === "acc") {
    const call: LossFunction = (target, prediction) => {
      if (target.dtype === "int32") return sparse(target, prediction);
      const classes = prediction.dims.length > 1 ? (prediction.dims.at(-1) as number) : 1;
      const isBinary = loss.name === "binaryCrossentropy" || classes === 1;
      return isBinary ? binary(loss.fromLogits ? 0 : 0.5)(target, prediction) : categorical(target, prediction);
    };
    return { kind: "metric", name: value, call };
  }
  if (value === "binaryAccuracy") return binaryAccuracy({ threshold: loss.fromLogits ? 0 : 0.5 });
  if (typeof value === "string" && Object.hasOwn(byName, value)) return byName[value as keyof typeof byName]();
  if (typeof value === "string" && (lossNames as readonly string[]).includes(value)) {
    return { kind: "metric", name: value, call: resolveLoss(where, "metrics", value).call };
  }
  if (typeof value === "object" && value !== null && (value as Metric).kind === "metric") return value as Metric;
  if (typeof value === "object" && value !== null && "init" in value) return statefulMetric(where, value);
  if (typeof value === "object" && value !== null && (value as Loss).kind === "loss") {
    return { kind: "metric", name: (value as Loss).name, call: (value as Loss).call };
  }
  if (typeof value === "function") {
    const made = value.length === 0 ? madeBy(value) : null; // (target, prediction) has two
    if (made) throw invalid(where, "metrics", `made by calling it: metrics.${made.name}()`, value);
    const name = value.name || "metric";
    return { kind: "metric", name, call: perExample(where, name, value as LossFunction) };
  }
  const names = ["accuracy", "acc", ...Object.keys(byName), ...lossNames].map((name) => `"${name}"`).join(", ");
  throw invalid(
    where,
    "metrics",
    `one of ${names}, made by a function such as metrics.precision(), { init, update, result }, or a function (target, prediction) => one value an example`,
    value,
  );
}

// What model.compile is given: its options, checked into what each output is trained with.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, finite, invalid, isRecord } from "../check.ts";
import type { LossLike } from "../losses.ts";
import { resolveLoss } from "../losses.ts";
import type { ExampleMetric, Metric, MetricLike, WholeMetric } from "../metrics.ts";
import { resolveMetric } from "../metrics.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Head, ModelCore, Training } from "./model.ts";
import { outputNames } from "./model.ts";

/** Options of `model.compile`; `optimizer` and `loss` must be given. */
export interface CompileOptions {
  readonly optimizer: Optimizer;
  /** One for all outputs, or by output name. */
  readonly loss: LossLike | Readonly<Record<string, LossLike>>;
  /** For all outputs, or by output name. */
  readonly metrics?: readonly MetricLike[] | Readonly<Record<string, MetricLike | readonly MetricLike[]>>;
  /** Factors of the losses by output name, 1 by default. */
  readonly lossWeights?: Readonly<Record<string, number>>;
}

/** Losses and metrics that were made, told from records by output name; an output may be named "kind". */
const isMade = (value: { kind?: unknown }): boolean => value.kind === "loss" || value.kind === "metric";

export function checkCompile(core: ModelCore, options: unknown): Training {
  const where = "compile";
  checkOptions(where, options, { optimizer: (v) => v, loss: (v) => v, metrics: (v) => v, lossWeights: (v) => v }, [
    "optimizer",
    "loss",
  ]);
  const { optimizer, loss, metrics = [], lossWeights = {} } = options as CompileOptions;
  if (typeof optimizer !== "object" || optimizer === null || optimizer.kind !== "optimizer") {
    throw invalid(where, "optimizer", "an optimizer such as adam()", optimizer);
  }
  const names = outputNames(core);
  const requireNames = (label: string, record: object): void => {
    for (const key of Object.keys(record)) {
      if (!names.includes(key))
        throw new LanewiseError(
          "unknown-option",
          `${where}: ${label}.${key} names no output. Outputs: ${names.join(", ")}.`,
        );
    }
  };
  const isNamed = (value: unknown): value is Readonly<Record<string, unknown>> => isRecord(value) && !isMade(value);
  if (isNamed(loss)) requireNames("loss", loss);
  if (!Array.isArray(metrics) && !isNamed(metrics))
    throw invalid(where, "metrics", "an array of metrics, or a record of them by output name", metrics);
  if (isNamed(metrics)) requireNames("metrics", metrics);
  if (!isNamed(lossWeights)) throw invalid(where, "lossWeights", "a record of numbers by output name", lossWeights);
  requireNames("lossWeights", lossWeights);
  const heads = names.map((name): Head => {
    const wanted = isNamed(loss) ? loss[name] : loss;
    if (wanted === undefined) throw new LanewiseError("invalid-argument", `${where}: loss.${name} is missing.`);
    const resolved = resolveLoss(where, isNamed(loss) ? `loss.${name}` : "loss", wanted);
    const own = isNamed(metrics) ? (metrics[name] ?? []) : metrics;
    const list = (Array.isArray(own) ? own : [own]).map((metric: unknown) => resolveMetric(where, metric, resolved));
    const twice = list.find((metric, i) => list.slice(0, i).some((other) => other.name === metric.name));
    if (twice || list.some((metric) => metric.name === "loss")) {
      throw new LanewiseError(
        "invalid-argument",
        `${where}: metrics must have names of their own: "${twice?.name ?? "loss"}" stands for something else already.`,
      );
    }
    const weight = finite(lossWeights[name] ?? 1, `lossWeights.${name}`, where);
    const isWhole = (metric: Metric): metric is WholeMetric => metric.call === undefined;
    return {
      loss: resolved,
      metrics: list.filter((metric): metric is ExampleMetric => !isWhole(metric)),
      whole: list.filter(isWhole),
      weight,
    };
  });
  return { optimizer, heads };
}

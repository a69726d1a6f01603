// Top-k accuracies: one value an example.

import { checkOptions, nonEmptyString, positiveInteger } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { ExampleMetric, MetricOptions } from "../metrics.ts";
import { sum } from "../ops/broadcasting.ts";
import { oneHot } from "../ops/gather.ts";
import { add, equal, greater, less, mul, where } from "../ops/pointwise.ts";
import { argMax } from "../ops/reduce.ts";
import { constant } from "../ops/shaping.ts";
import { meanPerExample } from "../ops/softmax.ts";

/** Options of the top-k accuracies. */
export interface TopKOptions extends MetricOptions {
  /** By default 5. */
  readonly k?: number;
}

const topKOptions = (where: string, options: TopKOptions): number => {
  checkOptions(where, options, { name: nonEmptyString, k: positiveInteger });
  return options.k ?? 5;
};

/** 1 where fewer than k entries stand before the label's: larger ones, and equal ones with a smaller index, as in argMax. */
function isWithin(prediction: Tensor, labels: Tensor, k: number): Tensor {
  const classes = prediction.dims.at(-1) as number;
  const last = { axes: -1, keepDims: true };
  const mask = oneHot(labels, classes);
  const places = constant(Float32Array.from({ length: classes }, (_, i) => i));
  const own = sum(where(mask, prediction, 0), last);
  const place = sum(mul(mask, places), last);
  const before = add(greater(prediction, own), mul(equal(prediction, own), less(places, place)));
  const isNumber = sum(equal(own, own), { axes: -1 }); // a label's NaN is equal to nothing, and no hit
  return meanPerExample(mul(less(sum(before, { axes: -1 }), k), isNumber));
}

/** Share of examples whose target's largest entry is among the k largest predictions. */
export function topKCategoricalAccuracy(options: TopKOptions = {}): ExampleMetric {
  const k = topKOptions("topKCategoricalAccuracy", options);
  const call = (target: Tensor, prediction: Tensor): Tensor => isWithin(prediction, argMax(target), k);
  return { kind: "metric", name: options.name ?? "topKCategoricalAccuracy", call };
}

/** Share of examples whose label is among the k largest predictions. */
export function sparseTopKCategoricalAccuracy(options: TopKOptions = {}): ExampleMetric {
  const k = topKOptions("sparseTopKCategoricalAccuracy", options);
  const call = (target: Tensor, prediction: Tensor): Tensor => isWithin(prediction, target, k);
  return { kind: "metric", name: options.name ?? "sparseTopKCategoricalAccuracy", call };
}

// Metrics over a whole set: their states, fed with targets and predictions of one batch after the other. Loaded on demand; it
// imports what other parts that are loaded on demand import, so that nothing more is cut into a file of its own.

import { invalid } from "../check.ts";
import type { StepValues } from "../executable.ts";
import type { MetricBatch, StatefulMetric } from "../metrics.ts";
import { sizeOf } from "../shape.ts";
import type { Logs } from "./callbacks.ts";
import type { Head } from "./model.ts";

export interface Tracker {
  /** Outputs of a program that it reads. */
  readonly outputs: number;
  /** Takes the batch that a program has just computed; its outputs begin at `from`, sample weights are asked for by output. */
  add(values: StepValues, from: number, weightsFor: (head: number) => Float32Array | null): void;
  /** Over all batches so far. */
  logs(): Logs;
  /** Over the last batch alone. */
  batchLogs(): Logs;
}

interface Tracked {
  readonly name: string;
  readonly metric: StatefulMetric;
  state: unknown;
  last: Parameters<StatefulMetric["update"]> | null;
}

interface TrackedOutput {
  readonly head: number;
  readonly shapes: readonly [target: readonly number[], prediction: readonly number[]];
  readonly metrics: readonly Tracked[];
}

/** What is known of a model's outputs, in their order; the names are those of all metrics over the whole set. */
export interface TrackerSubject {
  readonly heads: readonly Head[];
  readonly targets: readonly { readonly shape: readonly number[] }[];
  readonly outputs: readonly { readonly shape: readonly number[] }[];
  readonly names: readonly string[];
}

/** A tracker with fresh states. Throws where a metric does not fit its output. */
export function createTracker(what: string, subject: TrackerSubject): Tracker {
  const names = [...subject.names];
  const heads = subject.heads.map(({ loss, whole }, i): TrackedOutput => {
    const targetShape = subject.targets[i]?.shape ?? [];
    const predictionShape = subject.outputs[i]?.shape ?? [];
    const metrics = whole.map((each): Tracked => {
      const metric = each.whole({ where: `${what}: ${each.name}`, loss, targetShape, predictionShape });
      return { name: names.shift() as string, metric, state: metric.init(), last: null };
    });
    return { head: i, shapes: [targetShape, predictionShape], metrics };
  });
  const used = heads.filter(({ metrics }) => metrics.length > 0);
  const all = used.flatMap(({ metrics }) => metrics);
  const numberOf = ({ name, metric }: Tracked, state: unknown): number => {
    const value: unknown = metric.result(state);
    if (typeof value !== "number") throw invalid(what, `what result of ${name} returns`, "a number", value);
    return value;
  };
  return {
    outputs: used.length * 2,
    add(values, from, weightsFor) {
      for (const [i, { head, shapes, metrics }] of used.entries()) {
        const weights = weightsFor(head)?.slice() ?? null;
        const [target, prediction] = shapes.map((shape, side): MetricBatch => {
          const data = values.output(from + i * 2 + side).slice() as Float32Array | Int32Array;
          return { data, shape: [data.length / sizeOf(shape), ...shape] };
        }) as [MetricBatch, MetricBatch<Float32Array>];
        for (const each of metrics) {
          each.last = [each.state, target, prediction, weights];
          const next: unknown = each.metric.update(each.state, target, prediction, weights);
          if (next !== undefined) each.state = next;
        }
      }
    },
    logs: () => Object.fromEntries(all.map((each) => [each.name, numberOf(each, each.state)])),
    batchLogs: () =>
      Object.fromEntries(
        all.map((each) => {
          const [, target, prediction, weights] = each.last as Parameters<StatefulMetric["update"]>;
          const fresh = each.metric.init();
          const next: unknown = each.metric.update(fresh, target, prediction, weights);
          return [each.name, numberOf(each, next === undefined ? fresh : next)];
        }),
      ),
  };
}

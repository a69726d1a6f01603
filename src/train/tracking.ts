// Metrics over a whole set: their states, fed with targets and predictions of one batch after the other.

import { invalid } from "../check.ts";
import type { Executable } from "../executable.ts";
import type { MetricBatch, StatefulMetric } from "../metrics.ts";
import { sizeOf } from "../shape.ts";
import type { Logs } from "./callbacks.ts";
import type { ModelCore, Training } from "./model.ts";
import { wantedTargets, wholeNames } from "./model.ts";

export interface Tracker {
  /** Outputs of a program that it reads. */
  readonly outputs: number;
  /** Takes the batch that a program has just computed; its outputs begin at `from`. */
  add(executable: Executable, from: number, weights: Float32Array | null): void;
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
  readonly shapes: readonly [target: readonly number[], prediction: readonly number[]];
  readonly metrics: readonly Tracked[];
}

/** A tracker with fresh states. Throws where a metric does not fit its output. */
export function createTracker(core: ModelCore, training: Training, what: string): Tracker {
  const names = wholeNames(core, training);
  const targets = wantedTargets(core, training);
  const heads = training.heads.map(({ loss, whole }, i): TrackedOutput => {
    const targetShape = targets[i]?.shape ?? [];
    const predictionShape = core.network.outputs?.[i]?.shape ?? [];
    const metrics = whole.map((each): Tracked => {
      const metric = each.whole({ where: `${what}: ${each.name}`, loss, targetShape, predictionShape });
      return { name: names.shift() as string, metric, state: metric.init(), last: null };
    });
    return { shapes: [targetShape, predictionShape], metrics };
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
    add(executable, from, weights) {
      const copy = weights?.slice() ?? null;
      for (const [i, { shapes, metrics }] of used.entries()) {
        const [target, prediction] = shapes.map((shape, side): MetricBatch => {
          const data = executable.output(from + i * 2 + side).slice() as Float32Array | Int32Array;
          return { data, shape: [data.length / sizeOf(shape), ...shape] };
        }) as [MetricBatch, MetricBatch<Float32Array>];
        for (const each of metrics) {
          each.last = [each.state, target, prediction, copy];
          const next: unknown = each.metric.update(each.state, target, prediction, copy);
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

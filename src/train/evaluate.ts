// Exact means over a set: losses, metrics.

import { abortSignal, checkOptions, positiveInteger } from "../check.ts";
import { part } from "../data/feed.ts";
import type { StepValues } from "../executable.ts";
import { defaultMachine } from "../machine.ts";
import type { Logs } from "./callbacks.ts";
import type { Column, Dataset } from "./dataset.ts";
import { SAMPLE_WEIGHT, sampleWeightColumn, weightsIn } from "./dataset.ts";
import type { BatchSource, Examples } from "./examples.ts";
import { examplesOf, isSource, requireExamples } from "./examples.ts";
import type { Loop } from "./loop.ts";
import { batchesOf, createLoop, inTurn, namedValues, noBatch, runBatches, trackingOf } from "./loop.ts";
import type { ModelCore, Training } from "./model.ts";
import { outputNames, programFor, requireAlive, requireTraining, scalarNames } from "./model.ts";
import type { Tracker } from "./tracking.ts";

/** Options of `model.evaluate` and `model.predict`. */
export interface EvaluateOptions {
  /** By default 32. */
  readonly batchSize?: number;
  /** Ends the call within a step; it rejects with signal.reason. What was learned stays. */
  readonly signal?: AbortSignal;
}

/** What the columns of a dataset are to an evaluation: those that the program reads, and the weights of each output. */
function apart(dataset: Dataset, outputs: readonly string[]) {
  const weightNames = weightsIn(dataset).split("\n");
  return {
    columns: dataset.columns.filter(({ name }) => !weightNames.includes(name)),
    weights: outputs.map((output): Column["data"] | null => {
      const own = [SAMPLE_WEIGHT, sampleWeightColumn(output)];
      return dataset.columns.find(({ name }) => own.includes(name))?.data ?? null;
    }),
  };
}

/** Sums over batches, whose values an evaluating program gives example by example. */
function createSums(core: ModelCore, training: Training, tracking: (() => Tracker) | null) {
  const losses = training.heads.length;
  /** The output that each of a program's values belongs to: of the losses, then of the metrics. */
  const headOf = [
    ...training.heads.map((_, head) => head),
    ...training.heads.flatMap(({ metrics }, head) => metrics.map(() => head)),
  ];
  const sums = headOf.map(() => 0);
  const weightTotals = training.heads.map(() => 0);
  let tracker: Tracker | undefined;
  let examples = 0;
  // as penaltyParts has them
  const penalty = { examples: 0, whole: 0, shared: 0 };
  return {
    /** Takes `count` examples that have just been computed, the first of them at `first` of their weights. */
    add(values: StepValues, weights: readonly (Column["data"] | null)[], first: number, count: number): void {
      const weightOf = (head: number, j: number): number => (weights[head]?.[first + j] as number | undefined) ?? 1;
      examples += count;
      headOf.forEach((head, i) => {
        const own = values.output(i);
        let total = 0;
        for (let j = 0; j < count; j++) total += (own[j] as number) * weightOf(head, j);
        sums[i] = (sums[i] as number) + total;
      });
      for (let head = 0; head < losses; head++) {
        let total = 0;
        for (let j = 0; j < count; j++) total += weightOf(head, j);
        weightTotals[head] = (weightTotals[head] as number) + total;
      }
      tracker ??= tracking?.();
      tracker?.add(values, headOf.length, (head) => {
        const own = weights[head];
        return own ? Float32Array.from(part(own, first, first + count)) : null;
      });
      const at = headOf.length + (tracker?.outputs ?? 0);
      if (values.compiled.listing.outputs.length === at) return;
      const ofExamples = values.output(at);
      for (let j = 0; j < count; j++) penalty.examples += ofExamples[j] as number;
      penalty.whole = values.output(at + 1)[0] as number;
      penalty.shared = values.output(at + 2)[0] as number;
    },
    /** Losses are divided by the number of examples, metrics by the sum of their weights. */
    logs(): Logs {
      const means = sums.slice(0, losses).map((total) => total / examples);
      const penalties = penalty.whole + (penalty.examples + penalty.shared) / examples;
      const loss = means.reduce((total, value, i) => total + value * (training.heads[i]?.weight ?? 1), penalties);
      const metrics = headOf.slice(losses).map((head, i) => (sums[losses + i] as number) / (weightTotals[head] || 1));
      const values = [loss, ...(losses > 1 ? means : []), ...metrics];
      return { ...namedValues(scalarNames(core, training), values), ...tracker?.logs() };
    },
  };
}

/** Exact means over a dataset, or over all batches of a source: losses, metrics. */
export async function evaluateLoop(
  loop: Loop,
  data: Dataset | BatchSource,
  batchSize: number,
  what: string,
): Promise<Logs> {
  const { core, machine } = loop;
  const training = requireTraining(core, loop.what);
  const sums = createSums(core, training, await trackingOf(core, training, what));
  const add = (dataset: Dataset): Promise<void> => {
    const { columns, weights } = apart(dataset, outputNames(core));
    return runBatches(
      loop,
      { count: dataset.count, columns },
      batchSize,
      (count, before) => programFor(core, machine, "evaluate", count, "", before),
      (values, first, count) => sums.add(values, weights, first, count),
    );
  };
  if (isSource(data)) {
    let batch = 0;
    for await (const examples of batchesOf(loop, data, what))
      await add(examplesOf(core, `${what}, batch ${batch++}`, examples));
    if (batch === 0) throw noBatch(what);
  } else await add(data);
  return sums.logs();
}

export async function evaluate(
  core: ModelCore,
  data: Examples | BatchSource,
  options: EvaluateOptions = {},
): Promise<Logs> {
  const where = "evaluate";
  requireAlive(core, where);
  if (!isSource(data)) requireExamples(where, data);
  checkOptions(where, options, { batchSize: positiveInteger, signal: abortSignal });
  requireTraining(core, where);
  const from = isSource(data) ? data : examplesOf(core, where, data);
  const machine = await defaultMachine();
  return inTurn(core, machine, where, options.signal, () => {
    const loop = createLoop(core, machine, where, options.signal, "continue");
    return evaluateLoop(loop, from, options.batchSize ?? 32, where);
  });
}

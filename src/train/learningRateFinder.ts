// findLearningRate(): the learning-rate range test. It trains the model with rising rates and puts everything back.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions, fraction, invalid, positive, positiveInteger } from "../check.ts";
import type { BatchSize } from "../data/batchSize.ts";
import { batchSizeOption } from "../data/batchSize.ts";
import { exponentialAverage } from "../exponentialAverage.ts";
import { defaultMachine } from "../machine.ts";
import { exp, log } from "../math.ts";
import type { Model } from "../model.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { LearningRate } from "../optimizers/options.ts";
import { textTable, withText } from "../text.ts";
import type { Callback } from "./callbacks.ts";
import type { BatchSource, Examples } from "./examples.ts";
import { coreOf, requireTraining } from "./model.ts";
import { enqueue } from "./queue.ts";

/** Options of `findLearningRate`. */
export interface LearningRateFinderOptions {
  /** The first rate; by default 1e-7. */
  readonly from?: number;
  /** The last rate; by default 10. */
  readonly to?: number;
  /** Training steps, each with a rate of its own; by default 100. */
  readonly steps?: number;
  /** As of `fit`, by default 32. */
  readonly batchSize?: BatchSize;
  /** Whether examples are put in another order; by default true. */
  readonly shuffle?: boolean;
  /** Beta of the average that smooths the losses, with bias correction; by default 0.9. */
  readonly smoothing?: number;
  /** Ends the search; the model is put back all the same. */
  readonly signal?: AbortSignal;
}

/** What `findLearningRate` found; arrays have one value a step. */
export interface LearningRateRange {
  readonly learningRates: number[];
  /** Of the batch that was trained with the rate, before its update. */
  readonly losses: number[];
  readonly smoothedLosses: number[];
  /** A tenth of the rate at which the smoothed loss was least; null where it never fell. */
  readonly suggestion: number | null;
  /** A table of at most 20 of the steps, and the suggestion. */
  toString(): string;
}

const where = "findLearningRate";

/** The search ends where the loss is above the first one and this many times the least one above that: it has diverged. */
const DIVERGED = 3;

/** What training changes and no file of the model's holds. */
interface Kept {
  readonly bytes: Uint8Array;
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRate;
  readonly scale: number;
}

async function keep(model: Model, optimizer: Optimizer): Promise<Kept> {
  const bytes = await model.save();
  const scale = optimizer.learningRateScale;
  optimizer.learningRateScale = 1; // learningRate is now what was given
  const { learningRate } = optimizer;
  optimizer.learningRateScale = scale;
  return { bytes, optimizer, learningRate, scale };
}

async function putBack(model: Model, kept: Kept): Promise<void> {
  kept.optimizer.learningRate = kept.learningRate;
  kept.optimizer.learningRateScale = kept.scale;
  await model.load(kept.bytes, { optimizer: true });
}

interface Search extends LearningRateRange {
  suggestion: number | null;
}

/** The rates to try, and what was found so far. */
function createSearch({ from = 1e-7, to = 10, steps = 100, smoothing = 0.9 }: LearningRateFinderOptions) {
  const found: Search = { learningRates: [], losses: [], smoothedLosses: [], suggestion: null };
  const average = exponentialAverage(smoothing);
  let least = Number.POSITIVE_INFINITY;
  /** Of the next step. */
  const rate = (): number => {
    const i = found.losses.length;
    return i === steps - 1 ? to : from * exp((log(to / from) * i) / (steps - 1));
  };
  return {
    found,
    rate,
    /** Notes a loss; false where it was the last one, or has diverged. */
    note(loss: number): boolean {
      if (!Number.isFinite(loss)) return false;
      const tried = rate();
      found.learningRates.push(tried);
      found.losses.push(loss);
      const smoothed = average.add(loss);
      found.smoothedLosses.push(smoothed);
      if (smoothed < least) {
        least = smoothed;
        found.suggestion = found.losses.length === 1 ? null : tried / 10;
      }
      const diverged = smoothed > least + DIVERGED * Math.abs(least) && smoothed > (found.losses[0] as number);
      return !diverged && found.losses.length < steps;
    },
  };
}

const ROWS_MAX = 20;

function tableOf({ learningRates, losses, smoothedLosses, suggestion }: LearningRateRange): string {
  const n = losses.length;
  const count = Math.min(n, ROWS_MAX);
  const steps = Array.from({ length: count }, (_, i) => Math.round((i * (n - 1)) / Math.max(1, count - 1)));
  const rows = steps.map((step) => [
    String(step),
    ...[learningRates, losses, smoothedLosses].map((of) => (of[step] as number).toPrecision(4)),
  ]);
  return [
    ...textTable([["step", "learning rate", "loss", "smoothed"], ...rows], [0, 1, 2, 3]),
    suggestion === null ? "The loss never fell." : `Suggested: ${suggestion.toPrecision(4)}`,
  ].join("\n");
}

function checkFinder(model: unknown, options: LearningRateFinderOptions): void {
  requireTraining(coreOf(where, model), where);
  checkOptions(where, options, {
    from: positive,
    to: positive,
    steps: positiveInteger,
    batchSize: batchSizeOption,
    shuffle: bool,
    smoothing: fraction,
    signal: (v) => v, // checked by fit
  });
  const { from = 1e-7, to = 10, steps = 100 } = options;
  if (from >= to)
    throw new LanewiseError("invalid-argument", `${where}: from must be below to, got ${from} and ${to}.`);
  if (steps < 2) throw invalid(where, "steps", "at least 2", steps);
}

/**
 * Trains for `steps` steps, step i with the rate from (to / from)^(i / (steps - 1)), and ends early where the loss is not finite, or where
 * its average is above the first loss and above the least average by three times the size of that. Weights, moving statistics, optimizer slots, counters and learning rate
 * are afterwards as before, bit for bit, also where it throws or is aborted; the model must not be trained by another call meanwhile.
 * Rejects with `invalid-argument` or `unknown-option` for options out of range, with what `fit` rejects with, and with signal.reason.
 * Source: Smith 2017, Cyclical learning rates for training neural networks.
 */
export async function findLearningRate(
  model: Model,
  data: Examples | BatchSource,
  options: LearningRateFinderOptions = {},
): Promise<LearningRateRange> {
  checkFinder(model, options);
  const { steps = 100, batchSize = 32, shuffle = true, signal } = options;
  const search = createSearch(options);
  let kept: Kept | null = null;
  const callbacks: Callback = {
    async onTrainBegin({ optimizer }) {
      kept = await keep(model, optimizer);
      optimizer.learningRate = search.rate();
    },
    onBatchEnd(_batch, logs, context) {
      if (search.note(logs.loss as number)) context.optimizer.learningRate = search.rate();
      else context.stop();
    },
    async onTrainEnd() {
      if (kept) await putBack(model, kept);
      kept = null;
    },
  };
  try {
    const given = { epochs: steps, batchSize, shuffle, callbacks, onNaN: "continue" } as const;
    await model.fit(data, signal === undefined ? given : { ...given, signal });
  } finally {
    // it was ended from outside: behind what was asked for meanwhile
    const left = kept as Kept | null;
    if (left) await enqueue(await defaultMachine(), () => putBack(model, left));
  }
  return withText(search.found, () => tableOf(search.found));
}

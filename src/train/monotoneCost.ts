// monotoneCost(): a callback that tells when the cost of the full batch rises, which it must not.

import { LanewiseError } from "../../bindings/errors.ts";
import { anyFunction, checkOptions, nonNegative, oneOf } from "../check.ts";
import { short } from "../text.ts";
import type { Callback } from "./callbacks.ts";

/** Options of `monotoneCost`. */
export interface MonotoneCostOptions {
  /** What a rise does: "warn" (default) writes a line, "stop" ends training as well, "error" makes fit reject. */
  readonly action?: "warn" | "stop" | "error";
  /** The share of the cost by which it may rise, by default 1e-5. What float32 cannot tell from 0 beside the first cost counts neither. */
  readonly tolerance?: number;
  /** Where lines go; by default console.warn. */
  readonly write?: (text: string) => void;
}

/** A rise of the cost. */
export interface CostRise {
  /** The epoch whose cost, taken before its update, is higher than that of the epoch before. */
  readonly epoch: number;
  readonly before: number;
  readonly after: number;
}

/** What `monotoneCost` makes. */
export interface MonotoneCost extends Callback {
  /** Those of the last training, in order. */
  readonly rises: readonly CostRise[];
}

const where = "monotoneCost";

/** The distance of 1 to the next float32. */
const FLOAT32_STEP = 2 ** -23;

const show = (value: number): string => short(value, 6);

/**
 * Watches that the cost falls in every epoch, as it must where each epoch is one step on all examples: a rise says that the
 * learning rate is too large or a gradient wrong. Random layers such as dropout let it rise without fault. Tells the first rise, and
 * at the end how many there were. Throws `invalid-argument` or `unknown-option` for options out of range; `fit` rejects with
 * `invalid-argument` where an epoch has more than one batch.
 */
export function monotoneCost(options: MonotoneCostOptions = {}): MonotoneCost {
  checkOptions(where, options, {
    action: oneOf("warn", "stop", "error"),
    tolerance: nonNegative,
    write: anyFunction,
  });
  const { action = "warn", tolerance = 1e-5, write = (text: string) => console.warn(text) } = options;
  let rises: CostRise[] = [];
  let previous: number | null = null;
  let rounding = 0;

  const requireOne = (batches: number | null): void => {
    if (batches === null || batches === 1) return;
    throw new LanewiseError(
      "invalid-argument",
      `${where}: the cost must fall only where an epoch is one batch of all examples, got ${batches} batches. Give fit a batchSize of all examples.`,
    );
  };

  const tell = (rise: CostRise, stop: () => void): void => {
    const { epoch, before, after } = rise;
    const text = `${where}: the cost rose from ${show(before)} to ${show(after)} in epoch ${epoch}. Try a smaller learning rate; check gradients of your own.`;
    if (action === "error") throw new LanewiseError("invalid-argument", text);
    if (rises.length === 1) write(text);
    if (action === "stop") stop();
  };

  return {
    get rises() {
      return rises;
    },
    onTrainBegin({ batches }) {
      requireOne(batches);
      rises = [];
      previous = null;
    },
    onBatchEnd(batch) {
      if (batch > 0) requireOne(batch + 1); // of a source, whose batches are not known before
    },
    onEpochEnd(epoch, logs, context) {
      const cost = logs.loss as number;
      const before = previous;
      previous = cost;
      if (before === null) rounding = Math.abs(cost) * FLOAT32_STEP;
      if (before === null || cost <= before + tolerance * Math.abs(before) + rounding) return;
      const rise = { epoch, before, after: cost };
      rises.push(rise);
      tell(rise, () => context.stop());
    },
    onTrainEnd({ epochs }) {
      if (rises.length < 2) return;
      const worst = rises.reduce((most, each) => (each.after - each.before > most.after - most.before ? each : most));
      write(
        `${where}: the cost rose in ${rises.length} of ${epochs.length} epochs, most in epoch ${worst.epoch}: by ${show(worst.after - worst.before)}.`,
      );
    },
  };
}

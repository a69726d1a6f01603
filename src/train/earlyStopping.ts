// earlyStopping(): a callback that ends training when a value no longer gets better.

import { bool, checkOptions, finite, nonNegativeInteger } from "../check.ts";
import type { Callback, TrainContext } from "./callbacks.ts";
import { createMonitor, type MonitorOptions, monitorCheckers } from "./monitor.ts";

/** Options of `earlyStopping`; `minDelta` is 0 by default. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without a better value after which training ends; by default 0, which is the same as 1. */
  readonly patience?: number;
  /** A value to surpass: what is better than before but not than this does not end the waiting. */
  readonly baseline?: number;
  /** Whether the model ends with the weights of the best epoch; by default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before this one are not looked at; by default 0. */
  readonly startFromEpoch?: number;
}

/** What `earlyStopping` makes; its values are those of the last training. */
export interface EarlyStopping extends Callback {
  /** The best value, null before there is one. */
  readonly best: number | null;
  /** Its epoch. */
  readonly bestEpoch: number | null;
  /** The epoch after which training was ended, null where it was not. */
  readonly stoppedEpoch: number | null;
}

/** Copies of a model's weights and moving statistics. */
const weightsOf = ({ model }: TrainContext): Float32Array[] => model.variables.map((each) => each.read().data);

/**
 * Ends training when `monitor` has not become better by more than `minDelta` for `patience` epochs. With `restoreBestWeights`
 * weights and moving statistics are at the end those of the best epoch, bit for bit, also where training ran through; slots of
 * the optimizer stay as they are. Throws `invalid-argument` or `unknown-option` for options out of range; `fit` rejects with
 * `invalid-argument` where there is no such value. Source: Prechelt 1998, Keras's EarlyStopping.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  const where = "earlyStopping";
  checkOptions(where, options, {
    ...monitorCheckers,
    patience: nonNegativeInteger,
    baseline: finite,
    restoreBestWeights: bool,
    startFromEpoch: nonNegativeInteger,
  });
  const { patience = 0, baseline = null, restoreBestWeights = false, startFromEpoch = 0 } = options;
  const monitor = createMonitor(where, options);
  const state = { best: null as number | null, bestEpoch: null as number | null, stoppedEpoch: null as number | null };
  let weights: Float32Array[] | null = null;
  let wait = 0;
  return {
    get best() {
      return state.best;
    },
    get bestEpoch() {
      return state.bestEpoch;
    },
    get stoppedEpoch() {
      return state.stoppedEpoch;
    },
    onTrainBegin(context) {
      monitor.begin(context);
      Object.assign(state, { best: null, bestEpoch: null, stoppedEpoch: null });
      weights = null;
      wait = 0;
    },
    onEpochEnd(epoch, logs, context) {
      if (epoch < startFromEpoch) return;
      const value = monitor.value(logs);
      wait++;
      if (monitor.isBetter(value, state.best)) {
        Object.assign(state, { best: value, bestEpoch: epoch });
        if (restoreBestWeights) weights = weightsOf(context);
        if (baseline === null || monitor.isBetter(value, baseline)) wait = 0;
      } else if (wait >= patience) {
        state.stoppedEpoch = epoch;
        context.stop();
      }
    },
    onTrainEnd(_history, { model }) {
      const kept = weights;
      if (kept) for (const [i, variable] of model.variables.entries()) variable.write(kept[i] as Float32Array);
      weights = null;
    },
  };
}

// reduceLearningRateOnPlateau(): a callback that lowers the learning rate when a value no longer gets better.

import type { Checker } from "../check.ts";
import { checkOptions, invalid, nonNegative, nonNegativeInteger, positive } from "../check.ts";
import type { Callback, TrainContext } from "./callbacks.ts";
import { createMonitor, type MonitorOptions, monitorCheckers } from "./monitor.ts";

/** Options of `reduceLearningRateOnPlateau`; `minDelta` is 1e-4 by default. */
export interface PlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied with, below 1; by default 0.1. */
  readonly factor?: number;
  /** Epochs without a better value after which the rate is lowered; by default 10. */
  readonly patience?: number;
  /** Epochs after a reduction in which none counts as one without a better value; by default 0. */
  readonly cooldown?: number;
  /** The rate is not lowered below it; by default 0. */
  readonly minLearningRate?: number;
}

/** One reduction, after an epoch. */
export interface LearningRateReduction {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
}

/** What `reduceLearningRateOnPlateau` makes. */
export interface ReduceLearningRateOnPlateau extends Callback {
  /** Those of the last training, in order. */
  readonly reductions: readonly LearningRateReduction[];
}

const belowOne: Checker = (value, name, where) => {
  positive(value, name, where);
  if ((value as number) >= 1) throw invalid(where, name, "below 1", value);
  return value;
};

/** The rate of the next update. Schedules count updates: several steps may make one, and a new optimizer begins at 0. */
function rateNow({ model, optimizer }: TrainContext, epoch: number): number {
  const { learningRate } = optimizer;
  if (typeof learningRate !== "function") return learningRate;
  const updates = model.variables.map((variable) => optimizer.stateOf(variable)?.steps ?? 0);
  return learningRate(Math.max(...updates), epoch);
}

/**
 * Multiplies the learning rate by `factor` when `monitor` has not become better by more than `minDelta` for `patience` epochs, then
 * waits for `cooldown` epochs. A schedule is scaled as a whole. What is left of the rate, `optimizer.learningRateScale`, is part of
 * the model's file. Throws `invalid-argument` or `unknown-option` for options out of range; `fit` rejects with `invalid-argument`
 * where there is no such value. Source: Keras's ReduceLROnPlateau.
 */
export function reduceLearningRateOnPlateau(options: PlateauOptions = {}): ReduceLearningRateOnPlateau {
  const where = "reduceLearningRateOnPlateau";
  checkOptions(where, options, {
    ...monitorCheckers,
    factor: belowOne,
    patience: nonNegativeInteger,
    cooldown: nonNegativeInteger,
    minLearningRate: nonNegative,
  });
  const { factor = 0.1, patience = 10, cooldown = 0, minLearningRate = 0 } = options;
  const monitor = createMonitor(where, options, 1e-4);
  let reductions: LearningRateReduction[] = [];
  let best: number | null = null;
  let wait = 0;
  let rest = 0; // epochs of cooldown that are left

  const reduce = (epoch: number, context: TrainContext): void => {
    const { optimizer } = context;
    const from = rateNow(context, epoch + 1);
    const scale = optimizer.learningRateScale * Math.max(factor, minLearningRate / from);
    if (!(from > minLearningRate) || Math.fround(scale) === 0) return; // as low as it goes
    optimizer.learningRateScale = scale;
    reductions.push({ epoch, from, to: rateNow(context, epoch + 1) });
    rest = cooldown;
    wait = 0;
  };

  return {
    get reductions() {
      return reductions;
    },
    onTrainBegin(context) {
      monitor.begin(context);
      reductions = [];
      best = null;
      wait = 0;
      rest = 0;
    },
    onEpochEnd(epoch, logs, context) {
      const value = monitor.value(logs);
      if (rest > 0) {
        rest--;
        wait = 0;
      }
      if (monitor.isBetter(value, best)) {
        best = value;
        wait = 0;
      } else if (rest === 0) {
        wait++;
        if (wait >= patience) reduce(epoch, context);
      }
    },
  };
}

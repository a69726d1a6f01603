// Schedules that rise, too: warm restarts, one cycle.

import type { Checker } from "../check.ts";
import { checkOptions, finite, fraction, invalid, nonNegative, oneOf, positive, positiveInteger } from "../check.ts";
import { log, pow } from "../math.ts";
import { halfCosine } from "./decay.ts";
import { over, type Schedule, type ScheduleOptions, type ScheduleUnit, unit } from "./unit.ts";

/** Options of `cosineDecayRestarts`. */
export interface CosineDecayRestartsOptions extends ScheduleOptions {
  readonly initialLearningRate: number;
  /** How long the first decay is, in units of `per`. */
  readonly firstDecaySteps: number;
  /** How many times as long as the one before each decay is, at least 1; by default 2. */
  readonly tMul?: number;
  /** The factor of the rate at each restart; by default 1. */
  readonly mMul?: number;
  /** What is left at the end of a decay, as a share of the initial rate; by default 0. */
  readonly alpha?: number;
  /** By default "step". */
  readonly per?: ScheduleUnit;
}

/** Options of `oneCycle`. */
export interface OneCycleOptions extends ScheduleOptions {
  readonly maxLearningRate: number;
  /** How long the cycle is, in units of `per`; afterwards the rate stays. */
  readonly totalSteps: number;
  /** The share of the cycle in which the rate rises; by default 0.3. */
  readonly pctStart?: number;
  /** The first rate is maxLearningRate / divFactor; by default 25. */
  readonly divFactor?: number;
  /** The last rate is the first one / finalDivFactor; by default 1e4. */
  readonly finalDivFactor?: number;
  /** The form of both flanks; by default "cosine". */
  readonly annealing?: "cosine" | "linear";
  /** By default "step". */
  readonly per?: ScheduleUnit;
}

const atLeastOne: Checker = (value, name, where) => {
  finite(value, name, where);
  if ((value as number) < 1) throw invalid(where, name, "at least 1", value);
  return value;
};

/** When decay `index` begins, where decay i lasts first ratio^i. */
const beginOf = (index: number, first: number, ratio: number): number =>
  ratio === 1 ? index * first : (first * (pow(ratio, index) - 1)) / (ratio - 1);

/** The decay that a time lies in. */
function decayAt(t: number, first: number, ratio: number): number {
  if (ratio === 1) return Math.floor(t / first);
  let index = Math.floor(log(1 + (t / first) * (ratio - 1)) / log(ratio));
  while (beginOf(index, first, ratio) > t) index--; // the logarithm is not exact where a decay begins
  while (beginOf(index + 1, first, ratio) <= t) index++;
  return index;
}

/**
 * a0 ((1 - alpha) mMul^i (1 + cos(pi u)) / 2 + alpha), u the share of decay i that has passed, which lasts firstDecaySteps tMul^i;
 * t is the step where `per` does not say otherwise. Throws `invalid-argument` or `unknown-option` for options out of range.
 * Source: SGDR (Loshchilov and Hutter 2017), Keras's CosineDecayRestarts.
 */
export function cosineDecayRestarts(options: CosineDecayRestartsOptions): Schedule {
  const checkers = {
    initialLearningRate: positive,
    firstDecaySteps: positiveInteger,
    tMul: atLeastOne,
    mMul: positive,
    alpha: nonNegative,
    per: unit,
  };
  checkOptions("cosineDecayRestarts", options, checkers, ["initialLearningRate", "firstDecaySteps"]);
  const { initialLearningRate: a0, firstDecaySteps, tMul = 2, mMul = 1, alpha = 0, per = "step" } = options;
  const ratio = Math.fround(tMul) === 1 ? 1 : tMul; // (ratio^i - 1) / (ratio - 1) has no digits left nearer to 1
  return over(per, (t) => {
    const index = decayAt(t, firstDecaySteps, ratio);
    const share = (t - beginOf(index, firstDecaySteps, ratio)) / (firstDecaySteps * pow(ratio, index));
    return a0 * ((1 - alpha) * pow(mMul, index) * halfCosine(share) + alpha);
  });
}

/**
 * From maxLearningRate / divFactor up to maxLearningRate at t = pctStart totalSteps - 1, then down to the first rate /
 * finalDivFactor at t = totalSteps - 1, by half waves of a cosine or straight lines; t is the step where `per` does not say
 * otherwise. Throws `invalid-argument` or `unknown-option` for options out of range. Source: Smith and Topin 2018,
 * PyTorch's OneCycleLR, without its cycle of the momentum.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const checkers = {
    maxLearningRate: positive,
    totalSteps: positiveInteger,
    pctStart: fraction,
    divFactor: positive,
    finalDivFactor: positive,
    annealing: oneOf("cosine", "linear"),
    per: unit,
  };
  checkOptions("oneCycle", options, checkers, ["maxLearningRate", "totalSteps"]);
  const { maxLearningRate: most, totalSteps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  const { annealing = "cosine", per = "step" } = options;
  const first = most / divFactor;
  const last = first / finalDivFactor;
  const top = pctStart * totalSteps - 1; // below 0 where no step is left to rise
  const left = annealing === "cosine" ? halfCosine : (share: number): number => 1 - share;
  const between = (from: number, to: number, share: number): number => to + (from - to) * left(share);
  return over(per, (t) => {
    if (t <= top && top > 0) return between(first, most, t / top);
    return between(most, last, (Math.min(t, totalSteps - 1) - top) / (totalSteps - 1 - top));
  });
}

// Schedules made of others. A part that begins later counts anew what its boundary is counted in: steps after a
// boundary in steps, epochs after one in epochs; the other count goes on.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, nonNegative, positiveInteger } from "../check.ts";
import { learningRateOption } from "../optimizers/options.ts";
import { checkBoundaries } from "./decay.ts";
import { type Schedule, type ScheduleOptions, type ScheduleUnit, unit } from "./unit.ts";

/** Options of `sequence`. */
export interface SequenceOptions extends ScheduleOptions {
  /** What `boundaries` count; by default "step". */
  readonly per?: ScheduleUnit;
}

/** Options of `warmup`. */
export interface WarmupOptions extends ScheduleOptions {
  /** How long the rate rises, in units of `per`. */
  readonly steps: number;
  /** The first rate, by default 0; in epochs it must be given, because a whole epoch is trained with it. */
  readonly from?: number;
  /** What is warmed up to and comes afterwards: a number or a schedule. */
  readonly learningRate: number | Schedule;
  /** By default "step". */
  readonly per?: ScheduleUnit;
}

const scheduleOf = (learningRate: number | Schedule): Schedule =>
  typeof learningRate === "function" ? learningRate : () => learningRate;

/** A schedule that begins at a time: before, it stands still at its beginning. */
function delayed(schedule: Schedule, begin: number, per: ScheduleUnit): Schedule {
  const since = (t: number): number => Math.max(0, t - begin);
  return per === "epoch"
    ? (step, epoch) => schedule(step, since(epoch))
    : (step, epoch) => schedule(since(step), epoch);
}

/**
 * schedules[0] before t = boundaries[0], schedules[i] from boundaries[i - 1] on, each with its own time from 0; t is the step
 * where `per` does not say otherwise. A number stands for a rate that does not change. Throws `invalid-argument` where a part is
 * none, or boundaries do not rise or are not one fewer than the parts.
 */
export function sequence(
  schedules: readonly (number | Schedule)[],
  boundaries: readonly number[],
  options: SequenceOptions = {},
): Schedule {
  const where = "sequence";
  if (!Array.isArray(schedules) || schedules.length === 0)
    throw invalid(where, "schedules", "a non-empty array of schedules and numbers", schedules);
  for (const [i, each] of schedules.entries()) learningRateOption(each, `schedules[${i}]`, where);
  checkBoundaries(where, boundaries, 1, "schedules", schedules.length);
  checkOptions(where, options, { per: unit });
  const { per = "step" } = options;
  const ends = [...boundaries];
  const parts = schedules.map((each, i) => delayed(scheduleOf(each), i === 0 ? 0 : (ends[i - 1] as number), per));
  return (step, epoch) => {
    const t = per === "epoch" ? epoch : step;
    let part = 0;
    while (part < ends.length && t >= (ends[part] as number)) part++;
    return (parts[part] as Schedule)(step, epoch);
  };
}

/**
 * from + (target - from) t / steps for the first `steps`, target the first rate of `learningRate`; afterwards `learningRate`,
 * which begins there. t is the step where `per` does not say otherwise. Throws `invalid-argument` or `unknown-option` for options out of
 * range. Source: Goyal et al. 2017.
 */
export function warmup(options: WarmupOptions): Schedule {
  const where = "warmup";
  const checkers = { steps: positiveInteger, from: nonNegative, learningRate: learningRateOption, per: unit };
  checkOptions(where, options, checkers, ["steps", "learningRate"]);
  const { steps, from = 0, per = "step" } = options;
  if (per === "epoch" && options.from === undefined)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: from is required where epochs are counted: the whole first epoch is trained with it. Give a rate above 0.`,
    );
  const main = delayed(scheduleOf(options.learningRate), steps, per);
  return (step, epoch) => {
    const t = per === "epoch" ? epoch : step;
    const rate = main(step, epoch);
    return t < steps ? from + (rate - from) * (t / steps) : rate;
  };
}

/** factor times a schedule or number. Throws `invalid-argument` for one out of range. */
export function scale(schedule: number | Schedule, factor: number): Schedule {
  learningRateOption(schedule, "schedule", "scale");
  nonNegative(factor, "factor", "scale");
  const base = scheduleOf(schedule);
  return (step, epoch) => factor * base(step, epoch);
}

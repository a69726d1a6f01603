// What schedules are, and the time that they count: steps or epochs.

import type { Checker } from "../check.ts";
import { oneOf } from "../check.ts";

/** A learning rate by the step (updates so far) and the epoch, both from 0. It remembers nothing: the same numbers give the same rate. */
export type Schedule = (step: number, epoch: number) => number;

/** What a schedule counts. */
export type ScheduleUnit = "step" | "epoch";

/** The option that every schedule over time has. */
export interface ScheduleOptions {
  /** What is counted, steps or epochs. */
  readonly per?: ScheduleUnit;
}

export const unit: Checker<ScheduleUnit> = oneOf("step", "epoch");

/** The schedule of a rate over time. */
export const over = (per: ScheduleUnit, rate: (time: number) => number): Schedule =>
  per === "epoch" ? (_step, epoch) => rate(epoch) : (step) => rate(step);

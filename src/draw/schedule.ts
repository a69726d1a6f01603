// Learning rates over the steps as SVG.

import { checkOptions, invalid, isRecord, oneOf, positiveInteger } from "../check.ts";
import type { DrawCurvesOptions } from "./history.ts";
import { drawSeries } from "./history.ts";
import type { Series } from "./plot.ts";
import type { DrawOptions } from "./svg.ts";
import { drawOptions } from "./svg.ts";

/** A learning rate from step and epoch, both counted from 0; a number stands still. */
export type DrawnSchedule = number | ((step: number, epoch: number) => number);

/** Options of `drawSchedule`. */
export interface DrawScheduleOptions extends DrawOptions {
  /** By default 100. */
  readonly steps?: number;
  /** Steps of an epoch, by default 1: the picture is one of epochs. */
  readonly stepsPerEpoch?: number;
  /** Of the rates, by default "linear". */
  readonly scale?: "linear" | "log";
}

const where = "drawSchedule";

function ratesOf(name: string, schedule: unknown, steps: number, stepsPerEpoch: number): Float64Array {
  if (typeof schedule !== "number" && typeof schedule !== "function")
    throw invalid(where, name, "a schedule (step, epoch) => number, a number, or a record of them by name", schedule);
  return Float64Array.from({ length: steps }, (_, step) => {
    const rate: unknown = typeof schedule === "number" ? schedule : schedule(step, Math.floor(step / stepsPerEpoch));
    if (typeof rate !== "number") throw invalid(where, `what ${name} returns`, "a number", rate);
    return rate;
  });
}

/**
 * The learning rate of a schedule, or of several by name, at each step as SVG. Rates that are not finite are gaps. Throws
 * `invalid-argument` for what is no schedule or returns no number.
 */
export function drawSchedule(
  schedule: DrawnSchedule | Readonly<Record<string, DrawnSchedule>>,
  options: DrawScheduleOptions = {},
): string {
  checkOptions(where, options, {
    ...drawOptions,
    steps: positiveInteger,
    stepsPerEpoch: positiveInteger,
    scale: oneOf("linear", "log"),
  });
  const { steps = 100, stepsPerEpoch = 1, ...drawing } = options;
  const several = isRecord(schedule) && Object.keys(schedule).length > 0;
  const named: Readonly<Record<string, unknown>> = several ? schedule : { schedule };
  const x = Float64Array.from({ length: steps }, (_, step) => step);
  const series = Object.entries(named).map(
    ([name, each], color): Series => ({
      name,
      color,
      x,
      y: ratesOf(several ? `schedule.${name}` : "schedule", each, steps, stepsPerEpoch),
    }),
  );
  const xLabel = stepsPerEpoch === 1 ? "epoch" : "step";
  const drawn: DrawCurvesOptions = { ...drawing, xLabel, yLabel: "learning rate" };
  return drawSeries(series, drawn, "Learning rate");
}

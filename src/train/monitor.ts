// What callbacks that watch one value share: the option of its name, whether less or more of it is better, and
// what counts as better.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { nonEmptyString, nonNegative, oneOf, show } from "../check.ts";
import { directionOf } from "../metrics/names.ts";
import type { Logs, TrainContext } from "./callbacks.ts";

/** Whether less ("min") or more ("max") is better; "auto" tells by the name. */
export type MonitorMode = "auto" | "min" | "max";

/** Options of every callback that watches a value. */
export interface MonitorOptions {
  /** The name of a value in an epoch's logs; by default "val_loss". */
  readonly monitor?: string;
  /** Whether less or more of it is better; by default "auto": by the name. */
  readonly mode?: MonitorMode;
  /** What a change must exceed to count. */
  readonly minDelta?: number;
}

export const monitorCheckers: Readonly<Record<"monitor" | "mode" | "minDelta", Checker>> = {
  monitor: nonEmptyString,
  mode: oneOf("auto", "min", "max"),
  minDelta: nonNegative,
};

export interface Monitor {
  /** Throws `invalid-argument` where the training has no such value, or "auto" cannot tell its direction. */
  begin(context: TrainContext): void;
  value(logs: Logs): number;
  /** Whether a value is better than `best` by more than minDelta; a NaN never is, and anything is better than null. */
  isBetter(value: number, best: number | null): boolean;
}

/** 1 where less is better, -1 where more is. */
function signOf(where: string, monitor: string, mode: MonitorMode): 1 | -1 {
  const direction = mode === "auto" ? directionOf(monitor) : mode;
  if (direction) return direction === "min" ? 1 : -1;
  throw new LanewiseError(
    "invalid-argument",
    `${where}: mode "auto" cannot tell whether less or more of ${show(monitor)} is better. Give mode "min" or "max".`,
  );
}

export function createMonitor(where: string, options: MonitorOptions, minDeltaDefault = 0): Monitor {
  const { monitor = "val_loss", mode = "auto", minDelta = minDeltaDefault } = options;
  const sign = signOf(where, monitor, mode);
  return {
    begin({ metrics }) {
      if (metrics.includes(monitor)) return;
      const help = monitor.startsWith("val_") ? " Values with val_ are there where fit is given validation data." : "";
      throw new LanewiseError(
        "invalid-argument",
        `${where}: monitor ${show(monitor)} names no value of this training. There are: ${metrics.join(", ")}.${help}`,
      );
    },
    value: (logs) => logs[monitor] as number,
    isBetter: (value, best) => !Number.isNaN(value) && (best === null || sign * value < sign * best - minDelta),
  };
}

// A history as those who show it need it: each metric with its validation values.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { checker } from "../check.ts";
import type { History } from "../train/history.ts";

/** A metric and its val_ values; one of them is there. */
export interface HistoryPanel {
  readonly name: string;
  readonly train: readonly number[] | null;
  readonly validation: readonly number[] | null;
}

export const metricsOption: Checker<readonly string[]> = checker(
  "a non-empty array of names",
  (names) => Array.isArray(names) && names.length > 0 && names.every((each) => typeof each === "string"),
);

/** The metrics of a history, or those asked for, each with what belongs to it. */
export function historyPanels(where: string, { metrics }: History, wanted?: readonly string[]): HistoryPanel[] {
  const base = (name: string): string => (name.startsWith("val_") ? name.slice(4) : name);
  const known = [...new Set(Object.keys(metrics).map(base))];
  for (const name of wanted ?? []) {
    if (!known.includes(base(name)))
      throw new LanewiseError(
        "invalid-argument",
        `${where}: metrics names "${name}", which the history has not. It has ${known.join(", ")}.`,
      );
  }
  const names = wanted ? [...new Set(wanted.map(base))] : known;
  return names.map((name) => ({
    name,
    train: metrics[name] ?? null,
    validation: metrics[`val_${name}`] ?? null,
  }));
}

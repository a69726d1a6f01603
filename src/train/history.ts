// What fit resolves with.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, isRecord } from "../check.ts";
import { withText } from "../text.ts";
import type { Logs } from "./callbacks.ts";

/** What `fit` resolves with. */
export interface History {
  /** The epochs that ended, from 0. */
  readonly epochs: number[];
  /** One value an epoch: loss, metrics, val_loss, ... */
  readonly metrics: Record<string, number[]>;
  /** A line for each epoch; `historyTable` and `historyChart` print more. */
  toString(): string;
}

/** An empty history. Its text is no part of its data, so that it is not seen where those are listed or saved. */
export function createHistory(): History {
  const history = { epochs: [] as number[], metrics: {} as Record<string, number[]> };
  const line = (epoch: number, i: number): string => {
    const values = Object.entries(history.metrics).map(([name, of]) => `${name} ${of[i]?.toPrecision(4)}`);
    return [`epoch ${epoch}`, ...values].join("  ");
  };
  return withText(history, () => history.epochs.map(line).join("\n"));
}

/** Adds an epoch that has ended. */
export function addEpoch({ epochs, metrics }: History, epoch: number, logs: Logs): void {
  epochs.push(epoch);
  for (const [name, value] of Object.entries(logs)) {
    metrics[name] ??= [];
    metrics[name].push(value);
  }
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((each) => typeof each === "number");

/** What the user gives as a history: of `fit`, or read from a file. */
export function requireHistory(where: string, history: unknown): asserts history is History {
  const expected = "what fit resolves with, { epochs, metrics }";
  if (!isRecord(history) || !isNumbers(history.epochs) || !isRecord(history.metrics))
    throw invalid(where, "history", expected, history);
  for (const [name, values] of Object.entries(history.metrics)) {
    if (!isNumbers(values)) throw invalid(where, `history.metrics.${name}`, "an array of numbers", values);
    if (values.length > history.epochs.length) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: history.metrics.${name} has ${values.length} values for ${history.epochs.length} epochs.`,
      );
    }
  }
  if (history.epochs.length === 0 || Object.keys(history.metrics).length === 0)
    throw new LanewiseError("empty-data", `${where}: history has no epochs.`);
}

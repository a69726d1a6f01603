// What fit resolves with.

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

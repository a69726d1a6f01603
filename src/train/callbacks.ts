// Callbacks: what fit calls between steps. All are optional and may be async.

import { invalid } from "../check.ts";
import type { Model } from "../model.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { History } from "./history.ts";

/** Values by name: loss, accuracy, val_loss, ... */
export type Logs = Record<string, number>;

/** What callbacks are told about the training that calls them. */
export interface TrainContext {
  /** The model that is trained. */
  readonly model: Model;
  /** The model's; its learningRate may be read and set between steps. */
  readonly optimizer: Optimizer;
  /** Training steps that the model has taken. */
  readonly step: number;
  /** Names of an epoch's logs. */
  readonly metrics: readonly string[];
  /** The epoch after the last one. */
  readonly epochs: number;
  readonly batchSize: number;
  /** Training examples and batches of an epoch; null where batches come from a function. */
  readonly examples: number | null;
  readonly batches: number | null;
  readonly kernels: "strict" | "relaxed" | "reference";
  /** Ends training after this step; fit resolves as usual. */
  stop(): void;
}

/** What `fit` calls between steps; every function is optional and may be async. */
export interface Callback {
  onTrainBegin?(context: TrainContext): unknown;
  onEpochBegin?(epoch: number, context: TrainContext): unknown;
  /** `logs` of this batch, with its number of examples as `size`. */
  onBatchEnd?(batch: number, logs: Logs, context: TrainContext): unknown;
  /** `logs` of this epoch: means over its examples, and val_ values. */
  onEpochEnd?(epoch: number, logs: Logs, context: TrainContext): unknown;
  onTrainEnd?(history: History, context: TrainContext): unknown;
}

const names = ["onTrainBegin", "onEpochBegin", "onBatchEnd", "onEpochEnd", "onTrainEnd"] as const;

/** Checks the callbacks option and makes it a list. */
export function callbackList(where: string, value: unknown): readonly Callback[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  list.forEach((each, i) => {
    const at = Array.isArray(value) ? `callbacks[${i}]` : "callbacks";
    if (typeof each !== "object" || each === null) throw invalid(where, at, `an object with ${names.join(", ")}`, each);
    const record = each as Record<string, unknown>;
    if (!names.some((name) => record[name] !== undefined))
      throw invalid(where, at, `an object with one of ${names.join(", ")}`, each);
    for (const name of names) {
      if (record[name] !== undefined && typeof record[name] !== "function")
        throw invalid(where, `${at}.${name}`, "a function", record[name]);
    }
  });
  return list as readonly Callback[];
}

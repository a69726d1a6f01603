// What fit is asked for: its options, checked against the model before anything changes.

import { LanewiseError } from "../../bindings/errors.ts";
import {
  abortSignal,
  bool,
  checkOptions,
  fraction,
  invalid,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
} from "../check.ts";
import type { BatchSize } from "../data/batchSize.ts";
import { batchSizeOf, batchSizeOption, noWholeBatch } from "../data/batchSize.ts";
import type { Callback } from "./callbacks.ts";
import { callbackList } from "./callbacks.ts";
import type { ClassWeight, Dataset } from "./dataset.ts";
import { classWeightColumn, sliceDataset } from "./dataset.ts";
import type { BatchSource, Examples } from "./examples.ts";
import { examplesOf, isSource, requireExamples } from "./examples.ts";
import type { ModelCore, Training } from "./model.ts";
import { outputNames, requireAlive, requireTraining, wantedTargets } from "./model.ts";

/** Options of `model.fit`. */
export interface FitOptions {
  /** By default 1. */
  readonly epochs?: number;
  /** By default 32. "full": all examples; "auto": all up to 2,000, else 64 to 512 as `suggestBatchSize` says. */
  readonly batchSize?: BatchSize;
  /** Whether a last batch that is smaller is left out; by default false. With `shuffle` it is another part each epoch. */
  readonly dropRemainder?: boolean;
  /** Whether examples are put in another order each epoch, by the model's seed; by default true. */
  readonly shuffle?: boolean;
  /** Evaluated after each epoch: val_loss, val_accuracy, ... */
  readonly validation?: Examples | BatchSource;
  /**
   * Factors of the losses by class; with several outputs by output name. Multiplied with sample weights; the loss is the sum
   * over the batch divided by its examples. Metrics and validation are not weighted by class.
   */
  readonly classWeight?: ClassWeight | Readonly<Record<string, ClassWeight>>;
  /** Share of the examples, taken from the end before shuffling, that is kept for validation. */
  readonly validationSplit?: number;
  /** Called between steps, in order. */
  readonly callbacks?: Callback | readonly Callback[];
  /** Ends the call within a step; it rejects with signal.reason. What was learned stays. */
  readonly signal?: AbortSignal;
  /** The epoch to begin with, for going on after a load; by default 0. */
  readonly initialEpoch?: number;
  /** What a loss, or a norm of gradients to be clipped, that is not finite does: "stop" (default) rejects and leaves the weights as they were before the step. */
  readonly onNaN?: "stop" | "continue";
}

/** The number that the option stands for; `count` is null where batches come from a function. */
function batchSizeFor(where: string, option: BatchSize, count: number | null): number {
  if (count !== null) return batchSizeOf(option, count);
  if (typeof option !== "number")
    throw invalid(where, "batchSize", "a number where batches come from a function: their sizes are theirs", option);
  return option;
}

/** Adds weights by class to examples. */
export type Weigh = (examples: Dataset) => Dataset;

/** What fit was asked for, checked against the model. */
export interface Plan {
  readonly training: Training;
  /** Null where batches come from `source`. */
  readonly dataset: Dataset | null;
  readonly source: BatchSource | null;
  readonly validation: Dataset | BatchSource | null;
  readonly batchSize: number;
  /** Examples of an epoch. */
  readonly end: number;
  readonly first: number;
  readonly epochs: number;
  readonly shuffle: boolean;
  readonly onNaN: "stop" | "continue";
  readonly signal: AbortSignal | undefined;
  readonly callbacks: readonly Callback[];
  readonly classWeight: FitOptions["classWeight"];
}

const optionCheckers = {
  epochs: positiveInteger,
  batchSize: batchSizeOption,
  dropRemainder: bool,
  shuffle: bool,
  validation: (v: unknown) => v,
  classWeight: (v: unknown) => v,
  validationSplit: fraction,
  callbacks: (v: unknown) => v,
  signal: abortSignal,
  initialEpoch: nonNegativeInteger,
  onNaN: oneOf("stop", "continue"),
};

/** The examples that are trained on, and those that are kept for validation. */
function partsOf(
  core: ModelCore,
  where: string,
  data: Examples | BatchSource,
  { validation: given, validationSplit = 0 }: FitOptions,
): Pick<Plan, "dataset" | "validation"> {
  if (isSource(data) && validationSplit > 0) {
    throw new LanewiseError(
      "invalid-argument",
      "fit: validationSplit needs arrays; give validation where batches come from a function.",
    );
  }
  if (validationSplit > 0 && given)
    throw new LanewiseError("invalid-argument", "fit: give validation or validationSplit, not both.");
  const dataset = isSource(data) ? null : examplesOf(core, where, data);
  if (!dataset || validationSplit === 0) {
    if (given === undefined) return { dataset, validation: null };
    return { dataset, validation: isSource(given) ? given : examplesOf(core, `${where}, validation`, given) };
  }
  const kept = Math.floor(dataset.count * (1 - validationSplit));
  if (kept < 1 || kept === dataset.count) {
    throw new LanewiseError(
      "empty-data",
      `fit: validationSplit ${validationSplit} of ${dataset.count} examples leaves one part empty.`,
    );
  }
  return { dataset: sliceDataset(dataset, 0, kept), validation: sliceDataset(dataset, kept, dataset.count) };
}

/** Checks all that fit is given; nothing has changed when it throws. */
export function planOf(core: ModelCore, where: string, data: Examples | BatchSource, options: FitOptions): Plan {
  requireAlive(core, where);
  if (!isSource(data)) requireExamples(where, data); // before the options, which are y where it is called as fit(x, y)
  checkOptions(where, options, optionCheckers);
  const { epochs = 1, shuffle = true, dropRemainder = false, initialEpoch = 0, onNaN = "stop", signal } = options;
  const training = requireTraining(core, where);
  const callbacks = callbackList(where, options.callbacks);
  const { dataset, validation } = partsOf(core, where, data, options);
  const batchSize = batchSizeFor(where, options.batchSize ?? 32, dataset?.count ?? null);
  if (dropRemainder && !dataset)
    throw invalid(where, "dropRemainder", "left out where batches come from a function: their sizes are theirs", true);
  if (dropRemainder && dataset && dataset.count < batchSize) throw noWholeBatch(where, batchSize, dataset.count);
  return {
    training,
    dataset,
    source: isSource(data) ? data : null,
    validation,
    batchSize,
    end: dataset ? dataset.count - (dropRemainder ? dataset.count % batchSize : 0) : 0,
    first: initialEpoch,
    epochs,
    shuffle,
    onNaN,
    signal,
    callbacks,
    classWeight: options.classWeight,
  };
}

/** Makes what adds weights by class; loaded where there are any. */
export async function weigherOf(
  core: ModelCore,
  where: string,
  { training, classWeight, dataset }: Plan,
): Promise<Weigh> {
  const { createClassWeights } = await import("./classWeight.ts");
  const targets = wantedTargets(core, training);
  return createClassWeights(where, classWeight, targets, outputNames(core), dataset !== null, classWeightColumn);
}

// fit: epochs over examples or over batches from anywhere. Between steps stand callbacks.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions, fraction, invalid, nonNegativeInteger, oneOf, positiveInteger } from "../check.ts";
import type { BatchSize } from "../data/batchSize.ts";
import { batchSizeOf, batchSizeOption, noWholeBatch } from "../data/batchSize.ts";
import type { Executable } from "../executable.ts";
import { defaultMachine } from "../machine.ts";
import type { Model } from "../model.ts";
import { shuffleInto } from "../random.ts";
import { SHUFFLE_STREAM } from "../streams.ts";
import type { Callback, Logs, TrainContext } from "./callbacks.ts";
import { callbackList } from "./callbacks.ts";
import type { ClassWeight, Dataset } from "./dataset.ts";
import { classWeightColumn, sliceDataset, weightsIn } from "./dataset.ts";
import { evaluateLoop } from "./evaluate.ts";
import type { BatchSource, Examples } from "./examples.ts";
import { examplesOf, isSource, requireExamples } from "./examples.ts";
import type { History } from "./history.ts";
import { addEpoch, createHistory } from "./history.ts";
import type { Loop } from "./loop.ts";
import { abortSignal, batchesOf, createLoop, inTurn, namedValues, noBatch, trackingOf } from "./loop.ts";
import type { ModelCore, ModelProgram, Training } from "./model.ts";
import {
  outputNames,
  programFor,
  reportNames,
  requireAlive,
  requireTraining,
  scalarNames,
  wantedTargets,
} from "./model.ts";
import { notifyCallback } from "./queue.ts";
import type { WeightsFor } from "./step.ts";
import { sampleWeightsFor, trainStep } from "./step.ts";
import type { Tracker } from "./tracking.ts";

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

/** Means of a training epoch: of losses by the number of examples, of metrics by the weights of their output. */
function createMeans(training: Training, names: readonly string[], weightsFor: WeightsFor) {
  const metrics = training.heads.flatMap((head, i) => head.metrics.map(() => i));
  const losses = names.length - metrics.length;
  const sums = names.map(() => 0);
  const totals = names.map(() => 0);
  return {
    add(values: readonly number[], executable: Executable, count: number): void {
      for (let i = 0; i < sums.length; i++) {
        const weights = i < losses ? null : weightsFor(executable, metrics[i - losses] as number);
        const factor = weights ? weights.reduce((sum, each) => sum + each, 0) : count;
        if (factor === 0) continue; // a batch whose weights are all 0 has no metrics
        sums[i] = (sums[i] as number) + (values[i] as number) * factor;
        totals[i] = (totals[i] as number) + factor;
      }
    },
    logs: (): Logs => Object.fromEntries(names.map((name, i) => [name, (sums[i] as number) / (totals[i] || 1)])),
  };
}

/** An error about variables that are half changed, with what was whole: the last epoch that ended. */
function withEpoch(error: unknown, epoch: number, last: number | null): unknown {
  if (!(error instanceof LanewiseError) || error.code !== "state-lost") return error;
  const whole = last === null ? "No epoch had ended" : `The last whole epoch was ${last}`;
  return new LanewiseError("state-lost", `fit, epoch ${epoch}: ${error.message} ${whole}.`, { cause: error });
}

/** The number that the option stands for; `count` is null where batches come from a function. */
function batchSizeFor(where: string, option: BatchSize, count: number | null): number {
  if (count !== null) return batchSizeOf(option, count);
  if (typeof option !== "number")
    throw invalid(where, "batchSize", "a number where batches come from a function: their sizes are theirs", option);
  return option;
}

/** Adds weights by class to examples. */
type Weigh = (examples: Dataset) => Dataset;

/** What fit was asked for, checked against the model. */
interface Plan {
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
function planOf(core: ModelCore, where: string, data: Examples | BatchSource, options: FitOptions): Plan {
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
async function weigherOf(core: ModelCore, where: string, { training, classWeight, dataset }: Plan): Promise<Weigh> {
  const { createClassWeights } = await import("./classWeight.ts");
  const targets = wantedTargets(core, training);
  return createClassWeights(where, classWeight, targets, outputNames(core), dataset !== null, classWeightColumn);
}

/** What callbacks are told. */
function contextOf(loop: Loop, model: Model, plan: Plan, stop: () => void): TrainContext {
  const { core, machine } = loop;
  const { training, validation, dataset, batchSize } = plan;
  const names = reportNames(core, training);
  return {
    model,
    optimizer: training.optimizer,
    get step() {
      return core.step;
    },
    metrics: validation ? [...names, ...names.map((name) => `val_${name}`)] : names,
    epochs: plan.first + plan.epochs,
    batchSize,
    examples: dataset?.count ?? null,
    batches: dataset ? Math.ceil(plan.end / batchSize) : null,
    kernels: machine.engine.kernels,
    stop,
  };
}

/** All epochs of a call. `weigh` is null where the first batch of a source settles what classes there are. */
async function trainEpochs(
  loop: Loop,
  model: Model,
  plan: Plan,
  tracking: (() => Tracker) | null,
  given: Weigh | null,
): Promise<History> {
  const { core, machine, what: where } = loop;
  const { training, dataset, validation, batchSize, end, callbacks } = plan;
  const names = scalarNames(core, training);
  const report = names.map(() => 0);
  const history = createHistory();
  const weightsFor = sampleWeightsFor(core);
  const order = dataset && plan.shuffle ? new Uint32Array(dataset.count) : null;
  const wantsBatches = callbacks.some((callback) => callback.onBatchEnd);
  let weigh = given;
  let stopped = false;
  const context = contextOf(loop, model, plan, () => {
    stopped = true;
  });
  const notify = async (call: (callback: Callback) => unknown): Promise<void> => {
    for (const callback of callbacks) {
      const pending = notifyCallback(machine, () => call(callback));
      if (pending) await pending;
    }
  };

  const trainEpoch = async (epoch: number): Promise<void> => {
    loop.state.epoch = epoch;
    await notify((callback) => callback.onEpochBegin?.(epoch, context));
    const means = createMeans(training, names, weightsFor);
    let tracker = core.network.outputs ? tracking?.() : undefined;
    let batch = 0;
    /** Null where nothing has to be waited for. */
    const ended = ({ executable }: ModelProgram, count: number): Promise<void> | null => {
      means.add(report, executable, count);
      tracker?.add(executable, names.length, (head) => weightsFor(executable, head));
      const current = batch++;
      if (!wantsBatches) return loop.slices.turn();
      const logs = { ...namedValues(names, report), ...tracker?.batchLogs() };
      return notify((callback) => callback.onBatchEnd?.(current, { ...logs, size: count }, context)).then(
        () => loop.slices.turn() ?? undefined,
      );
    };
    const step = (from: Dataset, weights: string, first: number, count: number): Promise<void> | null => {
      tracker ??= tracking?.();
      const run = (program: ModelProgram): Promise<void> | null => {
        const running = trainStep(loop, program, from, from === dataset ? order : null, first, batch, report);
        return running ? running.then(() => ended(program, count) ?? undefined) : ended(program, count);
      };
      const program = programFor(core, machine, "train", count, weights);
      if (!(program instanceof Promise)) return run(program);
      // it was compiled just now
      return program.then(async (made) => {
        await loop.slices.turn();
        await run(made);
      });
    };
    if (dataset) {
      if (order) shuffleInto(order, core.seed, SHUFFLE_STREAM, core.step);
      const weights = weightsIn(dataset);
      for (let first = 0; first < end && !stopped; first += batchSize) {
        const pending = step(dataset, weights, first, Math.min(batchSize, end - first));
        if (pending) await pending;
      }
    } else {
      for await (const examples of batchesOf(loop, plan.source as BatchSource)) {
        const checked = examplesOf(core, `${where}, epoch ${epoch}, batch ${batch}`, examples);
        weigh ??= await weigherOf(core, where, plan);
        const from = weigh(checked);
        await step(from, weightsIn(from), 0, from.count);
        if (stopped) break;
      }
      if (batch === 0) throw noBatch(`${where}, epoch ${epoch}`);
    }
    const logs = { ...means.logs(), ...tracker?.logs() };
    if (validation) {
      const found = await evaluateLoop(loop, validation, batchSize, `${where}, validation`);
      for (const [name, value] of Object.entries(found)) logs[`val_${name}`] = value;
    }
    addEpoch(history, epoch, logs);
    await notify((callback) => callback.onEpochEnd?.(epoch, logs, context));
  };

  await notify((callback) => callback.onTrainBegin?.(context));
  for (let epoch = plan.first; epoch < plan.first + plan.epochs && !stopped; epoch++)
    await trainEpoch(epoch).catch((error: unknown) => {
      throw withEpoch(error, epoch, epoch > plan.first ? epoch - 1 : null);
    });
  await notify((callback) => callback.onTrainEnd?.(history, context));
  return history;
}

export async function fit(
  core: ModelCore,
  model: Model,
  data: Examples | BatchSource,
  options: FitOptions = {},
): Promise<History> {
  const where = "fit";
  let plan = planOf(core, where, data, options);
  let weigh: Weigh | null = plan.classWeight === undefined ? (examples) => examples : null;
  // else the first batch settles the outputs
  if (plan.dataset || core.network.outputs) weigh ??= await weigherOf(core, where, plan);
  if (plan.dataset && weigh) plan = { ...plan, dataset: weigh(plan.dataset) };
  const { signal } = plan;
  signal?.throwIfAborted();
  const machine = await defaultMachine();
  const tracking = await trackingOf(core, plan.training, where);
  return inTurn(core, machine, where, signal, () =>
    trainEpochs(createLoop(core, machine, where, signal, plan.onNaN), model, plan, tracking, weigh),
  );
}

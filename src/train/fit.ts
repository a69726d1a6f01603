// The loops: fit, evaluate, predict, trainOnBatch. One step is one program; between steps stand callbacks.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Machine } from "../../bindings/machine.ts";
import {
  bool,
  checkOptions,
  fraction,
  invalid,
  isRecord,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
} from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray, newArray } from "../data/arrays.ts";
import type { BatchSize } from "../data/batchSize.ts";
import { batchSizeOf, batchSizeOption, noWholeBatch } from "../data/batchSize.ts";
import { gatherInto, part } from "../data/feed.ts";
import type { Executable } from "../executable.ts";
import { defaultMachine } from "../machine.ts";
import type { Model } from "../model.ts";
import { shuffleInto } from "../random.ts";
import { sizeOf } from "../shape.ts";
import type { Callback, Logs, TrainContext } from "./callbacks.ts";
import { callbackList } from "./callbacks.ts";
import type { ClassWeight, Dataset } from "./dataset.ts";
import {
  byForm,
  checkDataset,
  classWeightColumn,
  SAMPLE_WEIGHT,
  sampleWeightColumn,
  sliceDataset,
  weightsIn,
  weightWanted,
} from "./dataset.ts";
import type { ModelCore, ModelProgram, Training } from "./model.ts";
import {
  ensureBuilt,
  outputNames,
  programFor,
  reportNames,
  requireAlive,
  requireTraining,
  scalarNames,
  wantedInputs,
  wantedTargets,
  wholeNames,
} from "./model.ts";
import type { Slices } from "./queue.ts";

import {
  createSlices,
  enqueue,
  inSlices,
  isShort,
  notifyCallback,
  runCallback,
  runSliced,
  runToEnd,
  runWhole,
} from "./queue.ts";
import type { Tracker } from "./tracking.ts";

/** One array, or several as the model's inputs or outputs are: an array or a record. */
export type Arrays = Values | readonly Values[] | Readonly<Record<string, Values>>;

/** Inputs and targets, as many examples of each. */
export interface Examples {
  readonly x: Arrays;
  readonly y: Arrays;
  /** A factor of the loss for each example; with several outputs one for all, or some by output name. */
  readonly sampleWeight?: Values | Readonly<Record<string, Values>>;
}

/** Batches from anywhere: an (async) iterable, or a function called once an epoch, with its number, that gives one. */
export type BatchSource =
  | AsyncIterable<Examples>
  | Iterable<Examples>
  | ((epoch: number) => AsyncIterable<Examples> | Iterable<Examples>);

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

/** What `fit` resolves with. */
export interface History {
  /** The epochs that ended, from 0. */
  readonly epochs: number[];
  /** One value an epoch: loss, metrics, val_loss, ... */
  readonly metrics: Record<string, number[]>;
  /** A line for each epoch; `historyTable` and `historyChart` print more. */
  toString(): string;
}

/** Gives a history its text, aside from its data. */
const printable = (history: History): History =>
  Object.defineProperty(history, "toString", {
    value: () =>
      history.epochs
        .map((epoch, i) =>
          [
            `epoch ${epoch}`,
            ...Object.entries(history.metrics).map(([name, of]) => `${name} ${of[i]?.toPrecision(4)}`),
          ].join("  "),
        )
        .join("\n"),
  });

/** Options of `model.evaluate` and `model.predict`. */
export interface EvaluateOptions {
  /** By default 32. */
  readonly batchSize?: number;
  /** Ends the call within a step; it rejects with signal.reason. What was learned stays. */
  readonly signal?: AbortSignal;
}

export const abortSignal = (value: unknown, name: string, where: string): AbortSignal => {
  if (typeof AbortSignal === "function" && value instanceof AbortSignal) return value;
  throw invalid(where, name, "an AbortSignal", value);
};

export const exampleShapeOf = (x: unknown): number[] | null => {
  if (x === null || typeof x !== "object") return null;
  const { shape } = flattenArray("x", x);
  return shape && shape.length > 1 ? [...shape.slice(1)] : null;
};

function requireExamples(where: string, data: unknown): asserts data is Examples {
  if (typeof data !== "object" || data === null || Array.isArray(data) || ArrayBuffer.isView(data))
    throw invalid(where, "data", "one object { x, y }, not x and y one after the other", data);
  checkOptions(where, data, { x: (v) => v, y: (v) => v, sampleWeight: (v) => v }, ["x", "y"]);
}

/** Checks x, y and weights against the model. */
export function examplesOf(core: ModelCore, where: string, data: unknown): Dataset {
  requireExamples(where, data);
  const training = requireTraining(core, where);
  const { network } = core;
  const inputs = ensureBuilt(core, where, network.inputs ? null : exampleShapeOf(data.x));
  const wanted = [...wantedInputs(inputs, network.inputForm), ...wantedTargets(core, training)];
  const values = [
    ...byForm(
      where,
      "x",
      network.inputForm,
      inputs.map(({ name }) => name),
      data.x,
    ),
    ...byForm(
      where,
      "y",
      network.outputForm,
      (network.outputs ?? []).map(({ name }) => name),
      data.y,
    ),
  ];
  for (const [label, weights] of sampleWeightsOf(core, where, data.sampleWeight)) {
    wanted.push(weightWanted(label));
    values.push(weights);
  }
  return checkDataset(where, wanted, values);
}

/** Weights for all outputs, or for some by name: the names of their columns, and the values. */
function sampleWeightsOf(core: ModelCore, where: string, given: unknown): [string, unknown][] {
  if (given === undefined) return [];
  const names = outputNames(core);
  if (names.length === 1 || !isRecord(given) || ("data" in given && "shape" in given)) return [[SAMPLE_WEIGHT, given]];
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw new LanewiseError(
        "unknown-option",
        `${where}: sampleWeight.${name} names no output. Outputs: ${names.join(", ")}.`,
      );
    }
  }
  return Object.entries(given)
    .filter(([, weights]) => weights !== undefined)
    .map(([name, weights]) => [sampleWeightColumn(name), weights]);
}

/** Writes examples [first, first + count) into a prepared program. */
export function feed(
  executable: Executable,
  dataset: Dataset,
  order: Uint32Array | null,
  first: number,
  count: number,
): void {
  for (const { name, data, size } of dataset.columns) {
    const view = executable.input(name);
    if (view) gatherInto(view, data, size, order, first, count);
  }
}

export interface Loop {
  readonly core: ModelCore;
  readonly machine: Machine;
  readonly what: string;
  readonly slices: Slices;
  readonly signal: AbortSignal | null;
  readonly onNaN: "stop" | "continue";
  readonly state: { step: number; epoch: number; seed: number };
}

/**
 * One training step on examples of a dataset; `report` receives what scalarNames lists. Null where the step was short and is
 * done: a promise a step would cost more than small steps do.
 */
function trainStep(
  loop: Loop,
  program: ModelProgram,
  dataset: Dataset,
  order: Uint32Array | null,
  first: number,
  batch: number,
  report: number[],
): Promise<void> | null {
  const { core, state, signal } = loop;
  const { executable } = program;
  if (core.disposed)
    throw new LanewiseError("disposed", `${loop.what}: the model was disposed of while it was trained.`);
  signal?.throwIfAborted();
  state.step = core.step;
  executable.prepare(state);
  feed(executable, dataset, order, first, program.batchSize);
  const endsHere = (): boolean => executable.stopped && loop.onNaN === "stop";
  const end = executable.length;
  const fail = async (): Promise<never> => {
    const what = Number.isFinite(executable.output(0)[0]) ? "the norm of the gradients" : "the loss";
    const first = await inSlices(loop.machine, loop.what, loop.slices, executable.findNonFinite());
    throw new LanewiseError(
      "non-finite",
      `${loop.what}: ${what} is not finite in epoch ${state.epoch}, batch ${batch}; the weights are as before that batch. The first tensor that is not finite is ${first}. Try a smaller learning rate, check the data, or set onNaN: "continue".`,
    );
  };
  const finish = (): void => {
    executable.commit();
    core.step++;
    for (let i = 0; i < report.length; i++) report[i] = executable.output(i)[0] as number;
  };
  if (isShort(executable)) {
    for (let at = 0; at < end; ) {
      at = runWhole(executable, at, end);
      if (endsHere()) return fail();
    }
    finish();
    return null;
  }
  return (async () => {
    for (let at = 0; at < end; ) {
      at = await runSliced(executable, loop.what, loop.slices, at, end, signal);
      if (at < 0) signal?.throwIfAborted();
      if (endsHere()) await fail();
    }
    finish();
    signal?.throwIfAborted();
  })();
}

/** Makes what follows metrics over a whole set, once the network is built; loaded where there are any. */
async function trackingOf(core: ModelCore, training: Training, what: string): Promise<(() => Tracker) | null> {
  const names = wholeNames(core, training);
  if (names.length === 0) return null;
  const { createTracker } = await import("./tracking.ts");
  const { heads } = training;
  return () =>
    createTracker(what, { heads, names, targets: wantedTargets(core, training), outputs: core.network.outputs ?? [] });
}

const namedValues = (names: readonly string[], values: readonly number[]): Logs =>
  Object.fromEntries(names.map((name, i) => [name, values[i] as number]));

/** Exact means over a dataset, or over all batches of a source: losses, metrics. */
async function evaluateLoop(loop: Loop, data: Dataset | BatchSource, batchSize: number, what: string): Promise<Logs> {
  const { core, machine, state } = loop;
  const training = requireTraining(core, loop.what);
  const names = outputNames(core);
  const heads = training.heads.length;
  const headOf = [
    ...training.heads.map((_, head) => head),
    ...training.heads.flatMap(({ metrics }, head) => metrics.map(() => head)),
  ];
  const sums = headOf.map(() => 0);
  let tracker: Tracker | undefined;
  const tracking = await trackingOf(core, training, what);
  const weightTotals = names.map(() => 0);
  let examples = 0;
  // as penaltyParts has them
  const extras = { examples: 0, whole: 0, shared: 0 };
  const add = async (dataset: Dataset): Promise<void> => {
    const weightNames = weightsIn(dataset).split("\n");
    const columns = dataset.columns.filter(({ name }) => !weightNames.includes(name));
    const weightsOf = names.map((output) => {
      const own = [SAMPLE_WEIGHT, sampleWeightColumn(output)];
      return dataset.columns.find(({ name }) => own.includes(name))?.data ?? null;
    });
    examples += dataset.count;
    for (let first = 0; first < dataset.count; first += batchSize) {
      loop.signal?.throwIfAborted();
      requireAlive(core, loop.what);
      const count = Math.min(batchSize, dataset.count - first);
      const { executable } = await programFor(core, machine, "evaluate", count, "");
      await loop.slices.turn();
      executable.prepare(state);
      feed(executable, { count, columns }, null, first, count);
      if ((await runToEnd(executable, loop.what, loop.slices, loop.signal)) < 0) loop.signal?.throwIfAborted();
      headOf.forEach((head, i) => {
        const values = executable.output(i);
        const weights = weightsOf[head];
        let total = 0;
        for (let j = 0; j < count; j++) total += (values[j] as number) * (weights ? (weights[first + j] as number) : 1);
        sums[i] = (sums[i] as number) + total;
      });
      weightsOf.forEach((weights, head) => {
        let total = 0;
        for (let j = 0; j < count; j++) total += weights ? (weights[first + j] as number) : 1;
        weightTotals[head] = (weightTotals[head] as number) + total;
      });
      tracker ??= tracking?.();
      tracker?.add(executable, headOf.length, (head) => {
        const weights = weightsOf[head];
        return weights ? Float32Array.from(part(weights, first, first + count)) : null;
      });
      const penalties = headOf.length + (tracker?.outputs ?? 0);
      if (executable.compiled.listing.outputs.length > penalties) {
        const ofExamples = executable.output(penalties);
        for (let j = 0; j < count; j++) extras.examples += ofExamples[j] as number;
        extras.whole = executable.output(penalties + 1)[0] as number;
        extras.shared = executable.output(penalties + 2)[0] as number;
      }
      const turn = loop.slices.turn();
      if (turn) await turn;
    }
  };
  if (isSource(data)) {
    let batch = 0;
    for await (const part of batchesOf(loop, data, what))
      await add(examplesOf(core, `${what}, batch ${batch++}`, part));
    if (batch === 0) throw noBatch(what);
  } else await add(data);
  // losses are divided by the number of examples, metrics by the sum of the weights
  const losses = sums.slice(0, heads).map((total) => total / examples);
  const extra = extras.whole + (extras.examples + extras.shared) / examples;
  const loss = losses.reduce((total, value, i) => total + value * (training.heads[i]?.weight ?? 1), extra);
  const means = headOf.slice(heads).map((head, i) => (sums[heads + i] as number) / (weightTotals[head] || 1));
  const values = [loss, ...(heads > 1 ? losses : []), ...means];
  return { ...namedValues(scalarNames(core, training), values), ...tracker?.logs() };
}

const noBatch = (what: string): LanewiseError =>
  new LanewiseError(
    "empty-data",
    `${what}: no batch came. Pass a function that makes a new iterable each time it is called.`,
  );

export function createLoop(
  core: ModelCore,
  machine: Machine,
  what: string,
  signal: AbortSignal | undefined,
  onNaN: "stop" | "continue",
): Loop {
  return {
    core,
    machine,
    what,
    slices: createSlices(),
    signal: signal ?? null,
    onNaN,
    state: { step: core.step, epoch: 0, seed: core.seed },
  };
}

const SHUFFLE_STREAM = 0x7fff0000;

/** The sample weights of one output in a training step; null where it has none. */
type WeightsFor = (executable: Executable, head: number) => Float32Array | null;

function sampleWeightsFor(core: ModelCore): WeightsFor {
  const own = outputNames(core).map(sampleWeightColumn);
  return (executable, head) =>
    (executable.input(SAMPLE_WEIGHT) ?? executable.input(own[head] as string)) as Float32Array | null;
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

/** Waits for a promise, but no longer than until the signal, where that may `end` it. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | null, end = () => true): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = () => end() && reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).then(() => signal.removeEventListener("abort", abort));
  });
}

/** The batches of one epoch. A source may call models while it is asked: it is waited for as a callback is. */
export async function* batchesOf(
  loop: Loop,
  source: BatchSource,
  what: string = loop.what,
): AsyncGenerator<Examples, void> {
  const { machine, signal } = loop;
  const iterable: unknown = typeof source === "function" ? source(loop.state.epoch) : source;
  if (typeof iterable !== "object" || iterable === null || (!Array.isArray(iterable) && !isSource(iterable)))
    throw invalid(what, "what the data function returns", "an (async) iterable of { x, y }", iterable);
  const batches = iterable as AsyncIterable<Examples> | Iterable<Examples>;
  const iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await runCallback(machine, () => untilAborted(Promise.resolve(iterator.next()), signal));
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // one that hangs is not waited for
    if (!ended)
      await runCallback(machine, () => untilAborted(Promise.resolve(iterator.return?.()), signal)).catch(() => {});
  }
}

/** Runs what works with the model in its turn; a signal ends the waiting for it. */
export function inTurn<T>(
  core: ModelCore,
  machine: Machine,
  what: string,
  signal: AbortSignal | undefined,
  body: () => Promise<T>,
): Promise<T> {
  let waiting = true;
  const done = enqueue(machine, async () => {
    waiting = false;
    signal?.throwIfAborted();
    requireAlive(core, what);
    return body();
  });
  return untilAborted(done, signal ?? null, () => waiting);
}

export const isSource = (data: unknown): data is BatchSource =>
  typeof data === "function" ||
  (Array.isArray(data)
    ? isRecord(data[0]) // batches; of anything else it is no data
    : typeof data === "object" &&
      data !== null &&
      !ArrayBuffer.isView(data) &&
      (Symbol.asyncIterator in data || Symbol.iterator in data));

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

export async function fit(
  core: ModelCore,
  publicModel: Model,
  data: Examples | BatchSource,
  options: FitOptions = {},
): Promise<History> {
  const where = "fit";
  requireAlive(core, where);
  if (!isSource(data)) requireExamples(where, data); // before the options, which are y where it is called as fit(x, y)
  checkOptions(where, options, {
    epochs: positiveInteger,
    batchSize: batchSizeOption,
    dropRemainder: bool,
    shuffle: bool,
    validation: (v) => v,
    classWeight: (v) => v,
    validationSplit: fraction,
    callbacks: (v) => v,
    signal: abortSignal,
    initialEpoch: nonNegativeInteger,
    onNaN: oneOf("stop", "continue"),
  });
  const {
    epochs = 1,
    shuffle = true,
    dropRemainder = false,
    validationSplit = 0,
    initialEpoch = 0,
    onNaN = "stop",
    signal,
  } = options;
  const training = requireTraining(core, where);
  const callbacks = callbackList(where, options.callbacks);
  let dataset: Dataset | null = null;
  let validation: Dataset | BatchSource | null = null;
  if (!isSource(data)) {
    dataset = examplesOf(core, where, data);
  } else if (validationSplit > 0) {
    throw new LanewiseError(
      "invalid-argument",
      "fit: validationSplit needs arrays; give validation where batches come from a function.",
    );
  }
  if (validationSplit > 0 && options.validation) {
    throw new LanewiseError("invalid-argument", "fit: give validation or validationSplit, not both.");
  }
  if (options.validation !== undefined) {
    const given = options.validation;
    validation = isSource(given) ? given : examplesOf(core, `${where}, validation`, given);
  }
  if (dataset && validationSplit > 0) {
    const kept = Math.floor(dataset.count * (1 - validationSplit));
    if (kept < 1 || kept === dataset.count) {
      throw new LanewiseError(
        "empty-data",
        `fit: validationSplit ${validationSplit} of ${dataset.count} examples leaves one part empty.`,
      );
    }
    validation = sliceDataset(dataset, kept, dataset.count);
    dataset = sliceDataset(dataset, 0, kept);
  }
  const batchSize = batchSizeFor(where, options.batchSize ?? 32, dataset?.count ?? null);
  if (dropRemainder && !dataset)
    throw invalid(where, "dropRemainder", "left out where batches come from a function: their sizes are theirs", true);
  if (dropRemainder && dataset && dataset.count < batchSize) throw noWholeBatch(where, batchSize, dataset.count);
  const end = dataset ? dataset.count - (dropRemainder ? dataset.count % batchSize : 0) : 0;
  /** Adds the weights by class, where there are some. */
  let weigh: ((examples: Dataset) => Dataset) | null =
    options.classWeight === undefined ? (examples) => examples : null;
  const weigher = async (): Promise<(examples: Dataset) => Dataset> => {
    const { createClassWeights } = await import("./classWeight.ts");
    const targets = wantedTargets(core, training);
    return createClassWeights(where, options.classWeight, targets, outputNames(core), !!dataset, classWeightColumn);
  };
  if (dataset || core.network.outputs) weigh ??= await weigher(); // else the first batch settles the outputs
  if (dataset && weigh) dataset = weigh(dataset);
  signal?.throwIfAborted();
  const machine = await defaultMachine();
  const tracking = await trackingOf(core, training, where);

  return inTurn(core, machine, where, signal, async () => {
    signal?.throwIfAborted();
    const loop = createLoop(core, machine, where, signal, onNaN);
    const names = scalarNames(core, training);
    const report = names.map(() => 0);
    const all = reportNames(core, training);
    const history = printable({ epochs: [], metrics: {} });
    let tracker: Tracker | undefined;
    let stopped = false;
    const context: TrainContext = {
      model: publicModel,
      optimizer: training.optimizer,
      get step() {
        return core.step;
      },
      metrics: validation ? [...all, ...all.map((name) => `val_${name}`)] : all,
      epochs: initialEpoch + epochs,
      batchSize,
      examples: dataset?.count ?? null,
      batches: dataset ? Math.ceil(end / batchSize) : null,
      kernels: machine.engine.kernels,
      stop: () => {
        stopped = true;
      },
    };
    const notify = async (call: (callback: Callback) => unknown): Promise<void> => {
      for (const callback of callbacks) {
        const pending = notifyCallback(machine, () => call(callback));
        if (pending) await pending;
      }
    };
    const weightsFor = sampleWeightsFor(core);
    const order = dataset && shuffle ? new Uint32Array(dataset.count) : null;
    const wantsBatches = callbacks.some((callback) => callback.onBatchEnd);

    await notify((callback) => callback.onTrainBegin?.(context));
    const trainEpoch = async (epoch: number): Promise<void> => {
      loop.state.epoch = epoch;
      await notify((callback) => callback.onEpochBegin?.(epoch, context));
      const means = createMeans(training, names, weightsFor);
      tracker = core.network.outputs ? tracking?.() : undefined;
      let batch = 0;
      /** Null where nothing has to be waited for. */
      const step = (
        from: Dataset,
        weights: string,
        indices: Uint32Array | null,
        first: number,
        count: number,
      ): Promise<void> | null => {
        const run = (program: ModelProgram): Promise<void> | null => {
          const running = trainStep(loop, program, from, indices, first, batch, report);
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
      const ended = ({ executable }: ModelProgram, count: number): Promise<void> | null => {
        means.add(report, executable, count);
        tracker ??= tracking?.();
        tracker?.add(executable, names.length, (head) => weightsFor(executable, head));
        const current = batch++;
        if (!wantsBatches) return loop.slices.turn();
        const logs = { ...namedValues(names, report), ...tracker?.batchLogs() };
        return notify((callback) => callback.onBatchEnd?.(current, { ...logs, size: count }, context)).then(
          () => loop.slices.turn() ?? undefined,
        );
      };
      if (dataset) {
        if (order) {
          for (let i = 0; i < order.length; i++) order[i] = i;
          shuffleInto(order, core.seed, SHUFFLE_STREAM, core.step);
        }
        const weights = weightsIn(dataset);
        for (let first = 0; first < end && !stopped; first += batchSize) {
          const pending = step(dataset, weights, order, first, Math.min(batchSize, end - first));
          if (pending) await pending;
        }
      } else {
        for await (const examples of batchesOf(loop, data as BatchSource)) {
          const checked = examplesOf(core, `${where}, epoch ${epoch}, batch ${batch}`, examples);
          weigh ??= await weigher();
          const from = weigh(checked);
          await step(from, weightsIn(from), null, 0, from.count);
          if (stopped) break;
        }
        if (batch === 0) throw noBatch(`${where}, epoch ${epoch}`);
      }
      const logs = { ...means.logs(), ...tracker?.logs() };
      if (validation) {
        for (const [name, value] of Object.entries(
          await evaluateLoop(loop, validation, batchSize, `${where}, validation`),
        ))
          logs[`val_${name}`] = value;
      }
      history.epochs.push(epoch);
      for (const [name, value] of Object.entries(logs)) {
        history.metrics[name] ??= [];
        history.metrics[name].push(value);
      }
      await notify((callback) => callback.onEpochEnd?.(epoch, logs, context));
    };
    for (let epoch = initialEpoch; epoch < initialEpoch + epochs && !stopped; epoch++)
      await trainEpoch(epoch).catch((error: unknown) => {
        throw withEpoch(error, epoch, epoch > initialEpoch ? epoch - 1 : null);
      });
    await notify((callback) => callback.onTrainEnd?.(history, context));
    return history;
  });
}

export async function evaluate(
  core: ModelCore,
  data: Examples | BatchSource,
  options: EvaluateOptions = {},
): Promise<Logs> {
  const where = "evaluate";
  requireAlive(core, where);
  if (!isSource(data)) requireExamples(where, data);
  checkOptions(where, options, { batchSize: positiveInteger, signal: abortSignal });
  requireTraining(core, where);
  const from = isSource(data) ? data : examplesOf(core, where, data);
  const machine = await defaultMachine();
  return inTurn(core, machine, where, options.signal, () => {
    const loop = createLoop(core, machine, where, options.signal, "continue");
    return evaluateLoop(loop, from, options.batchSize ?? 32, where);
  });
}

/** Outputs of a model for all examples, owned by the caller. */
export interface Prediction {
  readonly data: Float32Array;
  /** [examples, ...output] */
  readonly shape: number[];
}

export async function predict(core: ModelCore, x: Arrays, options: EvaluateOptions = {}): Promise<Prediction[]> {
  const where = "predict";
  requireAlive(core, where);
  checkOptions(where, options, { batchSize: positiveInteger, signal: abortSignal });
  const { network } = core;
  const inputs = ensureBuilt(core, where, network.inputs ? null : exampleShapeOf(x));
  const values = byForm(
    where,
    "x",
    network.inputForm,
    inputs.map(({ name }) => name),
    x,
  );
  const dataset = checkDataset(where, wantedInputs(inputs, network.inputForm), values);
  const machine = await defaultMachine();
  return inTurn(core, machine, where, options.signal, async () => {
    const loop = createLoop(core, machine, where, options.signal, "continue");
    const { batchSize = 32 } = options;
    const outputs = (network.outputs ?? []).map(({ shape }) => ({
      data: newArray(where, "float32", dataset.count * sizeOf(shape)) as Float32Array,
      shape: [dataset.count, ...shape],
    }));
    for (let first = 0; first < dataset.count; first += batchSize) {
      loop.signal?.throwIfAborted();
      requireAlive(core, where);
      const count = Math.min(batchSize, dataset.count - first);
      const { executable } = await programFor(core, machine, "predict", count, "");
      await loop.slices.turn();
      executable.prepare(loop.state);
      feed(executable, dataset, null, first, count);
      if ((await runToEnd(executable, where, loop.slices, loop.signal)) < 0) loop.signal?.throwIfAborted();
      outputs.forEach(({ data, shape }, i) => {
        const each = sizeOf(shape.slice(1));
        data.set(executable.output(i).subarray(0, count * each), first * each);
      });
      const turn = loop.slices.turn();
      if (turn) await turn;
    }
    return outputs;
  });
}

export async function trainOnBatch(
  core: ModelCore,
  x: Arrays,
  y: Arrays,
  options: Pick<Examples, "sampleWeight"> = {},
): Promise<Logs> {
  const where = "trainOnBatch";
  requireAlive(core, where);
  checkOptions(where, options, { sampleWeight: (v) => v });
  const training = requireTraining(core, where);
  const dataset = examplesOf(core, where, { x, y, ...options });
  const machine = await defaultMachine();
  return inTurn(core, machine, where, undefined, async () => {
    const names = scalarNames(core, training);
    const report = names.map(() => 0);
    const program = await programFor(core, machine, "train", dataset.count, weightsIn(dataset));
    await trainStep(createLoop(core, machine, where, undefined, "stop"), program, dataset, null, 0, 0, report);
    const tracker = (await trackingOf(core, training, where))?.();
    const weightsFor = sampleWeightsFor(core);
    tracker?.add(program.executable, names.length, (head) => weightsFor(program.executable, head));
    return { ...namedValues(names, report), ...tracker?.logs() };
  });
}

// fit: epochs over examples or over batches from anywhere. Between steps stand callbacks.

import { LanewiseError } from "../../bindings/errors.ts";
import type { StepValues } from "../executable.ts";
import { defaultMachine } from "../machine.ts";
import type { Model } from "../model.ts";
import { shuffleInto } from "../random.ts";
import { SHUFFLE_STREAM } from "../streams.ts";
import type { TrainContext } from "./callbacks.ts";
import type { Dataset } from "./dataset.ts";
import { weightsIn } from "./dataset.ts";
import { evaluateLoop } from "./evaluate.ts";
import type { BatchSource, Examples } from "./examples.ts";
import { examplesOf } from "./examples.ts";
import type { FitOptions, Plan, Weigh } from "./fitPlan.ts";
import { planOf, weigherOf } from "./fitPlan.ts";
import type { History } from "./history.ts";
import { addEpoch, createHistory } from "./history.ts";
import type { Loop } from "./loop.ts";
import { batchesOf, createLoop, createSteps, feed, inTurn, namedValues, noBatch, trackingOf } from "./loop.ts";
import type { ModelCore, ModelProgram } from "./model.ts";
import { programFor, reportNames, scalarNames } from "./model.ts";
import { notifier } from "./queue.ts";
import { createMeans, readScalars, sampleWeightsFor, trainingStep } from "./step.ts";
import type { Tracker } from "./tracking.ts";

/** An error about variables that are half changed, with what was whole: the last epoch that ended. */
function withEpoch(error: unknown, epoch: number, last: number | null): unknown {
  if (!(error instanceof LanewiseError) || error.code !== "state-lost") return error;
  const whole = last === null ? "No epoch had ended" : `The last whole epoch was ${last}`;
  return new LanewiseError("state-lost", `fit, epoch ${epoch}: ${error.message} ${whole}.`, { cause: error });
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

/** Trains on `count` examples from `first`, with the columns of weights; null where nothing has to be waited for. */
type Train = (from: Dataset, weights: string, first: number, count: number) => Promise<void> | null;

async function trainOnDataset(
  { core }: Loop,
  dataset: Dataset,
  { batchSize, end }: Plan,
  order: Uint32Array | null,
  train: Train,
  isStopped: () => boolean,
): Promise<void> {
  if (order) shuffleInto(order, core.seed, SHUFFLE_STREAM, core.step);
  const weights = weightsIn(dataset);
  for (let first = 0; first < end && !isStopped(); first += batchSize) {
    const pending = train(dataset, weights, first, Math.min(batchSize, end - first));
    if (pending) await pending;
  }
}

async function trainOnSource(
  loop: Loop,
  source: BatchSource,
  weighed: (examples: Dataset) => Promise<Dataset>,
  train: Train,
  isStopped: () => boolean,
): Promise<void> {
  const what = `${loop.what}, epoch ${loop.state.epoch}`;
  let batch = 0;
  for await (const examples of batchesOf(loop, source)) {
    const from = await weighed(examplesOf(loop.core, `${what}, batch ${batch++}`, examples));
    await train(from, weightsIn(from), 0, from.count);
    if (isStopped()) break;
  }
  if (batch === 0) throw noBatch(what);
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
  const { training, dataset, validation, batchSize, callbacks } = plan;
  const names = scalarNames(core, training);
  const report = names.map(() => 0);
  const history = createHistory();
  const weightsFor = sampleWeightsFor(core);
  const order = dataset && plan.shuffle ? new Uint32Array(dataset.count) : null;
  const wantsBatches = callbacks.some((callback) => callback.onBatchEnd);
  let weigh = given;
  const weighed = async (examples: Dataset): Promise<Dataset> => {
    weigh ??= await weigherOf(core, where, plan);
    return weigh(examples);
  };
  let stopped = false;
  const context = contextOf(loop, model, plan, () => {
    stopped = true;
  });
  const notify = notifier(machine, callbacks);
  const steps = createSteps(loop, Math.ceil(plan.end / batchSize));

  const trainEpoch = async (epoch: number): Promise<void> => {
    loop.state.epoch = epoch;
    await notify((callback) => callback.onEpochBegin?.(epoch, context));
    const means = createMeans(training, names, weightsFor);
    let tracker = core.network.outputs ? tracking?.() : undefined;
    let batch = 0;
    const take = (values: StepValues, count: number): void => {
      readScalars(values, report);
      means.add(report, values, count);
      tracker?.add(values, names.length, (head) => weightsFor(values, head));
    };
    const train: Train = (from, weights, first, count) => {
      tracker ??= tracking?.();
      const current = batch++;
      const run = ({ executable, batchSize: size }: ModelProgram): Promise<void> | null => {
        const feedTo = (to: StepValues): void => feed(to, from, from === dataset ? order : null, first, size);
        const step = trainingStep(loop, executable, feedTo, current, (values) => take(values, count));
        // callbacks, and sources as well, are called while the machine is idle
        if (!wantsBatches) return dataset ? steps.run(executable, step) : step.direct();
        return (async () => {
          await step.direct();
          const logs = { ...namedValues(names, report), ...tracker?.batchLogs() };
          await notify((callback) => callback.onBatchEnd?.(current, { ...logs, size: count }, context));
          await loop.slices.turn();
        })();
      };
      // another program, as of the last batch, is made when all steps before it are done: it may divide what counts them
      const program = programFor(core, machine, "train", count, weights, steps.end);
      if (!(program instanceof Promise)) return run(program);
      return program.then(async (made) => {
        await loop.slices.turn(); // it may have been compiled just now
        await run(made);
      });
    };
    try {
      if (dataset) await trainOnDataset(loop, dataset, plan, order, train, () => stopped);
      else await trainOnSource(loop, plan.source as BatchSource, weighed, train, () => stopped);
      await steps.end();
    } catch (error) {
      await steps.drop();
      throw error;
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

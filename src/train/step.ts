// One training step: of fit, and of trainOnBatch.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions } from "../check.ts";
import type { Executable } from "../executable.ts";
import { defaultMachine } from "../machine.ts";
import type { Logs } from "./callbacks.ts";
import type { Dataset } from "./dataset.ts";
import { SAMPLE_WEIGHT, sampleWeightColumn, weightsIn } from "./dataset.ts";
import type { Arrays, Examples } from "./examples.ts";
import { examplesOf } from "./examples.ts";
import type { Loop } from "./loop.ts";
import { createLoop, feed, inTurn, namedValues, trackingOf } from "./loop.ts";
import type { ModelCore, ModelProgram, Training } from "./model.ts";
import { outputNames, programFor, requireAlive, requireTraining, scalarNames } from "./model.ts";
import { inSlices, isShort, runSliced, runWhole } from "./queue.ts";

/**
 * One training step on examples of a dataset; `report` receives what scalarNames lists. Null where the step was short and is
 * done: a promise a step would cost more than small steps do.
 */
export function trainStep(
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
    const tensor = await inSlices(loop.machine, loop.what, loop.slices, executable.findNonFinite());
    throw new LanewiseError(
      "non-finite",
      `${loop.what}: ${what} is not finite in epoch ${state.epoch}, batch ${batch}; the weights are as before that batch. The first tensor that is not finite is ${tensor}. Try a smaller learning rate, check the data, or set onNaN: "continue".`,
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

/** The sample weights of one output in a training step; null where it has none. */
export type WeightsFor = (executable: Executable, head: number) => Float32Array | null;

export function sampleWeightsFor(core: ModelCore): WeightsFor {
  const own = outputNames(core).map(sampleWeightColumn);
  return (executable, head) =>
    (executable.input(SAMPLE_WEIGHT) ?? executable.input(own[head] as string)) as Float32Array | null;
}

export interface Means {
  /** Takes what `count` examples gave. */
  add(values: readonly number[], executable: Executable, count: number): void;
  logs(): Logs;
}

/** Means of a training epoch: of losses by the number of examples, of metrics by the weights of their output. */
export function createMeans(training: Training, names: readonly string[], weightsFor: WeightsFor): Means {
  const metrics = training.heads.flatMap((head, i) => head.metrics.map(() => i));
  const losses = names.length - metrics.length;
  const sums = names.map(() => 0);
  const totals = names.map(() => 0);
  return {
    add(values, executable, count) {
      for (let i = 0; i < sums.length; i++) {
        const weights = i < losses ? null : weightsFor(executable, metrics[i - losses] as number);
        const factor = weights ? weights.reduce((sum, each) => sum + each, 0) : count;
        if (factor === 0) continue; // a batch whose weights are all 0 has no metrics
        sums[i] = (sums[i] as number) + (values[i] as number) * factor;
        totals[i] = (totals[i] as number) + factor;
      }
    },
    logs: () => Object.fromEntries(names.map((name, i) => [name, (sums[i] as number) / (totals[i] || 1)])),
  };
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
    const tracker = (await trackingOf(core, training, where))?.(); // what does not fit is refused before anything changes
    const program = await programFor(core, machine, "train", dataset.count, weightsIn(dataset));
    await trainStep(createLoop(core, machine, where, undefined, "stop"), program, dataset, null, 0, 0, report);
    const weightsFor = sampleWeightsFor(core);
    tracker?.add(program.executable, names.length, (head) => weightsFor(program.executable, head));
    return { ...namedValues(names, report), ...tracker?.logs() };
  });
}

// One training step: of fit, and of trainOnBatch.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions } from "../check.ts";
import type { Executable, StepValues } from "../executable.ts";
import { defaultMachine } from "../machine.ts";
import type { Logs } from "./callbacks.ts";
import { SAMPLE_WEIGHT, sampleWeightColumn, weightsIn } from "./dataset.ts";
import type { Arrays, Examples } from "./examples.ts";
import { examplesOf } from "./examples.ts";
import type { Loop, Step } from "./loop.ts";
import { createLoop, feed, inTurn, namedValues, trackingOf } from "./loop.ts";
import type { ModelCore, Training } from "./model.ts";
import { outputNames, programFor, requireAlive, requireTraining, scalarNames } from "./model.ts";
import { inSlices, isShort, runSliced, runWhole } from "./queue.ts";

/** Throws where there must be no further step; sets what the step goes by. */
function beginStep({ core, state, signal, what }: Loop): void {
  if (core.disposed) throw new LanewiseError("disposed", `${what}: the model was disposed of while it was trained.`);
  signal?.throwIfAborted();
  state.step = core.step;
}

/**
 * One training step: `feedTo` writes its examples. Null where the step was short and is done: a promise a step would cost more than
 * small steps do.
 */
export function trainStep(
  loop: Loop,
  executable: Executable,
  feedTo: (to: StepValues) => void,
  batch: number,
): Promise<void> | null {
  const { core, state, signal } = loop;
  beginStep(loop);
  executable.prepare(state);
  feedTo(executable);
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

/** The same in pieces, so that workers can be given some of them ahead; `take` reads what the step gave. */
export function trainingStep(
  loop: Loop,
  executable: Executable,
  feedTo: (to: StepValues) => void,
  batch: number,
  take: (from: StepValues) => void,
): Step {
  return {
    begin: () => beginStep(loop),
    feed: feedTo,
    commit() {
      const undo = executable.remember();
      executable.commit();
      loop.core.step++;
      return () => {
        loop.core.step--;
        undo();
      };
    },
    take,
    direct() {
      const running = trainStep(loop, executable, feedTo, batch);
      const taken = (): Promise<void> | null => {
        take(executable);
        return loop.slices.turn();
      };
      return running ? running.then(() => taken() ?? undefined) : taken();
    },
  };
}

/** Reads losses and metrics of a training step, in the order of scalarNames. */
export function readScalars(from: StepValues, into: number[]): void {
  for (let i = 0; i < into.length; i++) into[i] = from.output(i)[0] as number;
}

/** The sample weights of one output in a training step; null where it has none. */
export type WeightsFor = (values: StepValues, head: number) => Float32Array | null;

export function sampleWeightsFor(core: ModelCore): WeightsFor {
  const own = outputNames(core).map(sampleWeightColumn);
  return (values, head) => (values.input(SAMPLE_WEIGHT) ?? values.input(own[head] as string)) as Float32Array | null;
}

export interface Means {
  /** Takes what `count` examples gave. */
  add(report: readonly number[], from: StepValues, count: number): void;
  logs(): Logs;
}

/** Means of a training epoch: of losses by the number of examples, of metrics by the weights of their output. */
export function createMeans(training: Training, names: readonly string[], weightsFor: WeightsFor): Means {
  const metrics = training.heads.flatMap((head, i) => head.metrics.map(() => i));
  const losses = names.length - metrics.length;
  const sums = names.map(() => 0);
  const totals = names.map(() => 0);
  return {
    add(report, from, count) {
      for (let i = 0; i < sums.length; i++) {
        const weights = i < losses ? null : weightsFor(from, metrics[i - losses] as number);
        const factor = weights ? weights.reduce((sum, each) => sum + each, 0) : count;
        if (factor === 0) continue; // a batch whose weights are all 0 has no metrics
        sums[i] = (sums[i] as number) + (report[i] as number) * factor;
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
    const { executable } = program;
    const loop = createLoop(core, machine, where, undefined, "stop");
    await trainStep(loop, executable, (to) => feed(to, dataset, null, 0, program.batchSize), 0);
    readScalars(executable, report);
    const weightsFor = sampleWeightsFor(core);
    tracker?.add(executable, names.length, (head) => weightsFor(executable, head));
    return { ...namedValues(names, report), ...tracker?.logs() };
  });
}

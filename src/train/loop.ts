// What the loops over batches share: their turn on the machine, what is fed to a program, batches from a source.

import { roundUp } from "../../bindings/allocator.ts";
import { LanewiseError } from "../../bindings/errors.ts";
import type { Machine } from "../../bindings/machine.ts";
import { untilAborted } from "../abort.ts";
import { invalid } from "../check.ts";
import { gatherInto } from "../data/feed.ts";
import type { Executable, StepValues } from "../executable.ts";
import type { Logs } from "./callbacks.ts";
import type { Dataset } from "./dataset.ts";
import type { BatchSource, Examples } from "./examples.ts";
import { isSource } from "./examples.ts";
import type { ModelCore, Training } from "./model.ts";
import { requireAlive, requireOutputs, wantedTargets, wholeNames } from "./model.ts";
import type { Slices } from "./queue.ts";
import { createSlices, enqueue, runCallback, runToEnd } from "./queue.ts";
import type { StepsAhead } from "./stepQueue.ts";
import type { Tracker } from "./tracking.ts";

/** One call that works with a model, batch by batch. */
export interface Loop {
  readonly core: ModelCore;
  readonly machine: Machine;
  readonly what: string;
  readonly slices: Slices;
  readonly signal: AbortSignal | null;
  readonly onNaN: "stop" | "continue";
  readonly state: { step: number; epoch: number; seed: number };
}

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

/** One step of a loop, in pieces, so that it can be given to workers ahead of its turn. */
export interface Step {
  /** Called first: throws where the step must not be. */
  begin?(): void;
  feed(to: StepValues): void;
  /** Counts the step as done; returns what takes that back. */
  commit?(): () => void;
  take(from: StepValues): void;
  /** All of it at once; null where it is done already. */
  direct(): Promise<void> | null;
}

/** The steps of a loop, in order: one after the other, or some of them ahead where workers compute (stepQueue.ts). */
export interface Steps {
  /** Null where nothing has to be waited for. What the step gives may be taken later. */
  run(executable: Executable, step: Step): Promise<void> | null;
  /** Resolves when what all steps gave was taken. */
  end(): Promise<void> | null;
  /** After an error: the same, without those that have not begun. */
  drop(): Promise<void> | null;
}

/** Whether the module that gives steps ahead could not be loaded: said once. */
let isMissing = false;

/** `count` is how many there will be in a row. */
export function createSteps(loop: Loop, count: number): Steps {
  let ahead: StepsAhead | null = null;
  const load = async (): Promise<void> => {
    try {
      ahead = (await import("./stepQueue.ts")).createStepsAhead(loop, count, roundUp);
    } catch (error) {
      isMissing = true;
      console.warn(`lanewise: ${(error as Error).message}. Steps are computed one by one.`);
    }
  };
  return {
    run(executable, step) {
      if (!ahead && (isMissing || count < 2 || !executable.isAway)) return step.direct();
      return (async () => {
        if (!ahead) await load();
        if (!(await ahead?.give(executable, step))) await step.direct();
      })();
    },
    end: () => ahead?.end() ?? null,
    drop: () => ahead?.drop() ?? null,
  };
}

/** Writes examples [first, first + count) into a prepared program. */
export function feed(
  executable: StepValues,
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

/** Runs a program without effects over all examples, batch by batch; `take` reads what it gave for those from `first` on. */
export async function runBatches<P extends { readonly executable: Executable }>(
  loop: Loop,
  dataset: Dataset,
  batchSize: number,
  open: (count: number, before: Steps["end"]) => P | Promise<P>,
  take: (values: StepValues, first: number, count: number, program: P) => void,
): Promise<void> {
  const { core, what, slices, signal, state } = loop;
  const steps = createSteps(loop, Math.ceil(dataset.count / batchSize));
  try {
    for (let first = 0; first < dataset.count; first += batchSize) {
      signal?.throwIfAborted();
      requireAlive(core, what);
      const count = Math.min(batchSize, dataset.count - first);
      const program = await open(count, steps.end);
      const { executable } = program;
      const step: Step = {
        feed: (to) => feed(to, dataset, null, first, count),
        take: (from) => take(from, first, count, program),
        async direct() {
          await slices.turn();
          executable.prepare(state);
          step.feed(executable);
          if ((await runToEnd(executable, what, slices, signal)) < 0) signal?.throwIfAborted();
          step.take(executable);
          const turn = slices.turn();
          if (turn) await turn;
        },
      };
      await steps.run(executable, step);
    }
    await steps.end();
  } catch (error) {
    await steps.drop();
    throw error;
  }
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

/** The error of a source that gave nothing. */
export const noBatch = (what: string): LanewiseError =>
  new LanewiseError(
    "empty-data",
    `${what}: no batch came. Pass a function that makes a new iterable each time it is called.`,
  );

/** Makes what follows metrics over a whole set, once the network is built; loaded where there are any. */
export async function trackingOf(core: ModelCore, training: Training, what: string): Promise<(() => Tracker) | null> {
  const names = wholeNames(core, training);
  if (names.length === 0) return null;
  const { createTracker } = await import("./tracking.ts");
  const { heads } = training;
  return () =>
    createTracker(what, { heads, names, targets: wantedTargets(core, training), outputs: requireOutputs(core) });
}

export const namedValues = (names: readonly string[], values: readonly number[]): Logs =>
  Object.fromEntries(names.map((name, i) => [name, values[i] as number]));

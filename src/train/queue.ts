// One machine runs one thing at a time: asynchronous calls wait in order, and what runs gives the event loop
// its turn. Callbacks run between steps, where everything is allowed, also other calls.

import { pause, sliceMilliseconds } from "#host";
import type { Machine } from "../../bindings/machine.ts";
import type { Executable, Work } from "../executable.ts";
import type { Callback } from "./callbacks.ts";

/**
 * The last call of each level, the innermost at the end. A callback that is being awaited opens a level: what is
 * called meanwhile must not wait for the call that waits for the callback.
 */
const queues = new WeakMap<Machine, Promise<unknown>[]>();

function queueOf(machine: Machine): Promise<unknown>[] {
  let queue = queues.get(machine);
  if (!queue) {
    queue = [Promise.resolve()];
    queues.set(machine, queue);
  }
  return queue;
}

/** Runs `body` when everything asked for before has ended. */
export function enqueue<T>(machine: Machine, body: () => Promise<T>): Promise<T> {
  const queue = queueOf(machine);
  const level = queue.length - 1;
  const result = (queue[level] as Promise<unknown>).then(body, body);
  queue[level] = result.catch(() => undefined);
  return result;
}

const IDLE: Promise<unknown> = Promise.resolve();

/** Awaits a user's callback, and what was called meanwhile: the machine is idle again when this resolves. */
export async function runCallback<T>(machine: Machine, callback: () => T): Promise<Awaited<T>> {
  const queue = queueOf(machine);
  const level = queue.push(IDLE) - 1;
  try {
    return await callback();
  } finally {
    for (let last = IDLE; queue[level] !== last; ) {
      last = queue[level] as Promise<unknown>;
      await last;
    }
    queue.length = level;
  }
}

/** The same, null where the callback returned no promise: then there is nothing to wait for. */
function notifyCallback(machine: Machine, callback: () => unknown): Promise<unknown> | null {
  const result = callback() as PromiseLike<unknown> | null | undefined;
  return typeof result?.then === "function" ? runCallback(machine, () => result) : null;
}

/** What calls one function of all callbacks, in order. */
export function notifier(
  machine: Machine,
  callbacks: readonly Callback[],
): (call: (callback: Callback) => unknown) => Promise<void> {
  return async (call) => {
    for (const callback of callbacks) {
      const pending = notifyCallback(machine, () => call(callback));
      if (pending) await pending;
    }
  };
}

/** Measures work since the last turn of the event loop. */
export interface Slices {
  /** Gives the event loop a turn where the slice is used up. */
  turn(): Promise<void> | null;
}

export function createSlices(): Slices {
  let since = performance.now();
  let last = since;
  return {
    turn() {
      const now = performance.now();
      const work = now - last;
      last = now;
      // what comes next may well take as long as what came last
      if (now - since + work < sliceMilliseconds) return null;
      return pause().then(() => {
        since = performance.now();
        last = since;
      });
    },
  };
}

/** Does work that may be interrupted, with turns of the event loop in between. */
export async function inSlices<T>(machine: Machine, what: string, slices: Slices, work: Work<T>): Promise<T> {
  for (;;) {
    const turn = slices.turn();
    if (turn) await whileBusy(machine, what, turn);
    const { done, value } = work.next();
    if (done) return value as T;
  }
}

/** Steps that take longer than this are run instruction by instruction. */
const WHOLE_STEP_MILLISECONDS = 4;

const durations = new WeakMap<Executable, number>();

/** Whether a step is known to be so short that this thread runs it at once. */
export function isShort(executable: Executable): boolean {
  return !executable.isAway && (durations.get(executable) ?? Number.POSITIVE_INFINITY) < WHOLE_STEP_MILLISECONDS;
}

/** Runs all of a short step; returns the index after the last instruction run. */
export function runWhole(executable: Executable, first: number, end: number): number {
  if (first >= end) return end;
  const start = performance.now();
  const next = executable.run(first, end);
  durations.set(executable, performance.now() - start);
  return next;
}

/** Awaits something while the machine is working. */
async function whileBusy<T>(machine: Machine, what: string, promise: Promise<T>): Promise<T> {
  machine.busy = what;
  try {
    return await promise;
  } finally {
    machine.busy = null;
  }
}

/**
 * Runs the instructions of a prepared step: by workers, at once where it is known to be short, otherwise in slices between
 * any two instructions, or parts of long ones. Returns the index after the last instruction run: below `end` (or
 * `executable.stopped`) where a guard stopped, 0 where all is to be run again because a thread was lost. `signal` ends it
 * before the first effect: the result is then -1. Workers run a step to its end, which then counts only where it changes nothing.
 */
export async function runSliced(
  executable: Executable,
  what: string,
  slices: Slices,
  first: number,
  end: number,
  signal: AbortSignal | null,
): Promise<number> {
  if (executable.isAway) {
    const next = await whileBusy(executable.machine, what, executable.runAway(first, end));
    return signal?.aborted && executable.effectsFrom >= end ? -1 : next;
  }
  if (isShort(executable)) return runWhole(executable, first, end);
  const start = performance.now();
  let waited = 0;
  for (let i = first; i < end; ) {
    const parts = executable.partsOf(i);
    for (let part = 0; part < parts; part++) {
      const isLast = part === parts - 1;
      let next = i + 1;
      if (parts > 1) executable.runPart(i, part);
      else next = executable.run(i, i + 1);
      if (executable.stopped) return next;
      if (isLast) i = next;
      if (i === end) break;
      const turn = slices.turn();
      if (!turn) continue;
      const begun = isLast ? i > executable.effectsFrom : i >= executable.effectsFrom;
      if (signal?.aborted && !begun) return -1;
      const paused = performance.now();
      await whileBusy(executable.machine, what, turn);
      waited += performance.now() - paused;
    }
  }
  durations.set(executable, performance.now() - start - waited);
  return end;
}

/** The same, as often as threads are lost. */
export async function runToEnd(
  executable: Executable,
  what: string,
  slices: Slices,
  signal: AbortSignal | null,
): Promise<number> {
  let next = 0;
  do next = await runSliced(executable, what, slices, 0, executable.length, signal);
  while (next === 0 && executable.length > 0);
  return next;
}

// One machine runs one thing at a time: asynchronous calls wait in order, and what runs gives the event loop
// its turn. Callbacks run between steps, where everything is allowed, also other calls.

import { pause, sliceMilliseconds } from "#host";
import type { Machine } from "../../bindings/machine.ts";
import type { Executable } from "../executable.ts";

interface Queue {
  tail: Promise<unknown>;
  /** Callbacks that are being awaited: calls they make must not wait for the call that called them. */
  callbacks: number;
}

const queues = new WeakMap<Machine, Queue>();

function queueOf(machine: Machine): Queue {
  let queue = queues.get(machine);
  if (!queue) {
    queue = { tail: Promise.resolve(), callbacks: 0 };
    queues.set(machine, queue);
  }
  return queue;
}

/** Runs `body` when everything asked for before has ended. */
export function enqueue<T>(machine: Machine, body: () => Promise<T>): Promise<T> {
  const queue = queueOf(machine);
  if (queue.callbacks > 0) return body();
  const result = queue.tail.then(body, body);
  queue.tail = result.catch(() => undefined);
  return result;
}

/** Awaits a user's callback; calls it makes on the machine run at once. */
export async function runCallback(machine: Machine, callback: () => unknown): Promise<void> {
  const queue = queueOf(machine);
  queue.callbacks++;
  try {
    const result = callback();
    if (result instanceof Promise) await result;
  } finally {
    queue.callbacks--;
  }
}

/** Measures work since the last turn of the event loop. */
export interface Slices {
  /** Gives the event loop a turn where the slice is used up. */
  turn(): Promise<void> | null;
}

export function createSlices(): Slices {
  let since = performance.now();
  return {
    turn() {
      if (performance.now() - since < sliceMilliseconds) return null;
      return pause().then(() => {
        since = performance.now();
      });
    },
  };
}

/** Steps that take longer than this are run instruction by instruction. */
const WHOLE_STEP_MILLISECONDS = 4;

const durations = new WeakMap<Executable, number>();

/**
 * Runs the instructions of a prepared step, at once where it is known to be short, otherwise in slices between
 * any two instructions. Returns the index after the last instruction run: below `end` (or `executable.stopped`)
 * where a guard stopped. `signal` ends it between instructions before the first effect: the result is then -1.
 */
export async function runSliced(
  executable: Executable,
  what: string,
  slices: Slices,
  first: number,
  end: number,
  signal: AbortSignal | null,
): Promise<number> {
  const known = durations.get(executable);
  const start = performance.now();
  if (first >= end) return end;
  if (known !== undefined && known < WHOLE_STEP_MILLISECONDS) {
    const next = executable.run(first, end);
    durations.set(executable, performance.now() - start);
    return next;
  }
  const { machine } = executable;
  let waited = 0;
  for (let i = first; i < end; ) {
    const next = executable.run(i, i + 1);
    if (executable.stopped) return next;
    i = next;
    if (i === end) break;
    const turn = slices.turn();
    if (!turn) continue;
    if (signal?.aborted && i <= executable.effectsFrom) return -1;
    const paused = performance.now();
    machine.busy = what;
    try {
      await turn;
    } finally {
      machine.busy = null;
    }
    waited += performance.now() - paused;
  }
  durations.set(executable, performance.now() - start - waited);
  return end;
}

// Who computes: how many threads are wanted, when they are started and when they are sent home. What they do stands in
// crew.ts. Loaded where memory can be shared.

import { canWait, cores, whyAlone } from "#host/threads";
import type { Crew, Site } from "./crew.ts";
import { startCrew } from "./crew.ts";
import type { Staff } from "./engine.ts";
import { StepLost } from "./engine.ts";
import { LanewiseError } from "./errors.ts";
import { PAGE, THREADS_MAX } from "./layout.ts";

export { whyAlone };

/** Most threads that "auto" stands for: beyond, what is shared is too small for most networks. */
const THREADS_AUTO_MAX = 8;

/** What the engine itself needs beside. Addresses here are those of instructions. */
export interface EngineStaff extends Staff {
  /** Runs instructions with all threads; undefined where this one is alone. */
  share(first: number, end: number): number | undefined;
  shareAway(first: number, end: number): Promise<number>;
  /** Slot of the thread that ran what is for one thread. */
  readonly leader: number;
  /** Gives the threads one more binary. */
  add(module: WebAssembly.Module): void;
}

/** What the engine is asked to do when a thread was lost, which may still write to its memory: to go on in another. */
interface Movable extends Site {
  readonly bytesMax: number;
  moveTo(memory: WebAssembly.Memory): void;
}

function move(site: Movable): void {
  const { buffer } = site.memory;
  let memory: WebAssembly.Memory;
  try {
    const [initial, maximum] = [buffer.byteLength / PAGE, site.bytesMax / PAGE];
    memory = new WebAssembly.Memory({ initial, maximum, shared: true });
  } catch (cause) {
    throw new LanewiseError(
      "out-of-memory",
      `A thread was lost, and there is no memory of ${buffer.byteLength} bytes to go on in. Start the page or the process again.`,
      { cause },
    );
  }
  new Uint8Array(memory.buffer).set(new Uint8Array(buffer));
  site.moveTo(memory);
}

export async function createStaff(site: Movable): Promise<EngineStaff> {
  const processors = await cores();
  let wanted = 1;
  let make: (() => Worker) | undefined;
  let crew: Crew | null = null;
  let starting: Promise<void> | null = null;
  let told = false;

  /** Says once why there are fewer threads than were wanted. */
  const tell = (why: string): void => {
    if (!told) console.warn(`lanewise: ${why}. It computes on with fewer threads.`);
    told = true;
  };
  const start = async (): Promise<void> => {
    const asked = wanted;
    try {
      const made = await startCrew(site, canWait ? asked - 1 : asked, make, tell);
      if (asked !== wanted || crew) made.dismiss();
      else crew = made;
    } catch (error) {
      wanted = 1;
      tell(`workers cannot be started (${(error as Error).message})`);
    }
  };
  const startOnce = (): Promise<void> => {
    if (crew || wanted < 2) return Promise.resolve();
    starting ??= start().finally(() => {
      starting = null;
    });
    return starting;
  };
  const rest = (): void => {
    crew?.dismiss();
    crew = null;
  };
  /** Goes on without a thread that was lost, where the others cannot meet it. */
  const lose = (error: unknown): never => {
    if (error instanceof StepLost) {
      wanted = Math.max(1, Math.min(wanted, staff.size) - 1);
      rest();
      tell(`a thread was lost: ${error.message}`);
      move(site);
    }
    throw error;
  };

  const staff: EngineStaff = {
    get size() {
      return Math.max(1, crew?.size ?? 1);
    },
    get wanted() {
      return wanted;
    },
    joins: canWait,
    get isCrew() {
      return canWait && crew !== null && crew.size > 1;
    },
    get isAway() {
      return !canWait && crew !== null && crew.size > 0;
    },
    get leader() {
      return crew?.leader ?? 0;
    },
    want(threads, worker) {
      const number = threads === "auto" ? Math.min(processors, THREADS_AUTO_MAX) : Math.min(threads, THREADS_MAX);
      if (number === wanted && worker === make) return;
      make = worker;
      wanted = number;
      told = false;
      rest();
    },
    async start() {
      await startOnce();
      const why = await crew?.started();
      if (why) tell(`a worker could not be started (${why})`);
    },
    rest,
    share(first, end) {
      if (!crew) void startOnce();
      if (!staff.isCrew) return undefined;
      try {
        return (crew as Crew).share(first, end);
      } catch (error) {
        return lose(error);
      }
    },
    shareAway: (first, end) => (crew as Crew).shareAway(first, end).catch(lose),
    add: (module) => crew?.add(module),
  };
  return staff;
}

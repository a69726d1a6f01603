// Who computes: how many threads are wanted, when they are started and when they are sent home. What they do stands in
// crew.ts. Loaded where memory can be shared.

import { canWait, cores, whyAlone } from "#host/threads";
import type { Crew, Site } from "./crew.ts";
import { startCrew } from "./crew.ts";
import type { Staff } from "./engine.ts";
import { StepLost } from "./engine.ts";
import { THREADS_MAX } from "./layout.ts";

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

/** `move` takes the engine to another memory. */
export async function createStaff(site: Site & { move(): void }): Promise<EngineStaff> {
  const processors = await cores();
  let wanted = 1;
  let make: (() => Worker) | undefined;
  let crew: Crew | null = null;
  let starting: Promise<void> | null = null;
  let told = false;
  /** Rises where a crew that is being started is no longer wanted. */
  let orders = 0;

  /** Says once why there are fewer threads than were wanted. */
  const tell = (why: string): void => {
    if (!told) console.warn(`lanewise: ${why}. It computes on with fewer threads.`);
    told = true;
  };
  const start = async (): Promise<void> => {
    const order = orders;
    try {
      const made = await startCrew(site, canWait ? wanted - 1 : wanted, make, tell);
      if (order === orders) crew = made;
      else made.dismiss();
    } catch (error) {
      if (order !== orders) return;
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
    orders++;
    crew?.dismiss();
    crew = null;
  };
  /** Goes on without a thread that was lost, where the others cannot meet it. */
  const lose = (error: unknown): never => {
    if (!(error instanceof StepLost)) throw error;
    const { called, furthest } = crew as Crew;
    wanted = Math.max(1, called - 1);
    rest();
    tell(`a thread was lost: ${error.message}`);
    site.move();
    // one that only seemed lost may have gone on until the memory was copied
    throw new StepLost(furthest(), error.message);
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
      // where another number was wanted meanwhile, what was being started is sent home
      while (!crew && wanted > 1) await startOnce();
      const started = crew;
      const why = await started?.started();
      if (why && started === crew) tell(`a worker could not be started (${why})`);
    },
    call() {
      if (!crew && !starting && wanted > 1) void (canWait ? startOnce() : staff.start());
    },
    rest,
    share(first, end) {
      staff.call();
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

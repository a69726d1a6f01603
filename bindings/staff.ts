// Who computes: how many threads are wanted, when they are started and when they are sent home. What they do stands in
// crew.ts. Loaded where memory can be shared.

import { canWait, cores, whyAlone } from "#host/threads";
import type { Crew, Site } from "./crew.ts";
import { startCrew } from "./crew.ts";
import type { QueuePlaces, Staff, StepQueue } from "./engine.ts";
import { THREADS_MAX } from "./layout.ts";
import { StepLost } from "./stepLost.ts";

export { whyAlone };

/** Most threads that "auto" stands for: beyond, what is shared is too small for most networks. */
const THREADS_AUTO_MAX = 8;

/** What the engine itself needs beside. Addresses here are those of instructions. */
export interface EngineStaff extends Staff {
  /** Runs instructions with all threads; undefined where this one is alone. */
  share(first: number, end: number): number | undefined;
  shareAway(first: number, end: number): Promise<number>;
  openQueue(first: number, end: number, places: QueuePlaces): StepQueue;
  /** Slot of the thread that ran what is for one thread. */
  readonly leader: number;
  /** Gives the threads the binaries that were opened since. */
  addModules(): void;
}

/** `move` takes the engine to another memory, with all that is in this one. */
export async function createStaff(site: Site & { move(): void }): Promise<EngineStaff> {
  const processors = await cores();
  let wanted = 1;
  /** What was wanted before threads were lost. */
  let asked = 1;
  let make: (() => Worker) | undefined;
  let crew: Crew | null = null;
  let starting: Promise<void> | null = null;
  /** Rises when those that are being started are no longer wanted. */
  let changes = 0;
  let told = false;

  /** Says once why there are fewer threads than were wanted. */
  const tell = (why: string): void => {
    if (!told) console.warn(`lanewise: ${why}. It computes on with fewer threads.`);
    told = true;
  };
  const start = async (): Promise<void> => {
    const before = changes;
    try {
      const made = await startCrew(site, canWait ? wanted - 1 : wanted, make, tell);
      if (before !== changes) return made.dismiss();
      crew = made;
      crew.addModules(); // what was opened while they were made
    } catch (error) {
      if (before !== changes) return;
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
    changes++;
    crew?.dismiss();
    crew = null;
  };
  /** Goes on without a thread that was lost, where the others cannot meet it. */
  const lose = (error: unknown): never => {
    if (!(error instanceof StepLost)) throw error;
    const { left, furthest } = crew as Crew;
    wanted = Math.max(1, Math.min(wanted - 1, left));
    rest();
    tell(`a thread was lost: ${error.message}`);
    try {
      site.move();
    } catch (cause) {
      // there is no second memory: those that were ended are no more, or will be soon
      tell(`${(cause as Error).message} It goes on in the same`);
    }
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
    get expected() {
      return crew ? Math.max(1, crew.left) : wanted;
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
      // slot 0 is the calling thread's, also where it takes no part
      const most = canWait ? THREADS_MAX : THREADS_MAX - 1;
      const number = threads === "auto" ? Math.min(processors, THREADS_AUTO_MAX) : Math.min(threads, most);
      if (number === wanted && worker === make && crew?.isWhole !== false) return;
      if (number !== asked || worker !== make) told = false;
      make = worker;
      wanted = number;
      asked = number;
      rest();
    },
    async start() {
      // others may be wanted meanwhile, or the last user may leave, which sends those home that are waited for
      for (let started: Crew | null = null; wanted > 1 && (!crew || crew !== started); ) {
        await startOnce();
        started = crew;
        await started?.started();
      }
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
    shareAway: (first, end) => (crew as Crew).away.run(first, end).catch(lose),
    openQueue(first, end, places) {
      const { push, cancel } = (crew as Crew).away.open(first, end, places);
      return { push: () => push().catch(lose), cancel };
    },
    addModules: () => crew?.addModules(),
  };
  return staff;
}

// What workers run while the thread of their host goes on: a job, or a queue of jobs that run one program, each with a step of
// its own. Within a queue the first of the workers begins one job after the other, and the host only puts steps in.

import type { QueuePlaces, StepQueue } from "./engine.ts";
import { callAll, callFirst } from "./jobs.ts";
import { crewWord, haltedWord, INSTRUCTION_BYTES, turns, wordOf } from "./layout.ts";
import { StepLost } from "./stepLost.ts";

/** How often the host looks, in milliseconds, and after how many looks at the same it gives a thread up. */
export const WAIT_MILLISECONDS = 90;
export const WAITS_MAX = 20;

/** What a crew (crew.ts) gives to this file. */
export interface Workers {
  readonly words: Int32Array;
  /** Members of the job that runs, the first of them first. */
  readonly slots: readonly number[];
  /** Chooses the members of what comes next. */
  gather(first: number, end: number): void;
  nextJob(): number;
  /** Begins to watch whether the members move. */
  watch(): void;
  /** Throws StepLost where one of them will not come any more. */
  look(): void;
  giveUp(slot: number, reason: string): void;
}

export interface Away {
  /** Runs instructions; resolves with the address of the next one. Rejects with StepLost, with addresses. */
  run(first: number, end: number): Promise<number>;
  /** A queue of jobs that run the same instructions; what `push` resolves and rejects with are addresses. */
  open(first: number, end: number, places: QueuePlaces): StepQueue;
  /** Whether the last job has ended. */
  readonly isBetween: boolean;
  /** What tells whether any job was begun or ended between two calls. */
  progress(): string;
  /** A worker tells that a job has ended. */
  heard(): void;
}

interface Waiting {
  readonly job: number;
  resolve(next: number | null): void;
  reject(error: unknown): void;
}

export function createAway(workers: Workers): Away {
  const { words } = workers;
  /** Jobs whose end was not heard of, in order. */
  let waiting: Waiting[] = [];
  let timer: ReturnType<typeof setInterval> | undefined;
  let silent = 0;
  /** Set when a worker was lost: the others are sent home then. */
  let isLost = false;

  const ofFirst = (word: "job" | "finished"): number => Atomics.load(words, wordOf(workers.slots[0] as number, word));
  const hasEnded = (job: number): boolean => ((job - ofFirst("finished")) | 0) <= 0;
  const isRunning = (): boolean => Atomics.load(words, crewWord.turn) === turns.crew;
  /** Whether there are jobs to come. Where the turn lies with the host and there is more, the first worker is just looking once more. */
  const goesOn = (): boolean => {
    const turn = Atomics.load(words, crewWord.turn);
    return turn === turns.crew || (turn === turns.host && !hasEnded(Atomics.load(words, crewWord.queued)));
  };
  const nextOf = (job: number): number => {
    if (Atomics.load(words, haltedWord(job)) !== job) return Atomics.load(words, crewWord.end) >>> 0;
    return (Atomics.load(words, wordOf(workers.slots[0] as number, "at")) >>> 0) + INSTRUCTION_BYTES;
  };

  /** Tells of the jobs that have ended, and of those that will not be begun. */
  const settle = (): void => {
    silent = 0;
    const mayGoOn = goesOn() && !isLost; // asked first: what ends meanwhile is heard of later
    const isOver = ({ job }: Waiting): boolean => hasEnded(job);
    while (waiting[0] && isOver(waiting[0])) {
      const { job, resolve } = waiting.shift() as Waiting;
      resolve(nextOf(job));
    }
    if (!mayGoOn) for (const { resolve } of waiting.splice(0)) resolve(null);
    if (waiting.length > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const fail = (error: unknown): void => {
    isLost = true;
    const [first, ...others] = waiting.filter(({ job }) => !hasEnded(job));
    waiting = waiting.filter(({ job }) => hasEnded(job));
    first?.reject(error);
    for (const { resolve } of others) resolve(null);
    settle();
  };
  const look = (): void => {
    try {
      const last = waiting.at(-1) as Waiting;
      if (isRunning() && !hasEnded(last.job)) workers.look();
      else if (++silent === WAITS_MAX) {
        // one that was terminated may compute on, but tells nothing any more
        workers.giveUp(workers.slots[0] as number, "it does not answer");
        Atomics.compareExchange(words, crewWord.turn, turns.host, turns.nobody); // it must not take it up any more
        settle();
      }
    } catch (error) {
      fail(error);
    }
  };
  const wait = (job: number): Promise<number | null> =>
    new Promise((resolve, reject) => {
      waiting.push({ job, resolve, reject });
      timer ??= setInterval(look, WAIT_MILLISECONDS);
    });

  return {
    async run(first, end) {
      workers.gather(first, end);
      if (workers.slots.length === 0) throw new StepLost(first, "none is left");
      workers.watch();
      const job = workers.nextJob();
      Atomics.store(words, crewWord.steps, 0);
      Atomics.store(words, crewWord.turn, turns.crew);
      callAll(words, workers.slots, job);
      try {
        return (await wait(job)) as number;
      } finally {
        Atomics.store(words, crewWord.turn, turns.host);
      }
    },
    open(first, end, places) {
      let base: number | null = null;
      return {
        async push() {
          if (isLost) return null;
          const job = workers.nextJob();
          if (base === null) {
            base = job;
            for (const [word, value] of Object.entries(places)) words[crewWord[word as keyof QueuePlaces]] = value;
            words[crewWord.base] = base;
            Atomics.store(words, crewWord.turn, turns.host);
          }
          Atomics.store(words, crewWord.queued, job);
          const turn = Atomics.compareExchange(words, crewWord.turn, turns.host, turns.crew);
          if (turn !== turns.host) {
            const ended = wait(job);
            if (turn === turns.nobody) settle(); // nobody will begin it, nor tell of it
            return ended;
          }
          settle(); // all before it have ended
          workers.gather(first, end);
          // those that are there may have messages to read
          if (workers.slots.length === 0) {
            Atomics.store(words, crewWord.turn, turns.nobody);
            return null;
          }
          workers.watch();
          const ended = wait(job);
          callFirst(words, workers.slots, job);
          return ended;
        },
        cancel() {
          if (base === null) return;
          Atomics.store(words, crewWord.queued, (base - 1) | 0);
          // where the first worker is just looking once more, it must not find what was there
          Atomics.compareExchange(words, crewWord.turn, turns.host, turns.nobody);
          settle();
        },
      };
    },
    get isBetween() {
      return hasEnded(ofFirst("job"));
    },
    progress: () => `${ofFirst("job")} ${ofFirst("finished")}`,
    heard: settle,
  };
}

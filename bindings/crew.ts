// The threads of an engine: workers over its memory, the jobs they share, and how it is seen that one is lost. Who calls takes
// part where it may wait (Node, workers); a page's thread hands jobs over.

import { canWait, startWorker } from "#host/threads";
import type { Away } from "./away.ts";
import { createAway, WAIT_MILLISECONDS, WAITS_MAX } from "./away.ts";
import { loop, worker as source } from "./generated/crew.ts";
import { call, callAll } from "./jobs.ts";
import { CREW_ADDRESS, crewWord, messagesOf, taskAddress, wordOf } from "./layout.ts";
import { StepLost } from "./stepLost.ts";
import type { More, Start } from "./worker.ts";

/** What runs a worker, alike in Node and in browsers (host.threads.*.ts). */
export interface Thread {
  post(message: Start | More): void;
  terminate(): void;
}

/** Where the threads are to work: what an engine has now. */
export interface Site {
  readonly memory: WebAssembly.Memory;
  readonly modules: readonly WebAssembly.Module[];
  readonly names: readonly string[];
  readonly table: WebAssembly.Table;
  /** Compiles a binary in base64 for a shared memory. */
  compile(text: string): Promise<WebAssembly.Module>;
}

export interface Crew {
  /** Threads that would take part now. */
  readonly size: number;
  /** Whether none of the workers has ended. */
  readonly isWhole: boolean;
  /** Threads without the workers that have ended. */
  readonly left: number;
  /** Resolves when each has started, or ended. */
  started(): Promise<void>;
  /** Runs instructions with all threads; returns the address of the next one. Throws StepLost, with addresses. */
  share(first: number, end: number): number;
  /** What the workers run without this thread. */
  readonly away: Away;
  /** Slot of the thread that runs what is for one thread. */
  readonly leader: number;
  /** Address of the furthest instruction that may have been begun since the job that a thread was lost in. */
  furthest(): number;
  /** Gives the workers the binaries that the site has got since they were started. */
  addModules(): void;
  /** Ends all workers. */
  dismiss(): void;
}

/**
 * A worker says by a word in memory that it has started: its messages would not keep a process alive that waits for them. Who
 * waits gives it up after so many looks.
 */
const STARTING_LOOKS_MAX = 200;
const STARTING_LOOK_MILLISECONDS = 10;
/** Time for those that nobody waits for: in a page they do not start while it computes. */
const START_MILLISECONDS = 10_000;

interface Member {
  readonly slot: number;
  readonly thread: Thread;
  /** Why it ended. */
  ended: string | null;
}

/** Starts `workers` of them; a worker takes part from when it has all binaries. */
export async function startCrew(
  site: Site,
  workers: number,
  make: (() => Worker) | undefined,
  tell: (why: string) => void,
): Promise<Crew> {
  const { memory, names, table } = site;
  const modules = [...site.modules];
  const words = new Int32Array(memory.buffer);
  const loopModule = await site.compile(loop);
  const members: Member[] = [];
  /** Members of the job that runs, the first of them first, and this thread where it takes part (slot 0). */
  let slots: number[] = [];
  let jobs = 0;

  const era = (Atomics.load(words, crewWord.era) + 1) | 0;
  const none = messagesOf(era);
  const isReady = ({ slot, ended }: Member): boolean =>
    ended === null &&
    Atomics.load(words, wordOf(slot, "failed")) === 0 &&
    Atomics.load(words, wordOf(slot, "received")) !== none &&
    Atomics.load(words, wordOf(slot, "received")) === Atomics.load(words, wordOf(slot, "posted"));

  const post = ({ slot, thread }: Member, message: Start | More): void => {
    Atomics.add(words, wordOf(slot, "posted"), 1);
    thread.post(message);
    call(words, slot);
  };

  const giveUp = (member: Member, reason: string): void => {
    if (member.ended !== null) return;
    member.ended = reason;
    member.thread.terminate();
    tell(`a worker has ended: ${reason}`);
  };
  let startUntil = performance.now() + START_MILLISECONDS;
  /** Gives up those that have not started. */
  const giveUpLate = (): void => {
    startUntil = Number.POSITIVE_INFINITY;
    for (const member of members)
      if (Atomics.load(words, wordOf(member.slot, "received")) === none) giveUp(member, "it did not start in time");
  };

  /** Beats when last looked at, and how many looks ago each thread moved. */
  let beats: number[] = [];
  let still: number[] = [];
  const watch = (): void => {
    beats = slots.map((slot) => Atomics.load(words, wordOf(slot, "beat")));
    still = slots.map(() => 0);
  };
  /** How far jobs had come when it was seen that a thread is lost. */
  let progress = "";
  const furthest = (): number => {
    if (away.progress() !== progress) return Atomics.load(words, crewWord.end) >>> 0; // another job may have begun
    if (away.isBetween) return Atomics.load(words, crewWord.first) >>> 0;
    return Math.max(...slots.map((slot) => Atomics.load(words, wordOf(slot, "at")) >>> 0));
  };
  /** The furthest instruction that any had come to is what may have begun. */
  const lost = (reason: string): StepLost => {
    progress = away.progress();
    return new StepLost(furthest(), reason);
  };
  /** Throws where a member of the job will not come any more. */
  const look = (): void => {
    const round = (Atomics.load(words, crewWord.round) + 1) | 0;
    const hasCome = (slot: number): boolean => Atomics.load(words, wordOf(slot, "round")) === round;
    // where all have come, the last of them is still to let the others go
    const isWaitedFor = slots.every(hasCome) ? () => true : (slot: number) => !hasCome(slot);
    slots.forEach((slot, i) => {
      const member = members[slot - 1];
      if (!member || !isWaitedFor(slot)) return;
      const beat = Atomics.load(words, wordOf(slot, "beat"));
      still[i] = beat === beats[i] ? (still[i] as number) + 1 : 0;
      beats[i] = beat;
      if (Atomics.load(words, wordOf(slot, "failed")) !== 0) giveUp(member, "its kernel failed");
      if ((still[i] as number) >= WAITS_MAX) giveUp(member, "it stands still");
      if (member.ended !== null) throw lost(member.ended);
    });
  };

  const { exports } = await WebAssembly.instantiate(loopModule, {
    env: { memory, table },
    crew: {
      park(round: number): void {
        Atomics.add(words, crewWord.parked, 1);
        try {
          watch();
          while (Atomics.load(words, crewWord.round) === round)
            if (Atomics.wait(words, crewWord.round, round, WAIT_MILLISECONDS) === "timed-out") look();
        } finally {
          Atomics.sub(words, crewWord.parked, 1);
        }
      },
      wake: () => Atomics.notify(words, crewWord.round),
    },
  });
  const share = exports.share as (first: number, end: number, task: number, crew: number, job: number) => number;

  /** Chooses the members that are ready for the next job, or for the next queue of jobs. */
  const gather = (first: number, end: number): void => {
    if (performance.now() > startUntil) giveUpLate();
    slots = canWait ? [0] : [];
    for (const member of members) if (isReady(member)) slots.push(member.slot);
    words[crewWord.size] = slots.length;
    words[crewWord.first] = first;
    words[crewWord.end] = end;
    for (const { slot } of members) {
      words[wordOf(slot, "member")] = slots.includes(slot) ? 1 : 0;
      words[wordOf(slot, "tells")] = slot === slots[0] ? 1 : 0;
    }
  };
  const nextJob = (): number => {
    jobs = (jobs + 1) | 0;
    return jobs;
  };
  const away = createAway({
    words,
    get slots() {
      return slots;
    },
    gather,
    nextJob,
    watch,
    look,
    giveUp: (slot, reason) => giveUp(members[slot - 1] as Member, reason),
  });
  const dismiss = (): void => {
    Atomics.compareExchange(words, crewWord.era, era, (era + 1) | 0);
    for (const member of members) {
      member.ended ??= "it was dismissed";
      call(words, member.slot); // so that it sees by itself that it is not wanted
      member.thread.terminate();
    }
  };
  let given = modules.length;
  const addModules = (): void => {
    for (const module of site.modules.slice(given))
      for (const member of members) if (member.ended === null) post(member, { module });
    given = site.modules.length;
  };
  words.fill(0, CREW_ADDRESS / 4, taskAddress(0) / 4);
  Atomics.store(words, crewWord.era, era);
  try {
    for (let slot = 1; slot <= workers; slot++) {
      words.fill(0, taskAddress(slot) / 4, taskAddress(slot + 1) / 4);
      words[wordOf(slot, "scratch")] = words[wordOf(0, "scratch")] as number;
      Atomics.store(words, wordOf(slot, "posted"), none);
      Atomics.store(words, wordOf(slot, "received"), none);
      const ended = (reason: string): void => giveUp(member, reason);
      const member: Member = { slot, ended: null, thread: await startWorker(source, make, away.heard, ended) };
      members.push(member);
      post(member, { memory, modules, loop: loopModule, names, slot, era });
    }
  } catch (error) {
    dismiss();
    throw error;
  }

  const crew: Crew = {
    get size() {
      return members.filter(isReady).length + (canWait ? 1 : 0);
    },
    get isWhole() {
      return members.every(({ ended }) => ended === null);
    },
    get left() {
      return members.filter(({ ended }) => ended === null).length + (canWait ? 1 : 0);
    },
    async started() {
      const isStarting = (member: Member): boolean => !isReady(member) && member.ended === null;
      for (let looks = 0; members.some(isStarting) && looks < STARTING_LOOKS_MAX; looks++)
        await new Promise((resolve) => setTimeout(resolve, STARTING_LOOK_MILLISECONDS));
      giveUpLate();
    },
    get leader() {
      return slots[0] as number;
    },
    share(first, end) {
      gather(first, end);
      const job = nextJob();
      callAll(words, slots, job);
      try {
        return share(first, end, taskAddress(0), CREW_ADDRESS, job) >>> 0;
      } catch (error) {
        // the others wait for this thread in vain
        throw error instanceof StepLost ? error : lost(`a kernel failed: ${error}`);
      }
    },
    away,
    furthest,
    addModules,
    dismiss,
  };
  return crew;
}

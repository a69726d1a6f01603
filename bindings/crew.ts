// The threads of an engine: workers over its memory, the jobs they share, and how it is seen that one is lost. Who calls takes part where it may wait (Node, workers); a page's thread hands jobs over.

import { canWait, startWorker } from "#host/threads";
import { StepLost } from "./engine.ts";
import { loop, worker as source } from "./generated/crew.ts";
import { CREW_ADDRESS, crewWord, INSTRUCTION_BYTES, taskAddress, wordOf } from "./layout.ts";
import { bytesOfBase64 } from "./unpack.ts";
import { sharedImport } from "./variant.ts";
import type { More, Start, Told } from "./worker.ts";

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
}

export interface Crew {
  /** Threads that would take part now. */
  readonly size: number;
  /** Resolves when all have started, with null, or with why one has not. */
  started(): Promise<string | null>;
  /** Runs instructions with all threads; returns the address of the next one. Throws StepLost, with addresses. */
  share(first: number, end: number): number;
  /** The same by the workers alone. */
  shareAway(first: number, end: number): Promise<number>;
  /** Slot of the thread that runs what is for one thread. */
  readonly leader: number;
  /** Threads that were called to the last job. */
  readonly called: number;
  /** Address of the furthest instruction that any of them has come to by now. */
  furthest(): number;
  /** Gives the workers one more binary. */
  add(module: WebAssembly.Module): void;
  /** Ends all workers. */
  dismiss(): void;
}

/** A thread that does not move for so many waits of so many milliseconds is lost. */
const WAITS_MAX = 20;
const WAIT_MILLISECONDS = 100;

/** Time a worker has to start before it is done without, and looks: a thread that did not look for seconds proves nothing. */
const START_MILLISECONDS = 2000;
const STARTS_MIN = 50;
/** A worker says by a word in memory that it has started: its messages would not keep a process alive that waits for them. */
const POLL_MILLISECONDS = 4;

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
  const loopModule = await WebAssembly.compile(sharedImport(bytesOfBase64(loop)));
  const members: Member[] = [];
  /** Members of the job that runs, the first of them first, and this thread where it takes part (slot 0). */
  let slots: number[] = [];
  let jobs = 0;
  let done: ((next: number) => void) | null = null;

  const isReady = ({ slot, ended }: Member): boolean =>
    ended === null &&
    Atomics.load(words, wordOf(slot, "failed")) === 0 &&
    Atomics.load(words, wordOf(slot, "received")) > 0 &&
    Atomics.load(words, wordOf(slot, "received")) === Atomics.load(words, wordOf(slot, "posted"));

  const call = (slot: number): void => {
    Atomics.add(words, wordOf(slot, "calls"), 1);
    if (Atomics.load(words, wordOf(slot, "asleep")) !== 0) Atomics.notify(words, wordOf(slot, "calls"));
  };
  const post = ({ slot, thread }: Member, message: Start | More): void => {
    Atomics.add(words, wordOf(slot, "posted"), 1);
    thread.post(message);
    call(slot);
  };

  /** Beats when last looked at, and how many looks ago each thread moved. */
  let beats: number[] = [];
  let still: number[] = [];
  const watch = (): void => {
    beats = [];
    still = slots.map(() => 0);
  };
  const furthest = (): number => Math.max(...slots.map((slot) => Atomics.load(words, wordOf(slot, "at")) >>> 0));
  /** Throws where a member of the job will not come any more. The furthest instruction that any had come to is what may have begun. */
  const look = (): void => {
    const round = Atomics.load(words, crewWord.round);
    slots.forEach((slot, i) => {
      if (slot === 0 || Atomics.load(words, wordOf(slot, "round")) === round + 1) return;
      const beat = Atomics.load(words, wordOf(slot, "beat"));
      still[i] = beat === beats[i] ? (still[i] as number) + 1 : 0;
      beats[i] = beat;
      const ended = members[slot - 1]?.ended;
      const reason = ended ?? (Atomics.load(words, wordOf(slot, "failed")) !== 0 ? "its kernel failed" : null);
      if (reason === null && (still[i] as number) < WAITS_MAX) return;
      throw new StepLost(furthest(), reason ?? "it stands still");
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
  const share = exports.share as (first: number, end: number, task: number, crew: number) => number;

  /** Calls the members that are ready to a job. */
  const begin = (first: number, end: number): void => {
    slots = canWait ? [0] : [];
    for (const member of members) if (isReady(member)) slots.push(member.slot);
    jobs++;
    words[crewWord.size] = slots.length;
    words[crewWord.first] = first;
    words[crewWord.end] = end;
    slots.forEach((slot, thread) => {
      words[wordOf(slot, "thread")] = thread;
      words[wordOf(slot, "at")] = first;
      words[wordOf(slot, "tells")] = !canWait && thread === 0 ? 1 : 0;
      Atomics.store(words, wordOf(slot, "job"), jobs);
      if (slot !== 0) call(slot);
    });
  };

  /** Address of the next instruction after a job, where all have come to its end. */
  const nextOf = (): number => {
    if (Atomics.load(words, crewWord.halted) !== jobs) return Atomics.load(words, crewWord.end) >>> 0;
    return (Atomics.load(words, wordOf(slots[0] as number, "at")) >>> 0) + INSTRUCTION_BYTES;
  };
  const heard = (told: Told): void => {
    if (told === jobs) done?.(nextOf());
  };
  const endMember = (member: Member, reason: string): void => {
    member.ended ??= reason;
    Atomics.add(words, wordOf(member.slot, "owner"), 1); // before the record is another worker's
    call(member.slot);
    member.thread.terminate();
  };
  const dismiss = (): void => {
    for (const member of members) endMember(member, "it was dismissed");
  };
  words.fill(0, CREW_ADDRESS / 4, taskAddress(0) / 4);
  try {
    for (let slot = 1; slot <= workers; slot++) {
      const owner = Atomics.load(words, wordOf(slot, "owner")) + 1;
      words.fill(0, taskAddress(slot) / 4, taskAddress(slot + 1) / 4);
      Atomics.store(words, wordOf(slot, "owner"), owner);
      words[wordOf(slot, "scratch")] = words[wordOf(0, "scratch")] as number;
      const ended = (reason: string): void => {
        if (member.ended === null) tell(`a worker has ended: ${reason}`);
        member.ended ??= reason;
      };
      const member: Member = { slot, ended: null, thread: await startWorker(source, make, heard, ended) };
      members.push(member);
      post(member, { memory, modules, loop: loopModule, names, slot, owner });
    }
  } catch (error) {
    dismiss();
    throw error;
  }

  const crew: Crew = {
    get size() {
      return members.filter(isReady).length + (canWait ? 1 : 0);
    },
    async started() {
      const isStarting = (member: Member): boolean => !isReady(member) && member.ended === null;
      const until = performance.now() + START_MILLISECONDS;
      for (let i = 0; members.some(isStarting) && (i < STARTS_MIN || performance.now() < until); i++)
        await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
      for (const member of members)
        if (isStarting(member)) endMember(member, `it did not start within ${START_MILLISECONDS / 1000} seconds`);
      return members.find(({ ended }) => ended !== null)?.ended ?? null;
    },
    get leader() {
      return slots[0] as number;
    },
    get called() {
      return slots.length;
    },
    furthest,
    share(first, end) {
      begin(first, end);
      return share(first, end, taskAddress(0), CREW_ADDRESS) >>> 0;
    },
    async shareAway(first, end) {
      begin(first, end);
      if (slots.length === 0) throw new StepLost(first, "none is left");
      let silent = 0;
      let timer: ReturnType<typeof setInterval> | undefined;
      try {
        return await new Promise<number>((resolve, reject) => {
          done = resolve;
          watch();
          timer = setInterval(() => {
            try {
              if (!slots.some((slot) => Atomics.load(words, wordOf(slot, "finished")) === jobs)) look();
              else if (++silent === WAITS_MAX) {
                // one that was terminated may compute on, but tells nothing any more
                endMember(members[(slots[0] as number) - 1] as Member, "it does not answer");
                tell("a worker has ended: it does not answer");
                resolve(nextOf());
              }
            } catch (error) {
              reject(error);
            }
          }, WAIT_MILLISECONDS);
        });
      } finally {
        clearInterval(timer);
        done = null;
      }
    },
    add(module) {
      for (const member of members) if (member.ended === null) post(member, { module });
    },
    dismiss,
  };
  // what was opened while the workers were made
  for (const module of site.modules.slice(modules.length)) crew.add(module);
  return crew;
}

// Where in linear memory the threads of an engine meet, in words of four bytes: what a crew has in common
// (assembly/crew.ts), then a Task for each thread (assembly/task.ts), with words for its host and its worker behind it.

export const PAGE = 65536;
/** Bytes of one Instruction (assembly/run.ts). */
export const INSTRUCTION_BYTES = 16;

/** Most threads that an engine can have. */
export const THREADS_MAX = 32;

/** Below lie the constants of the binaries (asconfig.json, memoryBase). */
export const CREW_ADDRESS = 32768;
const CREW_BYTES = 256;
const TASK_BYTES = 128;
/** Parts of an instruction that were taken, a counter a thread, each in a line of the cache to itself. */
const TAKEN_ADDRESS: number = CREW_ADDRESS + CREW_BYTES + THREADS_MAX * TASK_BYTES;
const TAKEN_BYTES = 64;
export const HEAP_BASE: number = TAKEN_ADDRESS + THREADS_MAX * TAKEN_BYTES;

/** Index of the word that counts a thread's parts. */
export const takenWord = (thread: number): number => (TAKEN_ADDRESS + thread * TAKEN_BYTES) / 4;

const CREW_WORD = CREW_ADDRESS / 4;
type CrewWord = "size" | "first" | "end" | "era" | "round" | "parked" | QueueWord;
type QueueWord = "turn" | "queued" | "base" | "depth" | "steps" | "stepBytes" | "copies" | "results" | "copiesEnd";

export const crewWord: Readonly<Record<CrewWord, number>> = {
  size: CREW_WORD,
  /** What is to be run: addresses of the first instruction and of the end. */
  first: CREW_WORD + 1,
  end: CREW_WORD + 2,
  /** Which crew this memory has: a worker that was sent home, and may live on for seconds, sees that it is another one. */
  era: CREW_WORD + 3,
  round: CREW_WORD + 32,
  parked: CREW_WORD + 33,
  // a queue of jobs that run the same program, one after the other (bindings/away.ts)
  /** Who begins the next job: one of `turns`. */
  turn: CREW_WORD + 48,
  /** Number of the last job in the queue. */
  queued: CREW_WORD + 49,
  /** Number of the job that the first step is. */
  base: CREW_WORD + 50,
  /** Steps that there is room for: job number base + i is step i % depth. */
  depth: CREW_WORD + 51,
  /** Address of the first step, 0 where there is no queue, and bytes from one to the next. */
  steps: CREW_WORD + 52,
  stepBytes: CREW_WORD + 53,
  /** Addresses of what is copied from a step before its job, of what is copied to it afterwards, and of the end (assembly/crew.ts). */
  copies: CREW_WORD + 54,
  results: CREW_WORD + 55,
  copiesEnd: CREW_WORD + 56,
};

export const turns = {
  /** The host: the queue has been run to its end. */
  host: 0,
  /** The first member: it runs a job. */
  crew: 1,
  /** Nobody: a kernel ended the last job, and those behind it are not begun. */
  nobody: 2,
} as const;

/** Where the number of a job stands if a kernel ended it: by parity, because the one before may still be read. */
export const haltedWord = (job: number): number => CREW_WORD + 4 + (job & 1) * 2;

export const taskAddress = (slot: number): number => CREW_ADDRESS + CREW_BYTES + slot * TASK_BYTES;

export const taskWord = {
  thread: 0,
  threads: 1,
  phase: 2,
  scratch: 3,
  beat: 4,
  stop: 5,
  at: 6,
  round: 7,
  runner: 8,
  /** Number of the last job that the thread is to take part in. */
  job: 9,
  /** Messages posted to the worker, and those that it has dealt with. */
  posted: 10,
  received: 11,
  /** Rises with every job and message; the worker sleeps on it. */
  calls: 12,
  /** Set by a worker whose kernel failed. */
  failed: 13,
  /** Set where the thread tells its host by a message that a job is done. */
  tells: 14,
  /** Number of the last job that the thread has come to the end of, as all others have then. */
  finished: 15,
  /** Set where the thread is one of those that take part in the jobs of a queue. */
  member: 16,
} as const;

/** What counts of messages begin with in a crew: another number for each, so that what its slots had before counts nothing. */
export const messagesOf = (era: number): number => era << 12;

/** Index of a word of a thread's record. */
export const wordOf = (slot: number, word: keyof typeof taskWord): number => taskAddress(slot) / 4 + taskWord[word];

// How the members of a crew are called to a job: by the host, and within a queue of jobs by the first of them.

import { crewWord, takenWord, wordOf } from "./layout.ts";

/** Lets a thread see what was stored for it. */
export function call(words: Int32Array, slot: number): void {
  Atomics.add(words, wordOf(slot, "calls"), 1);
  Atomics.notify(words, wordOf(slot, "calls"));
}

/** Calls one thread to a job. */
function callTo(words: Int32Array, slot: number, job: number): void {
  Atomics.store(words, wordOf(slot, "job"), job);
  call(words, slot);
}

/** No thread in these slots has begun anything: they are all at the first instruction. */
function toBeginning(words: Int32Array, slots: readonly number[]): void {
  for (const slot of slots) words[wordOf(slot, "at")] = words[crewWord.first] as number;
}

/** Calls the first of the threads in these slots to a job of a queue, to which it calls the others. Until then nothing of it has begun. */
export function callFirst(words: Int32Array, slots: readonly number[], job: number): void {
  toBeginning(words, slots);
  callTo(words, slots[0] as number, job);
}

/** Calls the threads in these slots to a job, in their order. */
export function callAll(words: Int32Array, slots: readonly number[], job: number): void {
  slots.forEach((slot, thread) => {
    words[wordOf(slot, "thread")] = thread;
    words[takenWord(thread)] = 0;
  });
  toBeginning(words, slots);
  // who is called begins at once, and looks at what is of the others, too
  for (const slot of slots) callTo(words, slot, job);
}

// The loop of run.ts for several threads: all of a crew walk the same instructions, share those that are worth it, and meet
// between them. A binary of its own, which is loaded where there are threads.

import { Instruction } from "./run";
import { Task } from "./task";

/**
 * What a crew has in common; the host knows this layout (bindings/layout.ts). What is written often has a line of the cache to
 * itself.
 */
@unmanaged
class Crew {
  /** Threads that take part. */
  size: i32;
  // of the hosts alone
  first: usize;
  end: usize;
  era: i32;
  /**
   * By the parity of its number, the last job that was ended, and the round that begins at the meeting where the others leave it: who
   * comes late from a meeting may find the next job ended as well, but not the one after, to whose end it is needed.
   */
  haltedEven: i32;
  haltedEvenAt: i32;
  haltedOdd: i32;
  haltedOddAt: i32;
  unused: v128;
  unused1: v128;
  /** Threads that have come to the meeting of this round. */
  arrived: i32;
  unused2: v128;
  unused3: v128;
  unused4: v128;
  /** Meetings so far. */
  round: i32;
  /** Threads that wait for the end of the round in `park`. */
  parked: i32;
}

// what the host gives, as the module "crew"
/** Waits until the round is another one. */
declare function park(round: i32): void;

/** Wakes those in `park`. */
declare function wake(): void;

/**
 * Looks at the round before a thread parks, some 50 us: longer than threads that share an instruction wait for each other where
 * no core is busy otherwise.
 */
const SPINS = 50000;

/** From a Crew to how many parts of each thread were taken, each in a line of the cache to itself (bindings/layout.ts). */
const TAKEN_AT: usize = 4352;
const TAKEN_BYTES: usize = 64;

/** An instruction is cut into at most PARTS_EACH parts for each thread; beyond one for each, a part is worth at least PART_WORTH threads. */
const PARTS_EACH: i32 = 4;
const PART_WORTH: i32 = 4;

/** Where the end of a job is noted: its number, and behind it the round. */
function markOf(crew: Crew, job: i32): usize {
  return changetype<usize>(crew) + offsetof<Crew>("haltedEven") + ((<usize>(job & 1)) << 3);
}

/**
 * Waits until all of the crew are here; true where the job has ended. Behind the last meeting of a job the next one may begin
 * before all have left.
 */
function meet(crew: Crew, task: Task, size: i32, job: i32): bool {
  const round = atomic.load<i32>(changetype<usize>(crew), offsetof<Crew>("round"));
  // who has not come is told from who waits by this
  atomic.store<i32>(changetype<usize>(task), round + 1, offsetof<Task>("round"));
  if (atomic.add<i32>(changetype<usize>(crew), 1, offsetof<Crew>("arrived")) === size - 1) {
    atomic.store<i32>(changetype<usize>(crew), 0, offsetof<Crew>("arrived"));
    atomic.store<i32>(changetype<usize>(crew), round + 1, offsetof<Crew>("round"));
    if (atomic.load<i32>(changetype<usize>(crew), offsetof<Crew>("parked"))) wake();
  } else {
    let spins = SPINS;
    while (atomic.load<i32>(changetype<usize>(crew), offsetof<Crew>("round")) === round) {
      if (--spins === 0) {
        park(round);
        break;
      }
    }
  }
  const mark = markOf(crew, job);
  return atomic.load<i32>(mark) === job && atomic.load<i32>(mark, 4) === round + 1;
}

/**
 * Takes part in a phase of an instruction: runs its own parts, which are those it would have if all were equally fast, and
 * what they touch may be in its cache; then those that others have not come to, because a core may be slower, or busy. `base` is
 * where the counters stood before.
 */
function takePart(
  instruction: Instruction,
  task: Task,
  crew: Crew,
  thread: i32,
  size: i32,
  parts: i32,
  each: i32,
  base: i32,
): void {
  let owner = thread;
  task.threads = parts;
  for (let others = size; others > 0; others--) {
    const taken = changetype<usize>(crew) + TAKEN_AT + <usize>owner * TAKEN_BYTES;
    for (;;) {
      const i = atomic.add<i32>(taken, 1) - base;
      if (i >= each) break; // all threads come here once, so that the next phase's base is known
      const part = owner * each + i;
      if (part >= parts) continue;
      task.thread = part;
      call_indirect<void>(instruction.kernel, instruction.args, changetype<usize>(task));
      task.beat++;
    }
    if (++owner === size) owner = 0;
  }
}

/** A range of bytes that a step of a queue has of its own, and where the program has it (bindings/away.ts). */
@unmanaged
class Copy {
  address: usize;
  /** From the beginning of the step's own. */
  offset: usize;
  bytes: usize;
}

/** Copies ranges of a step to where the program has them, or, `back`, from there. */
export function move(copies: usize, end: usize, own: usize, back: bool): void {
  for (; copies < end; copies += offsetof<Copy>()) {
    const copy = changetype<Copy>(copies);
    const aside = own + copy.offset;
    if (back) memory.copy(aside, copy.address, copy.bytes);
    else memory.copy(copy.address, aside, copy.bytes);
  }
}

/**
 * Runs the instructions from address `first` up to `end` together with the other threads of the crew, which call this, too,
 * for the same job; returns the address of the next one. An instruction for one thread is run by the first, and only that one
 * may end a run.
 */
export function share(first: usize, end: usize, task: Task, crew: Crew, job: i32): usize {
  const thread = task.thread;
  const size = crew.size;
  task.stop = 0;
  task.runner = thread;
  let at = first;
  let threadsBefore = 0;
  let base = 0;
  while (at < end) {
    const instruction = changetype<Instruction>(at);
    const worth = instruction.threads;
    const threads = min(worth, size);
    // what one thread did alone before it goes on alone needs no meeting
    if (threadsBefore !== 0 && (threads > 1 || threadsBefore > 1) && meet(crew, task, size, job)) return at;
    threadsBefore = threads;
    task.at = at;
    // parts of a thread are neighbours, as pieces of a part are (pieces.ts)
    const each = max(1, min(PARTS_EACH, worth / (PART_WORTH * size)));
    const parts = worth < size ? worth : each * size;
    const phases = instruction.phases;
    for (let phase = 0; phase < phases; phase++) {
      task.phase = phase;
      if (threads > 1) {
        if (phase > 0) meet(crew, task, size, job);
        takePart(instruction, task, crew, thread, size, parts, each, base);
        base += each + size;
      } else if (thread === 0) {
        task.thread = 0;
        task.threads = 1;
        call_indirect<void>(instruction.kernel, instruction.args, changetype<usize>(task));
        task.beat++;
      }
    }
    at += offsetof<Instruction>();
    if (task.stop) {
      const round = atomic.load<i32>(changetype<usize>(crew), offsetof<Crew>("round"));
      const mark = markOf(crew, job);
      atomic.store<i32>(mark, round + 1, 4);
      atomic.store<i32>(mark, job);
      break;
    }
  }
  meet(crew, task, size, job);
  return at;
}

// Scratch that each thread has for itself, behind what all threads share. What a part of an instruction leaves in it means
// nothing to the next one.

import { Task } from "./task";

/**
 * Bytes between what two threads have. Processors fetch ahead what is stored at a stride, a hundred kilobytes and more: panels
 * that one thread packs would take lines away from the next one. Without it products of a transpose took 1.14 times as long on two
 * threads of an AMD Zen 5.
 */
const APART: usize = 1 << 18;

@final
@unmanaged
export class Own {
  /** Where the thread that does this part has its `bytes`, behind `shared` bytes of all. */
  static at(task: Task, shared: usize, bytes: usize): usize {
    const before = task.runner; // most often there is one, and small products take less time than that product
    return task.scratch + shared + (before > 0 ? <usize>before * (bytes + APART) : 0);
  }

  /** Bytes of scratch for so many threads; what 32 bits cannot say is more than a memory holds. */
  static bytes(shared: u64, bytes: usize, threads: i32): i32 {
    const own = bytes > 0 ? <u64>threads * bytes + <u64>(threads - 1) * APART : 0;
    return <i32>min(shared + own, <u64>u32.MAX_VALUE);
  }
}

// A chain: kernels that go over the same units, run block by block, so that what one writes for the next is still in
// the cache. Each kernel stays as it is and sees a block as all there is.

import { Own } from "./own";
import { Pieces } from "./pieces";
import { Task } from "./task";

/** Behind it stand the steps. The host writes both (bindings/wasm.ts). */
@unmanaged
export class ChainArgs {
  units: i32;
  /** Units of a block. */
  block: i32;
  /** Bytes of what steps leave for each other, of one block. */
  slotBytes: i32;
  steps: i32;
}

/**
 * Behind it four tables of `bytes` bytes, a word an operand: its value is a + b first + c length + d slots, `first` being
 * the block's first unit, `length` its units, `slots` the address of the thread's slots.
 */
@unmanaged
class Step {
  kernel: u32;
  bytes: u32;
  unused0: i32;
  unused1: i32;
}

/** As many as a kernel over units may have (bindings/transform.mjs). */
const OPERAND_BYTES: i32 = 128;

export function chainScratch(args: ChainArgs, threads: i32): i32 {
  return Own.bytes(0, OPERAND_BYTES + args.slotBytes, threads);
}

/** Runs all steps for a block, then for the next; threads take blocks. */
export function chain(args: ChainArgs, task: Task): void {
  const thread = task.thread;
  const threads = task.threads;
  const operands = Own.at(task, 0, OPERAND_BYTES + args.slotBytes);
  const slots = operands + OPERAND_BYTES;
  const units = args.units;
  const block = args.block;
  const count = Pieces.count(units, block);
  const last = Pieces.to(task, count);
  let piece = Pieces.from(task, count);
  task.thread = 0; // a block is all there is, and nobody shares it
  task.threads = 1;
  for (; piece < last; piece++, task.beat++) {
    const first = Pieces.first(piece, block);
    const length = Pieces.end(piece, block, units) - first;
    let at = changetype<usize>(args) + offsetof<ChainArgs>();
    for (let i = args.steps; i > 0; i--) {
      const step = changetype<Step>(at);
      const bytes = <usize>step.bytes;
      at += offsetof<Step>();
      for (let word: usize = 0; word < bytes; word += 16, at += 16) {
        let value = v128.load(at);
        value = i32x4.add(value, i32x4.mul(v128.load(at + bytes), i32x4.splat(first)));
        value = i32x4.add(value, i32x4.mul(v128.load(at + 2 * bytes), i32x4.splat(length)));
        value = i32x4.add(value, i32x4.mul(v128.load(at + 3 * bytes), i32x4.splat(<i32>slots)));
        v128.store(operands + word, value);
      }
      at += 3 * bytes;
      call_indirect<void>(step.kernel, operands, changetype<usize>(task));
    }
  }
  task.thread = thread;
  task.threads = threads;
}

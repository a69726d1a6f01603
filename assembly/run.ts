// The loop that runs a program on one thread: a flat list of instructions, each called once for each of its phases.

import { Task } from "./task";

@unmanaged
export class Instruction {
  /** Index in the table, where the host put the kernel. */
  kernel: u32;
  args: usize;
  phases: i32;
  /** Threads this instruction is worth; the others pass it by. */
  threads: i32;
}

/** Runs the instructions from address `first` up to `end`; returns the address of the next one. */
export function run(first: usize, end: usize, task: Task): usize {
  task.stop = 0;
  task.thread = 0;
  task.threads = 1;
  let at = first;
  while (at < end) {
    const instruction = changetype<Instruction>(at);
    const phases = instruction.phases;
    for (let phase = 0; phase < phases; phase++) {
      task.phase = phase;
      call_indirect<void>(instruction.kernel, instruction.args, changetype<usize>(task));
    }
    task.beat++;
    at += offsetof<Instruction>();
    if (task.stop) break;
  }
  return at;
}

/** Runs a part of one instruction: what the thread of the task would do of it in its phase. */
export function runPart(at: usize, task: usize): void {
  const instruction = changetype<Instruction>(at);
  call_indirect<void>(instruction.kernel, instruction.args, task);
}

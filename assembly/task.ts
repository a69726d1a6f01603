// What a kernel is given beside its operands, and the names of operand types.
// A kernel is `export function name(args: NameArgs, task: Task): void`; every field of NameArgs is four
// bytes wide. After a pointer stands the number of elements it must hold: `// [m, lda]`, or `// [n]?`
// where 0 means "absent". bindings/transform.mjs reads that and writes the TypeScript side.

/** Address of float32 values that the kernel reads, writes, or both. */
export type InF32 = usize;
export type OutF32 = usize;
export type InOutF32 = usize;
/** Address of int32 values that the kernel reads, writes, or both. */
export type InI32 = usize;
export type OutI32 = usize;
export type InOutI32 = usize;

/** One record a thread, shared with the host, which knows this layout (bindings/layout.ts). */
@unmanaged
export class Task {
  /** Which part of the instruction is to be done, as if each of so many threads did one. */
  thread: i32;
  threads: i32;
  phase: i32;
  /** Scratch of the whole instruction, 16-byte aligned; nameScratch(args, threads) says how many bytes, for so many runners. */
  scratch: usize;
  /** Rises at least every 50 ms of work. */
  beat: i32;
  /** A kernel that sets this ends the run after its instruction. */
  stop: i32;
  /** Address of the instruction that the thread has come to, where it is one of a crew (crew.ts). */
  at: usize;
  /** Meetings that the thread has come to. */
  round: i32;
  /**
   * Number of the thread that does it, which may do several parts one after the other: by it goes scratch that a part needs for
   * itself, so that it stays in a cache.
   */
  runner: i32;
}

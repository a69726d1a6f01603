// The narrow waist: an instruction is a kernel's name and its operands. Two engines understand it, the
// WebAssembly one (wasm.ts) and the plain TypeScript one, which stands outside this folder.

import type { KernelName } from "./generated/kernels.ts";
import { layouts } from "./generated/kernels.ts";

/** Value of an operand once addresses are known: scalars as they are, pointers in bytes, 0 where absent. */
export interface Instruction {
  readonly kernel: KernelName;
  readonly operands: Readonly<Record<string, number>>;
  readonly share?: Share;
}

/** How an instruction may be divided, where it may. */
export interface Share {
  /** Threads that it is worth. */
  readonly threads: number;
  /** Parts in which one thread runs it, so that it may do something else between them. */
  readonly parts: number;
}

/** How an instruction over units becomes one over a block of them. */
export interface Blocked {
  /** The operand that counts, and how far it counts for each unit of the chain. */
  readonly size: string;
  readonly each: number;
  /** Bytes that pointers move by from unit to unit. */
  readonly moves: Readonly<Record<string, number>>;
  /** Pointers to what steps leave for each other: offsets in the chain's scratch. They do not move. */
  readonly slots: Readonly<Record<string, number>>;
}

/** Instructions over the same units, run one after the other for a block of `block` units, then for the next. */
export interface ChainOf<I> {
  readonly kernel: "chain";
  readonly units: number;
  readonly block: number;
  /** Bytes of all slots. */
  readonly slotBytes: number;
  readonly steps: readonly (I & Blocked)[];
  readonly share?: Share;
}

export type Chain = ChainOf<Instruction>;

export type Floats = Float32Array | Float64Array;

/** What a size in bytes goes by. */
export interface Named {
  readonly kernel: KernelName;
}

/** Something that holds numbers by address and runs instructions over them. */
export interface Engine {
  readonly kernels: "strict" | "relaxed" | "reference";
  /** First address that may be handed out, and the bytes there are now. */
  readonly base: number;
  readonly bytes: number;
  /** Most bytes there can ever be. */
  readonly bytesMax: number;
  /** True once at least `bytes` are there. */
  grow(bytes: number): boolean;
  /** Views, good until the next `grow`. */
  float32(address: number, length: number): Floats;
  int32(address: number, length: number): Int32Array;
  /** Loads what kernels are not there yet, of those named or of all; null where nothing is missing. Before `encode`. */
  complete(kernels?: readonly KernelName[]): Promise<void> | null;
  /** Bytes that a program of these instructions occupies. */
  codeBytes(instructions: readonly (Named | ChainOf<Named>)[]): number;
  /** Writes the program at an address of at least `codeBytes` bytes; returns the bytes of scratch it needs. */
  encode(address: number, instructions: readonly (Instruction | Chain)[]): number;
  setScratch(address: number): void;
  /**
   * Runs instructions [first, end) of the program at an address; returns the index of the next one. Throws StepLost where a
   * thread was lost: then the engine has moved to another memory, with all that was in this one, and views must be made anew.
   */
  run(address: number, first: number, end: number): number;
  /** In how many parts an instruction is run, where this thread alone runs it. */
  partsOf(address: number, index: number): number;
  /** Runs one of them; they are run in order, and nothing else in between. */
  runPart(address: number, index: number, part: number): void;
  /** Whether the last run was ended by a guard. */
  readonly stopped: boolean;
  /** The threads; null where there is one only, and no other can be. */
  readonly staff: Staff | null;
  /** Like `run`, by workers alone, where `staff.isAway`. */
  runAway(address: number, first: number, end: number): Promise<number>;
  /** A queue of steps of the program at an address, which has `length` instructions; until it is empty nothing else is run. */
  openQueue?(address: number, length: number, places: QueuePlaces): StepQueue;
}

/** Threads of an engine. */
export interface Staff {
  /** Threads that compute now, the calling one included where it takes part. */
  readonly size: number;
  /** Threads that will compute what is worth them, as far as is known: without workers that have ended. */
  readonly expected: number;
  /** Most threads that instructions are shared by; they come in the background, when a program is worth them. */
  readonly wanted: number;
  /** Changes the number; instructions must be encoded again. */
  want(threads: number | "auto", make?: () => Worker): void;
  /** Starts them now; resolves when all are there or cannot be had. */
  start(): Promise<void>;
  /** Starts them in the background. */
  call(): void;
  /** Ends them until there is something to do again. */
  rest(): void;
  /** Whether the calling thread may wait for others, and so compute with them. */
  readonly joins: boolean;
  /** Whether there are workers that it computes with. */
  readonly isCrew: boolean;
  /** Whether there are workers that compute without it, because it does not join. */
  readonly isAway: boolean;
}

/** Where the steps of a queue lie; all are addresses, or bytes. */
export interface QueuePlaces {
  /** Room for `depth` steps, `stepBytes` each, that are used in turn. */
  readonly steps: number;
  readonly stepBytes: number;
  readonly depth: number;
  /** Three words for each range that is copied from a step before it is run: address, offset within the step, bytes. */
  readonly copies: number;
  /** The same for what is copied back afterwards, up to `copiesEnd`. */
  readonly results: number;
  readonly copiesEnd: number;
}

export interface StepQueue<T = number | null> {
  /**
   * Runs the next step, which lies in its room, after all before it. Resolves in order with the index of the next instruction;
   * null where it was not begun, because one before it did not come to its end. Rejects with StepLost.
   */
  push(): Promise<T>;
  /** Takes out all that is not begun; the queue takes no more. */
  cancel(): void;
}

export interface Field {
  readonly name: string;
  /** i32, u32 and f32 are scalars; the others point to float32 or int32 values. */
  readonly type: "i32" | "u32" | "f32" | "pointer";
  readonly element: "f32" | "i32";
  readonly reads: boolean;
  readonly writes: boolean;
  readonly optional: boolean;
  /**
   * Where a kernel goes over units, each by itself: "" at the size that counts them; at a pointer what it moves by, ""
   * being one element, else the name of an operand, or the letter of strides in loops over d0, d1, ...; null elsewhere.
   */
  readonly moves: string | null;
}

const cache = new Map<KernelName, readonly Field[]>();

/** The operands of a kernel in memory order. */
export function fieldsOf(kernel: KernelName): readonly Field[] {
  let fields = cache.get(kernel);
  if (fields) return fields;
  fields = layouts[kernel].split(" ").map((text): Field => {
    const [name] = text.split(/[^\w]/) as [string];
    const has = (mark: string) => text.includes(mark);
    const pointer = has("<") || has(">");
    return {
      name,
      type: pointer ? "pointer" : has(".") ? "f32" : has("+") ? "u32" : "i32",
      element: has("#") ? "i32" : "f32",
      reads: has("<"),
      writes: has(">"),
      optional: has("?"),
      moves: has("*") ? (text.split("*")[1] as string) : null,
    };
  });
  cache.set(kernel, fields);
  return fields;
}

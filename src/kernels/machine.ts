// The machine of `lanewise/kernels`: arrays in an engine's memory, and every kernel as a method over them.
// Nothing is written before all operands of a call are known to fit.

import { createAllocator, roundUp } from "../../bindings/allocator.ts";
import type { Engine, Instruction } from "../../bindings/engine.ts";
import { LanewiseError } from "../../bindings/errors.ts";
import { extents } from "../../bindings/generated/extents.ts";
import type { KernelName } from "../../bindings/generated/kernels.ts";
import { layouts } from "../../bindings/generated/kernels.ts";
import { StepLost } from "../../bindings/stepLost.ts";
import { invalid, nonNegativeInteger, show } from "../check.ts";
import type { KernelOperands, Scalars, Signature } from "./operands.ts";
import { readScalars, signatureOf } from "./operands.ts";

type Kernels = {
  /** `guard` says whether all values are finite. */
  readonly [K in KernelName]: (operands: KernelOperands<K>) => K extends "guard" ? boolean : void;
};

/** Arrays and kernels over one memory, which never grows: views are good as long as the machine. */
export interface KernelMachine extends Kernels {
  /** The build in use. */
  readonly kernels: "strict" | "relaxed" | "reference";
  readonly threads: number;
  /** `length` float32 zeros in the machine's memory. Throws `out-of-memory`. */
  float32(length: number): Float32Array;
  /** `length` int32 zeros in the machine's memory. Throws `out-of-memory`. */
  int32(length: number): Int32Array;
  /** Gives the memory of an array back. Throws `invalid-argument` where it is not one of float32 or int32. */
  free(array: Float32Array | Int32Array): void;
}

interface Block {
  readonly address: number;
  readonly bytes: number;
}

interface Call {
  readonly signature: Signature;
  readonly operands: Scalars;
  readonly program: readonly Instruction[];
  readonly share: { threads: number; readonly parts: 1 };
}

/** Elements that a call must touch for each thread that shares it: what takes some microseconds. */
const ELEMENTS_PER_THREAD = 20_000;

/** An instruction that does nothing: reached where the one before did not end the program. */
const nothing: Instruction = { kernel: "fill", operands: { n: 0, value: 0, out: 0 } };

/** The machine on an engine that has all its memory. */
export function createKernelMachine(engine: Engine): KernelMachine {
  const allocator = createAllocator(engine.base, engine.bytes);
  const buffer = engine.int32(engine.base, 0).buffer;
  const names = Object.keys(layouts) as KernelName[];
  const code = allocator.allocate(Math.max(...names.map((kernel) => engine.codeBytes([{ kernel }, nothing]))));
  const blocks: Block[] = []; // by address
  const calls = new Map<KernelName, Call>();
  const scratch = { address: 0, bytes: 0 };
  let isLost = false;

  const outOfMemory = (where: string, bytes: number): LanewiseError =>
    new LanewiseError(
      "out-of-memory",
      `${where}: ${roundUp(bytes)} bytes are wanted, ${allocator.used} of ${engine.bytes} are in use. Open the machine with a larger bytesMax, or free arrays.`,
    );

  /** Index of the last block that begins at or before an address, -1 where there is none. */
  const blockBefore = (address: number): number => {
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((blocks[middle] as Block).address <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  const requireWhole = (where: string): void => {
    if (isLost) throw new LanewiseError("disposed", `${where}: this machine lost a thread. Open another one.`);
  };

  const allocate = (where: string, length: number): number => {
    requireWhole(where);
    const bytes = nonNegativeInteger(length, "length", where) * 4;
    const address = allocator.allocate(bytes);
    if (address < 0) throw outOfMemory(where, bytes);
    blocks.splice(blockBefore(address) + 1, 0, { address, bytes });
    engine.int32(address, length).fill(0);
    return address;
  };

  /** Address of a view of this machine that holds at least `length` elements. */
  const addressOf = (where: string, call: Call, index: number, value: unknown, length: number): number => {
    const { name, element } = call.signature.pointers[index] as Signature["pointers"][number];
    const wanted = element === "f32" ? Float32Array : Int32Array;
    if (!(value instanceof wanted)) {
      const code = ArrayBuffer.isView(value) ? "dtype-mismatch" : "invalid-argument";
      throw new LanewiseError(code, `${where}: ${name} must be a ${wanted.name} of this machine, got ${show(value)}.`);
    }
    const block = blocks[blockBefore(value.byteOffset)];
    const end = value.byteOffset + value.byteLength;
    if (value.buffer !== buffer || !block || end > block.address + block.bytes) {
      throw new LanewiseError(
        "invalid-argument",
        `${where}: ${name} is not an array of this machine, or was freed. Make it with machine.${element === "f32" ? "float32" : "int32"}(length).`,
      );
    }
    if (value.length < length) {
      const sizes = call.signature.scalars.filter(({ name }) => (call.operands[name] ?? 0) > 1);
      const text = sizes.map((size) => `${size.name} = ${call.operands[size.name]}`).join(", ");
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: ${name} holds ${value.length} values, ${length} are needed (${text}).`,
      );
    }
    return value.byteOffset;
  };

  const prepare = (kernel: KernelName): Call => {
    const operands: Scalars = {};
    const share = { threads: 1, parts: 1 as const };
    const instruction: Instruction = { kernel, operands, share };
    const call: Call = {
      signature: signatureOf(kernel),
      operands,
      share,
      program: kernel === "guard" ? [instruction, nothing] : [instruction],
    };
    calls.set(kernel, call);
    return call;
  };

  const ensureScratch = (where: string, bytes: number): void => {
    if (bytes <= scratch.bytes) return;
    if (scratch.bytes > 0) allocator.free(scratch.address);
    scratch.bytes = 0;
    scratch.address = allocator.allocate(bytes);
    if (scratch.address < 0) throw outOfMemory(`${where} (scratch)`, bytes);
    scratch.bytes = bytes;
    engine.setScratch(scratch.address);
  };

  /** Whether the kernel let the program go on. */
  const run = (kernel: KernelName, given: unknown): boolean => {
    const where = `machine.${kernel}`;
    const call = calls.get(kernel) ?? prepare(kernel);
    const { signature, operands, program, share } = call;
    requireWhole(where);
    if (typeof given !== "object" || given === null) throw invalid(where, "operands", "an object", given);
    const values = given as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(values)) {
      if (signature.known.has(key)) continue;
      throw new LanewiseError(
        "unknown-option",
        `${where}: unknown operand "${key}". Known: ${[...signature.known].join(", ")}.`,
      );
    }
    readScalars(where, signature, values, operands);
    const lengths = extents[kernel](operands as never) as Readonly<Record<string, number>>;
    signature.pointers.forEach(({ name, optional }, i) => {
      const value = values[name] ?? null;
      if (value === null && !optional) {
        throw new LanewiseError("invalid-argument", `${where}: ${name} is required.`);
      }
      operands[name] = value === null ? 0 : addressOf(where, call, i, value, lengths[name] as number);
    });
    const elements = Object.values(lengths).reduce((sum, length) => sum + length, 0);
    // one thread does what may end a program
    share.threads = program.length > 1 ? 1 : Math.max(1, Math.floor(elements / ELEMENTS_PER_THREAD));
    ensureScratch(where, engine.encode(code, program));
    try {
      return engine.run(code, 0, program.length) === program.length;
    } catch (error) {
      if (!(error instanceof StepLost)) throw error;
      isLost = true; // what the engine goes on with is not what the arrays are views of
      throw new LanewiseError(
        "state-lost",
        `${where}: a thread was lost (${error.message}). What the call was to write is undefined; open another machine.`,
        { cause: error },
      );
    }
  };

  const methods = Object.fromEntries(
    names.map((kernel) => [
      kernel,
      kernel === "guard" ? (given: unknown) => run(kernel, given) : (given: unknown) => void run(kernel, given),
    ]),
  ) as unknown as Kernels;

  return {
    ...methods,
    kernels: engine.kernels,
    get threads() {
      return engine.staff?.size ?? 1;
    },
    float32: (length) => engine.float32(allocate("machine.float32", length), length) as Float32Array,
    int32: (length) => engine.int32(allocate("machine.int32", length), length),
    free(array) {
      const isView = array instanceof Float32Array || array instanceof Int32Array;
      const i = isView && array.buffer === buffer ? blockBefore(array.byteOffset) : -1;
      const block = blocks[i];
      if (!isView || block?.address !== array.byteOffset || block.bytes !== array.byteLength) {
        throw invalid("machine.free", "array", "an array of this machine, whole and not freed before", array);
      }
      blocks.splice(i, 1);
      allocator.free(block.address);
    },
  };
}

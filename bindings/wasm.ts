// The WebAssembly engine: one memory, two instances, a third where it is needed; kernels are linked into the table by name.

import { roundUp } from "./allocator.ts";
import type { Chain, ChainOf, Engine, Named } from "./engine.ts";
import { fieldsOf } from "./engine.ts";
import { LanewiseError } from "./errors.ts";
import type { KernelName } from "./generated/kernels.ts";
import type { Binaries } from "./variant.ts";

const PAGE = 65536;
/** Bytes of one Instruction and of one Task (assembly/run.ts, assembly/task.ts). */
const INSTRUCTION_BYTES = 16;
const TASK_BYTES = 24;
/** Bytes of ChainArgs and of one Step, and its tables of operands (assembly/chain.ts). */
const CHAIN_BYTES = 16;
const STEP_BYTES = 16;
const STEP_TABLES = 4;
/** Below lie the constants of the binaries (asconfig.json, memoryBase). */
const TASK_ADDRESS = 32768;
const HEAP_BASE = TASK_ADDRESS + 64;

type KernelExport = (args: number, task: number) => void;
type SizeExport = (args: number, threads: number) => number;

interface Exports {
  readonly table: WebAssembly.Table;
  run(first: number, end: number, task: number): number;
  readonly [name: string]: unknown;
}

/** Creates the memory, stepping the stated maximum down where the environment refuses it. */
function createMemory(bytesInitial: number, bytesMax: number): { memory: WebAssembly.Memory; bytesMax: number } {
  const initial = Math.ceil(bytesInitial / PAGE);
  for (let maximum = Math.ceil(bytesMax / PAGE); ; maximum >>= 1) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum }), bytesMax: maximum * PAGE };
    } catch (cause) {
      if (maximum >> 1 < initial || maximum <= 256) {
        throw new LanewiseError(
          "out-of-memory",
          `A WebAssembly memory of ${initial * PAGE} bytes could not be created. Close other pages or models, or ask for less.`,
          { cause },
        );
      }
    }
  }
}

export async function openWasm(
  { build, base, products, more }: Binaries,
  bytesInitial: number,
  bytesMaxWanted: number,
): Promise<Engine> {
  const { memory, bytesMax } = createMemory(Math.max(bytesInitial, 2 * PAGE), bytesMaxWanted);
  const open = async (module: WebAssembly.Module): Promise<Exports> =>
    (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Exports;
  const main = await open(base);
  const opened = [main, await open(products)];
  let completing: Promise<void> | null = null;
  let isComplete = false;
  const kernels = new Map<
    KernelName | "chain",
    { index: number; scratch: SizeExport | null; phases: SizeExport | null }
  >();

  const link = (name: KernelName | "chain") => {
    let linked = kernels.get(name);
    if (linked) return linked;
    const from = opened.find((exports) => name in exports);
    if (!from) throw new LanewiseError("unsupported", `The kernels have no "${name}". Build the library again.`);
    const index = main.table.grow(1);
    main.table.set(index, from[name] as KernelExport);
    linked = {
      index,
      scratch: (from[`${name}Scratch`] as SizeExport | undefined) ?? null,
      phases: (from[`${name}Phases`] as SizeExport | undefined) ?? null,
    };
    kernels.set(name, linked);
    return linked;
  };

  const openMore = async (): Promise<void> => {
    opened.push(await open(await more()));
    isComplete = true;
  };

  let words = new DataView(memory.buffer);
  const refresh = () => {
    words = new DataView(memory.buffer);
  };
  const task = new Int32Array(memory.buffer, TASK_ADDRESS, TASK_BYTES / 4);
  task[1] = 1; // threads

  const bytesOf = ({ kernel }: Named) => roundUp(fieldsOf(kernel).length * 4, 16);
  const argsBytes = (instruction: Named | ChainOf<Named>): number =>
    instruction.kernel === "chain"
      ? instruction.steps.reduce((sum, step) => sum + STEP_BYTES + bytesOf(step) * STEP_TABLES, CHAIN_BYTES)
      : bytesOf(instruction);
  const writeOperands = (at: number, kernel: KernelName, operands: Readonly<Record<string, number>>): void => {
    fieldsOf(kernel).forEach(({ name, type }, j) => {
      const value = operands[name] ?? 0;
      if (type === "f32") words.setFloat32(at + j * 4, value, true);
      else if (type === "i32") words.setInt32(at + j * 4, value, true);
      else words.setUint32(at + j * 4, value, true);
    });
  };
  const writeChain = (address: number, { units, block, slotBytes, steps }: Chain): void => {
    let at = address;
    const write = (value: number): void => {
      words.setUint32(at, value, true);
      at += 4;
    };
    [units, block, slotBytes, steps.length].forEach(write);
    for (const step of steps) {
      const { kernel, operands, size, each, moves, slots } = step;
      const bytes = bytesOf(step);
      [link(kernel).index, bytes, 0, 0].forEach(write);
      const inScratch = Object.fromEntries(Object.keys(slots).map((name) => [name, 1]));
      for (const table of [{ ...operands, ...slots, [size]: 0 }, moves, { [size]: each }, inScratch]) {
        writeOperands(at, kernel, table);
        at += bytes;
      }
    }
  };

  return {
    kernels: build,
    base: HEAP_BASE,
    bytesMax,
    get bytes() {
      return memory.buffer.byteLength;
    },
    grow(bytes) {
      const pages = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
      if (pages <= 0) return true;
      try {
        memory.grow(pages);
      } catch {
        return false;
      }
      refresh();
      return true;
    },
    float32: (address, length) => new Float32Array(memory.buffer, address, length),
    int32: (address, length) => new Int32Array(memory.buffer, address, length),
    complete(kernels) {
      if (isComplete || kernels?.every((name) => opened.some((exports) => name in exports))) return null;
      completing ??= openMore().finally(() => {
        completing = null; // where it failed it can be tried again
      });
      return completing;
    },
    codeBytes(instructions) {
      let bytes = instructions.length * INSTRUCTION_BYTES;
      for (const instruction of instructions) bytes += argsBytes(instruction);
      return bytes;
    },
    encode(address, instructions) {
      let args = address + instructions.length * INSTRUCTION_BYTES;
      let scratchBytes = 0;
      instructions.forEach((instruction, i) => {
        const { index, scratch, phases } = link(instruction.kernel);
        if (instruction.kernel === "chain") writeChain(args, instruction);
        else writeOperands(args, instruction.kernel, instruction.operands);
        const at = address + i * INSTRUCTION_BYTES;
        words.setUint32(at, index, true);
        words.setUint32(at + 4, args, true);
        words.setInt32(at + 8, phases ? phases(args, 1) : 1, true);
        words.setInt32(at + 12, 1, true);
        if (scratch) scratchBytes = Math.max(scratchBytes, scratch(args, 1) >>> 0);
        args += argsBytes(instruction);
      });
      return scratchBytes;
    },
    get stopped() {
      return words.getInt32(TASK_ADDRESS + 20, true) !== 0;
    },
    setScratch(scratchAddress) {
      words.setUint32(TASK_ADDRESS + 12, scratchAddress, true);
    },
    run(address, first, end) {
      const next = main.run(address + first * INSTRUCTION_BYTES, address + end * INSTRUCTION_BYTES, TASK_ADDRESS);
      return ((next >>> 0) - address) / INSTRUCTION_BYTES;
    },
  };
}

// The WebAssembly engine: one memory, two instances, a third where it is needed; kernels are linked into the table by name.

import { roundUp } from "./allocator.ts";
import type { Chain, ChainOf, Engine, Named, Share } from "./engine.ts";
import { fieldsOf } from "./engine.ts";
import { LanewiseError, memoryRefused } from "./errors.ts";
import type { KernelName } from "./generated/kernels.ts";
import { layouts } from "./generated/kernels.ts";
import { HEAP_BASE, INSTRUCTION_BYTES, PAGE, THREADS_MAX, taskAddress, wordOf } from "./layout.ts";
import type { createStaff, EngineStaff } from "./staff.ts";
import { StepLost } from "./stepLost.ts";
import type { Binaries } from "./variant.ts";
import { compileShared } from "./variant.ts";

/** Bytes of ChainArgs and of one Step, and its tables of operands (assembly/chain.ts). */
const CHAIN_BYTES = 16;
const STEP_BYTES = 16;
const STEP_TABLES = 4;

type SizeExport = (args: number, threads: number) => number;

interface Exports {
  readonly table: WebAssembly.Table;
  run(first: number, end: number, task: number): number;
  runPart(instruction: number, task: number): void;
  readonly [name: string]: unknown;
}

const alone: Share = { threads: 1, parts: 1 };

/** What stands in the table, in this order, in the instances of all threads. */
const names = [...(Object.keys(layouts) as KernelName[]), "chain"] as const;
type Linked = (typeof names)[number];

/** Creates the memory, stepping the stated maximum down where the environment refuses it. */
function createMemory(
  bytesInitial: number,
  bytesMax: number,
  shared: boolean,
): { memory: WebAssembly.Memory; bytesMax: number } {
  const initial = Math.ceil(bytesInitial / PAGE);
  const wanted = Math.ceil(bytesMax / PAGE);
  for (let maximum = wanted; ; maximum >>= 1) {
    try {
      let memory = new WebAssembly.Memory({ initial, maximum, shared });
      // what just fits leaves no addresses to the engine
      if (maximum < wanted && maximum >> 1 >= initial) {
        maximum >>= 1;
        memory = new WebAssembly.Memory({ initial, maximum, shared });
      }
      return { memory, bytesMax: maximum * PAGE };
    } catch (cause) {
      if (maximum >> 1 < initial || maximum <= 256) throw memoryRefused(initial * PAGE, cause);
    }
  }
}

/** The threads; without what they need the engine does without them, as under an import map that lacks "#host/threads". */
async function staffFor(site: Parameters<typeof createStaff>[0]): Promise<EngineStaff | null> {
  try {
    return await (await import("./staff.ts")).createStaff(site);
  } catch (error) {
    console.warn(`lanewise: threads cannot be loaded (${(error as Error).message}). It computes on one.`);
    return null;
  }
}

export async function openWasm(
  { build, base, products, more, shared }: Binaries,
  bytesInitial: number,
  bytesMaxWanted: number,
): Promise<Engine> {
  let { memory, bytesMax } = createMemory(Math.max(bytesInitial, 2 * PAGE), bytesMaxWanted, shared);
  const modules = [base, products];
  let opened: Exports[] = [];
  let firstKernel = 0;
  /** Puts the kernels of one more instance into the table of the first. */
  const link = (exports: Exports): void => {
    opened.push(exports);
    const { table } = opened[0] as Exports;
    if (firstKernel === 0) firstKernel = table.grow(names.length);
    names.forEach((name, i) => {
      if (name in exports) table.set(firstKernel + i, exports[name] as CallableFunction);
    });
  };
  const open = async (module: WebAssembly.Module): Promise<void> =>
    link((await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Exports);
  for (const module of modules) await open(module);
  let completing: Promise<void> | null = null;
  let isComplete = false;

  const openMore = async (): Promise<void> => {
    const module = await more();
    await open(module);
    modules.push(module);
    staff?.addModules();
    isComplete = true;
  };

  let words = new DataView(memory.buffer);
  let integers = new Int32Array(memory.buffer, 0, HEAP_BASE / 4);
  const refresh = () => {
    words = new DataView(memory.buffer);
    integers = new Int32Array(memory.buffer, 0, HEAP_BASE / 4);
  };

  /** The slot of the thread that ran what was for one thread. */
  let leader = 0;
  /** Goes on in another memory with all that is in this one, which a lost thread may still write to. */
  const move = (): void => {
    const old = memory.buffer;
    ({ memory, bytesMax } = createMemory(old.byteLength, bytesMax, shared));
    new Uint8Array(memory.buffer).set(new Uint8Array(old));
    leader = 0;
    opened = [];
    linked.clear();
    firstKernel = 0;
    for (const module of modules)
      link(new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports);
    refresh();
    integers[wordOf(leader, "stop")] = 0;
  };

  const site = {
    names,
    modules,
    move,
    compile: compileShared,
    get memory() {
      return memory;
    },
    get table() {
      return (opened[0] as Exports).table;
    },
  };
  const staff = shared ? await staffFor(site) : null;
  /** By address of the instruction, in how many parts one thread runs it where it is more than one. */
  const divided = new Map<number, number>();
  /** By address, the most threads that an instruction of a program is worth. */
  const threadsOf = new Map<number, number>();

  const linked = new Map<Linked, { index: number; scratch: SizeExport | undefined; phases: SizeExport | undefined }>();
  const linkOf = (name: Linked) => {
    let found = linked.get(name);
    if (found) return found;
    const from = opened.find((exports) => name in exports);
    if (!from) throw new LanewiseError("unsupported", `The kernels have no "${name}". Build the library again.`);
    found = {
      index: firstKernel + names.indexOf(name),
      scratch: from[`${name}Scratch`] as SizeExport | undefined,
      phases: from[`${name}Phases`] as SizeExport | undefined,
    };
    linked.set(name, found);
    return found;
  };

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
      [linkOf(kernel).index, bytes, 0, 0].forEach(write);
      const inScratch = Object.fromEntries(Object.keys(slots).map((name) => [name, 1]));
      for (const table of [{ ...operands, ...slots, [size]: 0 }, moves, { [size]: each }, inScratch]) {
        writeOperands(at, kernel, table);
        at += bytes;
      }
    }
  };
  const mostThreads = (address: number, first: number, end: number): number =>
    end - first === 1
      ? words.getInt32(address + first * INSTRUCTION_BYTES + 12, true)
      : (threadsOf.get(address) as number);
  /** An error that knows indices of instructions, where it knew addresses. */
  const ofProgram = (address: number, error: unknown): unknown =>
    error instanceof StepLost ? new StepLost((error.next - address) / INSTRUCTION_BYTES, error.message) : error;

  return {
    kernels: build,
    base: HEAP_BASE,
    get bytesMax() {
      return bytesMax;
    },
    staff,
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
      let most = 1;
      instructions.forEach((instruction, i) => {
        const { kernel } = instruction;
        if (kernel === "chain") writeChain(args, instruction);
        else writeOperands(args, kernel, instruction.operands);
        const { index, scratch, phases } = linkOf(kernel);
        const { threads: worth, parts } = instruction.share ?? alone;
        const wanted = staff?.wanted ?? 1;
        const threads = wanted > 1 ? worth : 1;
        const at = address + i * INSTRUCTION_BYTES;
        words.setUint32(at, index, true);
        words.setUint32(at + 4, args, true);
        words.setInt32(at + 8, phases ? phases(args, 1) : 1, true);
        words.setInt32(at + 12, threads, true);
        if (scratch) scratchBytes = Math.max(scratchBytes, scratch(args, threads > 1 ? wanted : 1) >>> 0);
        most = Math.max(most, threads);
        if (parts > 1) divided.set(at, parts);
        else divided.delete(at);
        args += argsBytes(instruction);
      });
      threadsOf.set(address, most);
      return scratchBytes;
    },
    partsOf(address, index) {
      if (staff?.isCrew) return 1;
      const at = address + index * INSTRUCTION_BYTES;
      return (divided.get(at) ?? 1) * words.getInt32(at + 8, true);
    },
    runPart(address, index, part) {
      const at = address + index * INSTRUCTION_BYTES;
      const threads = divided.get(at) ?? 1;
      const task = taskAddress(0) / 4;
      integers.set([part % threads, threads, Math.floor(part / threads)], task);
      leader = 0;
      integers[wordOf(0, "stop")] = 0;
      staff?.call(); // what is run in parts is worth threads
      (opened[0] as Exports).runPart(at, taskAddress(0));
    },
    get stopped() {
      return integers[wordOf(leader, "stop")] !== 0;
    },
    setScratch(address) {
      for (let slot = 0; slot < THREADS_MAX; slot++) integers[wordOf(slot, "scratch")] = address;
    },
    run(address, first, end) {
      const [from, to] = [address + first * INSTRUCTION_BYTES, address + end * INSTRUCTION_BYTES];
      leader = 0;
      try {
        const shared = mostThreads(address, first, end) > 1 ? staff?.share(from, to) : undefined;
        const next = shared ?? (opened[0] as Exports).run(from, to, taskAddress(0)) >>> 0;
        return (next - address) / INSTRUCTION_BYTES;
      } catch (error) {
        throw ofProgram(address, error);
      }
    },
    openQueue(address, length, places) {
      const end = address + length * INSTRUCTION_BYTES;
      const { push, cancel } = (staff as EngineStaff).openQueue(address, end, places);
      return {
        async push() {
          try {
            const next = await push();
            leader = (staff as EngineStaff).leader;
            return next === null ? null : (next - address) / INSTRUCTION_BYTES;
          } catch (error) {
            throw ofProgram(address, error);
          }
        },
        cancel,
      };
    },
    async runAway(address, first, end) {
      const [from, to] = [address + first * INSTRUCTION_BYTES, address + end * INSTRUCTION_BYTES];
      try {
        const next = await (staff as EngineStaff).shareAway(from, to);
        leader = (staff as EngineStaff).leader;
        return (next - address) / INSTRUCTION_BYTES;
      } catch (error) {
        throw ofProgram(address, error);
      }
    },
  };
}

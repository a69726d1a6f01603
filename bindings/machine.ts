// A machine: an engine, an allocator over its memory, the arenas that programs share, and the programs
// loaded into it. It knows nothing of graphs.

import type { Allocator } from "./allocator.ts";
import { createAllocator, roundUp } from "./allocator.ts";
import type { Chain, ChainOf, Engine, Floats, Instruction, QueuePlaces, Share, StepQueue } from "./engine.ts";
import { LanewiseError } from "./errors.ts";
import type { KernelName } from "./generated/kernels.ts";
import { StepLost } from "./stepLost.ts";

/** Arenas that all programs of a machine share, because nothing in them outlives a step. */
export const sharedRoles = ["activations", "gradients", "data"] as const;
/** Arenas that each loaded program has for itself. */
export const privateRoles = ["constants", "control", "outputs"] as const;
export type SharedRole = (typeof sharedRoles)[number];
export type PrivateRole = (typeof privateRoles)[number];
export type ArenaRole = SharedRole | PrivateRole;

/** Bytes that outlive programs: a variable or an optimizer's slot. `block` is what was allocated with it. */
export interface Storage {
  address: number;
  readonly length: number;
  block: Block | null;
}

export interface Block {
  readonly address: number;
  readonly bytes: number;
  /** Storages still in use; the block is freed with the last. */
  live: number;
}

/** A place in an arena: `offset` in bytes, `length` in elements of four bytes. */
export interface Region {
  readonly role: ArenaRole;
  readonly offset: number;
  readonly length: number;
}

/** An instruction before addresses are known. */
export interface UnlinkedInstruction {
  readonly kernel: KernelName;
  readonly operands: Readonly<Record<string, number | Region | Storage | null>>;
  readonly share?: Share;
}

export type UnlinkedChain = ChainOf<UnlinkedInstruction>;

export interface Program {
  readonly instructions: readonly (UnlinkedInstruction | UnlinkedChain)[];
  /** Bytes of each arena. */
  readonly arenas: Readonly<Record<ArenaRole, number>>;
}

export interface Loaded {
  readonly program: Program;
  readonly length: number;
  /** Address of the code and of the private arenas behind it. */
  readonly address: number;
  /** Where each private arena starts, in bytes from the address. */
  readonly offsets: Readonly<Record<PrivateRole, number>>;
  /** Generation of the machine that the code was linked against. */
  generation: number;
  disposed: boolean;
}

export interface Machine {
  readonly engine: Engine;
  /** Allocates neighbouring storage, one block for all lengths; throws out-of-memory and changes nothing. */
  place(lengths: readonly number[], what: string): Storage[];
  release(storage: Storage): void;
  load(program: Program): Loaded;
  unload(loaded: Loaded): void;
  /** Links again what has moved. Call it before inputs are written; afterwards addresses hold until the next allocation. */
  prepare(loaded: Loaded): void;
  /**
   * Runs instructions [first, end) and returns the index of the next one: below `end` where a guard stopped. Throws StepLost
   * where a thread was lost; addresses are linked again then, and views must be made anew.
   */
  run(loaded: Loaded, first: number, end: number): number;
  /** The same by workers, while this thread goes on. */
  runAway(loaded: Loaded, first: number, end: number): Promise<number>;
  /** A queue of steps for the workers; `push` rejects as `run` throws. */
  openQueue(loaded: Loaded, places: QueuePlaces): StepQueue;
  /** Changes the number of threads. */
  want(threads: number | "auto", make?: () => Worker): void;
  addressOf(loaded: Loaded, region: Region): number;
  /** Views, good until the next allocation. */
  float32(loaded: Loaded, region: Region): Floats;
  int32(loaded: Loaded, region: Region): Int32Array;
  values(storage: Storage): Floats;
  /** Changes whenever views made before are no longer good. */
  readonly generation: number;
  /** Bytes in use for each purpose. */
  readonly memory: Readonly<Record<SharedRole | "scratch" | "used" | "total", number>>;
  /** Set while a step is in flight in slices; `name` says what runs. */
  busy: string | null;
}

const isStorage = (value: Region | Storage): value is Storage => "address" in value;

export function createMachine(engine: Engine): Machine {
  const allocator: Allocator = createAllocator(engine.base, engine.bytes);
  const shared: Record<SharedRole | "scratch", { address: number; bytes: number }> = {
    activations: { address: 0, bytes: 0 },
    gradients: { address: 0, bytes: 0 },
    data: { address: 0, bytes: 0 },
    scratch: { address: 0, bytes: 0 },
  };
  let generation = 0;
  /** Address up to which memory was ever handed out: beyond, all is zero still. */
  let touched = engine.base;

  const allocate = (bytes: number, what: string): number => {
    let address = allocator.allocate(bytes);
    if (address < 0) {
      const needed = allocator.limitFor(bytes);
      // grow by at least a quarter, so that many small models do not grow page by page
      const generous = Math.min(engine.bytesMax, Math.max(needed, roundUp(engine.bytes * 1.25, 65536)));
      if (needed > engine.bytesMax || (!engine.grow(generous) && !engine.grow(needed))) {
        throw new LanewiseError(
          "out-of-memory",
          `${what}: ${bytes} bytes are wanted, ${allocator.used} of ${engine.bytes} are in use and the memory cannot grow to ${needed} (at most ${engine.bytesMax}). Use a smaller batch or model, or dispose of models no longer needed.`,
        );
      }
      allocator.extend(engine.bytes);
      generation++;
      address = allocator.allocate(bytes);
    }
    touched = Math.max(touched, address + bytes);
    return address;
  };

  const ensureShared = (role: SharedRole | "scratch", bytes: number): void => {
    const arena = shared[role];
    if (bytes <= arena.bytes) return;
    const address = allocate(bytes, `${role} arena`);
    if (arena.bytes > 0) allocator.free(arena.address);
    arena.address = address;
    arena.bytes = bytes;
    generation++;
    if (role === "scratch") engine.setScratch(address);
  };

  /** What uses the machine: programs and storage. Without any the threads are sent home. */
  let users = 0;
  const leave = (): void => {
    if (--users === 0) engine.staff?.rest();
  };

  const addressOf = (loaded: Loaded, region: Region): number => {
    const role = region.role;
    if (role === "activations" || role === "gradients" || role === "data") return shared[role].address + region.offset;
    return loaded.address + loaded.offsets[role] + region.offset;
  };

  const link = (loaded: Loaded): void => {
    const linked = <I extends UnlinkedInstruction>(instruction: I): I & Instruction => {
      const values: Record<string, number> = {};
      for (const [name, value] of Object.entries(instruction.operands)) {
        if (value === null) values[name] = 0;
        else if (typeof value === "number") values[name] = value;
        else values[name] = isStorage(value) ? value.address : addressOf(loaded, value);
      }
      return { ...instruction, operands: values };
    };
    const instructions = loaded.program.instructions.map((instruction): Instruction | Chain =>
      instruction.kernel === "chain" ? { ...instruction, steps: instruction.steps.map(linked) } : linked(instruction),
    );
    const scratchBytes = engine.encode(loaded.address, instructions);
    loaded.generation = generation;
    ensureShared("scratch", scratchBytes);
  };

  const prepare = (loaded: Loaded): void => {
    if (loaded.disposed) throw new LanewiseError("disposed", "This program was disposed of and cannot run.");
    // encoding may grow the scratch arena, and so the generation: twice is enough
    if (loaded.generation !== generation) link(loaded);
    if (loaded.generation !== generation) link(loaded);
  };

  /** After a thread was lost the engine is in another memory: programs are linked again, and views made before are no good. */
  const moved = (loaded: Loaded, error: unknown): unknown => {
    if (error instanceof StepLost) {
      generation++;
      prepare(loaded);
    }
    return error;
  };

  return {
    engine,
    busy: null,
    get generation() {
      return generation;
    },
    place(lengths, what) {
      const offsets: number[] = [];
      let bytes = 0;
      for (const length of lengths) {
        offsets.push(bytes);
        bytes += roundUp(length * 4, 16);
      }
      const clean = touched; // writing zeros once more would take a page's thread half a second for ten million
      const address = allocate(bytes, what);
      engine.float32(address, Math.max(0, Math.min(bytes, clean - address)) / 4).fill(0);
      const block: Block = { address, bytes, live: lengths.length };
      users++;
      return lengths.map((length, i) => ({ address: address + (offsets[i] as number), length, block }));
    },
    release(storage) {
      const block = storage.block;
      if (!block) return;
      storage.block = null;
      if (--block.live > 0) return;
      allocator.free(block.address);
      leave();
    },
    load(program) {
      // the private arenas follow the code in one block
      let bytes = roundUp(engine.codeBytes(program.instructions));
      const offsets: Record<PrivateRole, number> = { constants: 0, control: 0, outputs: 0 };
      for (const role of privateRoles) {
        offsets[role] = bytes;
        bytes += roundUp(program.arenas[role]);
      }
      for (const role of sharedRoles) ensureShared(role, program.arenas[role]);
      const address = allocate(bytes, "program");
      const loaded: Loaded = {
        program,
        length: program.instructions.length,
        address,
        offsets,
        generation: -1,
        disposed: false,
      };
      try {
        prepare(loaded);
      } catch (error) {
        allocator.free(loaded.address);
        throw error;
      }
      users++;
      return loaded;
    },
    unload(loaded) {
      if (loaded.disposed) return;
      loaded.disposed = true;
      allocator.free(loaded.address);
      leave();
    },
    prepare,
    run(loaded, first, end) {
      try {
        return engine.run(loaded.address, first, end);
      } catch (error) {
        throw moved(loaded, error);
      }
    },
    async runAway(loaded, first, end) {
      try {
        return await engine.runAway(loaded.address, first, end);
      } catch (error) {
        throw moved(loaded, error);
      }
    },
    openQueue(loaded, places) {
      const { push, cancel } = (engine.openQueue as NonNullable<Engine["openQueue"]>)(
        loaded.address,
        loaded.length,
        places,
      );
      const lost = (error: unknown): never => {
        throw moved(loaded, error);
      };
      return { push: () => push().catch(lost), cancel };
    },
    want(threads, make) {
      const before = engine.staff?.wanted;
      engine.staff?.want(threads, make);
      if (engine.staff?.wanted !== before) generation++;
    },
    addressOf,
    float32: (loaded, region) => engine.float32(addressOf(loaded, region), region.length),
    int32: (loaded, region) => engine.int32(addressOf(loaded, region), region.length),
    values: (storage) => engine.float32(storage.address, storage.length),
    get memory() {
      return {
        activations: shared.activations.bytes,
        gradients: shared.gradients.bytes,
        data: shared.data.bytes,
        scratch: shared.scratch.bytes,
        used: allocator.used,
        total: engine.bytes,
      };
    },
  };
}

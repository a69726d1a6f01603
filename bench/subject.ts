// The kernels that are measured: an engine, and rows laid out in its memory as programs of one instruction, repeated
// until the call from JavaScript does not count.

import { roundUp } from "../bindings/allocator.ts";
import type { Engine, Share } from "../bindings/engine.ts";
import type { Build } from "../bindings/variant.ts";
import { compileBuild } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";
import { sharesOf, usualThreadCosts } from "../src/compile/threads.ts";
import type { Sampler } from "./harness.ts";
import { sampler } from "./harness.ts";
import type { Values } from "./operands.ts";
import { arraysOf, fill, sampleOutputs } from "./operands.ts";
import type { Row } from "./row.ts";
import { bytesOf, trafficOf } from "./traffic.ts";

/** A call from JavaScript takes some 20 ns: 1 % of this. */
const SECONDS_LEAST = 2e-6;
const REPEATS_MOST = 64;
/** Between arrays: no two at the same place of a cache's set. */
const GAP = 320;

export interface Subject {
  /** Outputs of the first run on fresh arrays. */
  readonly outputs: number[][];
  /** Seconds an instruction. */
  readonly sample: Sampler;
  /** The same on several threads, where that was asked for and a program would share it. */
  readonly shared: Sampler | null;
}

export interface Kernels {
  readonly build: Build;
  prepare(row: Row): Subject;
}

export async function openKernels(build: Build, threads: number): Promise<Kernels> {
  const engine = await openWasm(await compileBuild(build, undefined, threads > 1), 1 << 20, 2 ** 31);
  await engine.complete();
  if (threads > 1) {
    engine.staff?.want(threads);
    await engine.staff?.start();
    if (engine.staff?.size !== threads) throw new Error(`${threads} threads cannot be had here`);
  }
  return { build, prepare: (row) => prepare(engine, row, threads) };
}

/** How an instruction is divided in a program that is large enough to be shared. */
function shareOf(row: Row): Share {
  const { multiplyAdd, element } = usualThreadCosts;
  const writes = arraysOf(row).some((array) => array.writes); // what writes nothing may end a program: one thread does it
  const nanoseconds = (row.flops / 2) * multiplyAdd + (bytesOf(trafficOf(row)) / 4) * element;
  const work = { nanoseconds: writes ? nanoseconds : 0, written: 0 };
  return sharesOf([work], { ...usualThreadCosts, program: 0 })[0] as Share;
}

function prepare(engine: Engine, row: Row, threads: number): Subject {
  const { kernel, scalars } = row;
  const program = Array.from({ length: REPEATS_MOST }, () => ({ kernel, operands: { ...scalars } as Scalars }));
  const share = shareOf(row);
  const sharedProgram = program.map((instruction) => ({ ...instruction, share }));
  const sharedAt = roundUp(engine.base + engine.codeBytes(program));
  let at = roundUp(sharedAt + engine.codeBytes(program));
  const places = arraysOf(row).map((array) => {
    const address = at;
    at = roundUp(at + array.length * 4) + GAP;
    for (const { operands } of program) operands[array.name] = address;
    return { ...array, address };
  });
  grow(engine, at);
  const encode = (): number => Math.max(engine.encode(engine.base, program), engine.encode(sharedAt, sharedProgram));
  grow(engine, at + encode());
  encode(); // views may have moved
  engine.setScratch(at);

  const arrays = new Map<string, Values>();
  for (const { name, element, address, length } of places) {
    arrays.set(name, (element === "f32" ? engine.float32(address, length) : engine.int32(address, length)) as Values);
  }
  fill(row, arrays);
  engine.run(engine.base, 0, 1);
  const outputs = sampleOutputs(row, arrays);

  const written = places.find(({ writes }) => writes);
  const result = written && (arrays.get(written.name) as Values);
  const runner = (code: number, repeats: number) => () => {
    engine.run(code, 0, repeats);
    if (result && result[0] === undefined) throw new Error(`${kernel}: the result is gone`);
  };
  const once = sampler(runner(engine.base, 1))(SECONDS_LEAST * 100);
  const repeats = Math.min(REPEATS_MOST, Math.max(1, Math.ceil(SECONDS_LEAST / once)));
  const samplerOf = (code: number): Sampler => {
    const timed = sampler(runner(code, repeats));
    return (seconds) => timed(seconds) / repeats;
  };
  return {
    outputs,
    sample: samplerOf(engine.base),
    shared: threads > 1 && share.threads > 1 ? samplerOf(sharedAt) : null,
  };
}

type Scalars = Record<string, number>;

function grow(engine: Engine, bytes: number): void {
  if (!engine.grow(bytes)) throw new Error(`a memory of ${bytes} bytes cannot be had`);
}

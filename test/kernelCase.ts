// A record of a kernel: operands, and how far the result may be from the twin's in float64.
// checkKernel lays the operands out in a machine's memory with canaries round every buffer, runs the
// kernel, and compares. Out-of-bounds reads that count meet NaN, out-of-bounds writes are found in the canaries; what
// does not count, in lanes that are not used, is a trap in checkEnds.

import type { Chain, Engine, Instruction } from "../bindings/engine.ts";
import { fieldsOf } from "../bindings/engine.ts";
import { extents } from "../bindings/generated/extents.ts";
import type { KernelName, Operands } from "../bindings/generated/kernels.ts";
import { unitsOf } from "../src/compile/chain.ts";
import type { Buffer } from "../src/graph/op.ts";
import { twins } from "../src/reference/twins.ts";

type Arrays<K extends KernelName> = Operands<Float32Array, Int32Array>[K];

export interface KernelCase<K extends KernelName = KernelName> {
  readonly kernel: K;
  /** What this case is about, e.g. "transA, k = 17". */
  readonly name: string;
  /** Scalars and arrays; what an output holds before the call is given too. */
  readonly operands: Arrays<K>;
  /** ULP of the expected value, or the absolute error allowed at an element; 0 ULP where absent. */
  readonly tolerance?: { readonly ulp: number } | ((operand: string, index: number, expected: number) => number);
}

/** Makes a case with its types checked. */
export function kernelCase<K extends KernelName>(
  kernel: K,
  name: string,
  operands: Arrays<K>,
  tolerance?: KernelCase["tolerance"],
): KernelCase {
  return { kernel, name, operands, ...(tolerance ? { tolerance } : {}) } as unknown as KernelCase;
}

const CANARY = 0x7fc0dead; // a NaN of our own
const MARGIN = 40; // elements on both sides of a buffer

/** Distance between neighbouring float32 values at x. */
export function ulpOf(x: number): number {
  const magnitude = Math.abs(x);
  if (!Number.isFinite(magnitude)) return 0;
  if (magnitude < 2 ** -126) return 2 ** -149;
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

function allowedError(tolerance: KernelCase["tolerance"], operand: string, i: number, expected: number): number {
  if (tolerance === undefined) return 0;
  return typeof tolerance === "function" ? tolerance(operand, i, expected) : tolerance.ulp * ulpOf(expected);
}

/** The instruction as a chain of one step that takes its units in three blocks. */
export function inBlocks({ kernel, operands }: Instruction): Chain {
  const pointers = fieldsOf(kernel).filter(({ type }) => type === "pointer");
  const buffers = Object.fromEntries(pointers.map(({ name }) => [name, operands[name] ? ({} as Buffer) : null]));
  const units = unitsOf({ kernel, operands: { ...operands, ...buffers }, label: kernel });
  if (!units) throw new Error(`${kernel} does not go over units`);
  const { size, count, uses } = units;
  const moves = Object.fromEntries(uses.map(({ name, move }) => [name, move * 4]));
  const step = { kernel, operands, size, each: 1, moves, slots: {} };
  return { kernel: "chain", units: count, block: Math.max(1, Math.ceil(count / 3)), slotBytes: 0, steps: [step] };
}

/** More than an instruction takes, a chain of one step included. */
const CODE_BYTES = 1024;

/**
 * Problems found, none where the kernel is right. `shift` moves every buffer by so many elements off alignment; `encoded`
 * says as what the instruction runs.
 */
export function checkKernel(
  engine: Engine,
  { kernel, name, operands, tolerance }: KernelCase,
  shift = 0,
  encoded: (instruction: Instruction) => Instruction | Chain = (instruction) => instruction,
): string[] {
  const problems: string[] = [];
  const say = (text: string) => problems.push(`${engine.kernels} ${kernel} (${name}, shift ${shift}): ${text}`);
  const given = operands as unknown as Record<string, number | Float32Array | Int32Array | null | undefined>;
  const wanted = extents[kernel](operands as never);
  const fields = fieldsOf(kernel).filter((field) => field.type === "pointer" && given[field.name] != null);

  // lay out
  const codeAddress = engine.base;
  let at = Math.ceil((codeAddress + CODE_BYTES) / 64) * 64;
  const places = new Map<string, { address: number; length: number }>();
  for (const { name: field } of fields) {
    const length = (given[field] as Float32Array).length;
    if (length < (wanted[field] as number)) throw new Error(`${name}: ${field} holds ${length} of ${wanted[field]}`);
    places.set(field, { address: at + (MARGIN + shift) * 4, length });
    at = Math.ceil((at + (length + 2 * MARGIN + shift) * 4) / 64) * 64;
  }
  const numbers: Record<string, number> = {};
  for (const { name: field, type } of fieldsOf(kernel)) {
    if (type === "pointer") numbers[field] = places.get(field)?.address ?? 0;
    else numbers[field] = given[field] as number;
  }
  engine.grow(at + 4096);
  const program = [encoded({ kernel, operands: numbers })];
  const scratchBytes = engine.encode(codeAddress, program);
  const end = at + Math.ceil(scratchBytes / 64) * 64;
  engine.grow(end + 4096);
  engine.encode(codeAddress, program); // views of the reference engine move with growth
  const first = Math.ceil((codeAddress + CODE_BYTES) / 64) * 64;
  engine.int32(first, (end + 1024 - first) / 4).fill(CANARY);
  if (engine.kernels === "reference") engine.float32(first, (end + 1024 - first) / 4).fill(Number.NaN);
  engine.setScratch(at);
  for (const { name: field, element } of fields) {
    const place = places.get(field) as { address: number; length: number };
    if (element === "f32") engine.float32(place.address, place.length).set(given[field] as Float32Array);
    else engine.int32(place.address, place.length).set(given[field] as Int32Array);
  }
  const before = engine.int32(first, (end + 1024 - first) / 4).slice();

  engine.run(codeAddress, 0, 1);

  // the twin, in float64
  const expected: Record<string, unknown> = {};
  for (const { name: field, type, element } of fieldsOf(kernel)) {
    const value = given[field];
    if (type !== "pointer") expected[field] = type === "f32" ? Math.fround(value as number) : value;
    else if (value == null) expected[field] = null;
    else
      expected[field] =
        element === "f32" ? Float64Array.from(value as Float32Array) : Int32Array.from(value as Int32Array);
  }
  (twins[kernel] as (o: unknown) => unknown)(expected);

  for (const { name: field, writes, element } of fields) {
    const { address, length } = places.get(field) as { address: number; length: number };
    const bits = engine.int32(address - MARGIN * 4, length + 2 * MARGIN);
    const old = before.subarray((address - MARGIN * 4 - first) / 4);
    const inside = writes ? Math.min(length, wanted[field] as number) : 0;
    for (let i = 0; i < bits.length; i++) {
      if (i >= MARGIN && i < MARGIN + inside) continue;
      if (bits[i] !== old[i]) say(`${field}[${i - MARGIN}] of ${length} was written`);
    }
    if (!writes) continue;
    const result = element === "f32" ? engine.float32(address, length) : engine.int32(address, length);
    const right = expected[field] as Float64Array | Int32Array;
    let shown = 0;
    for (let i = 0; i < inside && shown < 5; i++) {
      const got = result[i] as number;
      const want = right[i] as number;
      const rounded = element === "f32" ? Math.fround(want) : want;
      if (Object.is(got, rounded) || (Number.isNaN(got) && Number.isNaN(want))) continue;
      const allowed = allowedError(tolerance, field, i, want);
      if (allowed > 0 && (Math.abs(got - want) <= allowed || got === rounded)) continue;
      say(`${field}[${i}] is ${got}, expected ${want}, off by ${Math.abs(got - want) / ulpOf(want)} ULP`);
      shown++;
    }
  }
  const tail = engine.int32(end, 256);
  if (scratchBytes > 0 && tail.some((word) => word !== CANARY))
    say(`wrote behind its ${scratchBytes} bytes of scratch`);
  return problems;
}

/**
 * Runs the kernel once for each of its arrays, with that one at the very end of memory: what is read or written behind it
 * is a trap. Values in lanes that are not used would go unseen in checkKernel.
 */
export function checkEnds(engine: Engine, { kernel, name, operands }: KernelCase): string[] {
  const given = operands as unknown as Record<string, number | Float32Array | Int32Array | null | undefined>;
  const wanted = extents[kernel](operands as never);
  const fields = fieldsOf(kernel);
  const arrays = fields.filter((field) => field.type === "pointer" && given[field.name] != null);
  const lengthOf = (field: string) => wanted[field] as number;
  return arrays.flatMap(({ name: last }) => {
    const code = engine.base;
    const numbers: Record<string, number> = {};
    let at = Math.ceil((code + engine.codeBytes([{ kernel }])) / 64) * 64;
    for (const { name: field, type } of fields) {
      numbers[field] = type === "pointer" ? 0 : (given[field] as number);
    }
    for (const { name: field } of arrays) {
      numbers[field] = at;
      if (field !== last) at = Math.ceil((at + lengthOf(field) * 4) / 64) * 64;
    }
    engine.grow(at + 64);
    const scratch = engine.encode(code, [{ kernel, operands: numbers }]);
    engine.grow(at + scratch + lengthOf(last) * 4 + 64);
    numbers[last] = engine.bytes - lengthOf(last) * 4;
    engine.encode(code, [{ kernel, operands: numbers }]);
    engine.setScratch(at);
    for (const { name: field, element } of arrays) {
      const values = (given[field] as Float32Array).subarray(0, lengthOf(field));
      if (element === "f32") engine.float32(numbers[field] as number, values.length).set(values);
      else engine.int32(numbers[field] as number, values.length).set(values);
    }
    try {
      engine.run(code, 0, 1);
      return [];
    } catch (error) {
      return [`${engine.kernels} ${kernel} (${name}), ${last} at the end of memory: ${(error as Error).message}`];
    }
  });
}

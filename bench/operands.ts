// The operands of a row: scalars filled up with the kernels' own defaults, arrays filled with numbers that are the same
// in every process.

import { fieldsOf } from "../bindings/engine.ts";
import { extents } from "../bindings/generated/extents.ts";
import type { KernelName } from "../bindings/generated/kernels.ts";
import type { Scalars } from "../src/kernels/operands.ts";
import { readScalars, signatureOf } from "../src/kernels/operands.ts";
import { randomWords } from "../src/random.ts";
import { pictureValues } from "./pictures.ts";
import type { Row } from "./row.ts";

export type Values = Float32Array | Int32Array;

/** Scalars of a call as people write it, with all that was left out. */
export function fillScalars(kernel: KernelName, given: Readonly<Record<string, unknown>>): Scalars {
  const scalars: Scalars = {};
  readScalars(kernel, signatureOf(kernel), given, scalars);
  return scalars;
}

export interface Operand {
  readonly name: string;
  readonly length: number;
  readonly element: "f32" | "i32";
  readonly reads: boolean;
  readonly writes: boolean;
}

/** The arrays that a row needs. */
export function arraysOf({ kernel, scalars, present }: Pick<Row, "kernel" | "scalars" | "present">): Operand[] {
  const lengths = extents[kernel](scalars as never) as Readonly<Record<string, number>>;
  return fieldsOf(kernel)
    .filter(({ name, type, optional }) => type === "pointer" && (!optional || present.includes(name)))
    .map(({ name, element, reads, writes }) => ({ name, element, reads, writes, length: lengths[name] as number }));
}

/** Uniform in [-0.875, 1.125): of both signs, and sums do not cancel. A prime length, so that no pattern meets itself. */
const table = ((): Float32Array => {
  const values = new Float32Array(65521);
  const words = new Uint32Array(4);
  for (let i = 0; i < values.length; i++) {
    if (i % 4 === 0) randomWords(1, 0, 0, i / 4, words);
    values[i] = (words[i % 4] as number) / 2 ** 31 - 0.875;
  }
  return values;
})();

/** Operands whose values must be positive, by name and by kernel. */
const positive = /^(v|u|delta|vMax|s|variance|targets)$/;
const positiveOf: { readonly [K in KernelName]?: string } = { log: "x", sqrt: "x", reciprocal: "x", div: "b" };

function fillFloats(row: Row, name: string, values: Float32Array, seed: number): void {
  const special = pictureValues(row, name);
  if (special) {
    for (let i = 0; i < values.length; i++) values[i] = special(i);
    return;
  }
  if (name === "control") {
    // learning rate, Adam's corrections, momentum of averages, and that there is a sum; keep works in idle calls
    values.set([1e-4, 1.5, 1.25, 1.25, 0.99, 0, 1, row.kernel === "keep" ? 1 : 0]);
    return;
  }
  if (name === "average" && row.kernel === "rmsprop") {
    values.fill(0.05); // its square below that of s: a variance near 0 would be what rounding leaves
    return;
  }
  const from = (seed * 9973) % table.length;
  const makePositive = positive.test(name) || positiveOf[row.kernel] === name;
  const source = makePositive ? table.map((value) => Math.abs(value) + 0.01) : table;
  for (let i = 0; i < values.length; ) {
    const first = i === 0 ? from : 0;
    const part = source.subarray(first, first + Math.min(source.length - first, values.length - i));
    values.set(part, i);
    i += part.length;
  }
}

function fillIntegers(row: Row, name: string, values: Int32Array, seed: number): void {
  const { rows = 1, columns = 1, n = 0 } = row.scalars;
  if (name === "control")
    values.set([7, 0, 1, 0]); // seed and step
  else {
    const below = name === "indices" && row.kernel !== "oneHot" ? rows : n > 0 ? 100 : columns;
    for (let i = 0; i < values.length; i++) values[i] = (i * 7919 + (i >>> 3) + seed * (i % 3)) % below;
  }
}

/** Fills the arrays of a row. Those that are only written hold numbers too. */
export function fill(row: Row, arrays: ReadonlyMap<string, Values>): void {
  let seed = 0;
  for (const [name, values] of arrays) {
    if (values instanceof Int32Array) fillIntegers(row, name, values, seed);
    else fillFloats(row, name, values, seed);
    seed++;
  }
}

/** Most elements that are compared of one array. */
const SAMPLE = 4096;

/** Elements of all outputs, evenly spread. */
export function sampleOutputs(row: Row, arrays: ReadonlyMap<string, Values>): number[][] {
  return arraysOf(row)
    .filter(({ writes }) => writes)
    .map(({ name, length }) => {
      const step = Math.ceil(length / SAMPLE) | 1;
      const values = arrays.get(name) as Values;
      return Array.from({ length: Math.ceil(length / step) }, (_, i) => values[i * step] as number);
    });
}

/** Largest error allowed, in parts of the largest value of the output: long sums in another order. */
const TOLERANCE = 2e-4;

/** Says where two samples differ, "" where they do not. */
export function difference(got: readonly number[][], wanted: readonly number[][]): string {
  for (const [a, values] of wanted.entries()) {
    const most = values.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
    for (const [i, value] of values.entries()) {
      const other = got[a]?.[i] ?? Number.NaN;
      if (Math.abs(other - value) <= TOLERANCE * most) continue;
      return `output ${a}: sample ${i} is ${other}, expected ${value}`;
    }
  }
  return "";
}

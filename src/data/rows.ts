// Examples as rows: arrays of any form that belong together, counted, and copied or cut by examples. What the values mean
// to a model is not known here.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, isRecord } from "../check.ts";
import { formatShape, sizeOf } from "../shape.ts";
import type { NumericArray } from "./arrays.ts";
import { gatherInto } from "./feed.ts";

/** Arrays of the same examples, by name, or one array. */
export interface Table {
  readonly count: number;
  /** Copies the examples that `indices` name, in that order; types and forms stay. */
  pick(indices: ArrayLike<number>): unknown;
  /** The examples [first, end): views of typed arrays. */
  slice(first: number, end: number): unknown;
}

type TypedArray = Exclude<NumericArray, readonly number[]>;

/** An array of a form of which rows can be taken; `path` is for messages: "data.x.size". */
interface Column {
  readonly path: string;
  /** Null where only the length of a typed array is known. */
  readonly count: number | null;
  readonly length: number;
  /** Whether a typed array holds one number an example: weights, and labels, which are integers. */
  readonly onePerExample?: boolean;
  pick(indices: ArrayLike<number>, size: number): unknown;
  slice(first: number, end: number, size: number): unknown;
}

/** Columns in a row, and how their results are put together again. */
interface Columns {
  readonly list: readonly Column[];
  join(results: readonly unknown[]): unknown;
}

const isTyped = (value: unknown): value is TypedArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

const isPair = (value: unknown): value is { data: unknown; shape: readonly number[] } =>
  isRecord(value) && "data" in value && "shape" in value;

/** "Float32Array", ...; a Buffer of Node is an Uint8Array here. */
const tagOf = (data: TypedArray): string => data[Symbol.toStringTag];

/** An array of zeros of the same type. */
export function likewise<T extends TypedArray>(data: T, length: number): T {
  const types = globalThis as unknown as Readonly<Record<string, new (length: number) => T>>;
  return new (types[tagOf(data)] as new (length: number) => T)(length);
}

function pickTyped(data: TypedArray, indices: ArrayLike<number>, size: number): TypedArray {
  const out = likewise(data, indices.length * size);
  gatherInto(out, data, size, indices, 0, indices.length);
  return out;
}

function pickList(data: readonly unknown[], indices: ArrayLike<number>, size: number): unknown[] {
  return Array.from({ length: indices.length * size }, (_, i) => {
    const row = Math.floor(i / size);
    return data[(indices[row] as number) * size + (i - row * size)];
  });
}

const pickAny = (data: TypedArray | readonly unknown[], indices: ArrayLike<number>, size: number): unknown =>
  isTyped(data) ? pickTyped(data, indices, size) : pickList(data, indices, size);

const sliceAny = (data: TypedArray | readonly unknown[], from: number, end: number): unknown =>
  isTyped(data) ? data.subarray(from, end) : data.slice(from, end);

function pairColumn(where: string, path: string, value: { data: unknown; shape: readonly number[] }): Column {
  const { data, shape } = value;
  if (!isTyped(data) && !Array.isArray(data)) throw invalid(where, `${path}.data`, "an array of numbers", data);
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n >= 0))
    throw invalid(where, `${path}.shape`, "an array of at least one non-negative integer", shape);
  if (sizeOf(shape) !== data.length) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: ${path} has shape ${formatShape(shape)}, which is ${sizeOf(shape)} elements, but data has ${data.length}.`,
    );
  }
  const each = sizeOf(shape.slice(1));
  const wrap = (part: unknown, count: number): unknown => ({
    ...value,
    data: part,
    shape: [count, ...shape.slice(1)],
  });
  return {
    path,
    count: shape[0] as number,
    length: data.length,
    pick: (indices) => wrap(pickAny(data, indices, each), indices.length),
    slice: (first, end) => wrap(sliceAny(data, first * each, end * each), end - first),
  };
}

/** Whether a list stands for several inputs or outputs: typed arrays or { data, shape } each. Nested lists are rows. */
const isSeveral = (value: readonly unknown[]): boolean => value.length > 0 && (isTyped(value[0]) || isPair(value[0]));

function columnsOf(where: string, path: string, value: unknown): Columns {
  const single = (column: Column): Columns => ({ list: [column], join: ([only]) => only });
  if (isTyped(value)) {
    const data = value;
    return single({
      path,
      count: null,
      length: data.length,
      onePerExample: path === "data.sampleWeight" || (/^data\.y\b/.test(path) && !/^(Float|Big)/.test(tagOf(data))),
      pick: (indices, size) => pickTyped(data, indices, size),
      slice: (first, end, size) => data.subarray(first * size, end * size),
    });
  }
  if (isPair(value)) return single(pairColumn(where, path, value));
  if (Array.isArray(value) && !isSeveral(value)) {
    const data: readonly unknown[] = value;
    return single({
      path,
      count: data.length,
      length: data.length,
      pick: (indices) => pickList(data, indices, 1),
      slice: (first, end) => data.slice(first, end),
    });
  }
  if (!Array.isArray(value) && !isRecord(value))
    throw invalid(where, path, "arrays: typed, { data, shape }, nested, or a record of them", value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const parts = entries.map(([key, each]) => columnsOf(where, `${path}.${key}`, each));
  const list = parts.flatMap((part) => part.list);
  if (list.length === 0) throw new LanewiseError("empty-data", `${where}: ${path} holds no arrays.`);
  return {
    list,
    join(results) {
      let at = 0;
      const joined = parts.map((part) => {
        at += part.list.length;
        return part.join(results.slice(at - part.list.length, at));
      });
      if (Array.isArray(value)) return joined;
      return Object.fromEntries(entries.map(([key], i) => [key, joined[i]]));
    },
  };
}

function countOf(
  where: string,
  columns: readonly Column[],
  given: number | null | undefined,
  guess: () => Column[],
): number {
  const known = columns.filter(({ count }) => count !== null);
  const first = known[0];
  const count = given ?? first?.count ?? guess()[0]?.length;
  if (count === undefined) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: how many examples data holds is not known: of ${columns.map(({ path }) => path).join(" and ")} only the lengths are. Give one as { data, shape }${given === null ? "" : ", or the option examples"}.`,
    );
  }
  if (count === 0) throw new LanewiseError("empty-data", `${where}: ${(first ?? columns[0])?.path} has no examples.`);
  for (const { path, count: own, length } of columns) {
    if (own !== null ? own === count : length > 0 && length % count === 0) continue;
    const came = own !== null ? `${own} examples` : `${length} numbers`;
    const source = typeof given === "number" ? "the option examples" : ((first ?? guess()[0])?.path ?? "data");
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: ${path} has ${came}, which does not fit the ${count} examples of ${source}.`,
    );
  }
  return count;
}

/**
 * Reads data as examples. Their number is that of `{ data, shape }` and lists; where there are typed arrays alone, that of
 * `sampleWeight`, of `y` where it holds integers (labels), of the only array, or the one given: the option `examples`, null
 * where there is no such option.
 */
export function tableOf(where: string, data: unknown, examples?: number | null): Table {
  if (isRecord(data) && Array.isArray(data.names) && isRecord(data.columns)) {
    // its names would count as examples
    throw invalid(where, "data", "{ x, y } of what readCsv gives, not all of it", data);
  }
  const { list, join } = columnsOf(where, "data", data);
  const guess = (): Column[] => {
    if (list.length === 1) return [...list];
    return list.filter(({ onePerExample }) => onePerExample);
  };
  const count = countOf(where, list, examples, guess);
  const sizes = list.map((column) => (column.count === null ? column.length / count : 1));
  return {
    count,
    pick: (indices) => join(list.map((column, i) => column.pick(indices, sizes[i] as number))),
    slice: (first, end) => join(list.map((column, i) => column.slice(first, end, sizes[i] as number))),
  };
}

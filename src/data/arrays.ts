// Arrays as users give them: a typed array, { data, shape }, or nested numbers. Checked here, never copied whole.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, show } from "../check.ts";
import { formatShape, sizeOf } from "../shape.ts";

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | readonly number[];

export type NestedNumbers = readonly (number | NestedNumbers)[];

/** What may be passed wherever numbers are wanted. */
export type Values =
  | NumericArray
  | { readonly data: NumericArray; readonly shape: readonly number[] }
  | NestedNumbers
  | number;

/** Numbers in row-major order with their shape, null where only the length is known (a typed array). */
export interface FlatArray {
  readonly data: NumericArray;
  readonly shape: readonly number[] | null;
}

/** An array for results; where the engine has no room for it the error is the library's. */
export function newArray(where: string, dtype: "float32" | "int32", length: number): Float32Array | Int32Array {
  try {
    return dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
  } catch (cause) {
    throw new LanewiseError("out-of-memory", `${where}: an array of ${length} numbers could not be made.`, { cause });
  }
}

const isNumericArray = (value: unknown): value is NumericArray =>
  ArrayBuffer.isView(value) &&
  !(value instanceof DataView) &&
  !(value instanceof BigInt64Array) &&
  !(value instanceof BigUint64Array);

/** Brings what the user gave into row-major form; `where` names the argument. Throws where it is not numbers. */
export function flattenArray(where: string, value: unknown): FlatArray {
  if (isNumericArray(value)) return { data: value, shape: null };
  if (typeof value === "number") return { data: [value], shape: [] };
  if (Array.isArray(value)) return flattenNested(where, value);
  if (typeof value === "object" && value !== null && "data" in value && "shape" in value) {
    return checkPair(where, value as { data: unknown; shape: unknown });
  }
  throw invalid(where, "values", "a typed array, { data, shape } or nested arrays of numbers", value);
}

function checkPair(where: string, { data, shape }: { data: unknown; shape: unknown }): FlatArray {
  const numbers = isNumericArray(data) ? data : Array.isArray(data) ? flattenNested(where, data).data : null;
  if (numbers === null) throw invalid(where, "data", "a typed array or an array of numbers", data);
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw invalid(where, "shape", "an array of non-negative integers", shape);
  }
  if (sizeOf(shape) !== numbers.length) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: shape ${formatShape(shape)} has ${sizeOf(shape)} elements, but data has ${numbers.length}.`,
    );
  }
  return { data: numbers, shape };
}

/** Also false where an element is missing. */
function allNumbers(list: readonly unknown[]): boolean {
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== "number") return false;
  return true;
}

function flattenNested(where: string, value: readonly unknown[]): FlatArray {
  const shape: number[] = [];
  for (let level: unknown = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  if (shape.length === 1 && allNumbers(value)) return { data: value as number[], shape };
  const data: number[] = [];
  const visit = (level: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof level !== "number") {
        const expected = `numbers${isNumericArray(level) ? " (join typed arrays in one: { data, shape })" : ""}`;
        throw invalid(where, "values", expected, level);
      }
      data.push(level);
      return;
    }
    if (!Array.isArray(level) || level.length !== shape[depth]) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: nested arrays must be regular: ${formatShape(shape)} by the first elements, but found ${show(level)} at depth ${depth}.`,
      );
    }
    for (const each of level) visit(each, depth + 1);
  };
  visit(value, 0);
  return { data, shape };
}

// Moves numbers from users' arrays into a program's input.

import { LanewiseError } from "../../bindings/errors.ts";
import type { NumericArray } from "./arrays.ts";

type View = Exclude<NumericArray, readonly number[]>;

/** Numbers [from, end), of a typed array without a copy. */
export const part = (data: NumericArray, from: number, end: number): ArrayLike<number> =>
  ArrayBuffer.isView(data) ? data.subarray(from, end) : data.slice(from, end);

/** Examples of fewer numbers are copied one by one: a view on each would cost more. */
const VIEW_SIZE_MIN = 64;

/** Copies examples of `size` numbers in the order of `indices[first .. first + count)`, converting on the way. */
export function gatherInto(
  view: View,
  data: NumericArray,
  size: number,
  indices: ArrayLike<number> | null,
  first: number,
  count: number,
): void {
  if (indices === null) {
    view.set(part(data, first * size, (first + count) * size));
    return;
  }
  for (let i = 0; i < count; i++) {
    const [from, at] = [(indices[first + i] as number) * size, i * size];
    if (size >= VIEW_SIZE_MIN) view.set(part(data, from, from + size), at);
    else for (let j = 0; j < size; j++) view[at + j] = data[from + j] as number;
  }
}

/** Throws where a number is not an int32. */
export function requireIntegers(where: string, data: NumericArray): void {
  if (
    data instanceof Int32Array ||
    data instanceof Uint8Array ||
    data instanceof Int8Array ||
    data instanceof Uint16Array
  )
    return;
  if (data instanceof Int16Array || data instanceof Uint8ClampedArray) return;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if ((value | 0) !== value) {
      throw new LanewiseError("dtype-mismatch", `${where}: values must be int32, but element ${i} is ${value}.`);
    }
  }
}

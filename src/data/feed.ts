// Moves numbers from users' arrays into a program's input.

import { LanewiseError } from "../../bindings/errors.ts";
import type { NumericArray } from "./arrays.ts";

type View = Float32Array | Float64Array | Int32Array;

/** Copies `count` numbers from an offset, converting on the way. */
export function copyInto(view: View, at: number, data: NumericArray, from: number, count: number): void {
  if (data.constructor === view.constructor && from === 0 && count === data.length) {
    (view as Float32Array).set(data as Float32Array, at);
    return;
  }
  for (let i = 0; i < count; i++) view[at + i] = data[from + i] as number;
}

/** Copies examples of `size` numbers in the order of `indices[first .. first + count)`. */
export function gatherInto(
  view: View,
  data: NumericArray,
  size: number,
  indices: Uint32Array | null,
  first: number,
  count: number,
): void {
  if (indices === null) {
    copyInto(view, 0, data, first * size, count * size);
    return;
  }
  if (size === 1) {
    for (let i = 0; i < count; i++) view[i] = data[indices[first + i] as number] as number;
    return;
  }
  const sameType = data.constructor === view.constructor;
  let at = 0;
  for (let i = 0; i < count; i++) {
    const from = (indices[first + i] as number) * size;
    if (sameType && size >= 64) {
      (view as Float32Array).set((data as Float32Array).subarray(from, from + size), at);
      at += size;
      continue;
    }
    for (let j = 0; j < size; j++) view[at++] = data[from + j] as number;
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

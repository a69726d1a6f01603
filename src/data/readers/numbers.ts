// Numbers of files as typed arrays: their types, their order of bytes, and checks of sizes before anything is allocated.

import { LanewiseError } from "../../../bindings/errors.ts";
import { formatShape } from "../../shape.ts";
import { halfToNumber } from "../halfFloat.ts";

/** Numbers of a file with their shape. */
export interface FileArray<T extends ArrayBufferView = FileNumbers> {
  readonly data: T;
  readonly shape: number[];
}

export type FileNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** "i8": integers of 8 bytes, "u", "f" likewise, "b1" booleans. */
export type NumberType = "b1" | "i1" | "u1" | "i2" | "u2" | "i4" | "u4" | "i8" | "u8" | "f2" | "f4" | "f8";

/** Integers of 64 bits as float64, where each is one that float64 holds. */
function wideIntegers(where: string, words: Uint32Array, signed: boolean): Float64Array {
  const values = new Float64Array(words.length / 2);
  for (let i = 0; i < values.length; i++) {
    const low = words[2 * i] as number;
    const high = words[2 * i + 1] as number;
    values[i] = (signed ? high | 0 : high) * 2 ** 32 + low;
    if (Number.isSafeInteger(values[i])) continue;
    throw new LanewiseError("unsupported", `${where}: element ${i} is beyond 2^53, which no number type here holds.`);
  }
  return values;
}

function requireBits(where: string, bytes: Uint8Array): void {
  const bad = bytes.findIndex((byte) => byte > 1);
  if (bad >= 0)
    throw new LanewiseError("bad-file", `${where}: element ${bad} is ${bytes[bad]}, which is neither true nor false.`);
}

/** Reverses the bytes of each number in place. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Elements of a shape; throws where the bytes that are there are not as many as it needs. */
export function checkedSize(where: string, shape: readonly number[], bytesEach: number, bytesThere: number): number {
  let size = 1;
  for (const n of shape) size *= n; // infinite at worst, and then not equal
  if (size * bytesEach !== bytesThere) {
    const needed = `shape ${formatShape(shape)} of ${bytesEach} ${bytesEach === 1 ? "byte" : "bytes"} each`;
    const verdict = size * bytesEach > bytesThere ? "is cut off" : "is longer than it says";
    throw new LanewiseError(
      "bad-file",
      `${where}: it ${verdict}: ${needed} does not fit its ${bytesThere} bytes of data.`,
    );
  }
  return size;
}

/**
 * Numbers of a type as a typed array of their own: booleans become bytes, float16 float32, integers of 64 bits float64
 * (`unsupported` beyond 2^53).
 */
export function decodeNumbers(where: string, type: NumberType, bytes: Uint8Array, bigEndian: boolean): FileNumbers {
  const own = bytes.slice();
  const size = Number(type[1]);
  if (bigEndian && size > 1) swapBytes(own, size);
  const { buffer } = own;
  switch (type) {
    case "b1":
      requireBits(where, own);
      return own;
    case "u1":
      return own;
    case "i1":
      return new Int8Array(buffer);
    case "i2":
      return new Int16Array(buffer);
    case "u2":
      return new Uint16Array(buffer);
    case "i4":
      return new Int32Array(buffer);
    case "u4":
      return new Uint32Array(buffer);
    case "i8":
    case "u8":
      return wideIntegers(where, new Uint32Array(buffer), type === "i8");
    case "f2":
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case "f4":
      return new Float32Array(buffer);
    case "f8":
      return new Float64Array(buffer);
  }
}

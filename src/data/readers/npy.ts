// NumPy's files: npy, one array; npz, a zip of them. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { LanewiseError } from "../../../bindings/errors.ts";
import { invalid } from "../../check.ts";
import type { ByteSource } from "../../io/source.ts";
import { bytesOf, nameOf } from "../../io/source.ts";
import { stridesOf } from "../../shape.ts";
import type { NumericArray, Values } from "../arrays.ts";
import { flattenArray } from "../arrays.ts";
import type { FileArray, FileNumbers, NumberType } from "./numbers.ts";
import { checkedSize, decodeNumbers } from "./numbers.ts";
import { unzip } from "./zip.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

const types: readonly string[] = ["b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"];

interface Header {
  readonly type: NumberType;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: number[];
}

/** The header, a dictionary of Python with three keys. */
function parseHeader(where: string, text: string): Header {
  const bad = (what: string): LanewiseError =>
    new LanewiseError("bad-file", `${where}: its header has no ${what}: ${JSON.stringify(text.slice(0, 120))}.`);
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape':\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined && /'descr':\s*\[/.test(text))
    throw new LanewiseError("unsupported", `${where}: it holds records of several types. Save its fields one by one.`);
  if (descr === undefined) throw bad("'descr'");
  if (order === undefined) throw bad("'fortran_order'");
  if (sizes === undefined) throw bad("'shape'");
  const type = descr.slice(1);
  if (!/^[<>|=]/.test(descr) || !types.includes(type)) {
    throw new LanewiseError(
      "unsupported",
      `${where}: it holds numbers of type ${JSON.stringify(descr)}. Known: ${types.join(", ")}; in NumPy, array.astype("float32").`,
    );
  }
  const shape = sizes
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number);
  if (!shape.every(Number.isSafeInteger)) throw bad("'shape' of sizes that can be");
  return { type: type as NumberType, bigEndian: descr[0] === ">", fortran: order === "True", shape };
}

/** From the first axis running fastest to the last. */
function fromFortran(data: FileNumbers, shape: readonly number[]): FileNumbers {
  const out = data.slice();
  const strides = stridesOf([...shape].reverse()).reverse(); // of each axis in `data`
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = data[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      from += strides[axis] as number;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      from -= (shape[axis] as number) * (strides[axis] as number);
      index[axis] = 0;
    }
  }
  return out;
}

function decodeNpy(where: string, bytes: Uint8Array): FileArray {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new LanewiseError("bad-file", `${where}: it is no npy file, which begins with \\x93NUMPY.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] as number;
  if (version < 1 || version > 3)
    throw new LanewiseError("bad-file", `${where}: its version is ${version}, known are 1 to 3.`);
  const start = version === 1 ? 10 : 12;
  const end =
    bytes.length < start
      ? Number.POSITIVE_INFINITY
      : start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length)
    throw new LanewiseError("bad-file", `${where}: it is cut off within the header, after ${bytes.length} bytes.`);
  const { type, bigEndian, fortran, shape } = parseHeader(where, new TextDecoder().decode(bytes.subarray(start, end)));
  const data = bytes.subarray(end);
  checkedSize(where, shape, Number(type[1]), data.length);
  const numbers = decodeNumbers(where, type, data, bigEndian);
  return { data: fortran && shape.length > 1 ? fromFortran(numbers, shape) : numbers, shape };
}

/**
 * Reads an array saved by NumPy (`np.save`): booleans (as bytes), integers and floats of any size and order of bytes, in C
 * or Fortran order; the result is in C order. float16 becomes float32; integers of 64 bits become float64, and beyond 2^53
 * they are refused (`unsupported`). Throws `bad-file` where it is not what it claims.
 */
export async function readNpy(source: ByteSource): Promise<FileArray> {
  const where = `readNpy${nameOf(source)}`;
  return decodeNpy(where, await bytesOf(where, source));
}

/** Reads the arrays of a file by `np.savez` or `np.savez_compressed`, by name; as `readNpy` does each. */
export async function readNpz(source: ByteSource): Promise<Record<string, FileArray>> {
  const where = `readNpz${nameOf(source)}`;
  const arrays: [string, FileArray][] = [];
  for (const [path, bytes] of await unzip(where, await bytesOf(where, source)))
    arrays.push([path.replace(/\.npy$/, ""), decodeNpy(`${where}, "${path}"`, bytes)]);
  return Object.fromEntries(arrays);
}

const descrs: Readonly<Record<string, string>> = {
  Int8Array: "|i1",
  Uint8Array: "|u1",
  Uint8ClampedArray: "|u1",
  Int16Array: "<i2",
  Uint16Array: "<u2",
  Int32Array: "<i4",
  Uint32Array: "<u4",
  Float32Array: "<f4",
  Float64Array: "<f8",
};

/**
 * The bytes of an npy file (version 1, C order), for `np.load`: of a typed array (shape `[n]`), `{ data, shape }` or nested
 * numbers, in its number type; plain numbers are float64.
 */
export function writeNpy(values: Values): Uint8Array {
  const where = "writeNpy";
  const { data, shape } = flattenArray(`${where}: values`, values);
  const numbers: Exclude<NumericArray, readonly number[]> = ArrayBuffer.isView(data) ? data : Float64Array.from(data);
  const descr = descrs[numbers[Symbol.toStringTag]];
  if (descr === undefined) throw invalid(where, "values", `numbers of ${Object.keys(descrs).join(", ")}`, data);
  const sizes = shape ?? [numbers.length];
  const tuple = sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const headerLength = Math.ceil((10 + text.length + 1) / 64) * 64 - 10; // the data begin at a multiple of 64
  const bytes = new Uint8Array(10 + headerLength + numbers.byteLength);
  bytes.set([...MAGIC, 1, 0, headerLength & 0xff, headerLength >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(headerLength - 1)}\n`), 10);
  bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), 10 + headerLength);
  return bytes;
}

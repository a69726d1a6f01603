// Safetensors: eight bytes with the length of a JSON header, the header, the numbers. The reader is strict: what it
// accepts has one meaning, and nothing is made of a file before all of it is checked.
// https://huggingface.co/docs/safetensors (format)

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, show } from "../check.ts";
import { halfToNumber } from "../data/halfFloat.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sizeOf } from "../shape.ts";

/** A tensor to write. */
export type SafetensorsInput = { readonly name: string; readonly shape: Shape } & (
  | { readonly dtype: "F32"; readonly data: Float32Array }
  | { readonly dtype: "F64"; readonly data: Float64Array }
  | { readonly dtype: "I32"; readonly data: Int32Array }
);

/** A tensor as read: its numbers at their value, in an array of the caller's own. */
export interface SafetensorsTensor {
  /** Type in the file. */
  readonly dtype: SafetensorsType;
  readonly shape: number[];
  /** Float32Array for F32, F16 and BF16, Float64Array for F64 and I64, Int32Array for the others. */
  readonly data: Float32Array | Float64Array | Int32Array;
}

export interface SafetensorsFile {
  readonly tensors: Map<string, SafetensorsTensor>;
  readonly metadata: Record<string, string>;
}

export type SafetensorsType = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

/** A limit of the format. */
const HEADER_BYTES_MAX = 100_000_000;
const METADATA = "__metadata__";

/** One number at an address; NaN in an integer type says that it has no value here. */
type Read = (view: DataView, at: number) => number;

interface Format {
  readonly bytes: number;
  readonly array: Float32ArrayConstructor | Float64ArrayConstructor | Int32ArrayConstructor;
  /** Absent where the array holds the bytes as they are. */
  readonly read?: Read;
  /** Numbers that are refused, for the message. */
  readonly refuses?: string;
}

const readHalf: Read = (view, at) => halfToNumber(view.getUint16(at, true));

/** The upper half of a float32. */
const bfloat = new DataView(new ArrayBuffer(4));
const readBfloat: Read = (view, at) => {
  bfloat.setUint32(0, view.getUint16(at, true) << 16);
  return bfloat.getFloat32(0);
};

const readInt64: Read = (view, at) => {
  const value = Number(view.getBigInt64(at, true));
  return Number.isSafeInteger(value) ? value : Number.NaN;
};

const readBool: Read = (view, at) => {
  const value = view.getUint8(at);
  return value <= 1 ? value : Number.NaN;
};

const formats: Readonly<Record<SafetensorsType, Format>> = {
  F64: { bytes: 8, array: Float64Array },
  F32: { bytes: 4, array: Float32Array },
  F16: { bytes: 2, array: Float32Array, read: readHalf },
  BF16: { bytes: 2, array: Float32Array, read: readBfloat },
  I64: { bytes: 8, array: Float64Array, read: readInt64, refuses: "an integer beyond 2^53" },
  I32: { bytes: 4, array: Int32Array },
  I16: { bytes: 2, array: Int32Array, read: (view, at) => view.getInt16(at, true) },
  I8: { bytes: 1, array: Int32Array, read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, array: Int32Array, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, array: Int32Array, read: readBool, refuses: "a truth value other than 0 and 1" },
};

/**
 * The bytes of a file with these tensors. Throws `invalid-argument` or `shape-mismatch` where names repeat, or a
 * tensor's array does not fit its type and shape.
 */
export function encodeSafetensors(
  tensors: readonly SafetensorsInput[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const where = "encodeSafetensors";
  const names = new Set([METADATA]);
  for (const { name, dtype, shape, data } of tensors) {
    if (typeof name !== "string" || names.has(name)) {
      throw invalid(where, "name", `a string that no other tensor has, nor ${METADATA}`, name);
    }
    names.add(name);
    const array = { F32: Float32Array, F64: Float64Array, I32: Int32Array }[dtype];
    if (!array) throw invalid(where, `dtype of "${name}"`, "F32, F64 or I32", dtype);
    if (!(data instanceof array)) throw invalid(where, `data of "${name}"`, `a ${array.name}`, data);
    if (!shape.every((n) => Number.isInteger(n) && n >= 0) || sizeOf(shape) !== data.length) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: data of "${name}" must have the elements of shape ${formatShape(shape)}, got ${show(data)}.`,
      );
    }
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") throw invalid(where, `metadata "${key}"`, "a string", value);
  }
  // wider types first, so that each begins at a multiple of its width
  const ordered = [...tensors].sort((a, b) => formats[b.dtype].bytes - formats[a.dtype].bytes);
  let dataBytes = 0;
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  for (const { name, dtype, shape, data } of ordered) {
    const begin = dataBytes;
    dataBytes += data.byteLength;
    entries.push([name, { dtype, shape, data_offsets: [begin, dataBytes] }]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(text, 8);
  let at = 8 + headerBytes;
  for (const { data } of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** What is wrong with a file. */
type Refuse = (what: string) => LanewiseError;

/**
 * The tensors and metadata of a file; `where` names it in messages. Throws `bad-file` where anything is not as the
 * format says: lengths, keys, types, shapes, and tensors that overlap or leave bytes unused.
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsFile {
  if (!(bytes instanceof Uint8Array)) throw invalid(where, "bytes", "a Uint8Array", bytes);
  const refuse: Refuse = (what) => new LanewiseError("bad-file", `${where}: not a valid safetensors file: ${what}.`);
  if (bytes.length < 8) throw refuse(`it has ${bytes.length} bytes, the length of the header takes 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > HEADER_BYTES_MAX) throw refuse(`a header of ${headerBytes} bytes is over the limit of 100 MB`);
  if (headerBytes > bytes.length - 8) {
    throw refuse(`a header of ${headerBytes} bytes is announced, ${bytes.length - 8} bytes follow`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), refuse);
  const metadata = readMetadata(header[METADATA], Object.hasOwn(header, METADATA), refuse);
  const infos = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => readInfo(name, value, refuse));
  checkOffsets(infos, bytes.length - 8 - headerBytes, refuse);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, dtype, shape, begin } of infos) {
    tensors.set(name, {
      dtype,
      shape,
      data: readNumbers(name, dtype, sizeOf(shape), view, 8 + headerBytes + begin, refuse),
    });
  }
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array, refuse: Refuse): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw refuse(`its header is not JSON in UTF-8 (${(cause as Error).message})`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw refuse(`its header must be an object, got ${show(header)}`);
  }
  const repeated = repeatedKey(text);
  if (repeated !== null) throw refuse(`its header has the key ${show(repeated)} twice`);
  return header as Record<string, unknown>;
}

/** A key that one object has twice, in valid JSON; JSON.parse would take the last. */
function repeatedKey(text: string): string | null {
  const open: (Set<string> | null)[] = []; // keys of each open object, null for an array
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{") open.push(new Set());
    else if (character === "[") open.push(null);
    else if (character === "}" || character === "]") open.pop();
    if (character !== '"') continue;
    const start = i;
    for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
    let next = i + 1;
    while (" \t\n\r".includes(text[next] ?? ".")) next++;
    if (text[next] !== ":") continue;
    const key = JSON.parse(text.slice(start, i + 1)) as string;
    const keys = open.at(-1);
    if (keys?.has(key)) return key;
    keys?.add(key);
  }
  return null;
}

function readMetadata(value: unknown, present: boolean, refuse: Refuse): Record<string, string> {
  if (!present) return {};
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap || !Object.values(value).every((text) => typeof text === "string")) {
    throw refuse(`${METADATA} must be an object of strings, got ${show(value)}`);
  }
  return value as Record<string, string>;
}

interface Info {
  readonly name: string;
  readonly dtype: SafetensorsType;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;

function readInfo(name: string, value: unknown, refuse: Refuse): Info {
  const tensor = `tensor ${show(name)}`;
  if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== "data_offsets,dtype,shape") {
    throw refuse(`${tensor} must be an object with dtype, shape and data_offsets, got ${show(value)}`);
  }
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(formats, dtype)) {
    throw refuse(`${tensor} has dtype ${show(dtype)}, known are ${Object.keys(formats).join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw refuse(`${tensor} has shape ${show(shape)}, wanted are non-negative integers`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw refuse(`${tensor} has data_offsets ${show(offsets)}, wanted are two non-negative integers`);
  }
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape) * formats[dtype as SafetensorsType].bytes;
  if (end - begin !== size) {
    throw refuse(
      `${tensor} of shape ${formatShape(shape)} in ${dtype} takes ${size} bytes, its data_offsets ${end - begin}`,
    );
  }
  return { name, dtype: dtype as SafetensorsType, shape, begin, end };
}

/** Tensors must follow one another from the first byte to the last. */
function checkOffsets(infos: readonly Info[], dataBytes: number, refuse: Refuse): void {
  let at = 0;
  for (const { name, begin, end } of [...infos].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const tensor = `tensor ${show(name)}`;
    if (end > dataBytes) throw refuse(`${tensor} ends at byte ${end} of the data, which has ${dataBytes}`);
    if (begin < at)
      throw refuse(`${tensor} begins at byte ${begin} of the data, inside the tensor before, which ends at ${at}`);
    if (begin > at) throw refuse(`bytes ${at} to ${begin} of the data, before ${tensor}, belong to no tensor`);
    at = end;
  }
  if (at !== dataBytes) throw refuse(`the last ${dataBytes - at} bytes belong to no tensor`);
}

function readNumbers(
  name: string,
  dtype: SafetensorsType,
  length: number,
  view: DataView,
  at: number,
  refuse: Refuse,
): SafetensorsTensor["data"] {
  const { bytes, array, read, refuses } = formats[dtype];
  const data = new array(length);
  if (!read) {
    // copied as bytes: the place in the file may be unaligned, and NaNs keep their bits
    new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset + at, data.byteLength));
    return data;
  }
  for (let i = 0; i < length; i++) {
    const value = read(view, at + i * bytes);
    if (refuses && Number.isNaN(value)) throw refuse(`tensor ${show(name)} holds ${refuses} at element ${i}`);
    data[i] = value;
  }
  return data;
}

// IDX, the format of MNIST's files: two bytes 0, a byte for the type, one for the rank, each dimension in four bytes, then
// the numbers, most significant byte first. http://yann.lecun.com/exdb/mnist/

import { LanewiseError } from "../../../bindings/errors.ts";
import type { ByteSource } from "../../io/source.ts";
import { bytesOf, nameOf } from "../../io/source.ts";
import { gunzip, isGzip } from "./gzip.ts";
import type { FileArray, NumberType } from "./numbers.ts";
import { checkedSize, decodeNumbers } from "./numbers.ts";

const types: Readonly<Record<number, NumberType>> = {
  8: "u1",
  9: "i1",
  11: "i2",
  12: "i4",
  13: "f4",
  14: "f8",
};

/** Type, shape and length of the header; throws where bytes do not begin as IDX does. */
function readHeader(where: string, bytes: Uint8Array): { type: NumberType; shape: number[]; length: number } {
  const [first, second, code = 0, rank = 0] = bytes;
  const type = types[code];
  if (bytes.length < 4 || first !== 0 || second !== 0 || !type) {
    const start = Array.from(bytes.subarray(0, 4)).join(" ");
    throw new LanewiseError(
      "bad-file",
      `${where}: it is no IDX file, which begins with 0 0, a type (${Object.keys(types).join(", ")}) and the rank; it begins with ${start || "nothing"}.`,
    );
  }
  const length = 4 + 4 * rank;
  if (bytes.length < length)
    throw new LanewiseError("bad-file", `${where}: it is cut off within the header, after ${bytes.length} bytes.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { type, shape: Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis)), length };
}

/**
 * Reads a file in IDX format, as it is or gzipped: MNIST's images are bytes `[n, 28, 28]`, its labels bytes `[n]`.
 * `source` is bytes, a Blob, a path (Node) or a URL.
 * Throws `bad-file` where it is not what it claims, with what is wrong.
 */
export async function readIdx(source: ByteSource): Promise<FileArray> {
  const where = `readIdx${nameOf(source)}`;
  let bytes = await bytesOf(where, source);
  if (isGzip(bytes)) {
    bytes = await gunzip(where, bytes, (start) => {
      if (start.length < 4 || start.length < 4 + 4 * (start[3] as number)) return Number.POSITIVE_INFINITY;
      const { type, shape, length } = readHeader(where, start);
      return length + shape.reduce((size, n) => size * n, Number(type[1]));
    });
  }
  const { type, shape, length } = readHeader(where, bytes);
  const data = bytes.subarray(length);
  checkedSize(where, shape, Number(type[1]), data.length);
  return { data: decodeNumbers(where, type, data, true), shape };
}

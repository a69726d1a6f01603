// Zip files as NumPy writes them: entries stored or deflated, found by the directory at the end. The platform inflates and
// verifies checksums: an entry becomes a gzip file by a header and what the directory says of it.

import { LanewiseError } from "../../../bindings/errors.ts";
import { gunzip } from "./gzip.ts";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_LENGTH = 22;
const COMMENT_MAX = 0xffff;

/** The bytes of each file in a zip, by path, in the order of its directory. */
export async function unzip(where: string, bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bad = (what: string): LanewiseError => new LanewiseError("bad-file", `${where}: ${what}.`);
  const end = findEnd(view);
  if (end < 0) throw bad("it is no zip file, or it is cut off: it has no directory at its end");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff)
    throw new LanewiseError("unsupported", `${where}: it is a zip file of the 64-bit kind.`);
  const files = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== ENTRY) throw bad(`entry ${i} of its directory is damaged`);
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ];
    if (at + 46 + nameLength > end) throw bad(`entry ${i} of its directory is damaged`);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (files.has(name)) throw bad(`it holds "${name}" twice`);
    files.set(name, await readEntry(`${where}, "${name}"`, bytes, view, at));
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

/** Where the record at the end begins, -1 where there is none. */
function findEnd(view: DataView): number {
  const last = view.byteLength - END_LENGTH;
  for (let at = last; at >= Math.max(0, last - COMMENT_MAX); at--)
    if (view.getUint32(at, true) === END && at + END_LENGTH + view.getUint16(at + 20, true) === view.byteLength)
      return at;
  return -1;
}

async function readEntry(where: string, bytes: Uint8Array, view: DataView, at: number): Promise<Uint8Array> {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const checksum = view.getUint32(at + 16, true);
  const packed = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const local = view.getUint32(at + 42, true);
  const bad = (what: string): LanewiseError => new LanewiseError("bad-file", `${where}: ${what}.`);
  if (flags & 1) throw new LanewiseError("unsupported", `${where}: it is encrypted.`);
  if (method !== 0 && method !== 8)
    throw new LanewiseError(
      "unsupported",
      `${where}: it is compressed by method ${method}; known are 0 and 8 (deflate).`,
    );
  if (local + 30 > at || view.getUint32(local, true) !== LOCAL) throw bad("it is not where the directory says");
  const first = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (first + packed > at || (method === 0 && packed !== size)) throw bad("its size is not what the directory says");
  const body = bytes.subarray(first, first + packed);
  const deflated = method === 8 ? body : storedAsDeflate(body);
  const content = await gunzip(where, asGzip(deflated, checksum, size), () => size);
  if (content.length !== size) throw bad("its size is not what the directory says");
  return content;
}

/** A gzip file around deflated bytes. */
function asGzip(deflated: Uint8Array, checksum: number, size: number): Uint8Array {
  const gzip = new Uint8Array(10 + deflated.length + 8);
  gzip.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  gzip.set(deflated, 10);
  const view = new DataView(gzip.buffer, 10 + deflated.length);
  view.setUint32(0, checksum, true);
  view.setUint32(4, size, true);
  return gzip;
}

/** Deflate's stored blocks: a flag (1 for the last), the length and its complement, the bytes. */
function storedAsDeflate(body: Uint8Array): Uint8Array {
  const block = 0xffff;
  const blocks = Math.max(1, Math.ceil(body.length / block));
  const out = new Uint8Array(body.length + 5 * blocks);
  for (let i = 0, at = 0; i < blocks; i++) {
    const part = body.subarray(i * block, (i + 1) * block);
    const { length } = part;
    out.set([i === blocks - 1 ? 1 : 0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff], at);
    out.set(part, at + 5);
    at += 5 + length;
  }
  return out;
}

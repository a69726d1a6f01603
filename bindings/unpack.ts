// Unpacks the embedded binaries: the host's side of assembly/unpack.ts. Imports nothing, because the build uses it too.

const PAGE = 65536;
/** Below lie the tables of assembly/unpack.ts. */
const PACKED_ADDRESS = 32768;

/** A string is gone through once before it is compiled: a plain loop is then ten times faster than a call for each character. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** The first `size` bytes of what is packed in a .lzma file, and how many bytes of the file they took. */
export async function unpackLzma(
  unpacker: WebAssembly.Module,
  packed: Uint8Array,
  size: number,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly read: number }> {
  const out = PACKED_ADDRESS + packed.length;
  const pages = Math.ceil((out + size) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = await WebAssembly.instantiate(unpacker, { env: { memory } });
  const all = new Uint8Array(memory.buffer);
  all.set(packed, PACKED_ADDRESS);
  const unpack = exports.unpack as (packed: number, out: number, size: number) => number;
  const read = unpack(PACKED_ADDRESS, out, size);
  return { bytes: all.subarray(out, out + size), read };
}

// Which build of the kernels can run here, and the compiled modules.

import "./platform.ts";
import { LanewiseError, memoryRefused } from "./errors.ts";
import { bytesOfBase64, unpackLzma } from "./unpack.ts";

/** How products are summed: multiply, then add; or fused. */
export type Build = "strict" | "relaxed";
/** Of each build, the kernels that are seldom needed. */
export type MoreName = `more${Capitalize<Build>}`;
/** `strict` and `relaxed` hold the kernels that multiply and add, `base` what is the same in both builds. */
export type BinaryName = "base" | Build | MoreName;
/** Gives a binary that is not inlined: provider.ts makes one of what a user passes. */
export type BinaryReader = (name: BinaryName) => Promise<ArrayBuffer | ArrayBufferView | WebAssembly.Module>;

/** A function of one instruction, as wasm: `(func (param v128) (result v128) <code>)`. */
const probe = (...code: number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...[1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b],
    ...[3, 2, 1, 0],
    ...[10, code.length + 4, 1, code.length + 2, 0, ...code, 0x0b],
  ]);

const get0 = [0x20, 0];

/** True where WebAssembly has 128-bit SIMD: f32x4.neg. */
export function hasSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(probe(...get0, 0xfd, 0xe1, 0x01));
}

/** True where it has relaxed SIMD: f32x4.relaxed_madd. */
export function hasRelaxedSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(probe(...get0, ...get0, ...get0, 0xfd, 0x85, 0x02));
}

/** The inlined binaries one behind the other, as far as they were unpacked. */
let unpacked: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** One of the inlined binaries. They are loaded here: a page that has them from elsewhere never does. */
async function unpack(name: BinaryName): Promise<Uint8Array<ArrayBuffer>> {
  const { packed, places, unpacker } = await import("./generated/binaries.ts");
  const [first, end] = places[name];
  if (unpacked.length < end) {
    // what is further behind is not loaded before it is needed; with relaxed SIMD strict seldom is
    let text: string = packed;
    const isMore = name === "moreStrict" || name === "moreRelaxed";
    if (name === "strict" || isMore) text += (await import("./generated/strict.ts")).packed;
    if (isMore) text += (await import("./generated/more.ts")).packed;
    const module = await compile("unpack", bytesOfBase64(unpacker));
    const packedBytes = bytesOfBase64(text);
    unpacked = await unpackLzma(module, packedBytes, end).then(
      ({ bytes }) => bytes,
      (cause: unknown) => {
        throw memoryRefused(packedBytes.length + end, cause);
      },
    );
  }
  return unpacked.subarray(first, end);
}

/** The import of a memory: its length, its name, and that it is one; then come the flags. */
const memoryImport = [6, ...[..."memory"].map((letter) => letter.charCodeAt(0)), 2];
const SHARED = 2;

/** A binary that wants its memory shared. All are built for one that is not. */
function sharedImport(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  const at = copy.findIndex((_, i) => memoryImport.every((byte, j) => copy[i + j] === byte)) + memoryImport.length;
  copy[at] = (copy[at] as number) | SHARED;
  return copy;
}

async function compile(name: string, bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new LanewiseError(
      "unsupported",
      `The binary "${name}" could not be compiled: ${(cause as Error).message}. A page needs 'wasm-unsafe-eval' in the script-src of its Content-Security-Policy.`,
      { cause },
    );
  }
}

const bytesIn = (source: BufferSource): Uint8Array<ArrayBuffer> =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);

async function moduleOf(
  name: BinaryName,
  source: ArrayBuffer | ArrayBufferView | WebAssembly.Module,
  shared: boolean,
): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const bytes = source as BufferSource;
  return compile(name, shared ? sharedImport(bytesIn(bytes)) : bytes);
}

/** Compiles a binary in base64 for a shared memory. */
export const compileShared = (text: string): Promise<WebAssembly.Module> =>
  WebAssembly.compile(sharedImport(bytesOfBase64(text)));

/** Compiles one of the inlined binaries as it is. */
export const compileBinary = async (name: BinaryName): Promise<WebAssembly.Module> => compile(name, await unpack(name));

/** What the engine is opened on: the compiled binaries of one build. */
export interface Binaries {
  readonly build: Build;
  readonly base: WebAssembly.Module;
  readonly products: WebAssembly.Module;
  /** The kernels that are seldom needed. */
  more(): Promise<WebAssembly.Module>;
  /** Whether their memory is one that threads can share. */
  readonly shared: boolean;
}

/** Compiles the binaries of a build; for a shared memory where that is wanted, and `read` does not give compiled ones. */
export async function compileBuild(build: Build, read: BinaryReader = unpack, wanted?: boolean): Promise<Binaries> {
  // products first: base is unpacked on the way to them
  const products = await read(build);
  const base = await read("base");
  const shared = wanted === true && !(products instanceof WebAssembly.Module) && !(base instanceof WebAssembly.Module);
  const [ofProducts, ofBase] = await Promise.all([moduleOf(build, products, shared), moduleOf("base", base, shared)]);
  const name = build === "strict" ? "moreStrict" : "moreRelaxed";
  const more = async () => moduleOf(name, await read(name), shared);
  return { build, base: ofBase, products: ofProducts, more, shared };
}

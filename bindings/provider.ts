// Binaries that a user provides, for pages that must not inline them.

import "./platform.ts";
import { LanewiseError } from "./errors.ts";
import type { BinaryName, BinaryReader } from "./variant.ts";

/** Bytes, a module, a fetched response or a URL of lanewise/wasm/<name>.wasm. */
export type BinarySource = ArrayBuffer | ArrayBufferView | WebAssembly.Module | Response | URL;
export type BinaryProvider = (name: BinaryName) => BinarySource | Promise<BinarySource>;

/** Reads what a provider gives. */
export const readerOf =
  (provider: BinaryProvider): BinaryReader =>
  async (name) =>
    bytesOf(name, await provider(name));

/** What a provider gave, brought to bytes or a module. */
async function bytesOf(name: BinaryName, source: BinarySource): ReturnType<BinaryReader> {
  if (source instanceof WebAssembly.Module || source instanceof ArrayBuffer) return source;
  if (ArrayBuffer.isView(source)) return source;
  const response = typeof Response === "function" && source instanceof Response ? source : null;
  if (!response && !(source instanceof URL)) {
    throw new LanewiseError(
      "invalid-argument",
      `wasm("${name}") must give bytes, a module, a response or a URL, got ${source === null ? "null" : typeof source}.`,
    );
  }
  try {
    const answer = response ?? (await fetch(source as URL));
    if (!answer.ok) throw new Error(`it answered ${answer.status} ${answer.statusText}`);
    return await answer.arrayBuffer();
  } catch (cause) {
    const from = response?.url ?? String(source);
    throw new LanewiseError("bad-file", `wasm("${name}"): "${from}" cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

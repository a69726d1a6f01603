// Where the bytes of a file come from and go to.

import { readFile, replaceFile, writeFile } from "#host";
import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";

/** Bytes, a Blob (such as a File that was chosen or dropped), a path (Node) or a URL. */
export type ByteSource = Uint8Array | ArrayBuffer | Blob | string | URL;

/** What went wrong with a file, as an error of the call that wanted it. */
function failure(what: string, cause: unknown): LanewiseError {
  const code = cause instanceof LanewiseError ? cause.code : "bad-file";
  return new LanewiseError(code, `${what}: ${(cause as Error).message}`, { cause });
}

/**
 * Writes a file, or with `replaces` puts another in its place when it is whole; throws `unsupported` in a page, `bad-file` where it
 * cannot be written.
 */
export async function writeBytes(where: string, path: string, bytes: Uint8Array, replaces = false): Promise<void> {
  try {
    await (replaces ? replaceFile : writeFile)(path, bytes);
  } catch (cause) {
    throw failure(`${where}: path "${path}" cannot be written`, cause);
  }
}

/** The bytes of a source; throws `bad-file` where they cannot be read. */
export async function bytesOf(where: string, source: unknown): Promise<Uint8Array> {
  // as plain bytes: slice of a Buffer of Node is no copy, but a view on what others hold
  if (source instanceof Uint8Array) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (typeof Blob === "function" && source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const isUrl = source instanceof URL;
  if (!isUrl && (typeof source !== "string" || source === "")) {
    throw invalid(where, "source", "bytes, a Blob, a path or a URL", source);
  }
  try {
    if (!isUrl || source.protocol === "file:") return await readFile(source);
    const response = await fetch(source);
    if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw failure(`${where}: "${String(source)}" cannot be read`, cause);
  }
}

/** A source's name for messages: ` "digits.csv"`, or nothing. */
export function nameOf(source: unknown): string {
  if (typeof source === "string") return ` "${source}"`;
  if (source instanceof URL) return ` "${source.href}"`;
  return typeof File === "function" && source instanceof File ? ` "${source.name}"` : "";
}

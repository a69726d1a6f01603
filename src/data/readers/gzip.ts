// Decompression by the platform, bounded: a file that grows beyond what it should be is refused while it is read.

import { LanewiseError } from "../../../bindings/errors.ts";

/** Whether bytes begin as a gzip file does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The content of a gzip file, whose checksum is verified. `limit` says, from the first bytes, how long it may become.
 * Throws `bad-file` where it is damaged or longer, `unsupported` where the platform has no DecompressionStream.
 */
export async function gunzip(
  where: string,
  bytes: Uint8Array,
  limit: (first: Uint8Array) => number = () => Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  if (typeof DecompressionStream !== "function")
    throw new LanewiseError(
      "unsupported",
      `${where}: this environment cannot decompress gzip (no DecompressionStream).`,
    );
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  let most = Number.POSITIVE_INFINITY;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      length += value.length;
      if (parts.length === 1) most = limit(value);
      if (length > most) break;
    }
  } catch (cause) {
    throw new LanewiseError("bad-file", `${where}: its compressed data are damaged or end too early.`, { cause });
  }
  if (length > most) {
    void reader.cancel().catch(() => {});
    throw new LanewiseError("bad-file", `${where}: it holds more than the ${most} bytes that it says.`);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

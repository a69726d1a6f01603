// What a page or a worker can do, under the names that host.node.ts has too.

import { LanewiseError } from "./errors.ts";
import type { Log, Terminal } from "./host.node.ts";

export const hostName = "web";

const channel: MessageChannel | null = typeof MessageChannel === "function" ? new MessageChannel() : null;
const waiting: (() => void)[] = [];
if (channel) {
  channel.port1.onmessage = () => waiting.shift()?.();
}

/** Ends the task: a message is a real task and is not slowed down like a nested timer. */
export const pause = (): Promise<void> =>
  new Promise((resolve) => {
    if (!channel) {
      setTimeout(resolve, 0);
      return;
    }
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });

/** Milliseconds of work after which the page should get a turn. */
export const sliceMilliseconds = 12;

/** Whether workers can be given a memory. WebKitGTK calls pages isolated, and has nothing to share in them. */
export const canShare: boolean =
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true &&
  typeof SharedArrayBuffer === "function" &&
  typeof Worker === "function";

export const writeFile = async (path: string, _bytes: Uint8Array): Promise<void> => {
  throw new LanewiseError(
    "unsupported",
    `A page cannot write the file "${path}". Call save() without a path and offer the bytes for download.`,
  );
};

export const replaceFile: typeof writeFile = writeFile;

export const readFile = async (path: string | URL): Promise<Uint8Array> => {
  const response = await fetch(path);
  if (!response.ok)
    throw new LanewiseError("bad-file", `"${path}" could not be fetched: ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
};

export const terminal = (): Terminal => ({
  redraws: false,
  columns: () => 80,
  write: (text) => console.log(text.trimEnd()),
});

export const openLog = (path: string): Log => {
  throw new LanewiseError(
    "unsupported",
    `A page has no file "${path}". Give { read(), append(text) } that keep the text, in IndexedDB or on a server.`,
  );
};

// What only Node can do, under the names that host.web.ts has too.

import { readFile as read, writeFile as write } from "node:fs/promises";

export const hostName = "node";

/** Lets timers, input and output run. */
export const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Milliseconds of work after which the event loop should get a turn. */
export const sliceMilliseconds = 20;

export const writeFile: (path: string, bytes: Uint8Array) => Promise<void> = (path, bytes) => write(path, bytes);

export const readFile: (path: string | URL) => Promise<Uint8Array> = async (path) => new Uint8Array(await read(path));

export interface Terminal {
  /** Whether lines can be drawn again. */
  readonly redraws: boolean;
  columns(): number;
  write(text: string): void;
}

export const terminal = (): Terminal => ({
  redraws: process.stderr.isTTY === true,
  columns: () => process.stderr.columns ?? 80,
  write: (text) => {
    process.stderr.write(text);
  },
});

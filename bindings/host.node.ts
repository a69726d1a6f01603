// What only Node can do, under the names that host.web.ts has too.

export const hostName = "node";

/** Lets timers, input and output run. */
export const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Milliseconds of work after which the event loop should get a turn. */
export const sliceMilliseconds = 20;

/** Whether workers can be given a memory. */
export const canShare = true;

// loaded at the first use: files are seldom read or written, and Node takes four milliseconds to load this
const files = () => import("node:fs/promises");

export const writeFile = async (path: string, bytes: Uint8Array): Promise<void> =>
  (await files()).writeFile(path, bytes);

/** Writes a file that is whole at any moment: what was there, or what comes in its place. */
export const replaceFile = async (path: string, bytes: Uint8Array): Promise<void> => {
  const { open, rename, rm } = await files();
  const beside = `${path}.${globalThis.crypto.randomUUID()}.tmp`;
  try {
    const file = await open(beside, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync(); // before it gets the name: a machine may lose power
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
};

export const readFile = async (path: string | URL): Promise<Uint8Array> =>
  new Uint8Array(await (await files()).readFile(path));

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

/** A file that lines are appended to, each on the disk when the promise resolves. */
export interface Log {
  /** "" where there is no file yet. */
  read(): Promise<string>;
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export function openLog(path: string): Log {
  let opened: Promise<import("node:fs/promises").FileHandle> | null = null;
  return {
    read: async () =>
      (await files()).readFile(path, "utf8").catch((error: { code?: string }) => {
        if (error.code === "ENOENT") return "";
        throw error;
      }),
    async append(text) {
      opened ??= files().then(({ open }) => open(path, "a"));
      const file = await opened;
      await file.appendFile(text);
      await file.datasync();
    },
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}

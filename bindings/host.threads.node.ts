// What threads need of Node, under the names that host.threads.web.ts has too.

import type { Worker as NodeWorker } from "node:worker_threads";
import type { Thread } from "./crew.ts";
import type { Told } from "./worker.ts";

/** Whether this thread may wait for others. */
export const canWait = true;

/** Why there is one thread, where memory cannot be shared: never for want of isolation. */
export const whyAlone = "the binaries that were given are compiled already: give their bytes";

/** Threads that run at the same time. */
export const cores = async (): Promise<number> => (await import("node:os")).availableParallelism();

/** Addresses that Node reserves for a worker, and some to compute in. Where it does not get them it ends the process. */
const WORKER_ADDRESS_BYTES = 2 ** 30;
let starting = 0;

/** Throws where the address space is limited (ulimit -v), and what is left is not enough for one more worker. */
async function requireAddressSpace(): Promise<void> {
  const { readFile } = await import("node:fs/promises");
  const read = (name: string): Promise<string> => readFile(`/proc/self/${name}`, "utf8").catch(() => ""); // Linux alone has them
  const limit = Number(/Max address space +(\d+)/.exec(await read("limits"))?.[1] ?? Number.POSITIVE_INFINITY);
  if (limit === Number.POSITIVE_INFINITY) return;
  const used = Number(/VmSize:\s+(\d+)/.exec(await read("status"))?.[1] ?? 0) * 1024;
  if (limit - used < (starting + 1) * WORKER_ADDRESS_BYTES)
    throw new Error(`the address space is limited to ${limit} bytes, ${limit - used} are left; see ulimit -v`);
}

/** A worker that a user made, or this file, counted as one that starts until it runs or is gone. */
function counted(worker: unknown, what: string): NodeWorker {
  if (typeof (worker as Partial<NodeWorker> | null | undefined)?.on !== "function")
    throw new Error(`what ${what} is no Worker of node:worker_threads`);
  const made = worker as NodeWorker;
  starting++;
  const started = (): void => {
    starting--;
    made.off("online", started).off("exit", started);
  };
  return made.on("online", started).on("exit", started);
}

/** Starts a worker; `ended` is told why it is no more. It keeps no process alive. */
export async function startWorker(
  source: string,
  make: (() => Worker) | undefined,
  heard: (told: Told) => void,
  ended: (reason: string) => void,
): Promise<Thread> {
  const { Worker } = await import("node:worker_threads");
  await requireAddressSpace();
  // what this process preloads is not for a worker that runs kernels
  const worker = counted(
    make
      ? make()
      : new Worker(`globalThis.parentPort = require("node:worker_threads").parentPort; ${source}`, {
          eval: true,
          execArgv: [],
        }),
    "init's worker() gave",
  );
  worker.on("message", (told: Told) => (typeof told === "object" ? ended(told.error) : heard(told)));
  worker.on("error", (error: unknown) => ended(String(error)));
  worker.on("exit", (code: number) => ended(`it exited with code ${code}`));
  worker.unref(); // behind the listener for messages, which would keep the process alive again
  return { post: (message) => worker.postMessage(message), terminate: () => void worker.terminate() };
}

/** A worker that runs a module, as the library sees it. */
export interface ModuleWorker {
  post(message: unknown): void;
  terminate(): void;
}

/** The URL of a module that a user names by path or URL. */
export async function moduleUrl(source: string | URL): Promise<string> {
  if (typeof source !== "string" || /^[a-z][a-z\d+.-]+:/i.test(source)) return String(source); // C: is no scheme
  const [{ pathToFileURL }, { resolve }] = [await import("node:url"), await import("node:path")];
  return pathToFileURL(resolve(source)).href;
}

/** Starts a worker from the text of a module, or takes the one that `make` gives; `ended` is told why it is no more. */
export async function startModuleWorker(
  text: string,
  make: (() => Worker) | undefined,
  heard: (message: unknown) => void,
  ended: (error: unknown) => void,
): Promise<ModuleWorker> {
  const { Worker } = await import("node:worker_threads");
  await requireAddressSpace();
  const source = `import { parentPort } from "node:worker_threads"; globalThis.parentPort = parentPort; ${text}`;
  const worker = counted(
    make ? make() : new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`)),
    "was made",
  );
  worker.on("message", heard).on("error", ended).on("messageerror", ended);
  worker.on("exit", (code: number) =>
    ended(Object.assign(new Error(`the worker exited with code ${code}`), { name: "WorkerExit" })),
  );
  return { post: (message) => worker.postMessage(message), terminate: () => void worker.terminate() };
}

// What threads need of Node, under the names that host.threads.web.ts has too.

import type { Thread } from "./crew.ts";
import type { Told } from "./worker.ts";

/** Whether this thread may wait for others. */
export const canWait = true;

/** Why there is one thread, where memory cannot be shared: never for want of isolation. */
export const whyAlone = "the binaries that were given are compiled already: give their bytes";

/** Threads that run at the same time. */
export const cores = async (): Promise<number> => (await import("node:os")).availableParallelism();

/** Starts a worker; `ended` is told why it is no more. It keeps no process alive. */
export async function startWorker(
  source: string,
  make: (() => Worker) | undefined,
  heard: (told: Told) => void,
  ended: (reason: string) => void,
): Promise<Thread> {
  const { Worker } = await import("node:worker_threads");
  // what this process preloads is not for a worker that runs kernels
  const worker = make
    ? (make() as unknown as InstanceType<typeof Worker>)
    : new Worker(`globalThis.parentPort = require("node:worker_threads").parentPort; ${source}`, {
        eval: true,
        execArgv: [],
      });
  worker.on("message", (told: Told) => (typeof told === "object" ? ended(told.error) : heard(told)));
  worker.on("error", (error: unknown) => ended(String(error)));
  worker.on("exit", (code: number) => ended(`it exited with code ${code}`));
  worker.unref(); // behind the listener for messages, which would keep the process alive again
  return { post: (message) => worker.postMessage(message), terminate: () => void worker.terminate() };
}

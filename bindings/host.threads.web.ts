// What threads need of a page or a worker, under the names that host.threads.node.ts has too.

import type { Thread } from "./crew.ts";
import type { ModuleWorker } from "./host.threads.node.ts";
import type { Told } from "./worker.ts";

/** Whether this thread may wait for others: a page's may not, a worker's may. */
export const canWait: boolean = mayWait();

function mayWait(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1) === "not-equal";
  } catch {
    return false;
  }
}

/** Why there is one thread, where memory cannot be shared. */
export const whyAlone: string = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated
  ? typeof SharedArrayBuffer !== "function"
    ? "this browser has no SharedArrayBuffer, although the page is cross-origin isolated"
    : typeof Worker === "function"
      ? "the binaries that were given are compiled already: give their bytes"
      : "this kind of worker cannot start workers"
  : !isSecureContext
    ? "the page's origin counts as insecure, and only pages of https and of localhost can be cross-origin isolated"
    : "the page is not cross-origin isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

/** Threads that run at the same time. */
export const cores = async (): Promise<number> => navigator.hardwareConcurrency || 1;

let workerUrl: string | undefined;

/** Starts a worker; `ended` is told why it is no more. */
export async function startWorker(
  source: string,
  make: (() => Worker) | undefined,
  heard: (told: Told) => void,
  ended: (reason: string) => void,
): Promise<Thread> {
  if (!make) workerUrl ??= URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = make ? make() : new Worker(workerUrl as string, { name: "lanewise" });
  if (!(worker instanceof Worker)) throw new Error("what init's worker() gave is no Worker");
  worker.onmessage = ({ data: told }: MessageEvent<Told>) =>
    typeof told === "object" ? ended(told.error) : heard(told);
  worker.onerror = (event) => {
    event.preventDefault(); // it is told once, by the library
    ended(
      event.message ||
        "it could not be loaded: see worker-src of the page's Content-Security-Policy, and whether the worker's file is served with the page's Cross-Origin-Embedder-Policy",
    );
  };
  return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() };
}

/** The URL of a module that a user names by URL, also relative to the page. */
export const moduleUrl = async (source: string | URL): Promise<string> => new URL(String(source), location.href).href;

/** Starts a worker from the text of a module, or takes the one that `make` gives; `ended` is told why it is no more. */
export async function startModuleWorker(
  text: string,
  make: (() => Worker) | undefined,
  heard: (message: unknown) => void,
  ended: (error: unknown) => void,
): Promise<ModuleWorker> {
  const url = make ? "" : URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = make ? make() : new Worker(url, { name: "lanewise trial", type: "module" });
  if (!(worker instanceof Worker)) throw new Error("what was made is no Worker");
  worker.onmessage = ({ data }: MessageEvent<unknown>) => heard(data);
  worker.onmessageerror = ended;
  worker.onerror = (event) => {
    event.preventDefault(); // it is told once, by the library
    const message = event.message || "it could not be loaded: see worker-src of the page's Content-Security-Policy";
    ended(event.error ?? Object.assign(new Error(message), { name: "WorkerError" }));
  };
  return {
    post: (message) => worker.postMessage(message),
    terminate() {
      worker.terminate();
      if (url) URL.revokeObjectURL(url);
    },
  };
}

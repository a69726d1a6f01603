// Runs where a page's script does not: in a worker, a shared worker, a service worker or a frame. Tells whoever started it
// what `init` chose there, the hash of a training, and what went wrong.

import { threads } from "./threadsPage.ts";

/** What is told. */
export interface Probed {
  readonly threads: number;
  readonly shared: boolean;
  readonly isolated: boolean;
  readonly hash: string;
}

async function probe(): Promise<Probed | string> {
  try {
    const chosen = await threads.init({ threads: 2 });
    const hash = await threads.trained("image");
    return { threads: chosen.threads, shared: chosen.sharedMemory, isolated: crossOriginIsolated, hash };
  } catch (error) {
    return String(error);
  }
}

interface Scope {
  readonly parent?: { postMessage(told: unknown, target: string): void };
  readonly postMessage?: (told: unknown) => void;
  addEventListener(type: string, listener: (event: { ports: readonly MessagePort[] }) => void): void;
}

const scope = globalThis as unknown as Scope;
const answer = async ({ ports }: { ports: readonly MessagePort[] }): Promise<void> =>
  ports[0]?.postMessage(await probe());

if (scope.parent) scope.parent.postMessage(await probe(), "*");
else if (scope.postMessage) scope.postMessage(await probe());
else for (const type of ["connect", "message"]) scope.addEventListener(type, answer); // a shared or a service worker

// The worker's side of a search: waits for trials, runs one at a time. It stands alone with runTrial, because it is also bundled
// into the text that inThreads starts workers from (worker.ts).

import type { FromWorker, Port, ToWorker } from "./messages.ts";
import { PROTOCOL } from "./messages.ts";
import type { Objective, Steer, SteerChange, Trial } from "./trial.ts";
import { errorRecord, runTrial } from "./trial.ts";

interface NodeGlobals {
  readonly process?: { getBuiltinModule?(name: string): { readonly parentPort: Port | null } };
  /** Where there is no getBuiltinModule bindings/host.threads.node.ts puts it there. */
  readonly parentPort?: Port;
}

/** This worker's port; null outside of workers. */
export function ownPort(): Port | null {
  const { process, parentPort } = globalThis as NodeGlobals;
  const found = parentPort ?? process?.getBuiltinModule?.("node:worker_threads").parentPort;
  if (found) return found;
  const { WorkerGlobalScope } = globalThis as { WorkerGlobalScope?: new () => object };
  return WorkerGlobalScope && globalThis instanceof WorkerGlobalScope ? (globalThis as unknown as Port) : null;
}

/** Makes the library of this thread compute on one thread: there are as many workers as threads are wanted. */
export function computeAlone(): void {
  Object.assign(globalThis, { [Symbol.for("lanewise.alone")]: true });
}

/** Runs the trials that come through a port. */
export function serve(port: Port, load: (module: string | null, name: string | null) => Promise<Objective>): void {
  let objective: Objective | null = null;
  /** Reports that wait for their answers, in this order. */
  const waiting: ((change: SteerChange | undefined) => void)[] = [];
  const tell = (message: FromWorker): void => port.postMessage(message);

  const steer: Steer = ({ step, value, parameters }) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      tell({ type: "report", step, value, parameters });
    });
  const run = async (trial: Trial, steered: boolean): Promise<void> => {
    const { signal } = new AbortController(); // the search ends the worker
    waiting.length = 0;
    const result = await runTrial(objective as Objective, trial, { signal, steer: steered ? steer : null });
    tell({ type: "result", result });
  };
  const receive = (message: ToWorker): void => {
    if (message.type === "ping") tell({ type: "pong" });
    else if (message.type === "change") waiting.shift()?.(message.change ?? undefined);
    else if (message.type === "trial") run(message.trial, message.steered);
    else
      load(message.module, message.exportName).then(
        (loaded) => {
          objective = loaded;
          tell({ type: "ready" });
        },
        (error: unknown) => tell({ type: "refused", error: errorRecord(error) }),
      );
  };
  if (port.on) port.on("message", receive);
  else port.onmessage = ({ data }) => receive(data);
  tell({ type: "hello", protocol: PROTOCOL });
}

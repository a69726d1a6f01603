// What a search and its workers tell each other. Who changes a message raises PROTOCOL: a page's worker may be bundled with
// another version of the library.

import type { Parameters, SteerChange, Trial, TrialResult } from "./trial.ts";

export const PROTOCOL = 2;

export type ToWorker =
  /** Where the objective is: a module's URL and the name of its export; null where the worker has it. */
  | { readonly type: "load"; readonly module: string | null; readonly exportName: string | null }
  | { readonly type: "trial"; readonly trial: Trial; readonly steered: boolean }
  | { readonly type: "change"; readonly change: SteerChange | null }
  | { readonly type: "ping" };

export type FromWorker =
  | { readonly type: "hello"; readonly protocol: number }
  | { readonly type: "ready" }
  /** The objective could not be loaded. */
  | { readonly type: "refused"; readonly error: { readonly name: string; readonly message: string } }
  /** Of a trial that is steered, with its hyperparameters as they are now; answered by "change", one for each. */
  | { readonly type: "report"; readonly step: number; readonly value: number; readonly parameters: Parameters }
  | { readonly type: "result"; readonly result: TrialResult }
  | { readonly type: "pong" };

/** One end of a worker's channel, seen from inside. */
export interface Port {
  postMessage(message: FromWorker): void;
  on?(event: "message", listener: (message: ToWorker) => void): void;
  onmessage: ((event: { data: ToWorker }) => void) | null;
}

// What runs trials: the interface, and the one that runs them here, one after the other.

import { pause, sliceMilliseconds } from "#host";
import { anyFunction } from "../check.ts";
import type { Objective, Steer, Trial, TrialResult } from "./trial.ts";
import { runTrial } from "./trial.ts";

export interface ExecutorOptions {
  /** Ends all trials: run rejects with its reason. */
  readonly signal: AbortSignal;
  /** Asked about what trials report; null where nobody steers. */
  readonly steer: Steer | null;
  /** Seconds after which a trial has failed. */
  readonly trialSeconds: number | undefined;
}

/** What an executor tells of a trial: its number, how it ended and its value are enough. */
export type ExecutorResult = Pick<TrialResult, "index" | "status" | "value"> & Partial<TrialResult>;

/**
 * Runs trials, wherever: one result for each, in any order. Trials come as the method decides on them, some of them only after
 * results of others; a trial that goes wrong is a result with the status "failed", never an exception.
 */
export interface Executor {
  run(trials: AsyncIterable<Trial>, options: ExecutorOptions): AsyncIterable<ExecutorResult>;
}

/** Runs trials in this thread, one after the other. `search` makes it where it is given a function. */
export function inProcess<P>(objective: Objective<P>): Executor {
  anyFunction(objective, "objective", "inProcess");
  return {
    async *run(trials, { signal, steer, trialSeconds }) {
      const milliseconds = trialSeconds === undefined ? undefined : trialSeconds * 1000;
      let paused = performance.now();
      for await (const trial of trials) {
        yield await runTrial(objective as Objective, trial, { signal, steer, milliseconds });
        if (performance.now() - paused < sliceMilliseconds) continue;
        await pause(); // timers and signals get their turn, also beside an objective that never waits
        paused = performance.now();
      }
    },
  };
}

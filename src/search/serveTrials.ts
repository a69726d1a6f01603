// For workers that an application makes itself.

import { LanewiseError } from "../../bindings/errors.ts";
import { anyFunction } from "../check.ts";
import { computeAlone, ownPort, serve } from "./serve.ts";
import type { Objective } from "./trial.ts";

/**
 * Runs an objective for `inThreads(() => new Worker(...))`: the last line of the script of such a worker. The library of this worker
 * computes on one thread. Throws `unsupported` outside of workers.
 */
export function serveTrials<P>(objective: Objective<P>): void {
  anyFunction(objective, "objective", "serveTrials");
  const port = ownPort();
  if (!port)
    throw new LanewiseError(
      "unsupported",
      "serveTrials: this is no worker. Call it in the script of a worker that inThreads(() => new Worker(...)) makes.",
    );
  computeAlone();
  serve(port, async () => objective as Objective);
}

// compile: what a trace recorded -> everything a machine needs, stage by stage.

import type { Node, Tensor } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import type { Costs } from "./chain.ts";
import { chain, usualCosts } from "./chain.ts";
import type { Listing } from "./lower.ts";
import { lower } from "./lower.ts";
import type { Plan } from "./plan.ts";
import { plan } from "./plan.ts";
import type { Schedule } from "./schedule.ts";
import { schedule } from "./schedule.ts";
import type { GraphResults, Rule } from "./simplify.ts";
import { simplify } from "./simplify.ts";

export interface Recorded {
  readonly outputs: readonly Tensor[];
  readonly effects: readonly Node[];
}

export interface Compiled {
  readonly graph: GraphResults;
  readonly schedule: Schedule;
  readonly listing: Listing;
  readonly plan: Plan;
}

/** The rewrite rules, and the op that copies a tensor: what the passes must be given by the ops. */
export interface Vocabulary {
  readonly rules: readonly Rule[];
  readonly copy: Op<null>;
}

export function compile(recorded: Recorded, { rules, copy }: Vocabulary): Compiled {
  const graph = simplify(recorded, rules);
  const ordered = schedule(graph, copy);
  return { graph, schedule: ordered, ...lowerAndPlan(ordered) };
}

/**
 * The stages after scheduling, done again where a control source has gone stale. With `costs` null there are no
 * chains: every result has a place where it can be looked at.
 */
export function lowerAndPlan(ordered: Schedule, costs: Costs | null = usualCosts): Pick<Compiled, "listing" | "plan"> {
  const lowered = lower(ordered);
  const listing = costs ? chain(lowered, costs) : lowered;
  return { listing, plan: plan(listing) };
}

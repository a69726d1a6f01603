// compile: what a trace recorded -> everything a machine needs, stage by stage.

import { roundUp } from "../../bindings/allocator.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import type { ChainTools } from "./chain.ts";
import type { Listing } from "./lower.ts";
import { lower } from "./lower.ts";
import type { Plan } from "./plan.ts";
import { lifetimesOf, plan } from "./plan.ts";
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
  /** What made chains of its instructions; null: they run one by one. */
  readonly chain: ChainPass | null;
}

/** The pass of chain.ts, bound to what it needs. */
export type ChainPass = (listing: Listing) => Listing;

export const chainTools: ChainTools = { fieldsOf, lifetimesOf, roundUp };

/** The rewrite rules, and the op that copies a tensor: what the passes must be given by the ops. */
export interface Vocabulary {
  readonly rules: readonly Rule[];
  readonly copy: Op<null>;
}

export function compile(recorded: Recorded, { rules, copy }: Vocabulary, chain: ChainPass | null = null): Compiled {
  const graph = simplify(recorded, rules);
  const ordered = schedule(graph, copy);
  return { graph, schedule: ordered, ...lowerAndPlan(ordered, chain) };
}

/**
 * The stages after scheduling, done again where a control source has gone stale. With `chain` null every result has a
 * place where it can be looked at.
 */
export function lowerAndPlan(ordered: Schedule, chain: ChainPass | null): Pick<Compiled, "listing" | "plan" | "chain"> {
  const lowered = lower(ordered);
  const listing = chain ? chain(lowered) : lowered;
  return { listing, plan: plan(listing), chain };
}

/** Bytes below which no chain pays: as `usualCosts` of chain.ts has them. */
export const CACHE_BYTES: number = 64 << 20;

/** Whether chains may pay: all buffers, and one place more for what steps leave for each other, are larger than a cache. */
export function isLarge({ listing }: Compiled): boolean {
  const lengths = listing.buffers.map(({ length }) => length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  return (total + longest) * 4 > CACHE_BYTES;
}

/** The same program with chains. */
export function withChains(compiled: Compiled, chain: ChainPass): Compiled {
  const listing = chain(compiled.listing);
  return { ...compiled, listing, plan: plan(listing), chain };
}

// From what is compiled to what runs, for models: chains made, kernels loaded, variables placed, between turns of the event loop.

import type { Machine } from "../../bindings/machine.ts";
import type { ChainPass, Compiled } from "../compile/compile.ts";
import { chainTools, isLarge, withChains } from "../compile/compile.ts";
import { stepsOf } from "../compile/lower.ts";
import type { Executable } from "../executable.ts";
import { createExecutable, placing } from "../executable.ts";
import type { Variable } from "../graph/variable.ts";
import type { Slices } from "./queue.ts";
import { inSlices } from "./queue.ts";

let chains: ChainPass | null = null;

/** What makes chains, once a large program has asked for it. */
export function loadedChains(): ChainPass | null {
  return chains;
}

/** The program with chains, where it is so large that they may pay. */
async function chained(compiled: Compiled): Promise<Compiled> {
  if (compiled.chain || !isLarge(compiled)) return compiled;
  const { chain } = await import("../compile/chain.ts");
  chains = (listing) => chain(listing, chainTools);
  return withChains(compiled, chains);
}

export async function openProgram(
  machine: Machine,
  what: string,
  slices: Slices,
  unchained: Compiled,
  variables: readonly Variable[],
): Promise<Executable> {
  const compiled = await chained(unchained);
  await machine.engine.complete(compiled.listing.instructions.flatMap(stepsOf).map(({ kernel }) => kernel));
  await inSlices(machine, what, slices, placing(machine, variables));
  return createExecutable(machine, compiled);
}

// From what is compiled to what runs, for models: kernels loaded, variables placed, between turns of the event loop.

import type { Machine } from "../../bindings/machine.ts";
import type { Compiled } from "../compile/compile.ts";
import { stepsOf } from "../compile/lower.ts";
import type { Executable } from "../executable.ts";
import { createExecutable, placing } from "../executable.ts";
import type { Variable } from "../graph/variable.ts";
import type { Slices } from "./queue.ts";
import { inSlices } from "./queue.ts";

export async function openProgram(
  machine: Machine,
  what: string,
  slices: Slices,
  compiled: Compiled,
  variables: readonly Variable[],
): Promise<Executable> {
  await machine.engine.complete(compiled.listing.instructions.flatMap(stepsOf).map(({ kernel }) => kernel));
  await inSlices(machine, what, slices, placing(machine, variables));
  return createExecutable(machine, compiled);
}

// Moving averages of weights (`useEma`) in use: reading them, and letting a model compute with them for a while.

import { LanewiseError } from "../../bindings/errors.ts";
import { anyFunction, invalid } from "../check.ts";
import type { Variable } from "../graph/variable.ts";
import { isVariable } from "../graph/variable.ts";
import type { SlotState } from "./counters.ts";
import type { Optimizer } from "./optimizer.ts";

/** A model or layer, or some variables. */
export type Averaged = { readonly variables: readonly Variable[] } | readonly Variable[];

function requireAverages(where: string, optimizer: Optimizer): void {
  if (typeof optimizer !== "object" || optimizer === null || optimizer.kind !== "optimizer")
    throw invalid(where, "optimizer", "an optimizer such as adam({ useEma: true })", optimizer);
  if (!optimizer.state.options.useEma)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: this ${optimizer.name} keeps no averages. Make it with useEma: true.`,
    );
}

/** The variable with the average of `variable`, null before its first update. */
function averageVariable(optimizer: Optimizer, variable: Variable): Variable | null {
  const state: SlotState | undefined = optimizer.state.states.get(variable);
  return state && state.counter.steps > 0 ? (state.slots.weightAverage as Variable) : null;
}

/**
 * The moving average of a variable's weights, a copy: average = emaMomentum average + (1 - emaMomentum) w after each update.
 * Null before the first. Throws `invalid-argument` where the optimizer keeps none.
 */
export function averageOf(optimizer: Optimizer, variable: Variable): { data: Float32Array; shape: number[] } | null {
  requireAverages("averageOf", optimizer);
  if (!isVariable(variable)) throw invalid("averageOf", "variable", "a variable", variable);
  const average = averageVariable(optimizer, variable);
  return (average && optimizer.state.swapped.has(variable) ? variable : average)?.read() ?? null;
}

function variablesOf(where: string, target: Averaged): readonly Variable[] {
  const variables: unknown = Array.isArray(target) ? target : (target as { variables?: unknown } | null)?.variables;
  if (!Array.isArray(variables) || variables.length === 0 || !variables.every(isVariable))
    throw invalid(where, "target", "a model, a layer or an array of variables, with at least one", target);
  return [...new Set(variables as Variable[])]; // exchanged twice one would be where it was, and count as exchanged
}

function swap(where: string, optimizer: Optimizer, target: Averaged): void {
  requireAverages(where, optimizer);
  const pairs = variablesOf(where, target).flatMap((variable): [Variable, Variable][] => {
    const average = averageVariable(optimizer, variable);
    return average ? [[variable, average]] : [];
  });
  if (pairs.length === 0)
    throw new LanewiseError("not-ready", `${where}: ${optimizer.name} has updated none of these variables yet.`);
  const { swapped } = optimizer.state;
  // all are read before any is written: what cannot be read throws first
  const values = pairs.map(([variable, average]) => [variable.read(), average.read()] as const);
  pairs.forEach(([variable, average], i) => {
    const [own, other] = values[i] as (typeof values)[number];
    variable.write(other);
    average.write(own);
    if (!swapped.delete(variable)) swapped.add(variable);
  });
}

/**
 * Lets weights and their averages change places: evaluation, prediction and saving then use the averages. A second call puts them
 * back, without which the optimizer does not train. Variables without an average stay as they are.
 * Throws `invalid-argument` where the optimizer keeps no averages, `not-ready` before the first update, `busy` within a step.
 */
export function swapAverages(optimizer: Optimizer, target: Averaged): void {
  swap("swapAverages", optimizer, target);
}

/**
 * Runs `body` while the weights of a model are their averages, and puts them back. Resolves with what `body` returns.
 * Throws as swapAverages.
 */
export async function withAverages<T>(optimizer: Optimizer, target: Averaged, body: () => T | Promise<T>): Promise<T> {
  anyFunction(body, "body", "withAverages");
  swap("withAverages", optimizer, target);
  try {
    return await body();
  } finally {
    swap("withAverages", optimizer, target);
  }
}

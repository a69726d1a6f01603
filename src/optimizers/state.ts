// Puts the state of an optimizer back, bit for bit; for loading.

import type { Variable } from "../graph/variable.ts";
import type { Counter, OptimizerCore, SlotState } from "./counters.ts";

export interface SavedState {
  readonly variable: Variable;
  /** Updates so far. */
  readonly steps: number;
  /** Calls since the last one. */
  readonly calls: number;
  /** Whether the variable has changed places with its average. */
  readonly swapped: boolean;
  /** Values of the slots by name. */
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** What a slot holds before the first update. */
export function freshSlot({ rule }: OptimizerCore, slot: string, length: number): Float32Array {
  return new Float32Array(length).fill(rule.initial?.[slot] ?? 0);
}

export function restore(core: OptimizerCore, entries: readonly SavedState[]): void {
  const { states, rule, swapped } = core;
  const { advance, createCounter, moveTo, settle, startProducts } = core.counting;
  settle(
    core,
    entries.map(({ variable }) => variable),
  );
  const counters: Counter[] = [];
  for (const entry of entries) {
    const { variable, steps, calls, values } = entry;
    const state = states.get(variable) as SlotState;
    for (const [slot, each] of Object.entries(state.slots)) each.write(values[slot] as Float32Array);
    if (entry.swapped) swapped.add(variable);
    else swapped.delete(variable);
    const { group } = state.counter;
    let counter = counters.find((each) => each.steps === steps && each.calls === calls && each.group === group);
    if (!counter) {
      // products as they are after so many steps, by the same multiplications
      const products = startProducts(rule);
      for (let t = 1; t <= steps; t++) advance(rule, products, t);
      counter = createCounter(core, { steps, calls, products, group });
      counters.push(counter);
    }
    moveTo(core, counter, state);
  }
}

// Slots and counters of an optimizer's variables. Variables that are always updated together share a counter; it is split
// where only some of them are.

import { LanewiseError } from "../../bindings/errors.ts";
import type { KernelName } from "../../bindings/generated/kernels.ts";
import { show } from "../check.ts";
import type { ControlSource, StepState } from "../graph/op.ts";
import type { Variable } from "../graph/variable.ts";
import { createVariable } from "../graph/variable.ts";
import type { Extras } from "./extras.ts";
import type { LearningRate, OptimizerOptions, ParameterGroup } from "./options.ts";

/** What an optimizer's file says about it. */
export interface UpdateRule {
  readonly name: string;
  readonly kernel: KernelName;
  /** Names of the slots, which are also the kernel's operands. */
  readonly slots: readonly string[];
  /** What slots begin with, where that is not 0. */
  readonly initial?: Readonly<Record<string, number>>;
  /** Scalar operands of the kernel. */
  readonly settings: Readonly<Record<string, number>>;
  /** What learning rates are multiplied and decays divided by, where a share that float32 has not exactly asks for it. */
  readonly rateFactor?: number;
  /** Decay factors of update t, from 1, whose running products the update needs: of float32 values. */
  readonly factors?: readonly ((t: number) => number)[];
  /** Control words behind the learning rate, at most three; `products` are those of the factors up to this update t. */
  control?(products: readonly number[], t: number): readonly number[];
}

/** Updates made, and running products of decay factors, of variables that were always updated together. */
export interface Counter {
  steps: number;
  /** Calls since the last update, where several make one. */
  calls: number;
  readonly products: number[];
  readonly group: ParameterGroup | null;
  /** Variables that count with it. */
  members: number;
  source: ControlSource;
}

/** Slots of a variable by name, and its counter. */
export interface SlotState {
  readonly slots: Readonly<Record<string, Variable>>;
  counter: Counter;
}

/** What an optimizer is to the files beside it. */
export interface OptimizerCore {
  readonly rule: UpdateRule;
  readonly options: OptimizerOptions;
  /** Of variables whose group has none of its own. */
  readonly weightDecay: number;
  learningRate: LearningRate;
  /** Of all rates, a group's own among them. */
  learningRateScale: number;
  /** Of the rule, then of sums and averages. */
  readonly slotNames: readonly string[];
  readonly states: WeakMap<Variable, SlotState>;
  /** Variables that have changed places with their averages. */
  readonly swapped: Set<Variable>;
  /** Clipping, sums, averages and groups, once they are loaded; null where none is asked for. */
  extras: Extras | null;
  readonly counting: Counting;
}

/** The functions of this file, for who is loaded on demand: a module that both import would be a file of its own for everybody. */
export interface Counting {
  readonly advance: typeof advance;
  readonly createCounter: typeof createCounter;
  readonly moveTo: typeof moveTo;
  readonly settle: typeof settle;
  readonly startProducts: typeof startProducts;
}

function rateOf(
  { rule, learningRate, learningRateScale }: OptimizerCore,
  { steps, group }: Counter,
  epoch: number,
): number {
  const rate = group?.learningRate ?? learningRate;
  const value: unknown = typeof rate === "function" ? rate(steps, epoch) : rate;
  if (typeof value !== "number" || !Number.isFinite(Math.fround(value)) || value < 0) {
    throw new LanewiseError(
      typeof value === "number" && !Number.isFinite(value) ? "non-finite" : "invalid-argument",
      `${rule.name}: learningRate at step ${steps}, epoch ${epoch} is ${show(value)}; it must be a finite number of at least 0.`,
    );
  }
  return value * learningRateScale * (group?.learningRateFactor ?? 1);
}

/** The control words of a counter: their places stand in assembly/optim/pass.ts. */
function createSource(core: OptimizerCore, counter: Counter): ControlSource {
  const { rule, options } = core;
  const { gradientAccumulationSteps = 1 } = options;
  const products = startProducts(rule);
  return {
    name: `${rule.name} control`,
    length: 8,
    dtype: "float32",
    write(view, { epoch }: StepState) {
      const t = counter.steps + 1;
      for (let i = 0; i < products.length; i++) products[i] = counter.products[i] as number; // committed once it has run
      advance(rule, products, t);
      view[0] = rateOf(core, counter, epoch) * (rule.rateFactor ?? 1);
      rule.control?.(products, t).forEach((word, i) => {
        view[i + 1] = word;
      });
      view.fill(0, 4);
      core.extras?.write(view, counter);
    },
    committed() {
      if (++counter.calls < gradientAccumulationSteps) return;
      counter.calls = 0;
      advance(rule, counter.products, ++counter.steps);
    },
    remember() {
      const { steps, calls } = counter;
      const products = [...counter.products];
      return () => {
        Object.assign(counter, { steps, calls });
        counter.products.splice(0, products.length, ...products);
      };
    },
  };
}

/** Products of the factors before the first update. */
export const startProducts = ({ factors = [] }: UpdateRule): number[] => factors.map(() => 1);

/** Products of the factors up to update t, from those up to the one before. */
export function advance({ factors }: UpdateRule, products: number[], t: number): void {
  factors?.forEach((factor, i) => {
    products[i] = (products[i] as number) * factor(t);
  });
}

export function createCounter(
  core: OptimizerCore,
  from: Pick<Counter, "steps" | "calls" | "products" | "group">,
): Counter {
  const counter = { ...from, products: [...from.products], members: 0 } as unknown as Counter;
  counter.source = createSource(core, counter);
  return counter;
}

/** Moves variables to a counter. Programs that count with their old one are lowered again: who its members are has changed. */
export function moveTo(core: OptimizerCore, counter: Counter, state: SlotState): void {
  const old = state.counter;
  old.members--;
  old.source.stale = true;
  old.source = createSource(core, old);
  state.counter = counter;
  counter.members++;
}

function createSlots({ rule, slotNames }: OptimizerCore, variable: Variable): Record<string, Variable> {
  const slots = slotNames.map((slot) => {
    const options = { role: "slots", group: `${rule.name}/${slot}`, trainable: false } as const;
    const name = `${variable.name}/${rule.name}/${slot}`;
    const initial = { kind: "constant", value: rule.initial?.[slot] ?? 0 } as const;
    return [slot, createVariable(variable.shape, initial, { name, ...options })];
  });
  return Object.fromEntries(slots);
}

/** Slots for variables that have none yet, and one counter a group for the variables of one update. */
export function settle(core: OptimizerCore, variables: readonly Variable[]): void {
  const { states, rule } = core;
  const counts = new Map<Counter, SlotState[]>();
  const fresh = new Map<ParameterGroup | null, Counter>();
  for (const variable of variables) {
    const known = states.get(variable);
    if (known) {
      const list = counts.get(known.counter);
      if (list) list.push(known);
      else counts.set(known.counter, [known]);
      continue;
    }
    const group = core.extras?.groupOf(variable) ?? null;
    let counter = fresh.get(group);
    if (!counter) {
      counter = createCounter(core, { steps: 0, calls: 0, products: startProducts(rule), group });
      fresh.set(group, counter);
    }
    states.set(variable, { slots: createSlots(core, variable), counter });
    counter.members++;
  }
  for (const [counter, members] of counts) {
    if (members.length === counter.members) continue;
    const split = createCounter(core, counter);
    for (const state of members) moveTo(core, split, state);
  }
}

export const counting: Counting = { advance, createCounter, moveTo, settle, startProducts };

// What all optimizers share: slots and step counters by variable, and an update recorded as one effect a
// variable. Neighbouring variables become one instruction when the program is assembled.

import { LanewiseError } from "../../bindings/errors.ts";
import type { KernelName } from "../../bindings/generated/kernels.ts";
import { invalid, positive, show } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { isTensor } from "../graph/graph.ts";
import type { Buffer, ControlSource, LowerContext, Op, StepState } from "../graph/op.ts";
import { readVariable, recordEffect, requireTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { createVariable, isVariable } from "../graph/variable.ts";
import { requireFloat } from "../ops/broadcasting.ts";
import { guard } from "../ops/effects.ts";
import { gradients } from "../ops/gradients.ts";
import { formatShape, sameShape } from "../shape.ts";

import { learningRateOption } from "./learningRate.ts";

/** A number, or a function of the step (updates of these variables so far) and the epoch, both from 0. */
export type LearningRate = number | ((step: number, epoch: number) => number);

/** Steps taken, and running products of decay factors, of variables that were always updated together. */
export interface Counter {
  steps: number;
  /** factor^steps for each decay factor, by multiplication. */
  readonly products: number[];
  /** Variables that count with it. */
  members: number;
  source: ControlSource;
}

interface SlotState {
  readonly slots: readonly Variable[];
  counter: Counter;
}

/** What an optimizer's file says about it. */
export interface UpdateRule {
  readonly name: string;
  readonly kernel: KernelName;
  /** Names of the slots, which are also the kernel's operands. */
  readonly slots: readonly string[];
  /** Scalar operands of the kernel. */
  readonly settings: Readonly<Record<string, number>>;
  /** Decay factors whose powers the update needs, float32 values. */
  readonly factors: readonly number[];
  /** Control words behind the learning rate; `powers` are factor^t of this update, t from 1. */
  control(powers: readonly number[]): readonly number[];
}

export interface OptimizerState {
  readonly variable: Variable;
  /** Updates so far. */
  readonly steps: number;
  /** Values of the slots by name. */
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** A rule of updates, with its slots and step counters by variable. */
export interface Optimizer {
  readonly kind: "optimizer";
  readonly name: string;
  readonly slotNames: readonly string[];
  /** May be changed between steps; read, it is scaled. */
  learningRate: LearningRate;
  /** A factor of the learning rate that is saved with the model's file; 1 at first, and again when learningRate is set. */
  learningRateScale: number;
  /**
   * Records an update of the variables by the gradients of the loss (a scalar). A loss that is not finite ends
   * the step before anything is changed.
   */
  minimize(loss: Tensor, variables: readonly Variable[]): void;
  /** Records an update from gradients that the caller has. */
  apply(pairs: readonly (readonly [Variable, Tensor])[]): void;
  /** Slots and steps of a variable, null before its first update; for saving. */
  stateOf(variable: Variable): { slots: Readonly<Record<string, Variable>>; steps: number } | null;
  /** Puts back what stateOf gave. */
  restore(entries: readonly OptimizerState[]): void;
}

interface UpdateAttributes {
  readonly variable: Variable;
  readonly state: SlotState;
}

export function createOptimizer(rule: UpdateRule, learningRate: LearningRate): Optimizer {
  const states = new WeakMap<Variable, SlotState>();
  let current = learningRate;
  let scale = 1;

  const rate = (steps: number, epoch: number): number => {
    const value: unknown = typeof current === "function" ? current(steps, epoch) : current;
    if (typeof value !== "number" || !Number.isFinite(Math.fround(value)) || value < 0) {
      throw new LanewiseError(
        typeof value === "number" && !Number.isFinite(value) ? "non-finite" : "invalid-argument",
        `${rule.name}: learningRate at step ${steps}, epoch ${epoch} is ${show(value)}; it must be a finite number of at least 0.`,
      );
    }
    return value * scale;
  };

  /** The control words of a counter: the learning rate, and what the rule makes of this step's powers. */
  const createSource = (counter: Omit<Counter, "source">): ControlSource => {
    const powers = rule.factors.map(() => 1);
    return {
      name: `${rule.name} control`,
      length: 8,
      dtype: "float32",
      write(view, { epoch }: StepState) {
        rule.factors.forEach((factor, i) => {
          powers[i] = (counter.products[i] as number) * factor;
        });
        view[0] = rate(counter.steps, epoch);
        const words = rule.control(powers);
        for (let i = 0; i < words.length; i++) view[i + 1] = words[i] as number;
      },
      committed() {
        counter.steps++;
        for (let i = 0; i < rule.factors.length; i++) {
          counter.products[i] = (counter.products[i] as number) * (rule.factors[i] as number);
        }
      },
    };
  };
  const createCounter = (steps: number, products: readonly number[]): Counter => {
    const counter = { steps, products: [...products], members: 0 };
    return Object.assign(counter, { source: createSource(counter) });
  };
  /** Programs that count with it are lowered again: who its members are has changed. */
  const renew = (counter: Counter): void => {
    counter.source.stale = true;
    counter.source = createSource(counter);
  };
  const ones = rule.factors.map(() => 1);

  /** One counter for the variables of one update: split where only some of a counter's members are updated. */
  const settle = (variables: readonly Variable[]): void => {
    const counts = new Map<Counter, Variable[]>();
    let fresh: Counter | null = null;
    for (const variable of variables) {
      const known = states.get(variable);
      if (known) {
        const list = counts.get(known.counter);
        if (list) list.push(variable);
        else counts.set(known.counter, [variable]);
        continue;
      }
      fresh ??= createCounter(0, ones);
      const slots = rule.slots.map((slot) =>
        createVariable(
          variable.shape,
          { kind: "constant", value: 0 },
          {
            name: `${variable.name}/${rule.name}/${slot}`,
            role: "slots",
            group: `${rule.name}/${slot}`,
            trainable: false,
          },
        ),
      );
      states.set(variable, { slots, counter: fresh });
      fresh.members++;
    }
    for (const [counter, members] of counts) {
      if (members.length === counter.members) continue;
      const split = createCounter(counter.steps, counter.products);
      counter.members -= members.length;
      split.members = members.length;
      renew(counter);
      for (const variable of members) (states.get(variable) as SlotState).counter = split;
    }
  };

  const updateOp: Op<UpdateAttributes> = {
    name: rule.name,
    infer: (inputs) => inputs.filter((_, i) => i !== 1).map((input) => ({ shape: input.dims, dtype: "float32" })),
    writes: ({ variable, state }) => [variable, ...state.slots],
    lower: (context: LowerContext<UpdateAttributes>) => {
      const { inputs, attributes, emit, control, markGradient } = context;
      const [w, g, ...slots] = inputs as [Buffer, Buffer, ...Buffer[]];
      markGradient(g, attributes.variable);
      const operands: Record<string, unknown> = {
        ...rule.settings,
        n: w.length,
        w,
        g,
        control: control(attributes.state.counter.source),
      };
      rule.slots.forEach((slot, i) => {
        operands[slot] = slots[i];
      });
      emit(rule.kernel, operands as never, { advance: ["w", "g", ...rule.slots] });
    },
    describe: ({ variable }) => variable.name,
  };

  const record = (pairs: readonly (readonly [Variable, Tensor])[]): void => {
    const { effects } = requireTrace(rule.name);
    const updated = (variable: Variable) =>
      effects.some(({ op, attributes }) => op === updateOp && (attributes as UpdateAttributes).variable === variable);
    const [twice] = pairs.find(([variable]) => updated(variable)) ?? [];
    if (twice)
      throw new LanewiseError(
        "invalid-argument",
        `${rule.name}: "${twice.name}" is updated twice in one step. Add the losses, or use two optimizers.`,
      );
    settle(pairs.map(([variable]) => variable));
    for (const [variable, gradient] of pairs) {
      const state = states.get(variable) as SlotState;
      recordEffect(updateOp, [readVariable(variable), gradient, ...state.slots.map(readVariable)], { variable, state });
    }
  };

  const self: Optimizer = {
    kind: "optimizer",
    name: rule.name,
    slotNames: rule.slots,
    get learningRate() {
      const [rate, factor] = [current, scale];
      if (factor === 1) return rate;
      return typeof rate === "function" ? (step: number, epoch: number) => rate(step, epoch) * factor : rate * factor;
    },
    set learningRate(value) {
      learningRateOption(value, "learningRate", rule.name);
      current = value;
      scale = 1;
    },
    get learningRateScale() {
      return scale;
    },
    set learningRateScale(value) {
      scale = positive(value, "learningRateScale", rule.name);
    },
    minimize(loss, variables) {
      const where = `${rule.name}.minimize`;
      requireTrace(where);
      if (!isTensor(loss)) throw invalid(where, "loss", "a tensor", loss);
      if (loss.dims.length !== 0) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: the loss must be a scalar, got ${formatShape(loss.shape)}. Take ops.mean.`,
        );
      }
      checkVariables(where, variables);
      guard(loss, "loss");
      const found = gradients(loss, variables);
      record(variables.map((variable, i) => [variable, found[i] as Tensor]));
    },
    apply(pairs) {
      const where = `${rule.name}.apply`;
      requireTrace(where);
      if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
        throw invalid(where, "pairs", "an array of [variable, gradient]", pairs);
      }
      checkVariables(
        where,
        pairs.map(([variable]) => variable),
      );
      for (const [variable, gradient] of pairs) {
        if (!isTensor(gradient)) throw invalid(where, `gradient of "${variable.name}"`, "a tensor", gradient);
        requireFloat(where, gradient, "gradient");
        if (!sameShape(gradient.dims, variable.shape)) {
          throw new LanewiseError(
            "shape-mismatch",
            `${where}: variable "${variable.name}" has shape ${formatShape(variable.shape)}, its gradient ${formatShape(gradient.shape)}.`,
          );
        }
      }
      record(pairs);
    },
    stateOf(variable) {
      const state = states.get(variable);
      if (!state) return null;
      return {
        slots: Object.fromEntries(rule.slots.map((slot, i) => [slot, state.slots[i] as Variable])),
        steps: state.counter.steps,
      };
    },
    restore(entries) {
      settle(entries.map(({ variable }) => variable));
      const counters = new Map<number, Counter>();
      for (const { variable, steps, values } of entries) {
        const state = states.get(variable) as SlotState;
        rule.slots.forEach((slot, i) => {
          state.slots[i]?.write(values[slot] as Float32Array);
        });
        let counter = counters.get(steps);
        if (!counter) {
          // products as they are after so many steps, by the same multiplications
          const products = [...ones];
          for (let step = 0; step < steps; step++) {
            for (let i = 0; i < products.length; i++)
              products[i] = (products[i] as number) * (rule.factors[i] as number);
          }
          counter = createCounter(steps, products);
          counters.set(steps, counter);
        }
        state.counter.members--;
        renew(state.counter);
        state.counter = counter;
        counter.members++;
      }
    },
  };
  return self;
}

function checkVariables(where: string, variables: readonly Variable[]): void {
  if (!Array.isArray(variables) || variables.length === 0)
    throw invalid(where, "variables", "a non-empty array of variables", variables);
  variables.forEach((each, i) => {
    if (!isVariable(each)) throw invalid(where, `variables[${i}]`, "a variable", each);
    if (!each.trainable)
      throw new LanewiseError(
        "invalid-argument",
        `${where}: variables[${i}] "${each.name}" is not trainable. Leave it out.`,
      );
    if (variables.indexOf(each) !== i)
      throw new LanewiseError("invalid-argument", `${where}: variables[${i}] "${each.name}" is named twice.`);
  });
}

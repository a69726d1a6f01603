// What few optimizers are asked for: groups of variables, sums of gradients over several calls, clipping, averages of weights.
// Loaded on demand, and so given what it needs of the rest (`Counting` in counters.ts says why).
// Gradients are changed where they lie; where nothing has to be clipped nothing is written.

import type { Tensor } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { Variable } from "../graph/variable.ts";
import type { Counter, OptimizerCore, SlotState } from "./counters.ts";
import { createGroups } from "./groups.ts";
import type { ParameterGroup } from "./options.ts";

type Pair = readonly [Variable, Tensor];

export interface Extras {
  /** Writes the control words behind the rule's, before a step. */
  write(view: Float32Array | Float64Array | Int32Array, counter: Counter): void;
  groupOf(variable: Variable): ParameterGroup | null;
  /** The pairs of variables that are not frozen. */
  select(pairs: readonly Pair[]): readonly Pair[];
  /** The gradients of an update: means of several calls, clipped. */
  gradients(pairs: readonly Pair[]): readonly Pair[];
  /** What a weight becomes by its constraint: in a call between two updates it stays as it is. */
  resting(variable: Variable, allowed: Tensor): Tensor;
  /** Records the averages of weights that were updated. */
  averages(pairs: readonly Pair[]): void;
}

/** What the module is given. */
export interface Tools {
  apply<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor;
  readVariable(variable: Variable): Tensor;
  recordEffect<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[];
  guard(value: Tensor, what: string): void;
  /** Throws an `invalid-argument`. */
  refuse(message: string): never;
}

export const SUM_SLOT = "gradientSum";
export const AVERAGE_SLOT = "weightAverage";

interface OfVariable {
  readonly variable: Variable;
  readonly state: SlotState;
}

/** A gradient in another's bytes. */
const sameType = ([g]: readonly Tensor[]): { shape: readonly number[]; dtype: "float32" }[] => [
  { shape: (g as Tensor).dims, dtype: "float32" },
];

/** The sum over the calls so far, in the last call their mean, clipped to [-clipValue, clipValue]. */
const accumulateOp: Op<OfVariable & { steps: number; clipValue: number }> = {
  name: "accumulate",
  infer: sameType,
  inPlace: [0],
  lower({ inputs, outputs: [out], attributes, emit, control, markGradient }) {
    const [x, sum] = inputs as [Buffer, Buffer];
    const { variable, state, steps, clipValue } = attributes;
    markGradient(x, variable);
    markGradient(out as Buffer, variable);
    const words = control(state.counter.source);
    const operands = { n: x.length, steps, clipValue, x, sum, out: out as Buffer, control: words };
    emit("accumulate", operands, { advance: ["x", "sum", "out"] });
  },
  describe: ({ variable }) => variable.name,
};

/** Keeps the sum for the next call, where this is not the last. */
const keepOp: Op<OfVariable> = {
  name: "keep",
  infer: sameType,
  writes: ({ state }) => [state.slots[SUM_SLOT] as Variable],
  lower({ inputs: [, x], outputs: [out], attributes: { state }, emit, control }) {
    const operands = { n: (x as Buffer).length, x: x as Buffer, out: out as Buffer };
    emit("keep", { ...operands, control: control(state.counter.source) }, { advance: ["out", "x"] });
  },
  describe: ({ variable }) => variable.name,
};

/** The first in a call that updates, the second in the others. */
const restOp: Op<OfVariable> = {
  name: "rest",
  infer: sameType,
  inPlace: [0],
  lower({ inputs, outputs: [out], attributes: { state }, emit, control }) {
    const [allowed, w] = inputs as [Buffer, Buffer];
    const n = w.length;
    if (allowed !== out) emit("copy", { n, x: allowed, out: out as Buffer });
    emit("keep", { n, x: w, out: out as Buffer, control: control(state.counter.source) });
  },
  describe: ({ variable }) => variable.name,
};

const clipValueOp: Op<{ variable: Variable; limit: number }> = {
  name: "clipValue",
  infer: sameType,
  inPlace: [0],
  lower({ inputs: [x], outputs: [out], attributes: { variable, limit }, emit, markGradient }) {
    markGradient(x as Buffer, variable);
    markGradient(out as Buffer, variable);
    const operands = { n: (x as Buffer).length, low: -limit, high: limit, x: x as Buffer, out: out as Buffer };
    emit("clip", operands, { advance: ["x", "out"] });
  },
  describe: ({ variable, limit }) => `${variable.name} ${limit}`,
};

/** The Euclidean norms of all inputs. */
const normsOp: Op<{ variables: readonly Variable[] }> = {
  name: "norms",
  infer: (inputs) => [{ shape: [inputs.length], dtype: "float32" }],
  lower({ inputs, outputs: [norms], attributes: { variables }, emit, markGradient }) {
    inputs.forEach((x, place) => {
      markGradient(x, variables[place] as Variable);
      emit("norm", { n: x.length, place, places: inputs.length, x, norms: norms as Buffer });
    });
  },
};

/** min(1, limit / norm) of each norm, or of all together. */
const clipFactorOp: Op<{ limit: number; places: number; state: SlotState | null }> = {
  name: "clipFactor",
  infer: (_, { places }) => [{ shape: [places], dtype: "float32" }],
  lower({ inputs: [x], outputs: [out], attributes: { limit, places, state }, emit, control }) {
    const operands = { n: (x as Buffer).length, places, limit, x: x as Buffer, out: out as Buffer };
    emit("clipFactor", { ...operands, control: state && control(state.counter.source) });
  },
  describe: ({ limit }) => String(limit),
};

const scaleByOp: Op<{ variable: Variable; place: number; places: number }> = {
  name: "scaleBy",
  infer: sameType,
  inPlace: [0],
  lower({ inputs, outputs: [out], attributes: { variable, place, places }, emit, markGradient }) {
    const [x, factors] = inputs as [Buffer, Buffer];
    markGradient(x, variable);
    markGradient(out as Buffer, variable);
    emit("scaleBy", { n: x.length, place, places, x, factors, out: out as Buffer }, { advance: ["x", "out"] });
  },
  describe: ({ variable }) => variable.name,
};

/** average = momentum average + (1 - momentum) w; then w = average where it is time for that. */
const averageOp: Op<OfVariable> = {
  name: "weightAverage",
  infer: (inputs) => inputs.map((input) => ({ shape: input.dims, dtype: "float32" })),
  writes: ({ variable, state }) => [variable, state.slots[AVERAGE_SLOT] as Variable],
  lower({ outputs, attributes: { state }, emit, control }) {
    const [w, average] = outputs as [Buffer, Buffer];
    const operands = { n: w.length, w, average, control: control(state.counter.source) };
    emit("weightAverage", operands, { advance: ["w", "average"] });
  },
  describe: ({ variable }) => variable.name,
};

export function createExtras(
  { options, states, swapped }: OptimizerCore,
  { apply, readVariable, recordEffect, guard, refuse }: Tools,
): Extras {
  const { clipValue, clipNorm, globalClipNorm, gradientAccumulationSteps: steps = 1, useEma } = options;
  const { emaMomentum = 0.99, emaOverwriteFrequency = 0 } = options;
  const limit = clipNorm ?? globalClipNorm;
  const groups = createGroups(options.groups ?? [], refuse);
  const stateOf = (variable: Variable): SlotState => states.get(variable) as SlotState;

  const summed = ([variable, g]: Pair): Pair => {
    const state = stateOf(variable);
    const sum = readVariable(state.slots[SUM_SLOT] as Variable);
    const attributes = { variable, state, steps, clipValue: clipValue ?? Number.POSITIVE_INFINITY };
    return [variable, apply(accumulateOp, [g, sum], attributes)];
  };
  const clippedByNorm = (pairs: readonly Pair[], limit: number): Pair[] => {
    const [first] = pairs as [Pair];
    const variables = pairs.map(([variable]) => variable);
    const norms = apply(
      normsOp,
      pairs.map(([, g]) => g),
      { variables },
    );
    guard(norms, "norm of the gradients");
    const places = globalClipNorm === undefined ? pairs.length : 1;
    // variables whose calls are counted apart are clipped when the first is due
    const state = steps > 1 ? stateOf(first[0]) : null;
    const factors = apply(clipFactorOp, [norms], { limit, places, state });
    return pairs.map(([variable, g], i) => {
      return [variable, apply(scaleByOp, [g, factors], { variable, place: places === 1 ? 0 : i, places })];
    });
  };

  return {
    groupOf: groups.groupOf,
    write(view, { steps: before, calls }) {
      if (swapped.size > 0)
        refuse("weights have changed places with their averages. Call swapAverages again before training goes on.");
      view[4] = before === 0 ? 0 : emaMomentum;
      view[5] = Number(emaOverwriteFrequency > 0 && (before + 1) % emaOverwriteFrequency === 0);
      view[6] = Number(calls > 0);
      view[7] = Number(calls + 1 < steps);
    },
    select(pairs) {
      groups.check(pairs.map(([variable]) => variable));
      const selected = pairs.filter(([variable]) => !groups.groupOf(variable)?.frozen);
      if (selected.length === 0) {
        refuse("its groups leave every variable of this step frozen.");
      }
      return selected;
    },
    gradients(pairs) {
      let found = pairs;
      if (steps > 1) found = found.map(summed);
      else if (clipValue !== undefined)
        found = found.map(([variable, g]) => [variable, apply(clipValueOp, [g], { variable, limit: clipValue })]);
      if (limit !== undefined) found = clippedByNorm(found, limit);
      if (steps > 1) {
        for (const [variable, g] of found) {
          const state = stateOf(variable);
          recordEffect(keepOp, [readVariable(state.slots[SUM_SLOT] as Variable), g], { variable, state });
        }
      }
      return found;
    },
    resting(variable, allowed) {
      if (steps === 1) return allowed;
      return apply(restOp, [allowed, readVariable(variable)], { variable, state: stateOf(variable) });
    },
    averages(pairs) {
      if (!useEma) return;
      for (const [variable] of pairs) {
        const state = stateOf(variable);
        const average = readVariable(state.slots[AVERAGE_SLOT] as Variable);
        recordEffect(averageOp, [readVariable(variable), average], { variable, state });
      }
    },
  };
}

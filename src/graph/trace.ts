// A trace: what one call of a function on symbols records beside the graph itself: the current version of
// each variable, effects in order, guards. One trace is current while the function runs.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Node, Tensor } from "./graph.ts";
import { apply, applyOp, currentScope, isTensor, makeNode } from "./graph.ts";
import type { Op } from "./op.ts";
import type { Variable } from "./variable.ts";
import { isVariable } from "./variable.ts";

/** A call of a layer that was watched. */
export interface WatchedCall {
  readonly layer: object;
  readonly output: Tensor;
  /** Whether it would have behaved by chance and was not let. */
  readonly silenced: boolean;
}

/** What a trace notes for those who look into a model. */
export interface Watch {
  /** Layers that behave by chance while training, such as dropout, behave as at inference. */
  readonly quiet: boolean;
  /** Filled in the order of the calls' ends. */
  readonly calls: WatchedCall[];
}

export interface Trace {
  readonly training: boolean;
  /** The newest version of each variable that was read or written. */
  readonly versions: Map<Variable, Tensor>;
  /** Effects and guards in the order recorded. */
  readonly effects: Node[];
  /** Random streams given out: each random call has its own. */
  readonly streams: { count: number };
  /** Layers that no model owns, in the order of their first call. */
  readonly layers: object[];
  readonly watch?: Watch;
  /** Penalties on activations, one value an example each. */
  readonly penalties: Tensor[];
}

let current: Trace | null = null;

export function createTrace(training: boolean, watch?: Watch): Trace {
  const fresh = { versions: new Map(), effects: [], streams: { count: 0 }, layers: [], penalties: [] };
  return { training, ...fresh, ...(watch && { watch }) };
}

/** Runs `body` while `trace` is the current one. */
export function withTrace<T>(trace: Trace, body: () => T): T {
  const outer = current;
  current = trace;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** The current trace; `what` names the call that needs one. */
export function requireTrace(what: string): Trace {
  if (!current) {
    throw new LanewiseError(
      "invalid-argument",
      `${what} can only be called inside the function given to program(), or in a layer.`,
    );
  }
  return current;
}

/** Refuses what must be made once, outside the functions that are called for each batch size. */
export function requireOutside(what: string): void {
  if (current)
    throw new LanewiseError(
      "invalid-argument",
      `${what} is made inside a function on tensors, anew for each size. Make it outside.`,
    );
}

export function currentTrace(): Trace | null {
  return current;
}

/** Reading a variable: its value when the program starts. */
export const variableOp: Op<Variable> = {
  name: "variable",
  source: "variable",
  infer: (_, variable) => [{ shape: variable.shape, dtype: "float32" }],
  replay: (_, variable) => [readVariable(variable)],
  describe: (variable) => variable.name,
};

/** A constant tensor. */
export interface ConstantAttributes {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

export const constantOp: Op<ConstantAttributes> = {
  name: "constant",
  source: "constant",
  infer: (_, { shape, values }) => [{ shape, dtype: values instanceof Int32Array ? "int32" : "float32" }],
  describe: ({ values }) => (values.length === 1 ? String(values[0]) : `${values.length} values`),
};

export interface InputAttributes {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
}

/** What the host writes before a step. */
export const inputOp: Op<InputAttributes> = {
  name: "input",
  source: "input",
  infer: (_, { shape, dtype }) => [{ shape, dtype }],
  describe: ({ name }) => name,
};

export function makeInput(attributes: InputAttributes, symbolic: boolean): Tensor {
  const node = makeNode(inputOp as Op<unknown>, [], attributes, inputOp.infer([], attributes), { symbolic });
  return node.outputs[0] as Tensor;
}

/** The current version of a variable as a tensor. */
export function readVariable(variable: Variable): Tensor {
  if (!current) return apply(variableOp, [], variable); // in a recorded model: resolved when it is traced
  let tensor = current.versions.get(variable);
  if (!tensor) {
    tensor = apply(variableOp, [], variable);
    current.versions.set(variable, tensor);
  }
  return tensor;
}

/** Records an effect: a node whose outputs are the new versions of variables. */
export function recordEffect<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  const trace = requireTrace(op.name);
  const outputs = applyOp(op, inputs, attributes);
  const first = outputs[0] as Tensor;
  trace.effects.push(first.node);
  (op.writes?.(attributes) ?? []).forEach((variable, i) => {
    trace.versions.set(variable, outputs[i] as Tensor);
  });
  return outputs;
}

/** What ops accept where they want a tensor. */
export type TensorLike = Tensor | Variable | number;

/** Turns what a user passed to an op into a tensor; numbers become constants. */
export function toTensor(where: string, value: unknown, name = "x"): Tensor {
  if (isTensor(value)) return value;
  if (isVariable(value)) return readVariable(value);
  if (typeof value === "number") {
    return apply(constantOp, [], { values: Float32Array.of(value), shape: [] });
  }
  const scope = currentScope();
  throw new LanewiseError(
    "invalid-argument",
    `${scope ? `${scope}: ` : ""}${where}: ${name} must be a tensor, a variable or a number, got ${value === null ? "null" : typeof value}. Arrays become tensors by ops.constant.`,
  );
}

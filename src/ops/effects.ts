// Effects: what changes variables, and the guard that stands before all of it.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { makeNode } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { readVariable, recordEffect, requireTrace, toTensor } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { isVariable } from "../graph/variable.ts";
import { formatShape, sameShape } from "../shape.ts";
import { requireFloat } from "./broadcasting.ts";

const assignOp: Op<{ variable: Variable }> = {
  name: "assign",
  infer: ([target]) => [{ shape: (target as Tensor).dims, dtype: "float32" }],
  writes: ({ variable }) => [variable],
  lower({ inputs: [, value], outputs: [out], emit }) {
    if (value !== out) emit("copy", { n: (out as Buffer).length, x: value as Buffer, out: out as Buffer });
  },
  describe: ({ variable }) => variable.name,
};

/** Writes a tensor that is known to fit into a variable. */
export function overwrite(variable: Variable, value: Tensor): void {
  recordEffect(assignOp, [readVariable(variable), value], { variable });
}

/**
 * Writes a tensor of the variable's shape into it, as part of the step, after everything that reads the old
 * values. Later reads in the same function see the new ones.
 */
export function assign(variable: Variable, value: TensorLike): void {
  if (!isVariable(variable)) throw invalid("assign", "variable", "a variable", variable);
  requireTrace("assign");
  const tensor = toTensor("assign", value, "value");
  requireFloat("assign", tensor, "value");
  if (!sameShape(tensor.dims, variable.shape)) {
    throw new LanewiseError(
      "shape-mismatch",
      `assign: variable "${variable.name}" has shape ${formatShape(variable.shape)}, the value ${formatShape(tensor.shape)}.`,
    );
  }
  overwrite(variable, tensor);
}

const movingAverageOp: Op<{ variable: Variable; momentum: number }> = {
  name: "movingAverage",
  infer: ([target]) => [{ shape: (target as Tensor).dims, dtype: "float32" }],
  writes: ({ variable }) => [variable],
  lower({ inputs: [, value], outputs: [moving], attributes: { momentum }, emit }) {
    emit("movingAverage", { n: (moving as Buffer).length, momentum, value: value as Buffer, moving: moving as Buffer });
  },
  describe: ({ variable, momentum }) => `${variable.name} momentum ${momentum}`,
};

/** variable = momentum variable + (1 - momentum) value */
export function updateMovingAverage(variable: Variable, value: Tensor, momentum: number): void {
  recordEffect(movingAverageOp, [readVariable(variable), value], { variable, momentum });
}

const guardOp: Op<{ what: string }> = {
  name: "guard",
  guard: true,
  infer: () => [],
  lower({ inputs: [value], emit }) {
    emit("guard", { n: (value as Buffer).length, value: value as Buffer });
  },
  describe: ({ what }) => what,
};

/** Ends the step before any effect where the value is not finite. */
export function guard(value: Tensor, what: string): void {
  const trace = requireTrace("guard");
  trace.effects.push(makeNode(guardOp as Op<unknown>, [value], { what }, []));
}

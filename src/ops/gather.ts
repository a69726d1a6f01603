// Rows by index, one-hot rows, and comparing integers.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { requireFloat } from "./broadcasting.ts";

function requireInt(where: string, x: Tensor, name: string): void {
  if (x.dtype !== "int32") {
    throw new LanewiseError(
      "dtype-mismatch",
      `${where}: ${name} must be int32, got ${x.dtype} ${formatShape(x.shape)}.`,
    );
  }
}

const gatherGradientOp: Op<{ dims: readonly number[] }> = {
  name: "gatherGradient",
  infer: (_, { dims }) => [{ shape: dims, dtype: "float32" }],
  gradient: ({ inputs: [indices], upstream: [u] }) => [null, gather(u as Tensor, indices as Tensor)],
  lower({ inputs: [indices, dy], outputs: [dx], attributes: { dims }, emit }) {
    const rows = dims[0] as number;
    emit("gatherGradient", {
      rows,
      columns: sizeOf(dims.slice(1)),
      count: (indices as Buffer).length,
      indices: indices as Buffer,
      dy: dy as Buffer,
      dx: dx as Buffer,
    });
  },
};

const gatherOp: Op<null> = {
  name: "gather",
  infer: ([x, indices]) => {
    requireFloat("ops.gather", x as Tensor);
    requireInt("ops.gather", indices as Tensor, "indices");
    return [{ shape: [...(indices as Tensor).dims, ...(x as Tensor).dims.slice(1)], dtype: "float32" }];
  },
  gradient: ({ inputs: [x, indices], upstream: [dy] }) => [
    apply(gatherGradientOp, [indices as Tensor, dy as Tensor], { dims: (x as Tensor).dims }),
    null,
  ],
  lower({ inputs: [x, indices], inputTypes, outputs: [out], emit }) {
    const dims = inputTypes[0]?.shape ?? [];
    emit("gather", {
      rows: dims[0] as number,
      columns: sizeOf(dims.slice(1)),
      count: (indices as Buffer).length,
      x: x as Buffer,
      indices: indices as Buffer,
      out: out as Buffer,
    });
  },
};

/** x[indices]: entries along the first axis by int32 index; repeated indices add their gradients. */
export function gather(x: TensorLike, indices: TensorLike): Tensor {
  const tensor = toTensor("ops.gather", x);
  if (tensor.dims.length === 0) throw invalid("ops.gather", "x", "a tensor with at least one axis", "a scalar");
  return apply(gatherOp, [tensor, toTensor("ops.gather", indices, "indices")], null);
}

interface OneHotAttributes {
  readonly depth: number;
  readonly on: number;
  readonly off: number;
}

const oneHotOp: Op<OneHotAttributes> = {
  name: "oneHot",
  infer: ([indices], { depth }) => [{ shape: [...(indices as Tensor).dims, depth], dtype: "float32" }],
  lower({ inputs: [indices], outputs: [out], attributes: { depth, on, off }, emit }) {
    const operands = { count: (indices as Buffer).length, columns: depth, on, off };
    emit("oneHot", { ...operands, indices: indices as Buffer, out: out as Buffer });
  },
};

/** Rows of `depth` numbers that are 1 at the int32 index and 0 elsewhere. */
export function oneHot(indices: TensorLike, depth: number): Tensor {
  const tensor = toTensor("ops.oneHot", indices, "indices");
  requireInt("ops.oneHot", tensor, "indices");
  if (!Number.isInteger(depth) || depth < 1 || depth >= 2 ** 31)
    throw invalid("ops.oneHot", "depth", "a positive integer", depth);
  return apply(oneHotOp, [tensor], { depth, on: 1, off: 0 });
}

/** Targets from labels: 1 - smoothing for the label, and smoothing / classes for each class beside (Szegedy et al. 2016). */
export function smoothedLabels(labels: Tensor, classes: number, smoothing: number): Tensor {
  const off = smoothing / classes;
  return apply(oneHotOp, [labels], { depth: classes, on: 1 - smoothing + off, off });
}

const sameIntegersOp: Op<null> = {
  name: "sameIntegers",
  infer: ([a]) => [{ shape: (a as Tensor).dims, dtype: "float32" }],
  lower({ inputs: [a, b], outputs: [out], emit }) {
    emit("equalInt32", { n: (a as Buffer).length, a: a as Buffer, b: b as Buffer, out: out as Buffer });
  },
};

/** 1 where two int32 tensors of one shape agree, 0 elsewhere, as float32. */
export function sameIntegers(a: Tensor, b: Tensor): Tensor {
  requireInt("sameIntegers", a, "a");
  requireInt("sameIntegers", b, "b");
  if (!sameShape(a.dims, b.dims)) {
    throw new LanewiseError(
      "shape-mismatch",
      `integers of shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} cannot be compared.`,
    );
  }
  return apply(sameIntegersOp, [a, b], null);
}

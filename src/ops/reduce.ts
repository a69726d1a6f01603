// Reductions other than sums: largest, smallest, and where the largest is.

import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { normalizeAxis, sizeOf } from "../shape.ts";
import type { ReduceAttributes, ReduceOptions } from "./broadcasting.ts";
import { kept, reduce, reduceOp, requireFloat, reshape, sum } from "./broadcasting.ts";
import { div, equal, mul } from "./pointwise.ts";
import { transpose } from "./shaping.ts";

// equal largest entries share the gradient
const extremeGradient: NonNullable<Op<ReduceAttributes>["gradient"]> = ({
  inputs: [x],
  outputs: [y],
  upstream: [dy],
  attributes: { axes },
}) => {
  const mask = equal(x as Tensor, reshape(y as Tensor, kept((x as Tensor).dims, axes)));
  const count = sum(mask, { axes });
  return [mul(mask, reshape(div(dy as Tensor, count), kept((x as Tensor).dims, axes)))];
};
const maxOp: Op<ReduceAttributes> = /* @__PURE__ */ reduceOp("reduceMax", extremeGradient);
const minOp: Op<ReduceAttributes> = /* @__PURE__ */ reduceOp("reduceMin", extremeGradient);

/** Largest value over `axes`; NaN where one is. Equal largest values share the gradient. */
export function max(x: TensorLike, options: ReduceOptions = {}): Tensor {
  return reduce("max", maxOp, x, options);
}

/** Smallest value over `axes`; NaN where one is. */
export function min(x: TensorLike, options: ReduceOptions = {}): Tensor {
  return reduce("min", minOp, x, options);
}

/** Op that rules look for. */
export const argMaxOp: Op<null> = {
  name: "argMax",
  infer: ([x]) => {
    requireFloat("ops.argMax", x as Tensor);
    return [{ shape: (x as Tensor).dims.slice(0, -1), dtype: "int32" }];
  },
  lower({ inputs: [x], inputTypes, outputs: [out], emit }) {
    const dims = inputTypes[0]?.shape ?? [];
    const columns = dims.at(-1) ?? 1;
    emit("argMax", { rows: sizeOf(dims.slice(0, -1)), columns, x: x as Buffer, out: out as Buffer });
  },
};

/** Index of the largest value over the last axis: what metrics need, without the transposes of other axes. */
export function argMaxOfRows(x: Tensor): Tensor {
  return apply(argMaxOp, [x], null);
}

/** Index of the largest value along an axis (the last by default), the first of equal ones, as int32. */
export function argMax(x: TensorLike, axis = -1): Tensor {
  const tensor = toTensor("ops.argMax", x);
  const at = normalizeAxis("ops.argMax", axis, tensor.dims.length);
  const last = tensor.dims.length - 1;
  if (at === last) return argMaxOfRows(tensor);
  const order = [...tensor.dims.keys()].filter((i) => i !== at);
  return argMaxOfRows(transpose(tensor, [...order, at]));
}

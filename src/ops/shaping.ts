// Ops that move numbers and compute nothing: transpose, slice, concatenate, constants.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { constantOp, toTensor } from "../graph/trace.ts";
import { formatShape, normalizeAxis, sizeOf, stridesOf } from "../shape.ts";
import { broadcastTo, emitStridedCopy } from "./broadcasting.ts";

interface TransposeAttributes {
  readonly permutation: readonly number[];
}

const transposeOp: Op<TransposeAttributes> = {
  name: "transpose",
  infer: ([x], { permutation }) => [
    { shape: permutation.map((axis) => (x as Tensor).dims[axis] as number), dtype: (x as Tensor).dtype },
  ],
  gradient: ({ upstream: [dy], attributes: { permutation } }) => {
    const inverse = new Array<number>(permutation.length);
    permutation.forEach((axis, i) => {
      inverse[axis] = i;
    });
    return [transpose(dy as Tensor, inverse)];
  },
  lower(context) {
    const { inputs, inputTypes, outputs, outputTypes, attributes } = context;
    const own = stridesOf(inputTypes[0]?.shape ?? []);
    const strides = attributes.permutation.map((axis) => own[axis] as number);
    emitStridedCopy(context, outputTypes[0]?.shape ?? [], strides, inputs[0] as Buffer, outputs[0] as Buffer);
  },
  describe: ({ permutation }) => permutation.join(" "),
};

/** Axes in another order; all of them reversed where no permutation is given. */
export function transpose(x: TensorLike, permutation?: readonly number[]): Tensor {
  const tensor = toTensor("ops.transpose", x);
  const rank = tensor.dims.length;
  if (permutation !== undefined && !Array.isArray(permutation)) {
    throw invalid("ops.transpose", "permutation", "an array of axes", permutation);
  }
  const order = permutation
    ? permutation.map((axis, i) => normalizeAxis("ops.transpose", axis, rank, `permutation[${i}]`))
    : tensor.dims.map((_, i) => rank - 1 - i);
  if (order.length !== rank || new Set(order).size !== rank) {
    throw invalid("ops.transpose", "permutation", `each of the ${rank} axes once`, permutation);
  }
  return order.every((axis, i) => axis === i) ? tensor : apply(transposeOp, [tensor], { permutation: order });
}

interface SliceAttributes {
  readonly axis: number;
  readonly begin: number;
  readonly size: number;
}

const sliceOp: Op<SliceAttributes> = {
  name: "slice",
  infer: ([x], { axis, size }) => [
    { shape: (x as Tensor).dims.map((n, i) => (i === axis ? size : n)), dtype: (x as Tensor).dtype },
  ],
  // zeros with dy in its place
  gradient: ({ inputs: [x], upstream: [dy], attributes: { axis, begin, size } }) => {
    const total = (x as Tensor).dims[axis] as number;
    const parts: Tensor[] = [];
    const zeros = (n: number) =>
      broadcastTo(
        0,
        (x as Tensor).dims.map((d, i) => (i === axis ? n : d)),
      );
    if (begin > 0) parts.push(zeros(begin));
    parts.push(dy as Tensor);
    if (begin + size < total) parts.push(zeros(total - begin - size));
    return [concatenate(parts, axis)];
  },
  lower({ inputs: [x], inputTypes, outputs: [out], attributes: { axis, begin, size }, emit }) {
    const dims = inputTypes[0]?.shape ?? [];
    const inner = sizeOf(dims.slice(axis + 1));
    const outer = sizeOf(dims.slice(0, axis));
    // a block of size * inner numbers out of every axis * inner, shifted by begin * inner
    emit("blockCopy", {
      rows: outer,
      columns: size * inner,
      xStride: (dims[axis] as number) * inner,
      xOffset: begin * inner,
      outStride: size * inner,
      outOffset: 0,
      x: x as Buffer,
      out: out as Buffer,
    });
  },
  describe: ({ axis, begin, size }) => `axis ${axis} from ${begin}, ${size}`,
};

/** `size` entries along an axis, beginning with `begin`. */
export function slice(x: TensorLike, axis: number, begin: number, size: number): Tensor {
  const tensor = toTensor("ops.slice", x);
  const at = normalizeAxis("ops.slice", axis, tensor.dims.length);
  const total = tensor.dims[at] as number;
  if (!Number.isInteger(begin) || !Number.isInteger(size) || begin < 0 || size < 0 || begin + size > total) {
    throw invalid("ops.slice", "begin and size", `within the ${total} entries of axis ${at}`, [begin, size]);
  }
  return size === total ? tensor : apply(sliceOp, [tensor], { axis: at, begin, size });
}

const concatenateOp: Op<{ axis: number }> = {
  name: "concatenate",
  infer: (inputs, { axis }) => {
    const first = inputs[0] as Tensor;
    for (const x of inputs) {
      const fits = x.dims.length === first.dims.length && x.dims.every((n, i) => i === axis || n === first.dims[i]);
      if (!fits || x.dtype !== first.dtype) {
        throw new LanewiseError(
          "shape-mismatch",
          `ops.concatenate: ${formatShape(first.shape)} and ${formatShape(x.shape)} must agree in all axes but ${axis}.`,
        );
      }
    }
    const total = inputs.reduce((sum, x) => sum + (x.dims[axis] as number), 0);
    return [{ shape: first.dims.map((n, i) => (i === axis ? total : n)), dtype: first.dtype }];
  },
  gradient: ({ inputs, upstream: [dy], attributes: { axis }, wanted }) => {
    let begin = 0;
    return inputs.map((x, i) => {
      const size = x.dims[axis] as number;
      const gradient = wanted(i) ? slice(dy as Tensor, axis, begin, size) : null;
      begin += size;
      return gradient;
    });
  },
  lower({ inputs, inputTypes, outputs: [out], outputTypes, attributes: { axis }, emit }) {
    const dims = outputTypes[0]?.shape ?? [];
    const inner = sizeOf(dims.slice(axis + 1));
    const outer = sizeOf(dims.slice(0, axis));
    let begin = 0;
    inputs.forEach((x, i) => {
      const columns = (inputTypes[i]?.shape[axis] as number) * inner;
      emit("blockCopy", {
        rows: outer,
        columns,
        xStride: columns,
        xOffset: 0,
        outStride: (dims[axis] as number) * inner,
        outOffset: begin,
        x,
        out: out as Buffer,
      });
      begin += columns;
    });
  },
  describe: ({ axis }) => `axis ${axis}`,
};

/** Tensors one after the other along an axis (the last by default). */
export function concatenate(tensors: readonly TensorLike[], axis = -1): Tensor {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw invalid("ops.concatenate", "tensors", "a non-empty array of tensors", tensors);
  const list = tensors.map((x, i) => toTensor("ops.concatenate", x, `tensors[${i}]`));
  const first = list[0] as Tensor;
  if (first.dims.length === 0) throw invalid("ops.concatenate", "tensors", "tensors with at least one axis", "scalars");
  const at = normalizeAxis("ops.concatenate", axis, first.dims.length);
  return list.length === 1 ? first : apply(concatenateOp, list, { axis: at });
}

const stopGradientOp: Op<null> = {
  name: "stopGradient",
  view: true,
  infer: ([x]) => [{ shape: (x as Tensor).dims, dtype: (x as Tensor).dtype }],
};

/** x, as if it were a constant: no gradient flows through it. */
export function stopGradient(x: TensorLike): Tensor {
  return apply(stopGradientOp, [toTensor("ops.stopGradient", x)], null);
}

/** A tensor of fixed values: a number, a typed array, `{ data, shape }` or nested numbers. Int32Array gives int32. */
export function constant(values: Values): Tensor {
  const { data, shape } = flattenArray("ops.constant", values);
  const copy = data instanceof Int32Array ? Int32Array.from(data) : Float32Array.from(data as ArrayLike<number>);
  return apply(constantOp, [], { values: copy, shape: shape ?? [data.length] });
}

/** Copies into bytes of its own; the scheduler puts it where an old version must outlive an update. */
export const copyOp: Op<null> = {
  name: "copy",
  infer: ([x]) => [{ shape: (x as Tensor).dims, dtype: (x as Tensor).dtype }],
  gradient: ({ upstream: [dy] }) => [dy as Tensor],
  lower({ inputs: [x], outputs: [out], emit }) {
    emit("copy", { n: (x as Buffer).length, x: x as Buffer, out: out as Buffer });
  },
};

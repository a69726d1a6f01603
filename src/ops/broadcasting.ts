// Reshape, stretch and sum: a sum undoes a stretch and a stretch a sum, so their gradients name each other.

import { LanewiseError } from "../../bindings/errors.ts";
import { anything, bool, checkOptions, invalid } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, LowerContext, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { formatShape, normalizeAxes, SYMBOLIC_BATCH, sameShape, sizeOf, stridesOf } from "../shape.ts";
import { broadcastStrides, collapse } from "./loops.ts";

export function requireFloat(where: string, x: Tensor, name = "x"): void {
  if (x.dtype !== "float32") {
    throw new LanewiseError(
      "dtype-mismatch",
      `${where}: ${name} must be float32, got ${x.dtype} ${formatShape(x.shape)}. Use ops.cast.`,
    );
  }
}

/** The gradient rule of gradients that have none: an error rather than zeros. */
export function noSecondGradient(name: string): never {
  throw new LanewiseError(
    "unsupported",
    `gradients: the gradient of ${name} is not supported, so no gradient of a gradient goes through it.`,
  );
}

/** Sizes with the batch size in the place of the unknown one. */
const withBatch = (to: readonly (number | null)[], batch: number): (number | null)[] =>
  to.map((n) => (n === SYMBOLIC_BATCH ? batch : n));

interface ReshapeAttributes {
  /** Sizes; -1 (one of them) is computed, null in axis 0 keeps the batch size. */
  readonly to: readonly (number | null)[];
}

function resolveShape(x: Tensor, to: readonly (number | null)[]): number[] {
  const where = "ops.reshape";
  const sizes = to.map((n, axis) => (n === null && axis === 0 ? (x.dims[0] ?? 1) : n));
  if (!sizes.every((n) => Number.isInteger(n) && (n as number) >= -1)) {
    throw invalid(where, "shape", "an array of sizes, one of them possibly -1", to);
  }
  const free = sizes.indexOf(-1);
  const known = sizes.reduce<number>((product, n, i) => (i === free ? product : product * (n as number)), 1);
  const result = sizes as number[];
  if (free >= 0) result[free] = known > 0 ? sizeOf(x.dims) / known : 0;
  if (sizeOf(result) !== sizeOf(x.dims) || !result.every(Number.isInteger)) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: x ${formatShape(x.shape)} does not fit into shape ${formatShape(to)}.`,
    );
  }
  return result;
}

const reshapeOp: Op<ReshapeAttributes> = {
  name: "reshape",
  view: true,
  infer: ([x], { to }) => [{ shape: resolveShape(x as Tensor, to), dtype: (x as Tensor).dtype }],
  replay: ([x], { to }, { batch }) => [reshaped(x as Tensor, withBatch(to, batch))],
  gradient: ({ inputs: [x], upstream: [dy] }) => [reshaped(dy as Tensor, (x as Tensor).dims)],
};

/** A tensor under a shape that is known to be one; whether the numbers fit is checked. */
export function reshaped(x: Tensor, shape: readonly (number | null)[]): Tensor {
  return sameShape(x.dims, shape as number[]) ? x : apply(reshapeOp, [x], { to: [...shape] });
}

/** The same numbers under another shape, in row-major order. One size may be -1; null as the first keeps the batch size. */
export function reshape(x: TensorLike, shape: readonly (number | null)[]): Tensor {
  const tensor = toTensor("ops.reshape", x);
  if (!Array.isArray(shape)) throw invalid("ops.reshape", "shape", "an array of sizes", shape);
  if (shape.filter((n) => n === -1).length > 1)
    throw invalid("ops.reshape", "shape", "an array with at most one -1", shape);
  return reshaped(tensor, shape);
}

/** Emits the copy of a strided view of a buffer, by as many instructions as more than six axes take. */
export function emitStridedCopy(
  { emit }: Pick<LowerContext<unknown>, "emit">,
  shape: readonly number[],
  strides: readonly number[],
  x: Buffer,
  out: Buffer,
): void {
  const joined = collapse(shape, [strides, stridesOf(shape)]);
  if (joined.shape.length > 6) {
    throw new LanewiseError(
      "unsupported",
      "moving numbers over more than six axes that cannot be joined is not supported.",
    );
  }
  const operands: Record<string, unknown> = { x, out };
  const pad = 6 - joined.shape.length;
  for (let i = 0; i < 6; i++) {
    operands[`d${i}`] = i < pad ? 1 : joined.shape[i - pad];
    operands[`s${i}`] = i < pad ? 0 : joined.strides[0]?.[i - pad];
  }
  emit("stridedCopy", operands as never);
}

interface BroadcastAttributes {
  readonly to: readonly number[];
}

const broadcastOp: Op<BroadcastAttributes> = {
  name: "broadcastTo",
  infer: ([x], { to }) => [{ shape: to, dtype: (x as Tensor).dtype }],
  replay: ([x], { to }, { batch }) => [stretch(x as Tensor, withBatch(to, batch) as number[])],
  gradient: ({ inputs: [x], upstream: [dy] }) => [sumTo(dy as Tensor, (x as Tensor).dims)],
  lower(context) {
    const { inputs, inputTypes, outputs, outputTypes } = context;
    const shape = outputTypes[0]?.shape ?? [];
    const strides = broadcastStrides(inputTypes[0]?.shape ?? [], shape);
    emitStridedCopy(context, shape, strides, inputs[0] as Buffer, outputs[0] as Buffer);
  },
};

/** x stretched to a shape that it is known to fit. */
export function stretch(x: Tensor, shape: readonly number[]): Tensor {
  return sameShape(x.dims, shape) ? x : apply(broadcastOp, [x], { to: [...shape] });
}

/** x stretched to a shape by NumPy's rules. */
export function broadcastTo(x: TensorLike, shape: readonly number[]): Tensor {
  const tensor = toTensor("ops.broadcastTo", x);
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw invalid("ops.broadcastTo", "shape", "an array of sizes", shape);
  }
  const from = tensor.dims;
  const fits =
    from.length <= shape.length && from.every((n, i) => n === 1 || n === shape[shape.length - from.length + i]);
  if (!fits) {
    throw new LanewiseError(
      "shape-mismatch",
      `ops.broadcastTo: x ${formatShape(tensor.shape)} does not stretch to shape ${formatShape(shape)}.`,
    );
  }
  return stretch(tensor, shape);
}

export interface ReduceOptions {
  /** Axes to reduce, negative ones counted from the end; all of them by default. */
  readonly axes?: number | readonly number[];
  /** Keep reduced axes with size 1. */
  readonly keepDims?: boolean;
}

export interface ReduceAttributes {
  readonly axes: readonly number[];
  /** Factor of a sum: 1 / count for a mean. */
  readonly scale: number;
  /** The factor follows the count, also when a recorded model is traced for another batch size. */
  readonly mean?: boolean;
}

const countOf = (x: Tensor, axes: readonly number[]): number => sizeOf(axes.map((axis) => x.dims[axis] as number));

const without = (dims: readonly number[], axes: readonly number[]): number[] =>
  dims.filter((_, i) => !axes.includes(i));
export const kept = (dims: readonly number[], axes: readonly number[]): number[] =>
  dims.map((n, i) => (axes.includes(i) ? 1 : n));

type ReduceKernel = "reduceSum" | "reduceMax" | "reduceMin";

/** One kernel call for each group of neighbouring reduced axes, the innermost first. */
function lowerReduce(kernel: ReduceKernel, context: LowerContext<ReduceAttributes>): void {
  const { inputs, inputTypes, outputs, attributes, emit, temporary } = context;
  const groups: { size: number; reduced: boolean }[] = [];
  (inputTypes[0]?.shape ?? []).forEach((size, axis) => {
    const reduced = attributes.axes.includes(axis);
    const last = groups.at(-1);
    if (last && last.reduced === reduced) last.size *= size;
    else groups.push({ size, reduced });
  });
  let x = inputs[0] as Buffer;
  const passes = groups.filter((group) => group.reduced).length;
  if (passes === 0) groups.push({ size: 1, reduced: true });
  for (let pass = Math.max(1, passes); pass > 0; pass--) {
    const at = groups.findLastIndex((group) => group.reduced);
    const outer = groups.slice(0, at).reduce((n, group) => n * group.size, 1);
    const inner = groups.slice(at + 1).reduce((n, group) => n * group.size, 1);
    const size = groups[at]?.size as number;
    groups.splice(at, 1);
    const out = pass === 1 ? (outputs[0] as Buffer) : temporary(outer * inner);
    if (kernel === "reduceSum") emit(kernel, { outer, size, inner, scale: pass === 1 ? attributes.scale : 1, x, out });
    else emit(kernel, { outer, size, inner, x, out });
    x = out;
  }
}

export function reduceOp(
  kernel: ReduceKernel,
  gradient: NonNullable<Op<ReduceAttributes>["gradient"]>,
): Op<ReduceAttributes> {
  return {
    name: kernel,
    infer: ([x], { axes }) => {
      requireFloat(`ops.${kernel}`, x as Tensor);
      return [{ shape: without((x as Tensor).dims, axes), dtype: "float32" }];
    },
    gradient,
    lower: (context) => lowerReduce(kernel, context),
    replay([x], attributes) {
      const input = x as Tensor;
      const scale = attributes.mean ? 1 / countOf(input, attributes.axes) : attributes.scale;
      return [apply(this, [input], { ...attributes, scale })];
    },
    describe: ({ axes, scale }) => `axes ${axes.join(" ")}${scale === 1 ? "" : ` times ${scale}`}`,
  };
}

/** dy as if it had the reduced axes. */
const spread = (dy: Tensor, x: Tensor, axes: readonly number[]): Tensor =>
  stretch(reshaped(dy, kept(x.dims, axes)), x.dims);

// a sum over no axes scales
const sumOp: Op<ReduceAttributes> = reduceOp(
  "reduceSum",
  ({ inputs: [x], upstream: [dy], attributes: { axes, scale } }) => [
    spread(scale === 1 ? (dy as Tensor) : apply(sumOp, [dy as Tensor], { axes: [], scale }), x as Tensor, axes),
  ],
);

/** Over axes that are known to be right: sorted and distinct. */
function reduceOver(name: string, op: Op<ReduceAttributes>, x: Tensor, axes: readonly number[], mean: boolean): Tensor {
  requireFloat(`ops.${name}`, x);
  const scale = mean ? 1 / countOf(x, axes) : 1;
  return apply(op, [x], { axes, scale, ...(mean && { mean }) });
}

const allAxes = ({ dims }: Tensor): number[] => [...dims.keys()];

/** Sum over axes that are known to be right. */
export function sumOver(x: Tensor, axes: readonly number[] = allAxes(x)): Tensor {
  return reduceOver("sum", sumOp, x, axes, false);
}

/** Mean over axes that are known to be right. */
export function meanOver(x: Tensor, axes: readonly number[] = allAxes(x)): Tensor {
  return reduceOver("mean", sumOp, x, axes, true);
}

export function reduce(
  name: string,
  op: Op<ReduceAttributes>,
  x: TensorLike,
  options: ReduceOptions,
  mean = false,
): Tensor {
  const where = `ops.${name}`;
  checkOptions(where, options, { axes: anything, keepDims: bool });
  const tensor = toTensor(where, x);
  const axes = normalizeAxes(where, options.axes, tensor.dims.length);
  const result = reduceOver(name, op, tensor, axes, mean);
  return options.keepDims ? reshaped(result, kept(tensor.dims, axes)) : result;
}

/** Sum over `axes`, all by default; 0 where nothing is summed. */
export function sum(x: TensorLike, options: ReduceOptions = {}): Tensor {
  return reduce("sum", sumOp, x, options);
}

/** Arithmetic mean over `axes`, all by default. */
export function mean(x: TensorLike, options: ReduceOptions = {}): Tensor {
  return reduce("mean", sumOp, x, options, true);
}

/** Sums x down to a shape that broadcasts to its own. */
export function sumTo(x: Tensor, dims: readonly number[]): Tensor {
  if (sameShape(x.dims, dims)) return x;
  const extra = x.dims.length - dims.length;
  const axes = x.dims.map((_, i) => i).filter((i) => i < extra || (dims[i - extra] === 1 && x.dims[i] !== 1));
  const summed = axes.length > 0 ? sumOver(x, axes) : x;
  return reshaped(summed, dims);
}

// Convolutions over NHWC images with HWIO kernels, ordinary and depthwise.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, positiveInteger, sizeOrPair } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { formatShape, sizeOf } from "../shape.ts";
import { activationCodes } from "./activation.ts";
import { requireFloat } from "./broadcasting.ts";
import type { Padding, Window } from "./window.ts";
import { paddingOption, pair, windowOf, windowOperands } from "./window.ts";
import type { ConvPlanes } from "./winograd.ts";
import { chooseAlgorithm } from "./winograd.ts";

export interface ConvAttributes {
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly activation: keyof typeof activationCodes;
  /** Layer or function, for messages. */
  readonly where: string;
}

type Form = "conv2d" | "depthwiseConv2d";

function geometry(form: Form, x: readonly number[], kernel: readonly number[], attributes: ConvAttributes): Window {
  return windowOf(form, attributes.where, x, [kernel[0] as number, kernel[1] as number], attributes);
}

/** Operands that all convolution kernels have. */
function operandsOf(
  form: Form,
  x: readonly number[],
  kernel: readonly number[],
  attributes: ConvAttributes,
): Record<string, number> {
  const window = geometry(form, x, kernel, attributes);
  const [kernelHeight, kernelWidth] = kernel as [number, number];
  const common = {
    ...windowOperands(x, window),
    kernelHeight,
    kernelWidth,
    dilationHeight: attributes.dilation[0],
    dilationWidth: attributes.dilation[1],
  };
  return form === "conv2d"
    ? { ...common, filters: kernel[3] as number, groups: attributes.groups }
    : { ...common, multiplier: kernel[3] as number };
}

type Emit = Parameters<NonNullable<Op["lower"]>>[0]["emit"];

/** The instruction of the cheaper algorithm, with what both cost. */
function emitBest(
  emit: Emit,
  form: Form,
  suffix: "" | "InputGradient",
  planes: ConvPlanes,
  operands: Record<string, number>,
  own: Record<string, unknown>,
): void {
  const choice = form === "conv2d" ? chooseAlgorithm(operands as never, planes) : null;
  if (choice?.winograd) {
    const { batch, height, width, channels, outHeight, outWidth, filters, padTop, padLeft } = operands;
    const sizes = { batch, height, width, channels, outHeight, outWidth, filters, padTop, padLeft };
    emit(`conv2dWinograd${suffix}`, { ...sizes, ...own } as never, choice);
  } else emit(`${form}${suffix}`, { ...operands, ...own } as never, choice ?? undefined);
}

function convOps(form: Form): Op<ConvAttributes> {
  const filtersOf = (kernel: readonly number[]) =>
    form === "conv2d" ? (kernel[3] as number) : (kernel[2] as number) * (kernel[3] as number);

  const inputGradient: Op<ConvAttributes & { readonly dims: readonly number[] }> = {
    name: `${form}InputGradient`,
    infer: (_, { dims }) => [{ shape: dims, dtype: "float32" }],
    gradient: ({ inputs, upstream: [u], attributes, wanted }) => {
      const [dy, kernel, x] = [...inputs, u] as [Tensor, Tensor, Tensor];
      const { dims: _, ...plain } = attributes;
      return [
        wanted(0) ? apply(op, [x, kernel], plain) : null,
        wanted(1) ? apply(kernelGradient, [x, dy], { ...plain, kernel: kernel.dims }) : null,
      ];
    },
    lower({ inputs: [dy, kernel], inputTypes, outputs: [dx], attributes, emit }) {
      const operands = operandsOf(form, attributes.dims, inputTypes[1]?.shape ?? [], attributes);
      const { height = 0, width = 0, channels = 0, filters = 0 } = operands;
      const planes = { from: filters, to: channels, height, width };
      emitBest(emit, form, "InputGradient", planes, operands, { dy, kernel, dx });
    },
    multiplyAdds: ([dy, kernel]) =>
      (sizeOf(dy?.shape ?? []) * sizeOf(kernel?.shape ?? [])) / filtersOf(kernel?.shape ?? []),
  };
  const kernelGradient: Op<ConvAttributes & { readonly kernel: readonly number[] }> = {
    name: `${form}KernelGradient`,
    infer: (_, { kernel }) => [{ shape: kernel, dtype: "float32" }],
    multiplyAdds: ([, dy], _, { kernel }) => (sizeOf(dy?.shape ?? []) * sizeOf(kernel)) / filtersOf(kernel),
    gradient: ({ inputs, upstream: [u], attributes, wanted }) => {
      const [x, dy, kernel] = [...inputs, u] as [Tensor, Tensor, Tensor];
      const { kernel: _, ...plain } = attributes;
      return [
        wanted(0) ? apply(inputGradient, [dy, kernel], { ...plain, dims: x.dims }) : null,
        wanted(1) ? apply(op, [x, kernel], plain) : null,
      ];
    },
    lower({ inputs: [x, dy], inputTypes, outputs: [dkernel], attributes, emit }) {
      const operands = operandsOf(form, inputTypes[0]?.shape ?? [], attributes.kernel, attributes);
      emit(`${form}KernelGradient`, { ...operands, x, dy, dkernel } as never);
    },
  };
  const op: Op<ConvAttributes> = {
    name: form,
    infer: (inputs, attributes) => {
      const [x, kernel, bias] = inputs as [Tensor, Tensor, Tensor?];
      const { where, groups } = attributes;
      requireFloat(where, x);
      requireFloat(where, kernel, "kernel");
      if (x.dims.length !== 4 || kernel.dims.length !== 4) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: x must be [batch, height, width, channels] and the kernel ${form === "conv2d" ? "[height, width, in, out]" : "[height, width, channels, multiplier]"}, got ${formatShape(x.shape)} and ${formatShape(kernel.shape)}.`,
        );
      }
      const channels = x.dims[3] as number;
      const filters = filtersOf(kernel.dims);
      const perGroup = form === "conv2d" ? channels / groups : channels;
      if (perGroup !== kernel.dims[2] || (form === "conv2d" && filters % groups !== 0)) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: x has ${channels} channels in ${groups} groups, the kernel ${formatShape(kernel.shape)} takes ${kernel.dims[2]} a group and has ${filters} filters; both must divide by the groups.`,
        );
      }
      if (bias && (bias.dims.length !== 1 || bias.dims[0] !== filters)) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: bias must be [${filters}], got ${formatShape(bias.shape)}.`,
        );
      }
      const { outHeight, outWidth } = geometry(form, x.dims, kernel.dims, attributes);
      return [{ shape: [x.dims[0] as number, outHeight, outWidth, filters], dtype: "float32" }];
    },
    gradient: ({ inputs, upstream: [dy], attributes, wanted }) => {
      const [x, kernel] = inputs as [Tensor, Tensor];
      const plain = { ...attributes, activation: "linear" as const };
      return [
        wanted(0) ? apply(inputGradient, [dy as Tensor, kernel], { ...plain, dims: x.dims }) : null,
        wanted(1) ? apply(kernelGradient, [x, dy as Tensor], { ...plain, kernel: kernel.dims }) : null,
      ];
    },
    lower({ inputs: [x, kernel, bias = null], inputTypes, outputs: [out], attributes, emit }) {
      const operands = operandsOf(form, inputTypes[0]?.shape ?? [], inputTypes[1]?.shape ?? [], attributes);
      if (form === "conv2d") {
        const { outHeight: height = 0, outWidth: width = 0, channels = 0, filters = 0 } = operands;
        const planes = { from: channels, to: filters, height, width };
        const activation = activationCodes[attributes.activation];
        emitBest(emit, form, "", planes, operands, { x, kernel, bias, activation, out });
      } else emit(form, { ...operands, x, kernel, out } as never);
    },
    multiplyAdds: ([, kernel], [y]) =>
      (sizeOf(y?.shape ?? []) * sizeOf(kernel?.shape ?? [])) / filtersOf(kernel?.shape ?? []),
    describe: ({ strides, padding, dilation, groups, activation }) =>
      [
        `strides ${strides}`,
        `padding ${padding}`,
        dilation.some((d) => d > 1) && `dilation ${dilation}`,
        groups > 1 && `groups ${groups}`,
        activation !== "linear" && activation,
      ]
        .filter(Boolean)
        .join(", "),
  };
  return op;
}

export const conv2dOp: Op<ConvAttributes> = /* @__PURE__ */ convOps("conv2d");
export const depthwiseConv2dOp: Op<ConvAttributes> = /* @__PURE__ */ convOps("depthwiseConv2d");

export interface ConvOptions {
  /** Step of the window, by default 1. */
  readonly strides?: number | readonly [number, number];
  /** "valid" (default), "same" (TensorFlow's rule: odd padding at the end), a number, or [[top, bottom], [left, right]]. */
  readonly padding?: Padding;
  readonly dilationRate?: number | readonly [number, number];
  readonly groups?: number;
}

/** For who has checked the options; `op` is one of the two above. */
export function convolve(
  op: Op<ConvAttributes>,
  x: Tensor,
  kernel: Tensor,
  options: ConvOptions,
  where: string,
): Tensor {
  const { strides = 1, padding = "valid", dilationRate = 1, groups = 1 } = options;
  const sizes = { strides: pair(strides), dilation: pair(dilationRate) };
  return apply(op, [x, kernel], { ...sizes, padding, groups, activation: "linear", where });
}

/**
 * Convolution (cross-correlation) of x [B, H, W, C] with kernel [KH, KW, C / groups, O]; gives [B, OH, OW, O].
 */
export function conv2d(x: TensorLike, kernel: TensorLike, options: ConvOptions = {}): Tensor {
  const where = "ops.conv2d";
  checkOptions(where, options, {
    strides: sizeOrPair,
    padding: paddingOption,
    dilationRate: sizeOrPair,
    groups: positiveInteger,
  });
  return convolve(conv2dOp, toTensor(where, x), toTensor(where, kernel, "kernel"), options, where);
}

/**
 * Depthwise convolution of x [B, H, W, C] with kernel [KH, KW, C, M]: every channel with M filters of its own;
 * gives [B, OH, OW, C M], channel c M + m from filter m of channel c.
 */
export function depthwiseConv2d(x: TensorLike, kernel: TensorLike, options: Omit<ConvOptions, "groups"> = {}): Tensor {
  const where = "ops.depthwiseConv2d";
  checkOptions(where, options, { strides: sizeOrPair, padding: paddingOption, dilationRate: sizeOrPair });
  const tensor = toTensor(where, x);
  const filters = toTensor(where, kernel, "kernel");
  if (filters.dims.length !== 4)
    throw invalid(where, "kernel", "a tensor [height, width, channels, multiplier]", filters.shape);
  return convolve(depthwiseConv2dOp, tensor, filters, options, where);
}

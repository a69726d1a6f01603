// Pooling over NHWC images.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, sizeOrPair } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { formatShape } from "../shape.ts";
import { noSecondGradient, requireFloat } from "./broadcasting.ts";
import type { Padding } from "./window.ts";
import { paddingOption, pair, windowOf, windowOperands } from "./window.ts";

interface PoolAttributes {
  readonly poolSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly where: string;
}

function poolOperands(kind: PoolKernel, dims: readonly number[], attributes: PoolAttributes): Record<string, number> {
  const window = windowOf(kind, attributes.where, dims, attributes.poolSize, attributes);
  return { ...windowOperands(dims, window), poolHeight: attributes.poolSize[0], poolWidth: attributes.poolSize[1] };
}

/** Whether each pixel is in exactly one window. */
const coversOnce = (operands: Record<string, number>): boolean =>
  operands.padTop === 0 &&
  operands.padLeft === 0 &&
  operands.strideHeight === operands.poolHeight &&
  operands.strideWidth === operands.poolWidth &&
  (operands.outHeight as number) * (operands.poolHeight as number) === operands.height &&
  (operands.outWidth as number) * (operands.poolWidth as number) === operands.width;

type PoolKernel = "maxPool2d" | "averagePool2d";

export interface PoolGradientAttributes extends PoolAttributes {
  readonly dims: readonly number[];
  /** Takes the gradient of the relu that x came from, too. */
  readonly relu?: true;
}

export interface PoolOps {
  readonly op: Op<PoolAttributes>;
  readonly gradient: Op<PoolGradientAttributes>;
}

function poolOps(kernel: PoolKernel): PoolOps {
  // the gradient of a maximum looks at x again; that of an average needs its shape only
  const gradient: Op<PoolGradientAttributes> = {
    name: `${kernel}Gradient`,
    inPlace: (attributes) =>
      kernel === "maxPool2d" && coversOnce(poolOperands(kernel, attributes.dims, attributes)) ? [1] : [],
    infer: (_, { dims }) => [{ shape: dims, dtype: "float32" }],
    gradient(context) {
      if (kernel === "maxPool2d") return noSecondGradient("maxPool2dGradient");
      const { dims: _, ...attributes } = context.attributes;
      return [apply(op, [context.upstream[0] as Tensor], attributes)];
    },
    lower({ inputs, outputs: [dx], attributes, emit }) {
      const operands = poolOperands(kernel, attributes.dims, attributes);
      const [dy, x] = inputs;
      if (x) emit("maxPool2dGradient", { ...operands, relu: attributes.relu ? 1 : 0, x, dy, dx } as never);
      else emit("averagePool2dGradient", { ...operands, dy, dx } as never);
    },
    describe: ({ relu }) => (relu ? "through relu" : ""),
  };
  const op: Op<PoolAttributes> = {
    name: kernel,
    infer: ([input], attributes) => {
      const x = input as Tensor;
      requireFloat(attributes.where, x);
      if (x.dims.length !== 4) {
        throw new LanewiseError(
          "shape-mismatch",
          `${attributes.where}: x must be [batch, height, width, channels], got ${formatShape(x.shape)}.`,
        );
      }
      const { outHeight, outWidth } = windowOf(kernel, attributes.where, x.dims, attributes.poolSize, attributes);
      return [{ shape: [x.dims[0] as number, outHeight, outWidth, x.dims[3] as number], dtype: "float32" }];
    },
    gradient: ({ inputs: [x], upstream: [dy], attributes }) => [
      apply(gradient, kernel === "maxPool2d" ? [dy as Tensor, x as Tensor] : [dy as Tensor], {
        ...attributes,
        dims: (x as Tensor).dims,
      }),
    ],
    lower({ inputs: [x], inputTypes, outputs: [out], attributes, emit }) {
      emit(kernel, {
        ...poolOperands(kernel, inputTypes[0]?.shape ?? [], attributes),
        x: x as Buffer,
        out: out as Buffer,
      } as never);
    },
    describe: ({ poolSize, strides, padding }) => `window ${poolSize}, strides ${strides}, padding ${padding}`,
  };
  return { op, gradient };
}

export const maximum: PoolOps = /* @__PURE__ */ poolOps("maxPool2d");
export const average: PoolOps = /* @__PURE__ */ poolOps("averagePool2d");

/** Inputs dy and x. */
export const maxPoolGradient: Op<PoolGradientAttributes> = maximum.gradient;

export interface PoolOptions {
  /** Window, by default 2. */
  readonly poolSize?: number | readonly [number, number];
  /** By default the window. */
  readonly strides?: number | readonly [number, number];
  readonly padding?: Padding;
}

/** For who has checked the options: `maximum` or `average`. */
export function pool({ op }: PoolOps, x: Tensor, options: PoolOptions, where: string): Tensor {
  const { poolSize = 2, strides = poolSize, padding = "valid" } = options;
  return apply(op, [x], { poolSize: pair(poolSize), strides: pair(strides), padding, where });
}

const poolOptions = { poolSize: sizeOrPair, strides: sizeOrPair, padding: paddingOption };

/** Largest value of each window of x [B, H, W, C]; padding never wins. The gradient goes to the first largest. */
export function maxPool2d(x: TensorLike, options: PoolOptions = {}): Tensor {
  const where = "ops.maxPool2d";
  checkOptions(where, options, poolOptions);
  return pool(maximum, toTensor(where, x), options, where);
}

/** Mean of each window of x [B, H, W, C], padding not counted. */
export function averagePool2d(x: TensorLike, options: PoolOptions = {}): Tensor {
  const where = "ops.averagePool2d";
  checkOptions(where, options, poolOptions);
  return pool(average, toTensor(where, x), options, where);
}

// Convolution layers over NHWC images.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, positiveInteger, sizeOrPair } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import { constraintOption } from "../constraints.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Initializer, InitializerName } from "../initializers.ts";
import { initializerOption, resolveInitializer } from "../initializers.ts";
import { conv2dOp, convolve, depthwiseConv2dOp } from "../ops/conv.ts";
import type { Padding } from "../ops/window.ts";
import { paddingOption, pair } from "../ops/window.ts";
import type { Regularizer } from "../regularizers.ts";
import { regularizerOption } from "../regularizers.ts";
import type { Shape } from "../shape.ts";
import { formatShape } from "../shape.ts";
import type { BiasOptions } from "./bias.ts";
import { biasCheckers, biasOf } from "./bias.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

interface CommonOptions extends LayerOptions, BiasOptions {
  /** Height and width of the window. */
  readonly kernelSize: number | readonly [number, number];
  /** Step of the window, by default 1. */
  readonly strides?: number | readonly [number, number];
  /** "valid" (default), "same", a number, or [[top, bottom], [left, right]]. */
  readonly padding?: Padding;
  /** Distance between the window's elements, by default 1. */
  readonly dilationRate?: number | readonly [number, number];
}

/** Options of `conv2d`; `filters` and `kernelSize` must be given. */
export interface Conv2dOptions extends CommonOptions {
  /** Output channels. */
  readonly filters: number;
  /** Groups of channels that are convolved by themselves, by default 1; divides channels and filters. */
  readonly groups?: number;
  /** By default "glorotUniform". */
  readonly kernelInitializer?: Initializer | InitializerName;
  readonly kernelRegularizer?: Regularizer;
  readonly kernelConstraint?: Constraint;
}

/** Options of `depthwiseConv2d`; `kernelSize` must be given. */
export interface DepthwiseConv2dOptions extends CommonOptions {
  /** Filters of each channel, by default 1. */
  readonly depthMultiplier?: number;
  /** By default "glorotUniform". */
  readonly depthwiseInitializer?: Initializer | InitializerName;
  readonly depthwiseRegularizer?: Regularizer;
  readonly depthwiseConstraint?: Constraint;
}

const commonCheckers = {
  ...layerOptions,
  ...biasCheckers,
  kernelSize: sizeOrPair,
  strides: sizeOrPair,
  padding: paddingOption,
  dilationRate: sizeOrPair,
};

function requireImages(where: string, shape: Shape): void {
  if (shape.length !== 4) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: x must be [batch, height, width, channels], got ${formatShape(shape)}. Use reshape() before it.`,
    );
  }
}

/**
 * activation(x * kernel + bias): x [batch, height, width, channels], kernel [height, width, channels / groups,
 * filters], bias [filters]; gives [batch, height', width', filters]. height' is (padded height - (kernel height - 1)
 * dilation - 1) / stride + 1, rounded down, or height / stride, rounded up, with padding "same". Wrong options throw `invalid-argument` or
 * `unknown-option`, an input that does not fit `shape-mismatch` when the layer is called.
 */
export function conv2d(options: Conv2dOptions): Layer {
  checkOptions(
    "conv2d",
    options,
    {
      ...commonCheckers,
      filters: positiveInteger,
      groups: positiveInteger,
      kernelInitializer: initializerOption,
      kernelRegularizer: regularizerOption,
      kernelConstraint: constraintOption,
    },
    ["filters", "kernelSize"],
  );
  const { filters, kernelSize, strides = 1, padding = "valid", dilationRate = 1, groups = 1 } = options;
  const { activityRegularizer, kernelRegularizer: regularizer, kernelConstraint: constraint } = options;
  const initializer = resolveInitializer("conv2d", "kernelInitializer", options.kernelInitializer ?? "glorotUniform");
  const bias = biasOf("conv2d", options);
  return makeLayer({
    type: "conv2d",
    options,
    activityRegularizer,
    build([shape = []], where) {
      requireImages(where, shape);
      const channels = shape[3] as number;
      if (channels % groups !== 0 || filters % groups !== 0) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: ${channels} channels and ${filters} filters must both divide by ${groups} groups.`,
        );
      }
      const kernel = { shape: [...pair(kernelSize), channels / groups, filters], initializer, regularizer, constraint };
      return { kernel, ...bias.weights(filters) };
    },
    call([x], weights, { where }) {
      const window = { strides, padding, dilationRate, groups };
      return bias.finish(convolve(conv2dOp, x as Tensor, weights.kernel as Tensor, window, where), weights.bias);
    },
  });
}

/**
 * Each channel convolved with filters of its own: kernel [height, width, channels, depthMultiplier], bias
 * [channels depthMultiplier]; gives [batch, height', width', channels depthMultiplier].
 */
export function depthwiseConv2d(options: DepthwiseConv2dOptions): Layer {
  checkOptions(
    "depthwiseConv2d",
    options,
    {
      ...commonCheckers,
      depthMultiplier: positiveInteger,
      depthwiseInitializer: initializerOption,
      depthwiseRegularizer: regularizerOption,
      depthwiseConstraint: constraintOption,
    },
    ["kernelSize"],
  );
  const { kernelSize, strides = 1, padding = "valid", dilationRate = 1, depthMultiplier = 1 } = options;
  const { activityRegularizer, depthwiseRegularizer: regularizer, depthwiseConstraint: constraint } = options;
  const initializer = resolveInitializer(
    "depthwiseConv2d",
    "depthwiseInitializer",
    options.depthwiseInitializer ?? "glorotUniform",
  );
  const bias = biasOf("depthwiseConv2d", options);
  return makeLayer({
    type: "depthwiseConv2d",
    options,
    activityRegularizer,
    build([shape = []], where) {
      requireImages(where, shape);
      const channels = shape[3] as number;
      const kernel = { shape: [...pair(kernelSize), channels, depthMultiplier], initializer, regularizer, constraint };
      return { kernel, ...bias.weights(channels * depthMultiplier) };
    },
    call([x], weights, { where }) {
      const window = { strides, padding, dilationRate };
      return bias.finish(
        convolve(depthwiseConv2dOp, x as Tensor, weights.kernel as Tensor, window, where),
        weights.bias,
      );
    },
  });
}

// Pooling layers over NHWC images.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions, sizeOrPair } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { mean } from "../ops/broadcasting.ts";
import type { PoolOps } from "../ops/pool.ts";
import { average, maximum, pool } from "../ops/pool.ts";
import type { Padding } from "../ops/window.ts";
import { paddingOption } from "../ops/window.ts";
import { formatShape } from "../shape.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `maxPooling2d` and `averagePooling2d`. */
export interface Pooling2dOptions extends LayerOptions {
  /** Height and width of the window, by default 2. */
  readonly poolSize?: number | readonly [number, number];
  /** Step of the window, by default the window. */
  readonly strides?: number | readonly [number, number];
  /** "valid" (default), "same", a number, or [[top, bottom], [left, right]]. */
  readonly padding?: Padding;
}

function pooling(type: string, ops: PoolOps, options: Pooling2dOptions): Layer {
  checkOptions(type, options, { ...layerOptions, poolSize: sizeOrPair, strides: sizeOrPair, padding: paddingOption });
  const { poolSize = 2, strides = poolSize, padding = "valid" } = options;
  return makeLayer({
    type,
    options,
    call: ([x], _, { where }) => pool(ops, x as Tensor, { poolSize, strides, padding }, where),
  });
}

/** Largest value of each window; padding never wins. [batch, height, width, channels] to [batch, height', width', channels]. */
export function maxPooling2d(options: Pooling2dOptions = {}): Layer {
  return pooling("maxPooling2d", maximum, options);
}

/** Mean of each window, padding not counted. [batch, height, width, channels] to [batch, height', width', channels]. */
export function averagePooling2d(options: Pooling2dOptions = {}): Layer {
  return pooling("averagePooling2d", average, options);
}

/** Options of `globalAveragePooling2d`. */
export interface GlobalPooling2dOptions extends LayerOptions {
  /** Keep height and width with size 1. */
  readonly keepDims?: boolean;
}

/** Mean over height and width: [batch, height, width, channels] to [batch, channels]. */
export function globalAveragePooling2d(options: GlobalPooling2dOptions = {}): Layer {
  checkOptions("globalAveragePooling2d", options, { ...layerOptions, keepDims: bool });
  return makeLayer({
    type: "globalAveragePooling2d",
    options,
    call([input], _, { where }) {
      const x = input as Tensor;
      if (x.dims.length !== 4) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: x must be [batch, height, width, channels], got ${formatShape(x.shape)}.`,
        );
      }
      return mean(x, { axes: [1, 2], keepDims: options.keepDims ?? false });
    },
  });
}

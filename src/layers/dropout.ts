// Inverted dropout: of single units, of what noiseShape keeps together, of whole channels.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { checkOptions, invalid } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { toTensor } from "../graph/trace.ts";
import { broadcastTo } from "../ops/broadcasting.ts";
import { mul } from "../ops/pointwise.ts";
import type { RandomSource } from "../ops/random.ts";
import { dropout as dropoutOp } from "../ops/random.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Layer } from "./layer.ts";
import type { DropoutRate, NoiseOptions } from "./noiseLayer.ts";
import { noiseLayer, rateOf, rateOptions } from "./noiseLayer.ts";

/** Options of `dropout`; `rate` or `keepProb` must be given. */
export interface DropoutOptions extends NoiseOptions, DropoutRate {
  /**
   * Shape of the mask, with the batch: null keeps the input's size, 1 switches off along that axis as a whole. [null, 1, null] gives
   * all time steps of [batch, steps, features] one mask.
   */
  readonly noiseShape?: readonly (number | null)[];
}

const noiseShapeOption: Checker = (value, name, where) => {
  const isSize = (n: unknown) => n === null || (Number.isInteger(n) && (n as number) >= 1 && (n as number) < 2 ** 31);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isSize))
    throw invalid(where, name, "an array of positive integers and null", value);
  return value;
};

/** The mask's shape for an input. */
function maskShape(where: string, dims: Shape, noiseShape: readonly (number | null)[]): Shape {
  const shape = dims.map((n, axis) => noiseShape[axis] ?? n);
  if (noiseShape.length !== dims.length || !shape.every((n, axis) => n === 1 || n === dims[axis])) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: noiseShape ${formatShape(noiseShape)} does not stretch to the input ${formatShape(dims)}: one entry an axis, each null, 1 or the input's size.`,
    );
  }
  return shape;
}

/** x times a mask of zeros and 1 / (1 - rate), whose axes of size 1 stretch. */
const maskedBy =
  (rate: number) =>
  (x: Tensor, shape: Shape, source: RandomSource): Tensor =>
    sameShape(shape, x.dims)
      ? dropoutOp(x, rate, source)
      : mul(x, dropoutOp(broadcastTo(toTensor("dropout", 1), shape), rate, source));

/**
 * While training, x / (1 - rate) with probability 1 - rate and 0 otherwise, so that the expected value stays; x unchanged at
 * inference (inverted dropout, Srivastava et al. 2014). Masks follow from the seed, the step and the layer's call; forward and
 * backward use the same one. Throws `invalid-argument` for wrong options, `shape-mismatch` where noiseShape does not fit.
 */
export function dropout(options: DropoutOptions): Layer {
  const type = "dropout";
  checkOptions(type, options, { ...rateOptions, noiseShape: noiseShapeOption });
  const { noiseShape } = options;
  const rate = rateOf(type, options);
  return noiseLayer({
    type,
    options,
    amount: rate,
    shapeOf: (x, where) => (noiseShape ? maskShape(where, x.dims, noiseShape) : x.dims),
    change: maskedBy(rate),
  });
}

/** Options of `spatialDropout2d`; `rate` or `keepProb` must be given. */
export type SpatialDropout2dOptions = NoiseOptions & DropoutRate;

/**
 * Dropout of whole channels of [batch, height, width, channels]: a channel of an example is 0 everywhere or x / (1 - rate)
 * everywhere (Tompson et al. 2015), because neighbouring pixels know each other. Unchanged at inference. Throws
 * `invalid-argument` for wrong options, `shape-mismatch` for other inputs.
 */
export function spatialDropout2d(options: SpatialDropout2dOptions): Layer {
  const type = "spatialDropout2d";
  checkOptions(type, options, rateOptions);
  const rate = rateOf(type, options);
  return noiseLayer({
    type,
    options,
    amount: rate,
    shapeOf({ dims }, where) {
      if (dims.length === 4) return [dims[0] as number, 1, 1, dims[3] as number];
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: x must be [batch, height, width, channels], got ${formatShape(dims)}.`,
      );
    },
    change: maskedBy(rate),
  });
}

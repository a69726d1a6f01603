// Layers of noise other than dropout: whole channels, Gaussian noise added or multiplied, and dropout for SELU networks.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, nonNegative, seedValue } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { toTensor } from "../graph/trace.ts";
import { broadcastTo } from "../ops/broadcasting.ts";
import { add, mul } from "../ops/pointwise.ts";
import { dropout as dropoutOp, randomNormal } from "../ops/random.ts";
import { formatShape } from "../shape.ts";
import type { DropoutRate } from "./dropout.ts";
import { maskedBy, randomSource, rateOf, rateOptions } from "./dropout.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `spatialDropout2d`; `rate` or `keepProb` must be given. */
export interface SpatialDropout2dOptions extends LayerOptions, DropoutRate {
  /** A seed of its own in the place of the model's. */
  readonly seed?: number;
}

/**
 * Dropout of whole channels of [batch, height, width, channels]: a channel of an example is 0 everywhere or x / (1 - rate)
 * everywhere (Tompson et al. 2015), because neighbouring pixels know each other. Unchanged at inference.
 */
export function spatialDropout2d(options: SpatialDropout2dOptions): Layer {
  const type = "spatialDropout2d";
  checkOptions(type, options, { ...layerOptions, ...rateOptions });
  const rate = rateOf(type, options);
  const sourceOf = randomSource(options.seed);
  return makeLayer({
    type,
    options,
    noise: true,
    call([input], _, { training, stream, where }) {
      const x = input as Tensor;
      if (x.dims.length !== 4) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: x must be [batch, height, width, channels], got ${formatShape(x.dims)}.`,
        );
      }
      const shape = [x.dims[0] as number, 1, 1, x.dims[3] as number];
      return training && rate > 0 ? maskedBy(x, shape, rate, sourceOf(stream())) : x;
    },
  });
}

/** Options of `gaussianNoise`; `stddev` must be given. */
export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise, in units of x. */
  readonly stddev: number;
  /** A seed of its own in the place of the model's. */
  readonly seed?: number;
}

/** While training, x + stddev z, z standard normal for each element; x unchanged at inference. */
export function gaussianNoise(options: GaussianNoiseOptions): Layer {
  const type = "gaussianNoise";
  checkOptions(type, options, { ...layerOptions, stddev: nonNegative, seed: seedValue }, ["stddev"]);
  const { stddev } = options;
  const sourceOf = randomSource(options.seed);
  return makeLayer({
    type,
    options,
    noise: true,
    call([input], _, { training, stream }) {
      const x = input as Tensor;
      return training && stddev > 0 ? add(x, randomNormal(x.dims, 0, stddev, sourceOf(stream()))) : x;
    },
  });
}

/** Options of `gaussianDropout`; `rate` or `keepProb` must be given. */
export interface GaussianDropoutOptions extends LayerOptions, DropoutRate {
  /** A seed of its own in the place of the model's. */
  readonly seed?: number;
}

/**
 * While training, x (1 + s z), z standard normal and s = sqrt(rate / (1 - rate)), the deviation that dropout by `rate` has
 * (Srivastava et al. 2014, section 10); x unchanged at inference.
 */
export function gaussianDropout(options: GaussianDropoutOptions): Layer {
  const type = "gaussianDropout";
  checkOptions(type, options, { ...layerOptions, ...rateOptions });
  const rate = rateOf(type, options);
  const deviation = Math.sqrt(rate / (1 - rate));
  const sourceOf = randomSource(options.seed);
  return makeLayer({
    type,
    options,
    noise: true,
    call([input], _, { training, stream }) {
      const x = input as Tensor;
      return training && rate > 0 ? mul(x, randomNormal(x.dims, 1, deviation, sourceOf(stream()))) : x;
    },
  });
}

/** Options of `alphaDropout`; `rate` or `keepProb` must be given. */
export interface AlphaDropoutOptions extends LayerOptions, DropoutRate {
  /** A seed of its own in the place of the model's. */
  readonly seed?: number;
}

/** What a SELU unit gives far below 0: -scale alpha, with scale and alpha of Klambauer et al. */
const SATURATED = -1.0507009873554805 * 1.6732632423543772;

/**
 * Dropout for networks that normalise themselves (SELU; Klambauer et al. 2017): while training, units switched off become
 * c = -1.7581, then all is scaled by a and shifted by b so that mean 0 and variance 1 stay: a = 1 / sqrt((1 - rate) (1 + rate c^2)),
 * b = -a rate c. x unchanged at inference.
 */
export function alphaDropout(options: AlphaDropoutOptions): Layer {
  const type = "alphaDropout";
  checkOptions(type, options, { ...layerOptions, ...rateOptions });
  const rate = rateOf(type, options);
  const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * SATURATED * SATURATED));
  const sourceOf = randomSource(options.seed);
  return makeLayer({
    type,
    options,
    noise: true,
    call([input], _, { training, stream }) {
      const x = input as Tensor;
      if (!training || rate === 0) return x;
      // a x and the shift b where it stays, a c + b where not; 1 / (1 - rate) of the mask is taken out again
      const mask = dropoutOp(broadcastTo(toTensor(type, 1), x.dims), rate, sourceOf(stream()));
      const factor = scale * (1 - rate);
      const kept = mul(mask, add(mul(x, factor), -factor * SATURATED));
      return add(kept, scale * SATURATED * (1 - rate));
    },
  });
}

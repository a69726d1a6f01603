// Gaussian noise, added or multiplied, and dropout for SELU networks.

import { checkOptions, nonNegative } from "../check.ts";
import { toTensor } from "../graph/trace.ts";
import { broadcastTo } from "../ops/broadcasting.ts";
import { add, mul } from "../ops/pointwise.ts";
import { dropout as dropoutOp, randomNormal } from "../ops/random.ts";
import type { Layer } from "./layer.ts";
import type { DropoutRate, NoiseOptions } from "./noiseLayer.ts";
import { noiseLayer, noiseOptions, rateOf, rateOptions } from "./noiseLayer.ts";

/** Options of `gaussianNoise`; `stddev` must be given. */
export interface GaussianNoiseOptions extends NoiseOptions {
  /** Standard deviation of the noise, in units of x. */
  readonly stddev: number;
}

/** While training, x + stddev z, z standard normal for each element; x unchanged at inference. Throws `invalid-argument` for wrong options. */
export function gaussianNoise(options: GaussianNoiseOptions): Layer {
  const type = "gaussianNoise";
  checkOptions(type, options, { ...noiseOptions, stddev: nonNegative }, ["stddev"]);
  const { stddev } = options;
  return noiseLayer({
    type,
    options,
    amount: stddev,
    change: (x, shape, source) => add(x, randomNormal(shape, 0, stddev, source)),
  });
}

/** Options of `gaussianDropout`; `rate` or `keepProb` must be given. */
export type GaussianDropoutOptions = NoiseOptions & DropoutRate;

/**
 * While training, x (1 + s z), z standard normal and s = sqrt(rate / (1 - rate)), the deviation that dropout by `rate` has
 * (Srivastava et al. 2014, section 10); x unchanged at inference. Throws `invalid-argument` for wrong options.
 */
export function gaussianDropout(options: GaussianDropoutOptions): Layer {
  const type = "gaussianDropout";
  checkOptions(type, options, rateOptions);
  const rate = rateOf(type, options);
  const deviation = Math.sqrt(rate / (1 - rate));
  return noiseLayer({
    type,
    options,
    amount: rate,
    change: (x, shape, source) => mul(x, randomNormal(shape, 1, deviation, source)),
  });
}

/** Options of `alphaDropout`; `rate` or `keepProb` must be given. */
export type AlphaDropoutOptions = NoiseOptions & DropoutRate;

/** What a SELU unit gives far below 0: -scale alpha, with scale and alpha of Klambauer et al. */
const SATURATED = -1.0507009873554805 * 1.6732632423543772;

/**
 * Dropout for networks that normalise themselves (SELU; Klambauer et al. 2017): while training, units switched off become
 * c = -1.7581, then all is scaled by a and shifted by b so that mean 0 and variance 1 stay: a = 1 / sqrt((1 - rate) (1 + rate c^2)),
 * b = -a rate c. x unchanged at inference. Throws `invalid-argument` for wrong options.
 */
export function alphaDropout(options: AlphaDropoutOptions): Layer {
  const type = "alphaDropout";
  checkOptions(type, options, rateOptions);
  const rate = rateOf(type, options);
  const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * SATURATED * SATURATED));
  return noiseLayer({
    type,
    options,
    amount: rate,
    change(x, shape, source) {
      // a x and the shift b where it stays, a c + b where not; 1 / (1 - rate) of the mask is taken out again
      const mask = dropoutOp(broadcastTo(toTensor(type, 1), shape), rate, source);
      const factor = scale * (1 - rate);
      const kept = mul(mask, add(mul(x, factor), -factor * SATURATED));
      return add(kept, scale * SATURATED * (1 - rate));
    },
  });
}

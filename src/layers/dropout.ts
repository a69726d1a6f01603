// Inverted dropout, of single units or of what noiseShape keeps together.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { checkOptions, fraction, invalid, seedValue } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { toTensor } from "../graph/trace.ts";
import { broadcastTo } from "../ops/broadcasting.ts";
import { mul } from "../ops/pointwise.ts";
import type { RandomSource } from "../ops/random.ts";
import { createRandomControl, dropout as dropoutOp, randomControl } from "../ops/random.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** How much is switched off: exactly one of both. */
export interface DropoutRate {
  /** Share of the units that are switched off while training, 0 (none) up to but not including 1. */
  readonly rate?: number;
  /** Share of the units that stay, above 0 up to 1 (all): the course's keep_prob, 1 - rate. */
  readonly keepProb?: number;
}

/** Options of `dropout`; `rate` or `keepProb` must be given. */
export interface DropoutOptions extends LayerOptions, DropoutRate {
  /**
   * Shape of the mask, with the batch: null keeps the input's size, 1 switches off along that axis as a whole. [null, 1, null] gives
   * all time steps of [batch, steps, features] one mask.
   */
  readonly noiseShape?: readonly (number | null)[];
  /** A seed of its own in the place of the model's. */
  readonly seed?: number;
}

const keepProbability: Checker = (value, name, where) => {
  if (typeof value !== "number" || !(value > 0 && value <= 1 && Math.fround(1 - value) < 1))
    throw invalid(where, name, "a number above 0 (as float32) up to 1", value);
  return value;
};

export const rateOptions: Readonly<Record<string, Checker>> = {
  rate: fraction,
  keepProb: keepProbability,
  seed: seedValue,
};

/** The rate of options that were checked. */
export function rateOf(where: string, { rate, keepProb }: DropoutRate): number {
  if ((rate === undefined) === (keepProb === undefined)) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: ${rate === undefined ? 'option "rate" is required, or keepProb' : "give rate or keepProb, not both"}: keepProb is 1 - rate.`,
    );
  }
  return rate ?? 1 - (keepProb as number);
}

/** Random streams of layers begin here, those of initial values end before. */
const STREAMS = 0x40000000;

/** Random numbers of a layer's calls: by the seed of its own, or by the program's. */
export function randomSource(seed: number | undefined): (stream: number) => RandomSource {
  const control = seed === undefined ? randomControl : createRandomControl(seed);
  return (stream) => ({ stream: STREAMS + stream, control });
}

const noiseShapeOption: Checker = (value, name, where) => {
  const isSize = (n: unknown) => n === null || (Number.isInteger(n) && (n as number) >= 1 && (n as number) < 2 ** 31);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isSize))
    throw invalid(where, name, "an array of positive integers and null", value);
  return value;
};

/** The mask's shape for an input. */
function maskShape(where: string, dims: Shape, noiseShape: readonly (number | null)[]): number[] {
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
export function maskedBy(x: Tensor, shape: Shape, rate: number, source: RandomSource): Tensor {
  if (sameShape(shape, x.dims)) return dropoutOp(x, rate, source);
  return mul(x, dropoutOp(broadcastTo(toTensor("dropout", 1), shape), rate, source));
}

/**
 * While training, x / (1 - rate) with probability 1 - rate and 0 otherwise, so that the expected value stays; x unchanged at
 * inference (inverted dropout, Srivastava et al. 2014). Masks follow from the seed, the step and the layer's call; forward and
 * backward use the same one. Throws `invalid-argument` for wrong options, `shape-mismatch` where noiseShape does not fit.
 */
export function dropout(options: DropoutOptions): Layer {
  const type = "dropout";
  checkOptions(type, options, { ...layerOptions, ...rateOptions, noiseShape: noiseShapeOption });
  const { noiseShape } = options;
  const rate = rateOf(type, options);
  const sourceOf = randomSource(options.seed);
  return makeLayer({
    type,
    options,
    noise: true,
    call([input], _, { training, stream, where }) {
      const x = input as Tensor;
      const shape = noiseShape ? maskShape(where, x.dims, noiseShape) : x.dims;
      return training && rate > 0 ? maskedBy(x, shape, rate, sourceOf(stream())) : x;
    },
  });
}

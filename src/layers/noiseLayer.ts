// What layers of noise share: they change x at random while training, and are not there at inference.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { fraction, invalid, seedValue } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { RandomSource } from "../ops/random.ts";
import { createRandomControl, randomControl } from "../ops/random.ts";
import type { Shape } from "../shape.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of every layer of noise. */
export interface NoiseOptions extends LayerOptions {
  /** A seed of its own in the place of the model's. */
  readonly seed?: number;
}

/** How much is switched off: exactly one of both. */
export interface DropoutRate {
  /** Share of the units that are switched off while training, 0 (none) up to but not including 1. */
  readonly rate?: number;
  /** Share of the units that stay, above 0 up to 1 (all): the course's keep_prob, 1 - rate. */
  readonly keepProb?: number;
}

const keepProbability: Checker = (value, name, where) => {
  if (typeof value !== "number" || !(value > 0 && value <= 1 && Math.fround(1 - value) < 1))
    throw invalid(where, name, "a number above 0 (as float32) up to 1", value);
  return value;
};

export const noiseOptions: Readonly<Record<string, Checker>> = { ...layerOptions, seed: seedValue };

export const rateOptions: Readonly<Record<string, Checker>> = {
  ...noiseOptions,
  rate: fraction,
  keepProb: keepProbability,
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

export interface NoiseDefinition {
  readonly type: string;
  readonly options: NoiseOptions;
  /** How much noise there is; with 0 there is none, and x stays. */
  readonly amount: number;
  /** Shape of the random numbers, by default that of x; throws where x does not fit, also at inference. */
  shapeOf?(x: Tensor, where: string): Shape;
  /** x with noise from a source that no other call has. */
  change(x: Tensor, shape: Shape, source: RandomSource): Tensor;
}

export function noiseLayer({ type, options, amount, shapeOf, change }: NoiseDefinition): Layer {
  const control = options.seed === undefined ? randomControl : createRandomControl(options.seed);
  return makeLayer({
    type,
    options,
    noise: true,
    call([input], _, { training, stream, where }) {
      const x = input as Tensor;
      const shape = shapeOf?.(x, where) ?? x.dims;
      return training && amount > 0 ? change(x, shape, { stream: stream(), control }) : x;
    },
  });
}

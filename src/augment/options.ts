// What the layers of augmentation have in common: options, their checks, and where they work: on images, while training.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { finite, invalid, oneOf, share } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { ControlSource } from "../graph/op.ts";
import type { CallContext, Layer } from "../layers/layer.ts";
import { makeLayer } from "../layers/layer.ts";
import type { NoiseOptions } from "../layers/noiseLayer.ts";
import { noiseOptions } from "../layers/noiseLayer.ts";
import { requireFloat } from "../ops/broadcasting.ts";
import type { fillModes, interpolations } from "../ops/imageCodes.ts";
import type { RandomSource } from "../ops/random.ts";
import { createRandomControl, randomControl } from "../ops/random.ts";
import { formatShape } from "../shape.ts";

/** What a number is drawn from, uniformly: from -r to r, or between two bounds. */
export type DrawRange = number | readonly [from: number, to: number];

/** Options of every augmentation that changes some images and others not. */
export interface AugmentOptions extends NoiseOptions {
  /** Share of the images that are changed, by default 1. */
  readonly probability?: number;
}

/** How places between pixels and outside of the image are read. */
export interface FillOptions {
  /** `"bilinear"` (default), or the `"nearest"` pixel. */
  readonly interpolation?: "bilinear" | "nearest";
  /**
   * What is outside: `"reflect"` (d c b a | a b c d | d c b a; default), `"wrap"` (a b c d | a b c d | a b c d), `"nearest"`
   * (a a a a | a b c d | d d d d) or `"constant"`, fillValue.
   */
  readonly fillMode?: "reflect" | "wrap" | "nearest" | "constant";
  /** Of fillMode `"constant"`, by default 0. */
  readonly fillValue?: number;
}

/** Options of augmentations that know how large values can be. */
export interface ValueOptions {
  /** The least and the greatest value of the images, by default [0, 255]. Results are kept within. */
  readonly valueRange?: readonly [low: number, high: number];
}

/** A number that float32 has. */
export const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(Math.fround(value));

export const isPair = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(isNumber);

/** A range within bounds; a number r is [-r, r], and r must not be negative. */
export function drawRange(least: number, most: number): Checker<DrawRange> {
  const within = (x: number) => x >= least && x <= most;
  return (value, name, where) => {
    const ok = isPair(value)
      ? within(value[0]) && within(value[1]) && value[0] <= value[1]
      : isNumber(value) && value >= 0 && within(value) && within(-value);
    if (ok) return value as DrawRange;
    throw invalid(where, name, `a number r for [-r, r], or [from, to], within ${least} to ${most}`, value);
  };
}

/** Both bounds of a range; of nothing [0, 0]. */
export const boundsOf = (range: DrawRange = 0): readonly [number, number] =>
  typeof range === "number" ? [-range, range] : range;

/** Two numbers, the first below the second. */
export const valueRange: Checker<readonly [number, number]> = (value, name, where) => {
  if (isPair(value) && Math.fround(value[0]) < Math.fround(value[1])) return value;
  throw invalid(where, name, "[least, greatest], the first below the second", value);
};

/** Zoom: the source is seen at 1 + factor, which must stay above 0. */
export const zoomRange: Checker<DrawRange> = (value, name, where) => {
  const range = drawRange(-1, 1e6)(value, name, where);
  if (boundsOf(range)[0] > -1) return range;
  throw invalid(where, name, "a range that stays above -1", value);
};

export const fillOptions: Readonly<Record<string, Checker>> = {
  interpolation: oneOf("bilinear", "nearest"),
  fillMode: oneOf("reflect", "wrap", "nearest", "constant"),
  fillValue: finite,
};

/** The options of `fillOptions` with their defaults. */
export function fillOf(options: FillOptions): {
  readonly interpolation: keyof typeof interpolations;
  readonly fillMode: keyof typeof fillModes;
  readonly fillValue: number;
} {
  const { interpolation = "bilinear", fillMode = "reflect", fillValue = 0 } = options;
  return { interpolation, fillMode, fillValue };
}

/** Checkers of what every augmentation takes. */
export const augmentOptions: Readonly<Record<string, Checker>> = { ...noiseOptions, probability: share };

/** Images as a layer is given them: [batch, height, width, channels]. */
export interface Images {
  readonly x: Tensor;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly where: string;
  /** Where the layer's random numbers come from: a stream that nothing else in the program has. */
  source(): RandomSource;
}

function imagesOf(x: Tensor, { where, stream }: CallContext, control: ControlSource): Images {
  requireFloat(where, x);
  if (x.dims.length !== 4) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: images are [batch, height, width, channels], got ${formatShape(x.shape)}. Give grey images one channel: inputShape [28, 28, 1], or reshape().`,
    );
  }
  const [batch, height, width, channels] = x.dims as unknown as readonly [number, number, number, number];
  return { x, batch, height, width, channels, where, source: () => ({ stream: stream(), control }) };
}

/** A layer that changes images while training. At other times it is `otherwise`, by default nothing at all. */
export function augmentation(
  type: string,
  options: NoiseOptions,
  change: (images: Images) => Tensor,
  otherwise: (images: Images) => Tensor = ({ x }) => x,
): Layer {
  const control = options.seed === undefined ? randomControl : createRandomControl(options.seed);
  return makeLayer({
    type,
    options,
    noise: true,
    call: ([x], _, context) => {
      const images = imagesOf(x as Tensor, context, control);
      return context.training ? change(images) : otherwise(images);
    },
  });
}

// Augmentation that changes values: brightness, contrast, colours, noise, rectangles cut out.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { checkOptions, finite, invalid, isRecord, nonNegative, sizeOrPair } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Layer } from "../layers/layer.ts";
import type { NoiseOptions } from "../layers/noiseLayer.ts";
import { noiseOptions } from "../layers/noiseLayer.ts";
import type { ColorAttributes } from "../ops/augment.ts";
import { addNoise, colorMatrices, colorTransform, cutout as cutoutOp } from "../ops/augment.ts";
import { mean } from "../ops/broadcasting.ts";
import { formatShape } from "../shape.ts";
import type { AugmentOptions, DrawRange, Images, ValueOptions } from "./options.ts";
import { augmentation, augmentOptions, boundsOf, drawRange, valueRange } from "./options.ts";
import type { PrincipalColors } from "./principalColors.ts";

/** Options of augmentations that draw one factor an image, or one a channel. */
export interface FactorOptions extends AugmentOptions, ValueOptions {
  /** What is drawn; a number r is [-r, r]. */
  readonly factor: DrawRange;
}

const BYTES = [0, 255] as const;

/** What is drawn for these images, applied to them. */
function recolored(
  images: Images,
  options: AugmentOptions & ValueOptions,
  change: Pick<ColorAttributes, "change"> & Partial<ColorAttributes>,
  average: Tensor | null = null,
): Tensor {
  const { batch, channels } = images;
  const { probability = 1, valueRange: [low, high] = BYTES } = options;
  const nothing = { low: 0, high: 0, deviation: 0, directions: null };
  const source = images.source();
  const transforms = colorMatrices({ ...nothing, batch, channels, probability, ...source, ...change }, average);
  return colorTransform(images.x, transforms, low, high);
}

/** The factor's bounds as draws. */
function drawn({ factor }: FactorOptions): { low: number; high: number } {
  const [low, high] = boundsOf(factor);
  return { low, high };
}

const extentOf = ({ valueRange: [low, high] = BYTES }: ValueOptions): number => high - low;

const factorChecks = { ...augmentOptions, factor: drawRange(-1, 1), valueRange };

/**
 * Makes images lighter or darker at random while training: x + factor (high - low), kept within valueRange [low, high]. Keras:
 * RandomBrightness.
 */
export function brightness(options: FactorOptions): Layer {
  checkOptions("augment.brightness", options, factorChecks, ["factor"]);
  const extent = extentOf(options);
  return augmentation("brightness", options, (images) => {
    const directions = new Float32Array(images.channels).fill(extent);
    return recolored(images, options, { change: "shift", ...drawn(options), directions });
  });
}

/**
 * Spreads values about the mean of their channel in the image, or draws them together, at random while training:
 * mean + (1 + factor) (x - mean), kept within valueRange. No gradient goes through it. Keras: RandomContrast.
 */
export function contrast(options: FactorOptions): Layer {
  checkOptions("augment.contrast", options, factorChecks, ["factor"]);
  return augmentation("contrast", options, (images) => {
    const average = mean(images.x, { axes: [1, 2] });
    return recolored(images, options, { change: "contrast", ...drawn(options) }, average);
  });
}

/**
 * Shifts each channel by a number of its own at random while training: x[c] + factor[c] (high - low), kept within valueRange.
 */
export function colorShift(options: FactorOptions): Layer {
  checkOptions("augment.colorShift", options, factorChecks, ["factor"]);
  const extent = extentOf(options);
  return augmentation("colorShift", options, (images) => {
    const { channels } = images;
    const directions = new Float32Array(channels * channels);
    for (let c = 0; c < channels; c++) directions[c * channels + c] = extent;
    return recolored(images, options, { change: "shift", ...drawn(options), directions });
  });
}

/**
 * Turns the hue at random while training, by `factor` full turns: red over yellow to green above 0. The colours are turned about the
 * greys in the plane of chrominance of YIQ, so that luma (0.299 red + 0.587 green + 0.114 blue) stays; then they are kept
 * within valueRange. Grey images (one channel) stay as they are; of four channels the fourth does. Keras: RandomHue.
 */
export function hue(options: FactorOptions): Layer {
  checkOptions("augment.hue", options, factorChecks, ["factor"]);
  return augmentation("hue", options, (images) => {
    const { x, channels, where } = images;
    if (channels === 1) return x;
    if (channels !== 3 && channels !== 4) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: hue needs images of red, green and blue (3 channels), or with alpha (4), got ${formatShape(x.shape)}.`,
      );
    }
    return recolored(images, options, { change: "hue", ...drawn(options) });
  });
}

/** Options of `augment.principalColor`. */
export interface PrincipalColorOptions extends AugmentOptions, ValueOptions {
  /** What `augment.principalColors(images)` gave. */
  readonly colors: PrincipalColors;
  /** Of the normal distribution of a, by default 0.1. */
  readonly deviation?: number;
}

const principal: Checker<PrincipalColors> = (value, name, where) => {
  const { values, vectors } = isRecord(value) ? (value as { values?: unknown; vectors?: unknown }) : {};
  const isList = (list: unknown): list is readonly unknown[] => Array.isArray(list) && list.length > 0;
  const isNumbers = (list: unknown): boolean => isList(list) && list.every((v) => Number.isFinite(v));
  const n = isList(values) ? values.length : 0;
  const ok = isNumbers(values) && isList(vectors) && vectors.length === n;
  if (ok && vectors.every((v) => isNumbers(v) && (v as readonly number[]).length === n))
    return value as PrincipalColors;
  throw invalid(
    where,
    name,
    "what augment.principalColors gives: { values, vectors }, one vector for each value",
    value,
  );
};

/**
 * Adds multiples of the principal colours at random while training: x + (high - low) sum over k of a[k] values[k] vectors[k],
 * a normal with mean 0 and the given deviation, kept within valueRange. (Krizhevsky, Sutskever, Hinton 2012.)
 */
export function principalColor(options: PrincipalColorOptions): Layer {
  const checks = { ...augmentOptions, colors: principal, deviation: nonNegative, valueRange };
  checkOptions("augment.principalColor", options, checks, ["colors"]);
  const { colors, deviation = 0.1 } = options;
  const extent = extentOf(options);
  const { values, vectors } = colors;
  const n = values.length;
  const directions = Float32Array.from({ length: n * n }, (_, i) => {
    const [c, k] = [Math.floor(i / n), i % n];
    return extent * (values[k] as number) * (vectors[k]?.[c] as number);
  });
  return augmentation("principalColor", options, (images) => {
    if (images.channels !== n) {
      throw new LanewiseError(
        "shape-mismatch",
        `${images.where}: the principal colours have ${n} channels, the images ${images.channels}.`,
      );
    }
    return recolored(images, options, { change: "shift", deviation, directions });
  });
}

/** Options of `augment.gaussianNoise`. */
export interface ImageNoiseOptions extends NoiseOptions, ValueOptions {
  /** Deviation of the noise, in units of the values. */
  readonly stddev: number;
}

/** Adds noise while training: x + stddev z, z standard normal at every value, kept within valueRange. Keras: RandomGaussianNoise. */
export function gaussianNoise(options: ImageNoiseOptions): Layer {
  checkOptions("augment.gaussianNoise", options, { ...noiseOptions, stddev: nonNegative, valueRange }, ["stddev"]);
  const { stddev: deviation, valueRange: [low, high] = BYTES } = options;
  return augmentation("gaussianNoise", options, ({ x, source }) => addNoise(x, { deviation, low, high, ...source() }));
}

/** Options of `augment.cutout`. */
export interface CutoutOptions extends AugmentOptions {
  /** Rows and columns of the rectangle: one number for both, or a pair. */
  readonly size: number | readonly [height: number, width: number];
  /** By default 0. */
  readonly fillValue?: number;
}

/**
 * Puts a rectangle of each image under one value while training. Its centre is any pixel of the image, each as likely; what of
 * it lies outside is cut off. (DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with cutout".)
 */
export function cutout(options: CutoutOptions): Layer {
  const checks = { ...augmentOptions, size: sizeOrPair, fillValue: finite };
  checkOptions("augment.cutout", options, checks, ["size"]);
  const { size, fillValue = 0, probability = 1 } = options;
  const [boxHeight, boxWidth] = typeof size === "number" ? [size, size] : size;
  return augmentation("cutout", options, ({ x, source }) =>
    cutoutOp(x, { boxHeight, boxWidth, probability, fillValue, ...source() }),
  );
}

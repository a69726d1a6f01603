// Augmentation that moves pixels: mirror, crop, shift, rotate, zoom, shear, all of them at once, elastic distortion.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import {
  checkOptions,
  finite,
  invalid,
  nonNegativeInteger,
  oneOf,
  positive,
  positiveInteger,
  share,
} from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Layer } from "../layers/layer.ts";
import type { NoiseOptions } from "../layers/noiseLayer.ts";
import { noiseOptions } from "../layers/noiseLayer.ts";
import { exp } from "../math.ts";
import { affineMatrices, cropMatrices, elasticField, imageWarp } from "../ops/augment.ts";
import { slice } from "../ops/shaping.ts";
import type { AugmentOptions, DrawRange, FillOptions, Images } from "./options.ts";
import { augmentation, augmentOptions, boundsOf, drawRange, fillOf, fillOptions, zoomRange } from "./options.ts";

type MirrorMode = "horizontal" | "vertical" | "horizontalAndVertical";

/** Options of `augment.mirror`. */
export interface MirrorOptions extends NoiseOptions {
  /** `"horizontal"` (default) exchanges left and right, `"vertical"` top and bottom. */
  readonly mode?: MirrorMode;
  /** Share of the images that are mirrored, in each direction for itself; by default 0.5. */
  readonly probability?: number;
}

/** Options of `augment.shift`. */
export interface ShiftOptions extends AugmentOptions, FillOptions {
  /** Down, as a share of the height; a number r is [-r, r]. By default 0. */
  readonly heightFactor?: DrawRange;
  /** To the right, as a share of the width. By default 0. */
  readonly widthFactor?: DrawRange;
}

/** Options of `augment.rotate`: `factor` or `degrees`. */
export interface RotateOptions extends AugmentOptions, FillOptions {
  /** Parts of a full turn, to the left; a number r is [-r, r]. */
  readonly factor?: DrawRange;
  /** The same in degrees. */
  readonly degrees?: DrawRange;
}

/** Options of `augment.zoom`. */
export interface ZoomOptions extends AugmentOptions, FillOptions {
  /** Above 0 out, below 0 in: 0.2 shows 1.2 heights. A number r is [-r, r]. */
  readonly heightFactor: DrawRange;
  /** By default what was drawn for the height, so that shapes stay. */
  readonly widthFactor?: DrawRange;
}

/** Options of `augment.shear`. */
export interface ShearOptions extends AugmentOptions, FillOptions {
  /** Columns to the right a row further down; a number r is [-r, r]. By default 0. */
  readonly xFactor?: DrawRange;
  /** Rows down a column further right. By default 0. */
  readonly yFactor?: DrawRange;
}

/** Options of `augment.affine`: the options of each change that is wanted. */
export interface AffineOptions extends AugmentOptions, FillOptions {
  readonly mirror?: Pick<MirrorOptions, "mode" | "probability">;
  readonly shift?: Pick<ShiftOptions, "heightFactor" | "widthFactor">;
  readonly rotate?: Pick<RotateOptions, "factor" | "degrees">;
  readonly zoom?: Pick<ZoomOptions, "heightFactor" | "widthFactor">;
  readonly shear?: Pick<ShearOptions, "xFactor" | "yFactor">;
}

const mirrorChecks = { mode: oneOf("horizontal", "vertical", "horizontalAndVertical"), probability: share };
const unitRange = drawRange(-1, 1);
const shiftChecks = { heightFactor: unitRange, widthFactor: unitRange };
const rotateChecks = { factor: unitRange, degrees: drawRange(-360, 360) };
const zoomChecks = { heightFactor: zoomRange, widthFactor: zoomRange };
const shearChecks = { xFactor: unitRange, yFactor: unitRange };
const common = { ...augmentOptions, ...fillOptions };

/** Throws where not one of the options is there: the layer would do nothing. */
function requireOne(where: string, options: object, names: readonly string[]): void {
  if (names.some((name) => (options as Readonly<Record<string, unknown>>)[name] !== undefined)) return;
  throw new LanewiseError("invalid-argument", `${where}: options must have ${names.join(" or ")}.`);
}

function checkRotate(where: string, { factor, degrees }: RotateOptions): void {
  requireOne(where, { factor, degrees }, ["factor", "degrees"]);
  if (factor !== undefined && degrees !== undefined)
    throw new LanewiseError("invalid-argument", `${where}: give factor or degrees, not both.`);
}

/** Quarter turns, in which the kernel counts. */
function quartersOf({ factor, degrees }: RotateOptions): readonly [number, number] {
  const scale = degrees === undefined ? 4 : 1 / 90;
  const [from, to] = boundsOf(degrees ?? factor);
  return [from * scale, to * scale];
}

/** One map of places for all changes, one look at the image. */
function warped(images: Images, options: AffineOptions, whole: boolean): Tensor {
  const { mirror, shift, rotate, zoom, shear, probability = 1 } = options;
  const { batch, height, width } = images;
  const mode = mirror && (mirror.mode ?? "horizontal");
  const mirrored = (other: MirrorMode) => (mode === undefined || mode === other ? 0 : (mirror?.probability ?? 0.5));
  const scaled = (range: DrawRange | undefined, size: number) => boundsOf(range).map((bound) => bound * size);
  const ranges = [
    ...scaled(shift?.heightFactor, height),
    ...scaled(shift?.widthFactor, width),
    ...(rotate ? quartersOf(rotate) : [0, 0]),
    ...boundsOf(zoom?.heightFactor),
    ...boundsOf(zoom?.widthFactor ?? zoom?.heightFactor),
    ...boundsOf(shear?.yFactor),
    ...boundsOf(shear?.xFactor),
  ];
  const places = affineMatrices({
    ...{ batch, height, width, probability, whole },
    mirrorVertical: mirrored("horizontal"),
    mirrorHorizontal: mirrored("vertical"),
    sameZoom: zoom?.widthFactor === undefined,
    ranges: Float32Array.from(ranges),
    ...images.source(),
  });
  return imageWarp(images.x, places, { height, width, ...fillOf(options), field: false });
}

/**
 * Mirrors images at random while training; pixels are copied. Keras: RandomFlip, whose default is both directions.
 */
export function mirror(options: MirrorOptions = {}): Layer {
  checkOptions("augment.mirror", options, { ...noiseOptions, ...mirrorChecks });
  return augmentation("mirror", options, (images) => warped(images, { mirror: options }, false));
}

/**
 * Shifts images at random while training: down by heightFactor heights and to the right by widthFactor widths. With
 * interpolation "nearest" steps are whole pixels and pixels are copied. Keras: RandomTranslation.
 */
export function shift(options: ShiftOptions): Layer {
  checkOptions("augment.shift", options, { ...common, ...shiftChecks });
  requireOne("augment.shift", options, ["heightFactor", "widthFactor"]);
  const whole = options.interpolation === "nearest";
  return augmentation("shift", options, (images) => warped(images, { ...options, shift: options }, whole));
}

/** Turns images about their centre at random while training, above 0 to the left. Keras: RandomRotation. */
export function rotate(options: RotateOptions): Layer {
  checkOptions("augment.rotate", options, { ...common, ...rotateChecks });
  checkRotate("augment.rotate", options);
  return augmentation("rotate", options, (images) => warped(images, { ...options, rotate: options }, false));
}

/** Zooms about the centre at random while training, above 0 out and below 0 in. Keras: RandomZoom. */
export function zoom(options: ZoomOptions): Layer {
  checkOptions("augment.zoom", options, { ...common, ...zoomChecks }, ["heightFactor"]);
  return augmentation("zoom", options, (images) => warped(images, { ...options, zoom: options }, false));
}

/**
 * Shears images at random while training: the pixel in row y and column x, counted from the centre, comes from column
 * x - xFactor y and row y - yFactor x. Keras: RandomShear.
 */
export function shear(options: ShearOptions): Layer {
  checkOptions("augment.shear", options, { ...common, ...shearChecks });
  requireOne("augment.shear", options, ["xFactor", "yFactor"]);
  return augmentation("shear", options, (images) => warped(images, { ...options, shear: options }, false));
}

/** Options of a part of `affine`. */
const part =
  (
    checks: Readonly<Record<string, Checker>>,
    required: readonly string[],
    together?: (where: string, o: object) => void,
  ) =>
  (value: unknown, name: string, where: string): unknown => {
    checkOptions(`${where}, ${name}`, value, checks, required);
    together?.(`${where}, ${name}`, value as object);
    return value;
  };

/**
 * Several geometric changes at once while training: first mirrored, then sheared, zoomed, turned and shifted, but
 * through one map of places, so that pixels are interpolated once and nothing is lost at the edges in between.
 *
 * `affine({ mirror: {}, shift: { heightFactor: 0.1 }, rotate: { degrees: 15 }, zoom: { heightFactor: 0.1 }, shear: { xFactor: 0.1 } })`
 */
export function affine(options: AffineOptions): Layer {
  const where = "augment.affine";
  const parts = {
    mirror: part(mirrorChecks, []),
    shift: part(shiftChecks, [], (at, o) => requireOne(at, o, ["heightFactor", "widthFactor"])),
    rotate: part(rotateChecks, [], checkRotate),
    zoom: part(zoomChecks, ["heightFactor"]),
    shear: part(shearChecks, [], (at, o) => requireOne(at, o, ["xFactor", "yFactor"])),
  };
  checkOptions(where, options, { ...common, ...parts });
  requireOne(where, options, Object.keys(parts));
  return augmentation("affine", options, (images) => warped(images, options, false));
}

/** Options of `augment.crop`. */
export interface CropOptions extends NoiseOptions, Pick<FillOptions, "fillMode" | "fillValue"> {
  /** Rows of the result, by default all. */
  readonly height?: number;
  /** Columns of the result, by default all. */
  readonly width?: number;
  /** Pixels added on every side before a part is cut out, by default 0. */
  readonly padding?: number;
}

/**
 * Cuts a part of height x width pixels out of the image, with `padding` pixels around it (fillMode "constant" by default), at
 * a random place while training; pixels are copied. Otherwise it takes the part in the middle. Keras: RandomCrop.
 * The recipe of residual networks (He et al. 2016) is `crop({ padding: 4 })` and `mirror()`.
 */
export function crop(options: CropOptions): Layer {
  const { fillMode, fillValue } = fillOptions as { fillMode: Checker; fillValue: Checker };
  checkOptions("augment.crop", options, {
    ...noiseOptions,
    ...{ height: positiveInteger, width: positiveInteger, padding: nonNegativeInteger, fillMode, fillValue },
  });
  requireOne("augment.crop", options, ["height", "width", "padding"]);
  const { padding = 0 } = options;
  const sizeOf = ({ height, width, where }: Images): readonly [number, number] => {
    const [rows, columns] = [options.height ?? height, options.width ?? width];
    if (rows > height + 2 * padding || columns > width + 2 * padding) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: ${rows}x${columns} pixels cannot be cut out of ${height}x${width} with padding ${padding}. Use a larger padding.`,
      );
    }
    return [rows, columns];
  };
  const change = (images: Images): Tensor => {
    const [height, width] = sizeOf(images);
    const places = cropMatrices({
      batch: images.batch,
      rows: images.height + 2 * padding - height + 1,
      columns: images.width + 2 * padding - width + 1,
      ...{ rowsBefore: padding, columnsBefore: padding, ...images.source() },
    });
    const fill = { ...fillOf(options), fillMode: options.fillMode ?? "constant", interpolation: "nearest" } as const;
    return imageWarp(images.x, places, { height, width, ...fill, field: false });
  };
  const middle = (images: Images): Tensor => {
    const [height, width] = sizeOf(images);
    if (height > images.height || width > images.width) {
      throw new LanewiseError(
        "unsupported",
        `${images.where}: a result of ${height}x${width} pixels is larger than the image, ${images.height}x${images.width}: there is no part in its middle. Use at most the image's size.`,
      );
    }
    const rows = slice(images.x, 1, (images.height - height) >> 1, height);
    return slice(rows, 2, (images.width - width) >> 1, width);
  };
  return augmentation("crop", options, change, middle);
}

/** Options of `augment.elastic`. */
export interface ElasticOptions extends NoiseOptions, FillOptions {
  /** Pixels by which the noise is scaled after smoothing; Simard et al. take 34 for 28x28 digits. */
  readonly alpha: number;
  /** Deviation of the Gaussian that smooths it, in pixels; theirs is 4. At most 1000. */
  readonly sigma: number;
}

/** Weights of a Gaussian at 0, 1, ... ceil(3 sigma) that with both sides sum to 1. */
function gaussianWeights(sigma: number): Float32Array {
  const raw = Array.from({ length: Math.ceil(3 * sigma) + 1 }, (_, k) => exp((-k * k) / (2 * sigma * sigma)));
  const total = raw.reduce((sum, w, k) => sum + (k > 0 ? 2 * w : w), 0);
  return Float32Array.from(raw, (w) => w / total);
}

/**
 * Elastic distortion while training: out[p] = x[p + d(p)], d = alpha (G_sigma * u) for rows and for columns, u uniform in
 * [-1, 1) at every pixel and 0 outside, G_sigma a Gaussian cut off at 3 sigma. (Simard, Steinkraus, Platt 2003, "Best
 * practices for convolutional neural networks applied to visual document analysis".)
 */
export function elastic(options: ElasticOptions): Layer {
  const where = "augment.elastic";
  checkOptions(where, options, { ...noiseOptions, ...fillOptions, alpha: finite, sigma: positive }, ["alpha", "sigma"]);
  const { alpha, sigma } = options;
  if (sigma > 1000) throw invalid(where, "sigma", "at most 1000 pixels", sigma);
  const weights = gaussianWeights(sigma);
  return augmentation("elastic", options, (images) => {
    const { batch, height, width } = images;
    const field = elasticField({ batch, height, width, alpha, weights, ...images.source() });
    return imageWarp(images.x, field, { height, width, ...fillOf(options), field: true });
  });
}

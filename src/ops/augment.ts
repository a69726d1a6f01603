// Ops of augmentation: what is drawn for each image of a batch, and what it makes of the images, NHWC. Used by the layers
// of src/augment/, while training.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Tensor, TensorType } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import { changes, fillModes, interpolations } from "./imageCodes.ts";
import { greater, less, mul } from "./pointwise.ts";
import type { RandomSource } from "./random.ts";

/** Images [B, H, W, C]. */
type ImageDims = readonly [number, number, number, number];
const dimsOf = (type: TensorType | undefined): ImageDims => (type?.shape ?? []) as unknown as ImageDims;

/** Images as large as those that are given. */
const sameImages = ([x]: readonly Tensor[]): TensorType[] => [{ shape: (x as Tensor).dims, dtype: "float32" }];

/** Says that gradients end here, where one is asked for: zeros would be wrong without a word. */
function refuse(name: string, wanted: boolean): void {
  if (!wanted) return;
  throw new LanewiseError(
    "unsupported",
    `gradients: no gradient goes through ${name} to its images. Put augmentation before every layer with weights, or ops.stopGradient before it.`,
  );
}

export interface AffineAttributes extends RandomSource {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly probability: number;
  readonly mirrorVertical: number;
  readonly mirrorHorizontal: number;
  /** Whether shifts are whole pixels. */
  readonly whole: boolean;
  readonly sameZoom: boolean;
  /** From and to of: shift down, shift right, quarters to the left, zoom and shear of rows and columns. */
  readonly ranges: Float32Array;
}

const affineMatricesOp: Op<AffineAttributes> = {
  name: "affineMatrices",
  infer: (_, { batch }) => [{ shape: [batch, 6], dtype: "float32" }],
  lower({ outputs: [matrices], attributes, emit, control, constant }) {
    const { whole, sameZoom, ranges, control: source, ...rest } = attributes;
    emit("affineMatrices", {
      ...rest,
      whole: Number(whole),
      sameZoom: Number(sameZoom),
      control: control(source),
      ranges: constant(ranges),
      matrices: matrices as Buffer,
    });
  },
  describe: ({ ranges, probability, stream }) =>
    `ranges ${Array.from(ranges, (r) => Number(r.toPrecision(4))).join(" ")}, probability ${probability}, stream ${stream}`,
};

/** Maps of places for images that are mirrored, shifted, turned, zoomed and sheared, [batch, 6]. */
export const affineMatrices = (attributes: AffineAttributes): Tensor => apply(affineMatricesOp, [], attributes);

export interface CropAttributes extends RandomSource {
  readonly batch: number;
  /** How many rows and columns a cut can begin at, and how many of them lie before the image. */
  readonly rows: number;
  readonly columns: number;
  readonly rowsBefore: number;
  readonly columnsBefore: number;
}

const cropMatricesOp: Op<CropAttributes> = {
  name: "cropMatrices",
  infer: (_, { batch }) => [{ shape: [batch, 6], dtype: "float32" }],
  lower({ outputs: [matrices], attributes: { control: source, ...rest }, emit, control }) {
    emit("cropMatrices", { ...rest, control: control(source), matrices: matrices as Buffer });
  },
  describe: ({ rows, columns, stream }) => `${rows} rows, ${columns} columns, stream ${stream}`,
};

/** Maps of places for parts that begin anywhere, [batch, 6]. */
export const cropMatrices = (attributes: CropAttributes): Tensor => apply(cropMatricesOp, [], attributes);

export interface FieldAttributes extends RandomSource {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly alpha: number;
  /** Of a pixel itself and of its neighbours on each side. */
  readonly weights: Float32Array;
}

const elasticFieldOp: Op<FieldAttributes> = {
  name: "elasticField",
  infer: (_, { batch, height, width }) => [{ shape: [batch, 2, height, width], dtype: "float32" }],
  lower({ outputs: [field], attributes: { weights, control: source, ...rest }, emit, control, constant }) {
    emit("elasticField", {
      ...rest,
      radius: weights.length - 1,
      control: control(source),
      weights: constant(weights),
      field: field as Buffer,
    });
  },
  describe: ({ alpha, weights, stream }) => `alpha ${alpha}, radius ${weights.length - 1}, stream ${stream}`,
};

/** Smoothed displacements of rows and columns, [batch, 2, height, width]. */
export const elasticField = (attributes: FieldAttributes): Tensor => apply(elasticFieldOp, [], attributes);

export interface WarpAttributes {
  readonly height: number;
  readonly width: number;
  readonly interpolation: keyof typeof interpolations;
  readonly fillMode: keyof typeof fillModes;
  readonly fillValue: number;
  /** Whether the places are a field; else matrices. */
  readonly field: boolean;
}

const imageWarpOp: Op<WarpAttributes> = {
  name: "imageWarp",
  infer: ([x], { height, width }) => {
    const [batch, , , channels] = (x as Tensor).dims as unknown as ImageDims;
    return [{ shape: [batch, height, width, channels], dtype: "float32" }];
  },
  gradient({ wanted }) {
    refuse("a geometric augmentation", wanted(0));
    return [null, null];
  },
  lower({ inputs: [x, places], inputTypes, outputs: [out], attributes, emit }) {
    const [batch, height, width, channels] = dimsOf(inputTypes[0]);
    emit("imageWarp", {
      ...{ batch, height, width, channels },
      outHeight: attributes.height,
      outWidth: attributes.width,
      interpolation: interpolations[attributes.interpolation],
      fillMode: fillModes[attributes.fillMode],
      fillValue: attributes.fillValue,
      x: x as Buffer,
      matrices: attributes.field ? null : (places as Buffer),
      field: attributes.field ? (places as Buffer) : null,
      out: out as Buffer,
    });
  },
  describe: ({ height, width, interpolation, fillMode }) => `${height}x${width}, ${interpolation}, ${fillMode}`,
};

/** Images seen through maps of places: matrices [batch, 6] or a field [batch, 2, height, width]. */
export const imageWarp = (x: Tensor, places: Tensor, attributes: WarpAttributes): Tensor =>
  apply(imageWarpOp, [x, places], attributes);

export interface ColorAttributes extends RandomSource {
  readonly batch: number;
  readonly channels: number;
  readonly change: keyof typeof changes;
  readonly probability: number;
  /** What is drawn: uniform from `low` to `high`, or normal where `deviation` is above 0. */
  readonly low: number;
  readonly high: number;
  readonly deviation: number;
  /** [channels, draws]: what each number drawn adds to each channel. */
  readonly directions: Float32Array | null;
}

const colorMatricesOp: Op<ColorAttributes> = {
  name: "colorMatrices",
  infer: (_, { batch, channels }) => [{ shape: [batch, channels, channels + 1], dtype: "float32" }],
  // there so that what depends on the mean of images counts as depending on them; colorTransform refuses
  gradient: () => [null],
  lower({ inputs: [mean], outputs: [transforms], attributes, emit, control, constant }) {
    const { change, directions, control: source, ...rest } = attributes;
    emit("colorMatrices", {
      ...rest,
      change: changes[change],
      draws: directions ? directions.length / rest.channels : 1,
      control: control(source),
      directions: directions && constant(directions),
      mean: mean ?? null,
      transforms: transforms as Buffer,
    });
  },
  describe: ({ change, low, high, deviation, probability, stream }) =>
    `${change} ${deviation > 0 ? `deviation ${deviation}` : `${low} to ${high}`}, probability ${probability}, stream ${stream}`,
};

/** Matrices over the channels with offsets, [batch, channels, channels + 1]; contrast takes the mean of each channel, [batch, channels]. */
export const colorMatrices = (attributes: ColorAttributes, mean: Tensor | null = null): Tensor =>
  apply(colorMatricesOp, mean ? [mean] : [], attributes);

interface TransformAttributes {
  readonly low: number;
  readonly high: number;
  readonly transposed: boolean;
}

/** 1 where low < y < high: elsewhere it was clipped. */
function within(y: Tensor, low: number, high: number, dy: Tensor): Tensor {
  return mul(mul(dy, greater(y, low)), less(y, high));
}

const colorTransformOp: Op<TransformAttributes> = {
  name: "colorTransform",
  infer: sameImages,
  gradient({ inputs: [, transforms], outputs: [y], upstream: [dy], attributes: { low, high, transposed }, wanted }) {
    refuse("augment.contrast", wanted(1));
    const passed = within(y as Tensor, low, high, dy as Tensor);
    const back = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, transposed: !transposed };
    return [apply(colorTransformOp, [passed, transforms as Tensor], back), null];
  },
  lower({ inputs: [x, transforms], inputTypes, outputs: [out], attributes, emit }) {
    const [batch, height, width, channels] = dimsOf(inputTypes[0]);
    const { low, high, transposed } = attributes;
    emit("colorTransform", {
      ...{ batch, pixels: height * width, channels, transposed: Number(transposed), low, high },
      x: x as Buffer,
      transforms: transforms as Buffer,
      out: out as Buffer,
    });
  },
  describe: ({ low, high }) => `to [${low}, ${high}]`,
};

/** min(max(matrix x + offset, low), high) for the channels x of each pixel. */
export const colorTransform = (x: Tensor, transforms: Tensor, low: number, high: number): Tensor =>
  apply(colorTransformOp, [x, transforms], { low, high, transposed: false });

interface NoiseAttributes extends RandomSource {
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

const addNoiseOp: Op<NoiseAttributes> = {
  name: "addNoise",
  infer: sameImages,
  gradient: ({ outputs: [y], upstream: [dy], attributes: { low, high } }) => [
    within(y as Tensor, low, high, dy as Tensor),
  ],
  inPlace: [0],
  lower({ inputs: [x], outputs: [out], attributes: { control: source, ...rest }, emit, control }) {
    const n = (x as Buffer).length;
    emit("addNoise", { n, ...rest, control: control(source), x: x as Buffer, out: out as Buffer });
  },
  describe: ({ deviation, stream }) => `deviation ${deviation}, stream ${stream}`,
};

/** min(max(x + deviation z, low), high), z standard normal at every element. */
export const addNoise = (x: Tensor, attributes: NoiseAttributes): Tensor => apply(addNoiseOp, [x], attributes);

interface CutoutAttributes extends RandomSource {
  readonly boxHeight: number;
  readonly boxWidth: number;
  readonly probability: number;
  readonly fillValue: number;
}

const cutoutOp: Op<CutoutAttributes> = {
  name: "cutout",
  infer: sameImages,
  // the same rectangles, drawn again
  gradient: ({ upstream: [dy], attributes }) => [apply(cutoutOp, [dy as Tensor], { ...attributes, fillValue: 0 })],
  inPlace: [0],
  lower({ inputs: [x], inputTypes, outputs: [out], attributes: { control: source, ...rest }, emit, control }) {
    const [batch, height, width, channels] = dimsOf(inputTypes[0]);
    emit("cutout", {
      ...{ batch, height, width, channels },
      ...rest,
      control: control(source),
      x: x as Buffer,
      out: out as Buffer,
    });
  },
  describe: ({ boxHeight, boxWidth, probability, stream }) =>
    `${boxHeight}x${boxWidth}, probability ${probability}, stream ${stream}`,
};

/** A rectangle of each image under one value. */
export const cutout = (x: Tensor, attributes: CutoutAttributes): Tensor => apply(cutoutOp, [x], attributes);

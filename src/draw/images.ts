// Images and filters as sheets of pixels in an SVG.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { checker, checkOptions, positiveInteger } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import type { Variable } from "../graph/variable.ts";
import { isVariable } from "../graph/variable.ts";
import { formatShape } from "../shape.ts";
import { short } from "../text.ts";
import type { Pixels } from "./png.ts";
import { pngUri } from "./png.ts";
import type { Grid } from "./sheet.ts";
import {
  byteOf,
  colorsOf,
  createSheet,
  diverging,
  gray,
  largestSize,
  paletteIndex,
  pixelsOf,
  placeOf,
  shaped,
  sheetHeight,
  sheetWidth,
} from "./sheet.ts";
import type { DrawnLabels, DrawOptions } from "./svg.ts";
import { contentTop, drawOptions, fitText, image, labelsOption, MARGIN, svgDocument, text } from "./svg.ts";

/** Options of `drawImages`. */
export interface DrawImagesOptions extends DrawOptions {
  /** By default as many as make a sheet that is wider than high. */
  readonly columns?: number;
  /** The values that are black and white. By default 0 and 255 for bytes and values beyond 1, 0 and 1 for others, and the extremes where values are negative. */
  readonly range?: readonly [number, number];
  /** A line under each image. */
  readonly labels?: DrawnLabels;
}

/** Options of `drawFilters`. */
export interface DrawFiltersOptions extends DrawOptions {
  /** By default as many as make a sheet that is wider than high, or the filters of one channel. */
  readonly columns?: number;
}

const range: Checker<readonly [number, number]> = checker(
  "[low, high], two ascending numbers",
  (pair) => Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite) && pair[0] < pair[1],
);

/** What black and white stand for, from the values themselves. */
function rangeOf(data: NumericArray): readonly [number, number] {
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return [0, 255];
  let [low, high] = [0, 1];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value < low && value > Number.NEGATIVE_INFINITY) low = value;
    if (value > high && value < Number.POSITIVE_INFINITY) high = value;
  }
  if (low === 0) return high <= 1 ? [0, 1] : [0, Math.max(high, 255)];
  return [low, high];
}

const sheetColumns = (count: number): number => {
  let columns = 1;
  while (columns * columns * 5 < count * 8) columns++;
  return Math.min(columns, count);
};

/** A sheet in its document; a pixel of the sheet is `scale` pixels of the drawing. */
function sheetDocument(
  grid: Grid,
  sheet: Pixels,
  options: DrawOptions,
  label: string,
  more: (left: number, top: number, scale: number) => readonly string[],
  below: number,
): string {
  const { title } = options;
  const top = contentTop(title);
  const [columns, rows] = [sheetWidth(grid), sheetHeight(grid)];
  // without a wish: whole pixels, about 560 wide
  const wished = Math.min(
    options.width ? (options.width - 2 * MARGIN) / columns : Number.POSITIVE_INFINITY,
    options.height ? (options.height - top - below - MARGIN) / rows : Number.POSITIVE_INFINITY,
  );
  const usual = Math.max(
    1,
    Math.min(Math.floor(560 / columns), Math.floor(480 / rows), Math.floor(96 / grid.width) || 1),
  );
  const scale = Math.max(0.1, Number.isFinite(wished) ? wished : usual);
  const width = options.width ?? Math.max(columns * scale + 2 * MARGIN, 220);
  const height = options.height ?? top + rows * scale + below + MARGIN;
  const left = (width - columns * scale) / 2;
  return svgDocument({ width, height, title }, label, [
    image(left, top, columns * scale, rows * scale, pngUri(sheet)),
    ...more(left, top, scale),
  ]);
}

/**
 * Images [n, height, width] or [n, height, width, channels] with 1, 3 or 4 channels as a sheet in an SVG, with a line under
 * each where `labels` are given. Throws `shape-mismatch` for other shapes.
 */
export function drawImages(images: Values, options: DrawImagesOptions = {}): string {
  const where = "drawImages";
  const { data, shape } = shaped(where, "images", images, "[n, height, width, channels]");
  checkOptions(where, options, { ...drawOptions, columns: positiveInteger, range, labels: labelsOption });
  const [count, height, width, channels = 1] = shape as [number, number, number, number?];
  if (shape.length < 3 || shape.length > 4 || ![1, 3, 4].includes(channels)) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: images must be [n, height, width] or [n, height, width, channels] with 1, 3 or 4 channels, got ${formatShape(shape)}.`,
    );
  }
  const { labels: captions, columns = sheetColumns(count) } = options;
  if (captions && captions.length !== count) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: labels has ${captions.length} entries for ${count} images. They must be as many.`,
    );
  }
  const gapX = Math.max(1, Math.round(width / 14));
  // captions take a third of a small image, so that its pixels stay whole ones
  const gapY = captions ? Math.max(gapX, Math.ceil(width / 4)) : gapX;
  const grid: Grid = { count, columns: Math.min(columns, count), width, height, gapX, gapY };
  const [low, high] = options.range ?? rangeOf(data);
  const share = (i: number): number => ((data[i] as number) - low) / (high - low);
  const bytes = channels === 1 ? 1 : 4;
  const sheet = createSheet(grid, bytes);
  for (let tile = 0; tile < count; tile++) {
    const [left, top] = placeOf(grid, tile);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = ((tile * height + y) * width + x) * channels;
        const to = ((top + y) * sheetWidth(grid) + left + x) * bytes;
        if (bytes === 1) sheet[to] = paletteIndex(share(from));
        else for (let c = 0; c < 4; c++) sheet[to + c] = c < channels ? byteOf(share(from + c)) : 255;
      }
    }
  }
  const pixels = pixelsOf(grid, sheet, bytes === 1 ? colorsOf(gray) : undefined);
  const caption = (left: number, top: number, scale: number): string[] =>
    (captions ?? []).map((each, tile) => {
      const [x, y] = placeOf(grid, tile);
      const size = Math.max(6, Math.min(12, gapY * scale - 3));
      const line = fitText(String(each), (width + gapX) * scale, size);
      return text(left + (x + width / 2) * scale, top + (y + height) * scale + size, line, { anchor: "middle", size });
    });
  return sheetDocument(grid, pixels, options, `${count} images`, caption, captions ? 14 : 0);
}

/** Filters of at least this many pixels a side, small ones enlarged: gaps between them can be thin. */
const FILTER_SIDE = 12;

function kernelOf(where: string, kernel: unknown): { data: NumericArray; shape: readonly number[] } {
  const found = isVariable(kernel)
    ? kernel.read()
    : shaped(where, "kernel", kernel as Values, "a variable [height, width, in, out]");
  if (found.shape.length !== 4) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: kernel must be [height, width, in, out], got ${formatShape(found.shape)}. Give { data, shape } for the weights of a dense layer over an image.`,
    );
  }
  return found;
}

/**
 * The filters of a kernel [height, width, in, out] as a sheet in an SVG. With 3 input channels each filter is an image in colour whose
 * middle gray is 0; otherwise there is a row for each input channel (one channel: filters in order), blue for weights above 0,
 * orange below, white at 0. All share one scale. Throws `shape-mismatch` for other shapes.
 */
export function drawFilters(kernel: Variable | Values, options: DrawFiltersOptions = {}): string {
  const where = "drawFilters";
  const { data, shape } = kernelOf(where, kernel);
  checkOptions(where, options, { ...drawOptions, columns: positiveInteger });
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const inColor = inputs === 3;
  const count = inColor ? outputs : inputs * outputs;
  const usual = inColor || inputs === 1 ? sheetColumns(count) : outputs;
  const enlarged = Math.max(1, Math.ceil(FILTER_SIDE / Math.max(height, width)));
  const grid: Grid = {
    count,
    columns: Math.min(options.columns ?? usual, count),
    width: width * enlarged,
    height: height * enlarged,
    gapX: 2,
    gapY: 2,
  };
  const most = largestSize(data);
  const share = (y: number, x: number, i: number, o: number): number =>
    most === 0 ? 0.5 : 0.5 + (data[((y * width + x) * inputs + i) * outputs + o] as number) / (2 * most);
  const bytes = inColor ? 4 : 1;
  const sheet = createSheet(grid, bytes);
  for (let tile = 0; tile < count; tile++) {
    const [left, top] = placeOf(grid, tile);
    const o = tile % outputs;
    for (let y = 0; y < grid.height; y++) {
      for (let x = 0; x < grid.width; x++) {
        const to = ((top + y) * sheetWidth(grid) + left + x) * bytes;
        const at = [Math.floor(y / enlarged), Math.floor(x / enlarged)] as const;
        if (inColor) {
          for (let c = 0; c < 3; c++) sheet[to + c] = byteOf(share(...at, c, o));
          sheet[to + 3] = 255;
        } else sheet[to] = paletteIndex(share(...at, Math.floor(tile / outputs), o));
      }
    }
  }
  const pixels = pixelsOf(grid, sheet, inColor ? undefined : colorsOf(diverging));
  const scaleBar = (_left: number, top: number, scale: number): string[] => {
    const y = top + sheetHeight(grid) * scale + 12;
    const ramp = { width: 255, height: 1, data: Uint8Array.from({ length: 255 }, (_, i) => i + 1) };
    const palette = colorsOf(inColor ? gray : diverging);
    return [
      image(MARGIN, y, 90, 10, pngUri({ ...ramp, palette }), true),
      text(MARGIN + 98, y + 9, `${short(-most, 3)} to ${short(most, 3)}`, { size: 11, color: "lw-m" }),
    ];
  };
  return sheetDocument(grid, pixels, options, `${count} filters`, scaleBar, 26);
}

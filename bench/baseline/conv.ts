// Baselines of the convolutions: images are unrolled into the packed panels of a product, a strip of pixels at a time,
// so that the unrolled image is never written to memory as a whole.

import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";
import { COLUMNS, pack, panelFloats, ROWS, room, tile } from "./tile.ts";

interface Shape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly groups: number;
}

const plain = (s: Shape): void =>
  expect(s.groups === 1 && s.dilationHeight === 1 && s.dilationWidth === 1, "no groups, no dilation");

/** Pixels of the unrolled image that are packed at a time. */
const STRIP = 32 * ROWS;

let unrolled: Float32Array | undefined;
let packed: Float32Array | undefined;
let columns: Float32Array | undefined;

/**
 * Windows of `count` output pixels from `first` on, packed like rows of a product: panels [window, ROWS] of ROWS pixels
 * each. A panel that is not full repeats the last pixel.
 */
function unroll(s: Shape, x: Float32Array, first: number, count: number, to: Float32Array): void {
  const { kernelHeight, kernelWidth, channels, outHeight, outWidth } = s;
  const depth = kernelHeight * kernelWidth * channels;
  const padded = Math.ceil(count / ROWS) * ROWS;
  for (let i = 0; i < padded; i++) {
    const pixel = Math.min(first + i, first + count - 1);
    const ox = pixel % outWidth;
    const oy = ((pixel - ox) / outWidth) % outHeight;
    const image = (pixel - ox - oy * outWidth) / (outWidth * outHeight);
    let at = (i - (i % ROWS)) * depth + (i % ROWS);
    for (let ky = 0; ky < kernelHeight; ky++) {
      const y = oy * s.strideHeight + ky - s.padTop;
      for (let kx = 0; kx < kernelWidth; kx++) {
        const column = ox * s.strideWidth + kx - s.padLeft;
        const inside = y >= 0 && y < s.height && column >= 0 && column < s.width;
        let from = ((image * s.height + y) * s.width + column) * channels;
        for (let c = 0; c < channels; c++, at += ROWS) to[at] = inside ? (x[from++] as number) : 0;
      }
    }
  }
}

export const conv2d: Baseline<"conv2d"> = (o) => {
  plain(o);
  expect(o.activation === 0 && !o.bias, "plain convolutions");
  const depth = o.kernelHeight * o.kernelWidth * o.channels;
  const pixels = o.batch * o.outHeight * o.outWidth;
  packed = room(panelFloats(o.filters, COLUMNS, depth), packed);
  pack(o.kernel, 0, o.filters, 1, depth, o.filters, COLUMNS, packed);
  unrolled = room(STRIP * depth, unrolled);
  for (let first = 0; first < pixels; first += STRIP) {
    const count = Math.min(STRIP, pixels - first);
    unroll(o, o.x, first, count, unrolled);
    multiplyStrip(count, o.filters, depth, unrolled, packed, o.out, first * o.filters, o.filters);
  }
};

/** All panels of a strip by all panels of columns. */
function multiplyStrip(
  count: number,
  n: number,
  depth: number,
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  at: number,
  step: number,
): void {
  for (let j = 0; j < n; j += COLUMNS) {
    for (let i = 0; i < count; i += ROWS) {
      const rows = Math.min(ROWS, count - i);
      tile(depth, a, i * depth, b, j * depth, out, at + i * step + j, step, rows, Math.min(COLUMNS, n - j), false);
    }
  }
}

/** dy by the kernel gives each pixel's window, which is added to where it came from. */
export const conv2dInputGradient: Baseline<"conv2dInputGradient"> = (o) => {
  plain(o);
  const { filters, channels, kernelHeight, kernelWidth, outHeight, outWidth } = o;
  const window = kernelHeight * kernelWidth * channels;
  const pixels = o.batch * outHeight * outWidth;
  packed = room(panelFloats(window, COLUMNS, filters), packed);
  pack(o.kernel, 0, window, filters, filters, 1, COLUMNS, packed);
  unrolled = room(STRIP * filters, unrolled);
  columns = room(STRIP * window, columns);
  o.dx.fill(0, 0, o.batch * o.height * o.width * channels);
  for (let first = 0; first < pixels; first += STRIP) {
    const count = Math.min(STRIP, pixels - first);
    pack(o.dy, first * filters, count, filters, filters, 1, ROWS, unrolled);
    multiplyStrip(count, window, filters, unrolled, packed, columns, 0, window);
    for (let i = 0; i < count; i++) addWindow(o, columns, i * window, first + i, o.dx);
  }
};

/** Adds the window of an output pixel to the image. */
function addWindow(s: Shape, values: Float32Array, at: number, pixel: number, dx: Float32Array): void {
  const { kernelHeight, kernelWidth, channels, outHeight, outWidth } = s;
  const ox = pixel % outWidth;
  const oy = ((pixel - ox) / outWidth) % outHeight;
  const image = (pixel - ox - oy * outWidth) / (outWidth * outHeight);
  const left = ox * s.strideWidth - s.padLeft;
  for (let ky = 0; ky < kernelHeight; ky++) {
    const y = oy * s.strideHeight + ky - s.padTop;
    if (y < 0 || y >= s.height) continue;
    for (let kx = 0; kx < kernelWidth; kx++) {
      const column = left + kx;
      if (column < 0 || column >= s.width) continue;
      let from = at + (ky * kernelWidth + kx) * channels;
      let to = ((image * s.height + y) * s.width + column) * channels;
      for (let c = 0; c < channels; c++, from++, to++) dx[to] = (dx[to] as number) + (values[from] as number);
    }
  }
}

/** Pixels that are summed before the sums are added to the gradient: more, and the panels leave the cache. */
const DEPTH = 128;

/** The unrolled image, transposed, by dy. */
export const conv2dKernelGradient: Baseline<"conv2dKernelGradient"> = (o) => {
  plain(o);
  const { filters, channels, kernelHeight, kernelWidth, outHeight, outWidth } = o;
  const window = kernelHeight * kernelWidth * channels;
  const pixels = o.batch * outHeight * outWidth;
  unrolled = room(panelFloats(window, ROWS, DEPTH), unrolled);
  packed = room(panelFloats(filters, COLUMNS, DEPTH), packed);
  o.dkernel.fill(0, 0, window * filters);
  for (let first = 0; first < pixels; first += DEPTH) {
    const depth = Math.min(DEPTH, pixels - first);
    for (let l = 0; l < depth; l++) unrollTransposed(o, o.x, first + l, l, depth, unrolled);
    pack(o.dy, first * filters, filters, 1, depth, filters, COLUMNS, packed);
    for (let i = 0; i < window; i += ROWS) {
      const rows = Math.min(ROWS, window - i);
      for (let j = 0; j < filters; j += COLUMNS) {
        const most = Math.min(COLUMNS, filters - j);
        tile(depth, unrolled, i * depth, packed, j * depth, o.dkernel, i * filters + j, filters, rows, most, true);
      }
    }
  }
};

/** The window of one output pixel as column l of panels [depth, ROWS]; rows behind the last are not used. */
function unrollTransposed(s: Shape, x: Float32Array, pixel: number, l: number, depth: number, to: Float32Array): void {
  const { kernelHeight, kernelWidth, channels, outHeight, outWidth } = s;
  const ox = pixel % outWidth;
  const oy = ((pixel - ox) / outWidth) % outHeight;
  const image = (pixel - ox - oy * outWidth) / (outWidth * outHeight);
  let row = 0; // within its panel
  let at = l * ROWS;
  for (let ky = 0; ky < kernelHeight; ky++) {
    const y = oy * s.strideHeight + ky - s.padTop;
    for (let kx = 0; kx < kernelWidth; kx++) {
      const column = ox * s.strideWidth + kx - s.padLeft;
      const inside = y >= 0 && y < s.height && column >= 0 && column < s.width;
      let from = ((image * s.height + y) * s.width + column) * channels;
      for (let c = 0; c < channels; c++) {
        to[at + row] = inside ? (x[from++] as number) : 0;
        if (++row < ROWS) continue;
        row = 0;
        at += depth * ROWS;
      }
    }
  }
}

/** What Winograd's kernels are made for: the baseline computes the same convolution. */
const threeByThree = {
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
};

export const conv2dWinograd: Baseline<"conv2dWinograd"> = (o) => conv2d({ ...o, ...threeByThree });

export const conv2dWinogradInputGradient: Baseline<"conv2dWinogradInputGradient"> = (o) =>
  conv2dInputGradient({ ...o, ...threeByThree });

// Twins of assembly/augment/: matrices.ts, warp.ts, elastic.ts, cutout.ts. Where pixels come from.

import type { Floats } from "../../bindings/engine.ts";
import { philox } from "../random.ts";
import { belowOf, imageWords, turn, unitOf } from "./augmentDraws.ts";
import type { Twin } from "./twin.ts";

/** The nearest whole number, of two the even one. */
function nearest(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

export const affineMatrices: Twin<"affineMatrices"> = (o) => {
  for (let i = 0; i < o.batch; i++) {
    const words = imageWords(i, 4, o.stream, o.control);
    const drawn = (k: number): number => {
      const [from, to] = [o.ranges[2 * k] as number, o.ranges[2 * k + 1] as number];
      return from + (to - from) * unitOf(words[3 + k]);
    };
    let [m0, m1, m2, m3, m4, m5] = [1, 0, 0, 0, 1, 0];
    if (unitOf(words[0]) < o.probability) {
      const [centerY, centerX] = [(o.height - 1) / 2, (o.width - 1) / 2];
      const settle = o.whole ? nearest : (x: number) => x;
      const [down, right] = [settle(drawn(0)), settle(drawn(1))];
      const { sin, cos } = turn(drawn(2));
      const zoomY = 1 + drawn(3);
      const zoomX = o.sameZoom ? zoomY : 1 + drawn(4);
      const [shearY, shearX] = [drawn(5), drawn(6)];
      const signY = unitOf(words[1]) < o.mirrorVertical ? -1 : 1;
      const signX = unitOf(words[2]) < o.mirrorHorizontal ? -1 : 1;
      m0 = signY * (zoomY * cos + shearY * zoomX * sin);
      m1 = signY * (zoomY * sin - shearY * zoomX * cos);
      m3 = signX * (-zoomX * sin - shearX * zoomY * cos);
      m4 = signX * (zoomX * cos - shearX * zoomY * sin);
      m2 = centerY - m0 * (centerY + down) - m1 * (centerX + right);
      m5 = centerX - m3 * (centerY + down) - m4 * (centerX + right);
    }
    [m0, m1, m2, m3, m4, m5].forEach((m, k) => {
      o.matrices[6 * i + k] = m;
    });
  }
};

export const cropMatrices: Twin<"cropMatrices"> = (o) => {
  for (let i = 0; i < o.batch; i++) {
    const words = imageWords(i, 4, o.stream, o.control);
    const top = belowOf(words[0], o.rows) - o.rowsBefore;
    const left = belowOf(words[1], o.columns) - o.columnsBefore;
    [1, 0, top, 0, 1, left].forEach((m, k) => {
      o.matrices[6 * i + k] = m;
    });
  }
};

const floorMod = (i: number, n: number): number => ((i % n) + n) % n;

/** The row or column of n that place i shows, -1 for the constant. */
function placeOf(i: number, n: number, mode: number): number {
  if (i >= 0 && i < n) return i;
  if (mode === 0 || n === 0) return -1;
  if (mode === 1) return i < 0 ? 0 : n - 1;
  if (mode === 3) return floorMod(i, n);
  const at = floorMod(i, 2 * n);
  return at < n ? at : 2 * n - 1 - at;
}

/** As a number becomes an int32 that stops at both ends, NaN 0. */
const saturated = (x: number): number => (Number.isNaN(x) ? 0 : Math.min(Math.max(x, -(2 ** 31)), 2 ** 31 - 1));

const round = Math.fround;

/** Places are computed in float32 in the order of the kernel, so that both find them between the same pixels. */
export const imageWarp: Twin<"imageWarp"> = (o) => {
  const { height, width, channels, outHeight, outWidth, x, out } = o;
  const identity = [1, 0, 0, 0, 1, 0];
  for (let i = 0; i < o.batch; i++) {
    const m = o.matrices ? Array.from(o.matrices.subarray(6 * i, 6 * i + 6), round) : identity;
    const [m0, m1, m2, m3, m4, m5] = m as unknown as readonly [number, number, number, number, number, number];
    const isWhole = (step: number): boolean => Math.abs(step) < 2 ** 22 && Number.isInteger(step);
    const copies = !o.field && m1 === 0 && m3 === 0 && m0 * m0 === 1 && m4 * m4 === 1 && isWhole(m2) && isWhole(m5);
    const value = (row: number, column: number, c: number): number => {
      const [r, k] = [placeOf(row | 0, height, o.fillMode), placeOf(column | 0, width, o.fillMode)];
      return r < 0 || k < 0 ? o.fillValue : (x[((i * height + r) * width + k) * channels + c] as number);
    };
    for (let y = 0; y < outHeight; y++) {
      for (let column = 0; column < outWidth; column++) {
        const fieldAt = (axis: number): number =>
          o.field ? round(o.field[((i * 2 + axis) * outHeight + y) * outWidth + column] as number) : 0;
        let down = round(round(round(round(m0 * y) + m2) + round(m1 * column)) + fieldAt(0));
        let right = round(round(round(round(m3 * y) + m5) + round(m4 * column)) + fieldAt(1));
        const nearestPixel = o.interpolation === 0 || copies;
        if (nearestPixel) [down, right] = [round(down + 0.5), round(right + 0.5)];
        const [row, left] = [Math.floor(down), Math.floor(right)];
        const [wy, wx] = nearestPixel ? [0, 0] : [down - row, right - left];
        const [iy, ix] = [saturated(row), saturated(left)];
        for (let c = 0; c < channels; c++) {
          const at = ((i * outHeight + y) * outWidth + column) * channels + c;
          if (nearestPixel) {
            out[at] = value(iy, ix, c);
            continue;
          }
          const across = (r: number): number => value(r, ix, c) + wx * (value(r, ix + 1, c) - value(r, ix, c));
          out[at] = across(iy) + wy * (across(iy + 1) - across(iy));
        }
      }
    }
  }
};

/** Sums of weights[|k|] times the value k steps further on, what is outside being 0. */
function smoothed(values: Floats, n: number, stride: number, from: number, weights: Floats, radius: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let k = -radius; k <= radius; k++) {
      if (i + k < 0 || i + k >= n) continue;
      sum += (weights[Math.abs(k)] as number) * (values[from + (i + k) * stride] as number);
    }
    return sum;
  });
}

export const elasticField: Twin<"elasticField"> = (o) => {
  const { height, width, radius, alpha, stream, control, weights, field } = o;
  const [low, high, step] = control as unknown as [number, number, number];
  const words = new Uint32Array(4);
  const size = height * width;
  const plane = new Float64Array(size);
  for (let p = 0; p < 2 * o.batch; p++) {
    for (let i = 0; i < size; i++) {
      if (i % 4 === 0) philox(p * Math.ceil(size / 4) + i / 4, stream, step, 0, low, high, words);
      plane[i] = 2 * unitOf(words[i % 4]) - 1;
    }
    for (let y = 0; y < height; y++) plane.set(smoothed(plane, width, 1, y * width, weights, radius), y * width);
    for (let x = 0; x < width; x++) {
      smoothed(plane, height, width, x, weights, radius).forEach((sum, y) => {
        field[p * size + y * width + x] = alpha * sum;
      });
    }
  }
};

export const cutout: Twin<"cutout"> = (o) => {
  const { height, width, channels, boxHeight, boxWidth } = o;
  for (let i = 0; i < o.batch; i++) {
    const words = imageWords(i, 4, o.stream, o.control);
    const cut = unitOf(words[0]) < o.probability;
    const top = belowOf(words[1], height) - Math.floor(boxHeight / 2);
    const left = belowOf(words[2], width) - Math.floor(boxWidth / 2);
    for (let at = 0; at < height * width * channels; at++) {
      const row = Math.floor(at / channels / width);
      const column = Math.floor(at / channels) % width;
      const hidden = row >= top && row < top + boxHeight && column >= left && column < left + boxWidth;
      const place = i * height * width * channels + at;
      o.out[place] = cut && hidden ? o.fillValue : (o.x[place] as number);
    }
  }
};

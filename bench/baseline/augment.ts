// Baselines of augmentation. Images are warped with reflected edges and cut with constant ones, as the rows ask for.

import { philox } from "../../src/random.ts";
import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";
import { angleOf, eachPair, radiusOf } from "./random.ts";

const words = new Uint32Array(4);
const UNIT = 1 / 2 ** 24;

/** Fills `drawn` with uniform numbers of [0, 1) for an image. */
function draw(drawn: Float64Array, image: number, stream: number, control: Int32Array): void {
  const blocks = drawn.length / 4;
  for (let b = 0; b < blocks; b++) {
    philox(image * blocks + b, stream, control[2] as number, 0, control[0] as number, control[1] as number, words);
    for (let j = 0; j < 4; j++) drawn[4 * b + j] = ((words[j] as number) >>> 8) * UNIT;
  }
}

/** The first four words of an image, into `words`. */
function firstWords(image: number, stream: number, control: Int32Array): Uint32Array {
  const [low, high, step] = control as unknown as [number, number, number];
  philox(4 * image, stream, step, 0, low, high, words);
  return words;
}

const drawn16 = new Float64Array(16);

export const affineMatrices: Baseline<"affineMatrices"> = (o) => {
  const { ranges, matrices } = o;
  const [cy, cx] = [(o.height - 1) / 2, (o.width - 1) / 2];
  for (let i = 0; i < o.batch; i++) {
    draw(drawn16, i, o.stream, o.control);
    const u = (k: number): number => {
      const low = ranges[2 * k] as number;
      return low + ((ranges[2 * k + 1] as number) - low) * (drawn16[3 + k] as number);
    };
    const angle = (u(2) * Math.PI) / 2;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const [y, x] = [cy + u(0), cx + u(1)];
    const zy = 1 + u(3);
    const zx = o.sameZoom ? zy : 1 + u(4);
    const [ky, kx] = [u(5), u(6)];
    const my = (drawn16[1] as number) < o.mirrorVertical ? -1 : 1;
    const mx = (drawn16[2] as number) < o.mirrorHorizontal ? -1 : 1;
    const m0 = my * (zy * c + ky * zx * s);
    const m1 = my * (zy * s - ky * zx * c);
    const m3 = mx * (-zx * s - kx * zy * c);
    const m4 = mx * (zx * c - kx * zy * s);
    const at = 6 * i;
    matrices[at] = m0;
    matrices[at + 1] = m1;
    matrices[at + 2] = cy - m0 * y - m1 * x;
    matrices[at + 3] = m3;
    matrices[at + 4] = m4;
    matrices[at + 5] = cx - m3 * y - m4 * x;
  }
};

export const cropMatrices: Baseline<"cropMatrices"> = (o) => {
  const { rows, columns, matrices } = o;
  for (let i = 0; i < o.batch; i++) {
    const [rowWord, columnWord] = firstWords(i, o.stream, o.control);
    const at = 6 * i;
    matrices.fill(0, at, at + 6);
    matrices[at] = 1;
    matrices[at + 2] = Math.floor(((rowWord as number) / 2 ** 32) * rows) - o.rowsBefore;
    matrices[at + 4] = 1;
    matrices[at + 5] = Math.floor(((columnWord as number) / 2 ** 32) * columns) - o.columnsBefore;
  }
};

/** Places before 0 and behind n - 1 reflected once or more. */
function reflect(i: number, n: number): number {
  let at = i;
  while (at < 0 || at >= n) at = at < 0 ? -1 - at : 2 * n - 1 - at;
  return at;
}

type Warp = Parameters<Baseline<"imageWarp">>[0];

/** Rows of a mirrored or shifted image, pixel by pixel. */
function copyImage(o: Warp, i: number, stepY: number, stepX: number, top: number, left: number): void {
  const { height, width, channels, outHeight, outWidth, x, out } = o;
  let to = i * outHeight * outWidth * channels;
  for (let y = 0; y < outHeight; y++) {
    const fromRow = o.fillMode === 0 ? stepY * y + top : reflect(stepY * y + top, height);
    const row = (i * height + fromRow) * width;
    for (let column = 0; column < outWidth; column++) {
      const fromColumn = o.fillMode === 0 ? stepX * column + left : reflect(stepX * column + left, width);
      const isOutside = fromRow < 0 || fromRow >= height || fromColumn < 0 || fromColumn >= width;
      const from = (row + fromColumn) * channels;
      for (let c = 0; c < channels; c++) out[to++] = isOutside ? o.fillValue : (x[from + c] as number);
    }
  }
}

/** An image between pixels. */
function blendImage(o: Warp, i: number, m: Float32Array, field: Float32Array | null): void {
  const { height, width, channels, outHeight, outWidth, x, out } = o;
  const [m0, m1, m2, m3, m4, m5] = m as unknown as [number, number, number, number, number, number];
  const plane = outHeight * outWidth;
  const image = i * height * width;
  let to = i * plane * channels;
  let at = 2 * i * plane;
  for (let y = 0; y < outHeight; y++) {
    for (let column = 0; column < outWidth; column++, at++) {
      let down = m0 * y + m1 * column + m2;
      let right = m3 * y + m4 * column + m5;
      if (field) {
        down += field[at] as number;
        right += field[at + plane] as number;
      }
      const [row, left] = [Math.floor(down), Math.floor(right)];
      const [wy, wx] = [down - row, right - left];
      const inside = row >= 0 && left >= 0 && row < height - 1 && left < width - 1;
      const upper = (image + (inside ? row : reflect(row, height)) * width) * channels;
      const lower = inside ? upper + width * channels : (image + reflect(row + 1, height) * width) * channels;
      const before = (inside ? left : reflect(left, width)) * channels;
      const behind = inside ? before + channels : reflect(left + 1, width) * channels;
      for (let c = 0; c < channels; c++) {
        const a = x[upper + before + c] as number;
        const b = x[lower + before + c] as number;
        const p = a + wx * ((x[upper + behind + c] as number) - a);
        const q = b + wx * ((x[lower + behind + c] as number) - b);
        out[to++] = p + wy * (q - p);
      }
    }
  }
}

export const imageWarp: Baseline<"imageWarp"> = (o) => {
  const same = Float32Array.of(1, 0, 0, 0, 1, 0);
  for (let i = 0; i < o.batch; i++) {
    const m = o.matrices ? o.matrices.subarray(6 * i, 6 * i + 6) : same;
    const [m0 = 0, m1, m2 = 0, m3, m4 = 0, m5 = 0] = m;
    const whole = m1 === 0 && m3 === 0 && m0 * m0 === 1 && m4 * m4 === 1 && m2 % 1 === 0 && m5 % 1 === 0;
    if (whole && !o.field) copyImage(o, i, m0, m4, m2, m5);
    else {
      expect(o.fillMode === 2 && o.interpolation === 1, "reflected edges, bilinear");
      blendImage(o, i, m, o.field ?? null);
    }
  }
};

export const elasticField: Baseline<"elasticField"> = (o) => {
  const { height, width, radius, alpha, weights, field } = o;
  const size = height * width;
  const noise = new Float32Array(size);
  const rows = new Float32Array(size);
  for (let plane = 0; plane < 2 * o.batch; plane++) {
    const first = plane * Math.ceil(size / 4);
    for (let i = 0; i < size; i++) {
      if (i % 4 === 0) {
        const [low, high, step] = o.control as unknown as [number, number, number];
        philox(first + i / 4, o.stream, step, 0, low, high, words);
      }
      noise[i] = ((words[i % 4] as number) >>> 8) * 2 * UNIT - 1;
    }
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        const end = Math.min(width - 1, x + radius);
        for (let k = Math.max(0, x - radius); k <= end; k++)
          sum += (weights[Math.abs(k - x)] as number) * (noise[y * width + k] as number);
        rows[y * width + x] = sum;
      }
    }
    for (let y = 0; y < height; y++) {
      const to = plane * size + y * width;
      field.fill(0, to, to + width);
      const end = Math.min(height - 1, y + radius);
      for (let k = Math.max(0, y - radius); k <= end; k++) {
        const weight = alpha * (weights[Math.abs(k - y)] as number);
        for (let x = 0; x < width; x++)
          field[to + x] = (field[to + x] as number) + weight * (rows[k * width + x] as number);
      }
    }
  }
};

export const cutout: Baseline<"cutout"> = (o) => {
  const { height, width, channels, boxHeight, boxWidth, out } = o;
  out.set(o.x.subarray(0, o.batch * height * width * channels));
  for (let i = 0; i < o.batch; i++) {
    const [word, rowWord, columnWord] = firstWords(i, o.stream, o.control);
    if (((word as number) >>> 8) * UNIT >= o.probability) continue;
    const top = Math.floor(((rowWord as number) / 2 ** 32) * height) - (boxHeight >> 1);
    const left = Math.floor(((columnWord as number) / 2 ** 32) * width) - (boxWidth >> 1);
    for (let y = Math.max(0, top); y < Math.min(height, top + boxHeight); y++) {
      const row = (i * height + y) * width;
      const end = Math.min(width, left + boxWidth);
      out.fill(o.fillValue, (row + Math.max(0, left)) * channels, (row + end) * channels);
    }
  }
};

/** Rows ask for a shift along directions, for contrast, or for the hue of three channels; all draws are uniform. */
export const colorMatrices: Baseline<"colorMatrices"> = (o) => {
  expect(o.deviation === 0 && o.probability === 1 && o.draws <= 4, "few uniform draws");
  const { channels, draws, transforms } = o;
  const drawn = new Float64Array(8);
  const row = channels + 1;
  for (let i = 0; i < o.batch; i++) {
    draw(drawn, i, o.stream, o.control);
    for (let k = 0; k < draws; k++) drawn[k] = o.low + (o.high - o.low) * (drawn[4 + k] as number);
    const at = i * channels * row;
    const by = drawn[0] as number;
    transforms.fill(0, at, at + channels * row);
    for (let c = 0; c < channels; c++) {
      transforms[at + c * row + c] = o.change === 1 ? 1 + by : 1;
      let offset = o.change === 1 ? -by * (o.mean?.[i * channels + c] as number) : 0;
      if (o.change === 0)
        for (let k = 0; k < draws; k++) offset += (o.directions?.[c * draws + k] as number) * (drawn[k] as number);
      transforms[at + c * row + channels] = offset;
    }
    if (o.change === 2) turnHue(transforms, at, row, by);
  }
};

const [RED, GREEN, BLUE, U, V] = [0.299, 0.587, 0.114, 0.492111, 0.877283];

function turnHue(transforms: Float32Array, at: number, row: number, turns: number): void {
  const [c, s] = [Math.cos(2 * Math.PI * turns), Math.sin(2 * Math.PI * turns)];
  for (let j = 0; j < 3; j++) {
    const y = j === 0 ? RED : j === 1 ? GREEN : BLUE;
    const u = U * ((j === 2 ? 1 : 0) - y);
    const v = V * ((j === 0 ? 1 : 0) - y);
    const red = (u * s + v * c) / V;
    const blue = (u * c - v * s) / U;
    transforms[at + j] = y + red;
    transforms[at + row + j] = y - (RED * red + BLUE * blue) / GREEN;
    transforms[at + 2 * row + j] = y + blue;
  }
}

export const colorTransform: Baseline<"colorTransform"> = (o) => {
  const { batch, pixels, channels, low, high, x, transforms: t, out } = o;
  expect(o.transposed === 0 && (channels === 1 || channels === 3), "1 or 3 channels");
  for (let i = 0; i < batch; i++) {
    const end = (i + 1) * pixels * channels;
    if (channels === 1) {
      const [a, b] = [t[2 * i] as number, t[2 * i + 1] as number];
      for (let p = i * pixels; p < end; p++) out[p] = Math.min(Math.max(a * (x[p] as number) + b, low), high);
      continue;
    }
    const m = t.subarray(12 * i, 12 * i + 12) as unknown as readonly number[];
    const [a0, a1, a2, a3, b0, b1, b2, b3] = m as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const [c0, c1, c2, c3] = m.slice(8) as unknown as [number, number, number, number];
    for (let p = end - pixels * 3; p < end; p += 3) {
      const [r, g, b] = [x[p] as number, x[p + 1] as number, x[p + 2] as number];
      out[p] = Math.min(Math.max(a0 * r + a1 * g + a2 * b + a3, low), high);
      out[p + 1] = Math.min(Math.max(b0 * r + b1 * g + b2 * b + b3, low), high);
      out[p + 2] = Math.min(Math.max(c0 * r + c1 * g + c2 * b + c3, low), high);
    }
  }
};

export const addNoise: Baseline<"addNoise"> = ({ n, deviation, low, high, stream, control, x, out }) => {
  const clipped = (value: number): number => Math.min(Math.max(value, low), high);
  eachPair(n, stream, control, (i, first, second) => {
    const radius = deviation * radiusOf(first);
    const angle = angleOf(second);
    out[i] = clipped((x[i] as number) + radius * Math.cos(angle));
    out[i + 1] = clipped((x[i + 1] as number) + radius * Math.sin(angle));
  });
};

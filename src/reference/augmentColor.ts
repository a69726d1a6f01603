// Twins of assembly/augment/color.ts and noise.ts. What pixels become.

import { imageWords, turn, unitOf } from "./augmentDraws.ts";
import { forEachWord, standardNormal } from "./random.ts";
import type { Twin } from "./twin.ts";

const luma = [0.299, 0.587, 0.114] as const;
const [uScale, vScale] = [0.492111, 0.877283] as const;

/** The colour turned about the greys: U = u (B - Y) and V = v (R - Y) in their plane, Y as it is. */
function turnedHue(rgb: readonly number[], quarters: number): number[] {
  const { sin, cos } = turn(quarters);
  const y = rgb.reduce((sum, value, c) => sum + value * (luma[c] as number), 0);
  const u = uScale * ((rgb[2] as number) - y);
  const v = vScale * ((rgb[0] as number) - y);
  const red = y + (u * sin + v * cos) / vScale;
  const blue = y + (u * cos - v * sin) / uScale;
  return [red, (y - luma[0] * red - luma[2] * blue) / luma[1], blue];
}

/** NaN stays. */
const clipped = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

export const colorMatrices: Twin<"colorMatrices"> = (o) => {
  const { channels, draws, transforms } = o;
  const row = channels + 1;
  for (let i = 0; i < o.batch; i++) {
    const matrix = transforms.subarray(i * channels * row, (i + 1) * channels * row).fill(0);
    for (let c = 0; c < channels; c++) matrix[c * row + c] = 1;
    const words = imageWords(i, 1 + Math.ceil(draws / 4), o.stream, o.control);
    if (unitOf(words[0]) >= o.probability) continue;
    const drawn = Array.from({ length: draws }, (_, k) => {
      if (o.deviation <= 0) return o.low + (o.high - o.low) * unitOf(words[4 + k]);
      return o.deviation * standardNormal(words.subarray(4 + (k & ~3), 8 + (k & ~3)), k % 4);
    });
    const first = drawn[0] as number;
    for (let c = 0; c < channels; c++) {
      if (o.change === 0 && o.directions) {
        const along = drawn.map((d, k) => d * (o.directions?.[c * draws + k] as number));
        matrix[c * row + channels] = along.reduce((a, b) => a + b, 0);
      }
      if (o.change === 1 && o.mean) {
        matrix[c * row + c] = 1 + first;
        matrix[c * row + channels] = -first * (o.mean[i * channels + c] as number);
      }
    }
    if (o.change !== 2 || channels < 3) continue;
    for (let j = 0; j < 3; j++) {
      const column = turnedHue(
        [0, 1, 2].map((c) => (c === j ? 1 : 0)),
        4 * first,
      );
      column.forEach((value, c) => {
        matrix[c * row + j] = value;
      });
    }
  }
};

export const colorTransform: Twin<"colorTransform"> = (o) => {
  const { pixels, channels, x, out } = o;
  for (let p = 0; p < o.batch * pixels; p++) {
    const t = Math.floor(p / pixels) * channels * (channels + 1);
    const at = (row: number, column: number): number => o.transforms[t + row * (channels + 1) + column] as number;
    for (let c = 0; c < channels; c++) {
      let sum = o.transposed ? 0 : at(c, channels);
      for (let j = 0; j < channels; j++) sum += (o.transposed ? at(j, c) : at(c, j)) * (x[p * channels + j] as number);
      out[p * channels + c] = clipped(sum, o.low, o.high);
    }
  }
};

export const addNoise: Twin<"addNoise"> = ({ n, deviation, low, high, stream, control, x, out }) => {
  forEachWord(n, stream, control, (i, words, lane) => {
    out[i] = clipped((x[i] as number) + deviation * standardNormal(words, lane), low, high);
  });
};

// Twins of assembly/pool/.

import type { Twin } from "./twin.ts";

interface Windows {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly poolHeight: number;
  readonly poolWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** Calls `visit` for each output element with the indices of its window's pixels, row by row, padding left out. */
function eachWindow(w: Windows, visit: (output: number, pixels: readonly number[]) => void): void {
  for (let output = 0; output < w.batch * w.outHeight * w.outWidth * w.channels; output++) {
    const channel = output % w.channels;
    const column = Math.floor(output / w.channels) % w.outWidth;
    const line = Math.floor(output / (w.channels * w.outWidth)) % w.outHeight;
    const image = Math.floor(output / (w.channels * w.outWidth * w.outHeight));
    const top = line * w.strideHeight - w.padTop;
    const left = column * w.strideWidth - w.padLeft;
    const pixels: number[] = [];
    for (let y = Math.max(0, top); y < Math.min(w.height, top + w.poolHeight); y++) {
      for (let x = Math.max(0, left); x < Math.min(w.width, left + w.poolWidth); x++) {
        pixels.push(((image * w.height + y) * w.width + x) * w.channels + channel);
      }
    }
    visit(output, pixels);
  }
}

/** Index of the first greatest value, or of the first NaN; -1 where there are none. */
function firstGreatest(values: readonly number[]): number {
  const nan = values.findIndex(Number.isNaN);
  return nan < 0 ? values.indexOf(Math.max(...values)) : nan;
}

export const maxPool2d: Twin<"maxPool2d"> = (operands) => {
  const { x, out } = operands;
  eachWindow(operands, (output, pixels) => {
    const values = pixels.map((i) => x[i] as number);
    out[output] = values[firstGreatest(values)] ?? -Infinity;
  });
};

export const maxPool2dGradient: Twin<"maxPool2dGradient"> = (operands) => {
  const { batch, height, width, channels, x, relu, dy, dx } = operands;
  const winners: [winner: number, dy: number][] = [];
  eachWindow(operands, (output, pixels) => {
    const winner = pixels[firstGreatest(pixels.map((i) => x[i] as number))];
    if (winner !== undefined && !(relu && (x[winner] as number) <= 0)) winners.push([winner, dy[output] as number]);
  });
  dx.fill(0, 0, batch * height * width * channels); // which may be x, and x may be dy
  for (const [winner, given] of winners) dx[winner] = (dx[winner] as number) + given;
};

export const averagePool2d: Twin<"averagePool2d"> = (operands) => {
  const { x, out } = operands;
  eachWindow(operands, (output, pixels) => {
    const sum = pixels.reduce((a, i) => a + (x[i] as number), 0);
    out[output] = pixels.length ? sum / pixels.length : 0;
  });
};

export const averagePool2dGradient: Twin<"averagePool2dGradient"> = (operands) => {
  const { batch, height, width, channels, dy, dx } = operands;
  dx.fill(0, 0, batch * height * width * channels);
  eachWindow(operands, (output, pixels) => {
    for (const i of pixels) dx[i] = (dx[i] as number) + (dy[output] as number) / pixels.length;
  });
};

// A drawing as MNIST has its digits: scaled into 20 x 20 pixels, its centre of mass in the middle of 28 x 28.

import { IMAGE_SIDE, IMAGE_SIZE } from "../digits.ts";

const BOX_SIDE = 20;

/** `ink` holds [side, side] numbers from 0 to 255. Returns 28 x 28 bytes, or null where nothing was drawn. */
export function centerDrawing(ink: ArrayLike<number>, side: number): Uint8Array | null {
  let [left, right, top, bottom] = [side, -1, side, -1];
  let [mass, massX, massY] = [0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const value = ink[y * side + x] as number;
      if (value === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      mass += value;
      massX += value * (x + 0.5);
      massY += value * (y + 0.5);
    }
  }
  if (mass === 0) return null;

  // one pixel of the result is a square of `step` pixels of the drawing; its value is their mean
  const step = Math.max(right - left + 1, bottom - top + 1) / BOX_SIDE;
  const originX = massX / mass - (IMAGE_SIDE / 2) * step;
  const originY = massY / mass - (IMAGE_SIDE / 2) * step;
  const pixels = new Uint8Array(IMAGE_SIZE);
  for (let row = 0; row < IMAGE_SIDE; row++) {
    for (let column = 0; column < IMAGE_SIDE; column++)
      pixels[row * IMAGE_SIDE + column] = meanOfSquare(ink, side, originX + column * step, originY + row * step, step);
  }
  return pixels;
}

/** Pixels count by the part of them that lies in the square; outside the drawing there is no ink. */
function meanOfSquare(ink: ArrayLike<number>, side: number, x0: number, y0: number, step: number): number {
  let sum = 0;
  for (let y = Math.max(0, Math.floor(y0)); y < Math.min(side, y0 + step); y++) {
    const height = Math.min(y + 1, y0 + step) - Math.max(y, y0);
    for (let x = Math.max(0, Math.floor(x0)); x < Math.min(side, x0 + step); x++)
      sum += (ink[y * side + x] as number) * height * (Math.min(x + 1, x0 + step) - Math.max(x, x0));
  }
  return Math.round(sum / (step * step));
}

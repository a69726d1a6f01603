// What the operands of augmentation hold where any numbers would not do: places of pixels, matrices of colours, ranges. The
// first word of a row's shape says for which augmentation.

import type { Row } from "./row.ts";

/** The map of places of picture i: copies, or places between pixels about the middle. */
function placesOf({ shape, scalars: { height = 1, width = 1 } }: Row, i: number): readonly number[] {
  const [what] = shape.split(" ");
  if (what === "mirror") return [1, 0, 0, 0, i % 2 === 0 ? -1 : 1, i % 2 === 0 ? width - 1 : 0];
  if (what === "crop") return [1, 0, (i % 9) - 4, 0, 1, ((i * 7) % 9) - 4];
  if (what === "shift") return [1, 0, ((i % 11) - 5.3) * 0.02 * height, 0, 1, ((i % 7) - 3.3) * 0.03 * width];
  // turned by up to 15 degrees; zoomed by up to 10 percent; sheared by up to 0.2
  const part = ((i * 5) % 17) / 8 - 1;
  const angle = what === "rotate" || what === "affine" ? part * 0.26 : 0;
  const zoom = 1 + (what === "zoom" || what === "affine" ? part * 0.1 : 0);
  const shear = what === "shear" || what === "affine" ? part * 0.2 : 0;
  const [c, s] = [zoom * Math.cos(angle), zoom * Math.sin(angle)];
  const [y, x] = [(height - 1) / 2, (width - 1) / 2];
  return [c, s, y - c * y - s * x, -s - shear, c, x + (s + shear) * y - c * x];
}

/** Near the identity, with something of each channel in the others. */
function transformValue({ scalars: { channels = 1 } }: Row, i: number): number {
  const [c, j] = [Math.floor(i / (channels + 1)) % channels, i % (channels + 1)];
  if (j === channels) return 0.05 * ((i % 7) - 3);
  return c === j ? 0.9 : 0.1 * (j - c);
}

/** Shift in pixels, turn in quarters, zoom, shear. */
const ranges = [-3, 3, -3, 3, -0.2, 0.2, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.1];

/** The values of an operand by their place, null where it may hold any. */
export function pictureValues(row: Row, name: string): ((i: number) => number) | null {
  const { radius = 1 } = row.scalars;
  if (name === "matrices") return (i) => placesOf(row, Math.floor(i / 6))[i % 6] as number;
  if (name === "field") return (i) => 3 * Math.sin(i * 0.013);
  if (name === "ranges") return (i) => ranges[i] as number;
  if (name === "transforms") return (i) => transformValue(row, i);
  if (name !== "weights" || row.kernel !== "elasticField") return null;
  return (k) => Math.exp((-4.5 * k * k) / (radius * radius)) * (1.2 / radius);
}

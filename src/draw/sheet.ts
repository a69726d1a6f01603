// Many small pictures beside each other as one picture of pixels.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import { formatShape } from "../shape.ts";
import type { Pixels } from "./png.ts";

/** Places of tiles of one size in rows. */
export interface Grid {
  readonly count: number;
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  readonly gapX: number;
  readonly gapY: number;
}

export const rowsOf = ({ count, columns }: Grid): number => Math.ceil(count / columns);
export const sheetWidth = ({ columns, width, gapX }: Grid): number => columns * (width + gapX) - gapX;
export const sheetHeight = (grid: Grid): number => rowsOf(grid) * (grid.height + grid.gapY) - grid.gapY;

/** The corner of a tile in the sheet. */
export function placeOf({ columns, width, height, gapX, gapY }: Grid, tile: number): readonly [x: number, y: number] {
  return [(tile % columns) * (width + gapX), Math.floor(tile / columns) * (height + gapY)];
}

/** A sheet of palette indices, which begins as the transparent colour 0, or of red, green, blue and opacity. */
export function createSheet(grid: Grid, bytes: 1 | 4): Uint8Array {
  return new Uint8Array(sheetWidth(grid) * sheetHeight(grid) * bytes);
}

/** Red, green and blue for a share from 0 to 1. Index 0 of a palette is transparent, 1 to 255 are these colours. */
export type Palette = (share: number) => readonly [number, number, number];

/** Colours from negative (vermillion) over white to positive (blue). */
export const diverging: Palette = (share) => {
  const size = Math.abs(share * 2 - 1);
  const [r, g, b] = share < 0.5 ? [213, 94, 0] : [0, 114, 178];
  return [r, g, b].map((end) => 255 + (end - 255) * size) as [number, number, number];
};

export const gray: Palette = (share) => [share * 255, share * 255, share * 255];

/** Red, green, blue and opacity of each palette index. */
export function colorsOf(palette: Palette): Uint8Array {
  const colors = new Uint8Array(256 * 4);
  for (let i = 1; i < 256; i++) colors.set([...palette((i - 1) / 254).map(Math.round), 255], i * 4);
  return colors;
}

/** The colour of a palette for a share from 0 to 1; what is no number is transparent. */
export function paletteIndex(share: number): number {
  if (Number.isNaN(share)) return 0;
  return 1 + Math.round(Math.min(1, Math.max(0, share)) * 254);
}

/** A byte for a share from 0 to 1. */
export const byteOf = (share: number): number => Math.round(Math.min(1, Math.max(0, share)) * 255);

/** The largest size of the finite values, 0 where there is none. */
export function largestSize(data: NumericArray): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i] as number);
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
}

export const pixelsOf = (grid: Grid, data: Uint8Array, palette?: Uint8Array): Pixels => ({
  width: sheetWidth(grid),
  height: sheetHeight(grid),
  data,
  ...(palette && { palette }),
});

/** Values whose shape is known; typed arrays without one are refused. */
export function shaped(
  where: string,
  name: string,
  values: Values,
  expected: string,
): { data: NumericArray; shape: readonly number[] } {
  const { data, shape } = flattenArray(`${where}: ${name}`, values);
  if (!shape) throw invalid(where, name, `${expected}, as { data, shape } or nested numbers`, values);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: ${name} is empty, ${formatShape(shape)}.`);
  return { data, shape };
}

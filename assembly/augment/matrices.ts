// Where the pixels of a changed image come from, drawn an image: source row = m0 y + m1 x + m2 and column = m3 y + m4 x
// + m5 of the pixel in row y and column x. Centres of pixels are whole numbers, centres of images (size - 1) / 2.

import { Own } from "../own";
import { Pieces } from "../pieces";
import { InF32, InI32, OutF32, Task } from "../task";
import { DRAWS_BYTES, Draws } from "./draws";
import { Turn } from "./turn";

@final
@unmanaged
class Matrix {
  static store(at: usize, m0: f32, m1: f32, m2: f32, m3: f32, m4: f32, m5: f32): void {
    store<f32>(at, m0);
    store<f32>(at, m1, 4);
    store<f32>(at, m2, 8);
    store<f32>(at, m3, 12);
    store<f32>(at, m4, 16);
    store<f32>(at, m5, 20);
  }
}

@unmanaged
export class AffineMatricesArgs {
  batch: i32;
  height: i32;
  width: i32;
  /** Share of the images that are changed at all. */
  probability: f32;
  /** Shares of those that are mirrored top to bottom and left to right. */
  mirrorVertical: f32;
  mirrorHorizontal: f32;
  /** Whether shifts are whole pixels. */
  whole: i32;
  /** Whether both zooms are the first. */
  sameZoom: i32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  ranges: InF32; // [7, 2] from and to: shift down and right in pixels, turn to the left in quarters, zoom and shear of rows and columns
  matrices: OutF32; // [batch, 6]
}

@final
@unmanaged
class Affine {
  /** Number `k` of the ranges, drawn from word 3 + k. */
  @inline static drawn(args: AffineMatricesArgs, words: usize, k: i32): f32 {
    const range = args.ranges + ((<usize>k) << 3);
    return Draws.between(words, 3 + k, load<f32>(range), load<f32>(range, 4));
  }

  /**
   * From the place in the result back to the source: d = place - centre - shift, turned back, (1 + zoom) d, sheared by
   * row -= shear column and column -= shear row at once, mirrored, + centre.
   */
  static image(args: AffineMatricesArgs, words: usize, out: usize): void {
    const centerY = <f32>(args.height - 1) * 0.5;
    const centerX = <f32>(args.width - 1) * 0.5;
    let down = Affine.drawn(args, words, 0);
    let right = Affine.drawn(args, words, 1);
    if (args.whole) {
      down = nearest<f32>(down);
      right = nearest<f32>(right);
    }
    const turn = Affine.drawn(args, words, 2);
    const zoomY = Affine.drawn(args, words, 3) + 1;
    const zoomX = args.sameZoom ? zoomY : Affine.drawn(args, words, 4) + 1;
    const shearY = Affine.drawn(args, words, 5);
    const shearX = Affine.drawn(args, words, 6);
    const signY: f32 = Draws.unit(words, 1) < args.mirrorVertical ? -1 : 1;
    const signX: f32 = Draws.unit(words, 2) < args.mirrorHorizontal ? -1 : 1;
    const sin = Turn.sin(turn);
    const cos = Turn.cos(turn);
    const m0 = signY * (zoomY * cos + shearY * zoomX * sin);
    const m1 = signY * (zoomY * sin - shearY * zoomX * cos);
    const m3 = signX * (-zoomX * sin - shearX * zoomY * cos);
    const m4 = signX * (zoomX * cos - shearX * zoomY * sin);
    const y = centerY + down;
    const x = centerX + right;
    Matrix.store(out, m0, m1, centerY - (m0 * y + m1 * x), m3, m4, centerX - (m3 * y + m4 * x));
  }
}

export function affineMatricesScratch(_args: AffineMatricesArgs, threads: i32): i32 {
  return Own.bytes(0, DRAWS_BYTES, threads);
}

/** matrices[i]: mirrored, shifted, turned, zoomed and sheared by what is drawn for image i; unchanged for some. */
export function affineMatrices(args: AffineMatricesArgs, task: Task): void {
  const words = Own.at(task, 0, DRAWS_BYTES);
  for (let i = Pieces.from(task, args.batch), last = Pieces.to(task, args.batch); i < last; i++, task.beat++) {
    const out = args.matrices + <usize>i * 24;
    Draws.ofImage(words, i, args.stream, args.control);
    if (Draws.unit(words, 0) < args.probability) Affine.image(args, words, out);
    else Matrix.store(out, 1, 0, 0, 0, 1, 0);
  }
}

@unmanaged
export class CropMatricesArgs {
  batch: i32;
  /** How many rows and columns the cut can begin at, and how many of them lie before the image. */
  rows: i32;
  columns: i32;
  rowsBefore: i32;
  columnsBefore: i32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  matrices: OutF32; // [batch, 6]
}

export function cropMatricesScratch(_args: CropMatricesArgs, threads: i32): i32 {
  return Own.bytes(0, DRAWS_BYTES, threads);
}

/** matrices[i]: a part that begins in one of the rows and columns. */
export function cropMatrices(args: CropMatricesArgs, task: Task): void {
  const words = Own.at(task, 0, DRAWS_BYTES);
  for (let i = Pieces.from(task, args.batch), last = Pieces.to(task, args.batch); i < last; i++, task.beat++) {
    Draws.ofImage(words, i, args.stream, args.control);
    const top = <f32>(Draws.below(words, 0, args.rows) - args.rowsBefore);
    const left = <f32>(Draws.below(words, 1, args.columns) - args.columnsBefore);
    Matrix.store(args.matrices + <usize>i * 24, 1, 0, top, 0, 1, left);
  }
}

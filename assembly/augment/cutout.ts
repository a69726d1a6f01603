// Cutout (DeVries and Taylor 2017): a rectangle of each image under one value.

import { Own } from "../own";
import { Pieces } from "../pieces";
import { Span } from "../span";
import { InF32, InI32, OutF32, Task } from "../task";
import { DRAWS_BYTES, Draws } from "./draws";

@unmanaged
export class CutoutArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  boxHeight: i32;
  boxWidth: i32;
  /** Share of the images that lose a rectangle. */
  probability: f32;
  fillValue: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  x: InF32; // [batch, height, width, channels]
  out: OutF32; // [batch, height, width, channels] may be x
}

export function cutoutScratch(_args: CutoutArgs, threads: i32): i32 {
  return Own.bytes(0, DRAWS_BYTES, threads);
}

/**
 * out = fillValue in a rectangle whose centre is any pixel of the image, each as likely, and x elsewhere. What of it
 * lies outside is cut off.
 */
export function cutout(args: CutoutArgs, task: Task): void {
  const words = Own.at(task, 0, DRAWS_BYTES);
  const height = args.height;
  const width = args.width;
  const channels = args.channels;
  const elements = width * channels;
  const value = f32x4.splat(args.fillValue);
  const rows = args.batch * height;
  const size = Draws.rowsOfPiece(elements);
  const count = Pieces.count(rows, size);
  let drawn = -1;
  let top = 0;
  let bottom = 0;
  let left = 0;
  let right = 0;
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++, task.beat++) {
    const end = Pieces.end(piece, size, rows);
    for (let row = Pieces.first(piece, size); row < end; row++) {
      const image = row / height;
      if (image !== drawn) {
        drawn = image;
        Draws.ofImage(words, image, args.stream, args.control);
        const cut = Draws.unit(words, 0) < args.probability;
        // below the size, so that nothing overflows
        const y = Draws.below(words, 1, height) - (args.boxHeight >> 1);
        const x = Draws.below(words, 2, width) - (args.boxWidth >> 1);
        top = max<i32>(0, y);
        left = max<i32>(0, x) * channels;
        bottom = cut ? <i32>min<i64>(<i64>y + args.boxHeight, height) : 0;
        right = cut ? <i32>min<i64>(<i64>x + args.boxWidth, width) * channels : 0;
      }
      const y = row - image * height;
      const offset = (<usize>row * elements) << 2;
      const from = args.x + offset;
      const to = args.out + offset;
      if (y < top || y >= bottom || left >= right) {
        if (from !== to) Span.copy(to, from, elements);
        continue;
      }
      const hole = (<usize>left) << 2;
      const rest = (<usize>right) << 2;
      if (from !== to) {
        Span.copy(to, from, left);
        Span.copy(to + rest, from + rest, elements - right);
      }
      Span.fill(to + hole, value, right - left);
    }
  }
}

// Images seen through a map of places: each pixel of the result is read from the source at its place, between pixels by
// the four around it. Whole steps and mirrors are copies of rows.

import { Lanes } from "../lanes";
import { Pieces } from "../pieces";
import { Span } from "../span";
import { Task } from "../task";
import { Between } from "./between";
import { Draws } from "./draws";
import { Edges } from "./edges";
import { ImageWarpArgs } from "./warpArgs";

/** 0 1 2 3 as numbers, 1/2 */
const STEPS = memory.data<f32>([0, 1, 2, 3, 0.5]);
/** No steps: the map of an image that has none. */
const IDENTITY = memory.data<f32>([1, 0, 0, 0, 1, 0]);

@final
@unmanaged
class Row {
  /** A row of the result that is a row of the source, or of the constant: to the right by whole steps, or mirrored. */
  static copied(args: ImageWarpArgs, image: usize, m: usize, y: i32, out: usize): void {
    const channels = args.channels;
    const width = args.width;
    const columns = args.outWidth;
    const row = Edges.place(<i32>(load<f32>(m) * <f32>y + load<f32>(m, 8)), args.height, args.fillMode);
    if (row < 0 || width <= 0) {
      Span.fill(out, f32x4.splat(args.fillValue), columns * channels);
      return;
    }
    const step = <i32>load<f32>(m, 20);
    const mirrored = load<f32>(m, 16) < 0;
    // columns begin to end - 1 come from inside
    const begin = max<i32>(0, min<i32>(columns, mirrored ? step - width + 1 : -step));
    const end = max<i32>(begin, min<i32>(columns, mirrored ? step + 1 : width - step));
    const pixel = (<usize>channels) << 2;
    const line = image + <usize>row * width * pixel;
    if (args.fillMode === 0) {
      Span.fill(out, f32x4.splat(args.fillValue), begin * channels);
      Span.fill(out + <usize>end * pixel, f32x4.splat(args.fillValue), (columns - end) * channels);
      Row.within(line, out, pixel, mirrored, step, begin, end, channels);
      return;
    }
    for (let x = 0; x < begin; x++)
      Between.pixel(args, image, row, mirrored ? step - x : x + step, out + <usize>x * pixel);
    for (let x = end; x < columns; x++)
      Between.pixel(args, image, row, mirrored ? step - x : x + step, out + <usize>x * pixel);
    Row.within(line, out, pixel, mirrored, step, begin, end, channels);
  }

  /** Columns begin to end - 1 of a row that is copied from inside. */
  @inline static within(
    line: usize,
    out: usize,
    pixel: usize,
    mirrored: bool,
    step: i32,
    begin: i32,
    end: i32,
    channels: i32,
  ): void {
    const to = out + <usize>begin * pixel;
    if (mirrored) Row.reversed(line + <usize>(step - begin) * pixel, to, end - begin, channels);
    else Span.copy(to, line + <usize>(begin + step) * pixel, (end - begin) * channels);
  }

  /** n pixels, the first of which is read at `from` and the others before it. */
  static reversed(from: usize, out: usize, n: i32, channels: i32): void {
    if (channels === 1) {
      for (; n >= 4; n -= 4, out += 16, from -= 16) {
        const v = v128.load(from - 12);
        v128.store(out, v128.shuffle<f32>(v, v, 3, 2, 1, 0));
      }
    }
    const pixel = (<usize>channels) << 2;
    if (channels === 3 && n > 2) {
      // four floats a time, what is too much is overwritten by the next; behind the first may lie no more floats
      Span.copy(out, from, 3);
      for (n--, out += 12, from -= 12; n > 1; n--, out += 12, from -= 12) v128.store(out, v128.load(from));
    }
    for (; n > 0; n--, out += pixel, from -= pixel) Span.copy(out, from, channels);
  }

  /** A row of the result, four places at a time. */
  static warped(args: ImageWarpArgs, image: usize, m: usize, field: usize, y: i32, out: usize): void {
    const bilinear = args.interpolation !== 0;
    const pixel = (<usize>args.channels) << 2;
    const m1 = v128.load32_splat(m, 4);
    const m4 = v128.load32_splat(m, 16);
    const downStart = f32x4.splat(load<f32>(m) * <f32>y + load<f32>(m, 8));
    const rightStart = f32x4.splat(load<f32>(m, 12) * <f32>y + load<f32>(m, 20));
    const plane = (<usize>(args.outHeight * args.outWidth)) << 2;
    // rows and columns of places whose neighbours all lie inside, below as unsigned numbers
    const rows = i32x4.splat(max<i32>(0, bilinear ? args.height - 1 : args.height));
    const columns = i32x4.splat(max<i32>(0, bilinear ? args.width - 1 : args.width));
    const stride = i32x4.splat(args.width * args.channels);
    const half = v128.load32_splat(STEPS, 16);
    let x = v128.load(STEPS);
    for (let left = args.outWidth; left > 0; left -= 4, out += 4 * pixel) {
      let down = f32x4.add(downStart, f32x4.mul(m1, x));
      let right = f32x4.add(rightStart, f32x4.mul(m4, x));
      x = f32x4.add(x, f32x4.splat(4));
      if (field) {
        down = f32x4.add(down, Span.load(field, left));
        right = f32x4.add(right, Span.load(field + plane, left));
        field += 16;
      }
      if (!bilinear) {
        down = f32x4.add(down, half);
        right = f32x4.add(right, half);
      }
      const floorY = f32x4.floor(down);
      const floorX = f32x4.floor(right);
      const iy = i32x4.trunc_sat_f32x4_s(floorY);
      const ix = i32x4.trunc_sat_f32x4_s(floorX);
      const near = v128.and(i32x4.lt_u(iy, rows), i32x4.lt_u(ix, columns));
      const wy = f32x4.sub(down, floorY);
      const wx = f32x4.sub(right, floorX);
      if (left >= 4 && i32x4.all_true(near)) {
        const places = i32x4.shl(i32x4.add(i32x4.mul(iy, stride), i32x4.mul(ix, i32x4.splat(args.channels))), 2);
        if (bilinear) Row.fourInside(args, image, places, wy, wx, out);
        else Row.fourNearest(image, places, args.channels, out);
      } else if (!bilinear || !Between.fourNear(args, image, iy, ix, wy, wx, left, out)) {
        Row.oneByOne(args, image, iy, ix, wy, wx, min<i32>(4, left), out);
      }
    }
  }

  /** Four pixels whose neighbours all lie inside. */
  @inline static fourInside(args: ImageWarpArgs, image: usize, places: v128, wy: v128, wx: v128, out: usize): void {
    const channels = args.channels;
    const line = (<usize>(args.width * channels)) << 2;
    if (channels === 1) {
      v128.store(out, Between.four(image, places, line, wy, wx));
      return;
    }
    const p0 = image + <usize>i32x4.extract_lane(places, 0);
    const p1 = image + <usize>i32x4.extract_lane(places, 1);
    const p2 = image + <usize>i32x4.extract_lane(places, 2);
    const p3 = image + <usize>i32x4.extract_lane(places, 3);
    const wy0 = v128.shuffle<f32>(wy, wy, 0, 0, 0, 0);
    const wx0 = v128.shuffle<f32>(wx, wx, 0, 0, 0, 0);
    const wy1 = v128.shuffle<f32>(wy, wy, 1, 1, 1, 1);
    const wx1 = v128.shuffle<f32>(wx, wx, 1, 1, 1, 1);
    const wy2 = v128.shuffle<f32>(wy, wy, 2, 2, 2, 2);
    const wx2 = v128.shuffle<f32>(wx, wx, 2, 2, 2, 2);
    const wy3 = v128.shuffle<f32>(wy, wy, 3, 3, 3, 3);
    const wx3 = v128.shuffle<f32>(wx, wx, 3, 3, 3, 3);
    // the last of four floats may be the first behind the array: those pixels are read whole
    const last = max(max(p0, p1), max(p2, p3)) + line + 28;
    if (channels === 3 && last <= args.x + <usize>args.batch * args.height * line) {
      v128.store(out, Between.three(p0, line, wy0, wx0));
      v128.store(out, Between.three(p1, line, wy1, wx1), 12);
      v128.store(out, Between.three(p2, line, wy2, wx2), 24);
      Lanes.store(out + 36, Between.three(p3, line, wy3, wx3), 3);
      return;
    }
    const pixel = (<usize>channels) << 2;
    Between.inside(p0, line, channels, wy0, wx0, out);
    Between.inside(p1, line, channels, wy1, wx1, out + pixel);
    Between.inside(p2, line, channels, wy2, wx2, out + 2 * pixel);
    Between.inside(p3, line, channels, wy3, wx3, out + 3 * pixel);
  }

  @inline static fourNearest(image: usize, places: v128, channels: i32, out: usize): void {
    const p0 = image + <usize>i32x4.extract_lane(places, 0);
    const p1 = image + <usize>i32x4.extract_lane(places, 1);
    const p2 = image + <usize>i32x4.extract_lane(places, 2);
    const p3 = image + <usize>i32x4.extract_lane(places, 3);
    if (channels === 1) {
      const v = v128.load32_lane(p1, v128.load32_zero(p0), 1);
      v128.store(out, v128.load32_lane(p3, v128.load32_lane(p2, v, 2), 3));
      return;
    }
    const pixel = (<usize>channels) << 2;
    Span.copy(out, p0, channels);
    Span.copy(out + pixel, p1, channels);
    Span.copy(out + 2 * pixel, p2, channels);
    Span.copy(out + 3 * pixel, p3, channels);
  }

  /** The first n of four pixels, wherever they lie. */
  static oneByOne(args: ImageWarpArgs, image: usize, iy: v128, ix: v128, wy: v128, wx: v128, n: i32, out: usize): void {
    const pixel = (<usize>args.channels) << 2;
    for (let i = 0; i < n; i++, out += pixel) {
      const row = i32x4.extract_lane(iy, 0);
      const column = i32x4.extract_lane(ix, 0);
      if (args.interpolation) {
        Between.between(args, image, row, column, f32x4.extract_lane(wy, 0), f32x4.extract_lane(wx, 0), out);
      } else {
        Between.pixel(args, image, row, column, out);
      }
      iy = v128.shuffle<i32>(iy, iy, 1, 2, 3, 0);
      ix = v128.shuffle<i32>(ix, ix, 1, 2, 3, 0);
      wy = v128.shuffle<i32>(wy, wy, 1, 2, 3, 0);
      wx = v128.shuffle<i32>(wx, wx, 1, 2, 3, 0);
    }
  }
}

/**
 * out[i][y][x] = x[i] at row m0 y + m1 x + m2 + field[i][0][y][x] and column m3 y + m4 x + m5 + field[i][1][y][x], m being
 * matrices[i]; without matrices (1 0 0, 0 1 0), without field 0.
 */
export function imageWarp(args: ImageWarpArgs, task: Task): void {
  const height = args.outHeight;
  const elements = args.outWidth * args.channels;
  const imageBytes = (<usize>(args.height * args.width * args.channels)) << 2;
  const line = (<usize>elements) << 2;
  const plane = (<usize>args.outWidth) << 2;
  const rows = args.batch * height;
  const size = Draws.rowsOfPiece(elements);
  const count = Pieces.count(rows, size);
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++, task.beat++) {
    const end = Pieces.end(piece, size, rows);
    for (let row = Pieces.first(piece, size); row < end; row++) {
      const i = row / height;
      const y = row - i * height;
      const image = args.x + <usize>i * imageBytes;
      const out = args.out + <usize>row * line;
      const m = args.matrices ? args.matrices + <usize>i * 24 : IDENTITY;
      if (!args.field && Between.copies(m)) Row.copied(args, image, m, y, out);
      else Row.warped(args, image, m, args.field ? args.field + <usize>(row + i * height) * plane : 0, y, out);
    }
  }
}

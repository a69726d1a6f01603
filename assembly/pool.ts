// Maximum and average over windows of NHWC images, and their gradients. Four channels at a time; where the
// channels are no multiple of four the last vector overlaps the one before. Padding takes no part: it never
// wins, and an average divides by the pixels that are there. A window of padding alone gives -Infinity or 0.

import { Lanes } from "./lanes";
import { Pieces } from "./pieces";
import { InF32, OutF32, Task } from "./task";

@unmanaged
export class Pool2dArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  poolHeight: i32;
  poolWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  x: InF32; // [batch, height, width, channels]
  out: OutF32; // [batch, outHeight, outWidth, channels]
}

@unmanaged
export class AveragePool2dGradientArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  poolHeight: i32;
  poolWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dy: InF32; // [batch, outHeight, outWidth, channels]
  dx: OutF32; // [batch, height, width, channels]
}

@unmanaged
export class MaxPool2dGradientArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  poolHeight: i32;
  poolWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dy: InF32; // [batch, outHeight, outWidth, channels]
  dx: OutF32; // [batch, height, width, channels]
  // last, so that the others stand where AveragePool2dGradientArgs has them
  x: InF32; // [batch, height, width, channels]
}

/** Output elements that are worth a turn of a thread. */
const TURN: i32 = 2048;
/** Channels of a piece of the gradient. */
const CHANNEL_BLOCK: i32 = 64;

@final
@unmanaged
class Pixel {
  @inline static load(at: usize, lanes: i32): v128 {
    return lanes === 4 ? v128.load(at) : Lanes.load(at, lanes);
  }

  @inline static store(at: usize, value: v128, lanes: i32): void {
    if (lanes === 4) v128.store(at, value);
    else Lanes.store(at, value, lanes);
  }

  @inline static add(at: usize, value: v128, lanes: i32): void {
    Pixel.store(at, f32x4.add(Pixel.load(at, lanes), value), lanes);
  }
}

@final
@unmanaged
class Greatest {
  @inline empty(): f32 {
    return -Infinity;
  }

  /** The greatest of rows x columns pixels from an address on. */
  @inline window(at: usize, rows: i32, columns: i32, pixel: usize, line: usize, lanes: i32, _weight: f32): v128 {
    let most = Pixel.load(at, lanes);
    for (let i = 0; i < rows; i++, at += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        most = f32x4.max(most, Pixel.load(at + j, lanes));
      }
    }
    return most;
  }

  @inline windowOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
    return f32x4.max(f32x4.max(a, b), f32x4.max(c, d));
  }

  /** Adds dy to dx at the window's first maximum, or its first NaN. */
  @inline spread(
    dx: usize,
    x: usize,
    dy: v128,
    rows: i32,
    columns: i32,
    pixel: usize,
    line: usize,
    lanes: i32,
    weight: f32,
  ): void {
    const most = changetype<Greatest>(0).window(x, rows, columns, pixel, line, lanes, weight);
    let rest = dy;
    for (let i = 0; i < rows; i++, x += line, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        const value = Pixel.load(x + j, lanes);
        const found = v128.or(f32x4.eq(value, most), f32x4.ne(value, value));
        Pixel.add(dx + j, v128.and(rest, found), lanes);
        rest = v128.andnot(rest, found);
      }
    }
  }

  @inline spreadToFour(dx: usize, x: usize, dy: v128, pixel: usize, line: usize, _weight: f32): void {
    const a = v128.load(x);
    const b = v128.load(x + pixel);
    const c = v128.load(x + line);
    const d = v128.load(x + line + pixel);
    const most = changetype<Greatest>(0).windowOfFour(a, b, c, d);
    const atA = v128.or(f32x4.eq(a, most), f32x4.ne(a, a));
    Pixel.add(dx, v128.and(dy, atA), 4);
    const afterA = v128.andnot(dy, atA);
    const atB = v128.or(f32x4.eq(b, most), f32x4.ne(b, b));
    Pixel.add(dx + pixel, v128.and(afterA, atB), 4);
    const afterB = v128.andnot(afterA, atB);
    const atC = v128.or(f32x4.eq(c, most), f32x4.ne(c, c));
    Pixel.add(dx + line, v128.and(afterB, atC), 4);
    Pixel.add(dx + line + pixel, v128.andnot(afterB, atC), 4);
  }
}

@final
@unmanaged
class Average {
  @inline empty(): f32 {
    return 0;
  }

  @inline window(at: usize, rows: i32, columns: i32, pixel: usize, line: usize, lanes: i32, weight: f32): v128 {
    let sum = f32x4.splat(0);
    for (let i = 0; i < rows; i++, at += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        sum = f32x4.add(sum, Pixel.load(at + j, lanes));
      }
    }
    return f32x4.mul(sum, f32x4.splat(weight));
  }

  @inline windowOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
    return f32x4.mul(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.splat(0.25));
  }

  @inline spread(
    dx: usize,
    _x: usize,
    dy: v128,
    rows: i32,
    columns: i32,
    pixel: usize,
    line: usize,
    lanes: i32,
    weight: f32,
  ): void {
    const part = f32x4.mul(dy, f32x4.splat(weight));
    for (let i = 0; i < rows; i++, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) Pixel.add(dx + j, part, lanes);
    }
  }

  @inline spreadToFour(dx: usize, _x: usize, dy: v128, pixel: usize, line: usize, weight: f32): void {
    const part = f32x4.mul(dy, f32x4.splat(weight));
    Pixel.add(dx, part, 4);
    Pixel.add(dx + pixel, part, 4);
    Pixel.add(dx + line, part, 4);
    Pixel.add(dx + line + pixel, part, 4);
  }
}

function pool<OP>(task: Task, args: Pool2dArgs): void {
  const op = changetype<OP>(0);
  const channels = args.channels;
  if (channels === 0) return;
  const height = args.height;
  const width = args.width;
  const outHeight = args.outHeight;
  const outWidth = args.outWidth;
  const lanes = min(4, channels);
  const pixel = (<usize>channels) << 2;
  const line = <usize>width * pixel;
  const units = args.batch * outHeight; // lines of out
  const turn = max(1, TURN / max(1, outWidth * channels));
  const turns = Pieces.count(units, turn);
  for (let at = task.thread; at < turns; at += task.threads, task.beat++) {
    const end = Pieces.end(at, turn, units);
    for (let unit = Pieces.first(at, turn); unit < end; unit++) {
      const image = unit / outHeight;
      const y = (unit - image * outHeight) * args.strideHeight - args.padTop;
      const rows = min(y + args.poolHeight, height) - max(y, 0);
      const from = args.x + (<usize>image * height + max(y, 0)) * line;
      let out = args.out + <usize>unit * outWidth * pixel;
      let x = -args.padLeft;
      for (let i = 0; i < outWidth; i++, x += args.strideWidth, out += pixel) {
        const first = max(x, 0);
        const columns = min(x + args.poolWidth, width) - first;
        const start = from + <usize>first * pixel;
        const there = rows > 0 && columns > 0;
        const weight = <f32>1 / <f32>(rows * columns);
        const four = rows === 2 && columns === 2 && lanes === 4;
        for (let c = 0; ; c = min(c + 4, channels - 4)) {
          const j = (<usize>c) << 2;
          const at = start + j;
          if (four) {
            const below = at + line;
            const value = op.windowOfFour(
              v128.load(at),
              v128.load(at + pixel),
              v128.load(below),
              v128.load(below + pixel),
            );
            v128.store(out + j, value);
          } else if (there) {
            Pixel.store(out + j, op.window(at, rows, columns, pixel, line, lanes, weight), lanes);
          } else {
            Pixel.store(out + j, f32x4.splat(op.empty()), lanes);
          }
          if (c + 4 >= channels) break;
        }
      }
    }
  }
}

function poolGradient<OP>(args: AveragePool2dGradientArgs, x: usize, task: Task): void {
  const op = changetype<OP>(0);
  const channels = args.channels;
  const height = args.height;
  const width = args.width;
  const outHeight = args.outHeight;
  const outWidth = args.outWidth;
  const pixel = (<usize>channels) << 2;
  const line = <usize>width * pixel;
  const blocks = Pieces.count(channels, CHANNEL_BLOCK);
  const units = args.batch * blocks;
  for (let unit = task.thread; unit < units; unit += task.threads) {
    const image = unit / blocks;
    const block = unit - image * blocks;
    const offset = (<usize>Pieces.first(block, CHANNEL_BLOCK)) << 2;
    const count = Pieces.end(block, CHANNEL_BLOCK, channels) - Pieces.first(block, CHANNEL_BLOCK);
    const lanes = min(4, count);
    // lanes of the last vector that the one before did not have
    const fresh = i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(count > 4 ? -count & 3 : 0));
    const base = <usize>image * height * line + offset;
    // whole lines where the piece has all channels
    const step = blocks === 1 ? line : pixel;
    const bytes = blocks === 1 ? line : (<usize>count) << 2;
    for (let i: usize = 0, end = <usize>height * line; i < end; i += step) memory.fill(args.dx + base + i, 0, bytes);
    let dy = args.dy + <usize>image * outHeight * outWidth * pixel + offset;
    let top = -args.padTop;
    for (let p = 0; p < outHeight; p++, top += args.strideHeight, task.beat++) {
      const rows = min(top + args.poolHeight, height) - max(top, 0);
      const from = base + <usize>max(top, 0) * line;
      let left = -args.padLeft;
      for (let q = 0; q < outWidth; q++, left += args.strideWidth, dy += pixel) {
        const first = max(left, 0);
        const columns = min(left + args.poolWidth, width) - first;
        if (rows <= 0 || columns <= 0) continue;
        const start = from + <usize>first * pixel;
        const weight = <f32>1 / <f32>(rows * columns);
        const four = rows === 2 && columns === 2 && lanes === 4;
        for (let c = 0; ; c = min(c + 4, count - 4)) {
          const j = (<usize>c) << 2;
          const last = c + 4 >= count;
          let d = Pixel.load(dy + j, lanes);
          if (last) d = v128.and(d, fresh);
          const at = start + j;
          if (four) op.spreadToFour(args.dx + at, x + at, d, pixel, line, weight);
          else op.spread(args.dx + at, x + at, d, rows, columns, pixel, line, lanes, weight);
          if (last) break;
        }
      }
    }
  }
}

/** out = the greatest of each window */
export function maxPool2d(args: Pool2dArgs, task: Task): void {
  pool<Greatest>(task, args);
}

/** dx = dy at the first maximum (row by row) of each window, 0 elsewhere; windows that overlap add */
export function maxPool2dGradient(args: MaxPool2dGradientArgs, task: Task): void {
  poolGradient<Greatest>(changetype<AveragePool2dGradientArgs>(args), args.x, task);
}

/** out = the mean of each window's pixels */
export function averagePool2d(args: Pool2dArgs, task: Task): void {
  pool<Average>(task, args);
}

/** dx = the sum of dy / (pixels of the window) over the windows that a pixel is in */
export function averagePool2dGradient(args: AveragePool2dGradientArgs, task: Task): void {
  poolGradient<Average>(args, 0, task);
}

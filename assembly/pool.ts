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
      let x = at;
      for (let j = 0; j < columns; j++, x += pixel) most = f32x4.max(most, Pixel.load(x, lanes));
    }
    return most;
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
        Pixel.store(dx + j, f32x4.add(Pixel.load(dx + j, lanes), v128.and(rest, found)), lanes);
        rest = v128.andnot(rest, found);
      }
    }
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
      let x = at;
      for (let j = 0; j < columns; j++, x += pixel) sum = f32x4.add(sum, Pixel.load(x, lanes));
    }
    return f32x4.mul(sum, f32x4.splat(weight));
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
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        Pixel.store(dx + j, f32x4.add(Pixel.load(dx + j, lanes), part), lanes);
      }
    }
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
        for (let c = 0; ; c = min(c + 4, channels - 4)) {
          const offset = (<usize>c) << 2;
          const value = there
            ? op.window(start + offset, rows, columns, pixel, line, lanes, weight)
            : f32x4.splat(op.empty());
          Pixel.store(out + offset, value, lanes);
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
    for (let i: usize = 0, end = <usize>height * line; i < end; i += pixel) {
      memory.fill(args.dx + base + i, 0, (<usize>count) << 2);
    }
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
        for (let c = 0; ; c = min(c + 4, count - 4)) {
          const j = (<usize>c) << 2;
          const last = c + 4 >= count;
          let d = Pixel.load(dy + j, lanes);
          if (last) d = v128.and(d, fresh);
          op.spread(args.dx + start + j, x + start + j, d, rows, columns, pixel, line, lanes, weight);
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

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

/** The sign bit. */
const SIGN = memory.data<u32>([0x80000000]);

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

  /**
   * Stores what one window gives a pixel, `onto` what other windows gave. Where there are none nothing is read: half of
   * a vector may just have been stored, and reading across that waits for the store.
   */
  @inline static give(at: usize, value: v128, lanes: i32, onto: bool): void {
    Pixel.store(at, onto ? f32x4.add(Pixel.load(at, lanes), value) : value, lanes);
  }

  @inline static nan(x: v128): v128 {
    return f32x4.ne(x, x);
  }
}

/**
 * A maximum is taken by f32x4.pmax, one instruction, which passes by a NaN and takes -0 for 0. Masks of NaN, gathered
 * beside, put the first right, and the sign that all numbers share the second.
 */
@final
@unmanaged
class Greatest {
  @inline empty(): f32 {
    return -Infinity;
  }

  /** The greatest of rows x columns pixels from an address on. */
  @inline window(at: usize, rows: i32, columns: i32, pixel: usize, line: usize, lanes: i32, _weight: f32): v128 {
    let most = Pixel.load(at, lanes);
    let nans = Pixel.nan(most);
    let signs = most;
    for (let i = 0; i < rows; i++, at += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        const x = Pixel.load(at + j, lanes);
        most = f32x4.pmax(most, x);
        nans = v128.or(nans, Pixel.nan(x));
        signs = v128.and(signs, x);
      }
    }
    return changetype<Greatest>(0).exact(most, nans, signs);
  }

  @inline windowOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
    const nans = v128.or(v128.or(Pixel.nan(a), Pixel.nan(b)), v128.or(Pixel.nan(c), Pixel.nan(d)));
    const signs = v128.and(v128.and(a, b), v128.and(c, d));
    const most = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
    return changetype<Greatest>(0).exact(most, nans, signs);
  }

  @inline private exact(most: v128, nans: v128, signs: v128): v128 {
    return v128.or(v128.andnot(most, v128.andnot(v128.load32_splat(SIGN), signs)), nans);
  }

  /** Gives dy to the window's first maximum, or its first NaN, and 0 to the others. */
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
    onto: bool,
  ): void {
    const most = changetype<Greatest>(0).window(x, rows, columns, pixel, line, lanes, weight);
    let rest = dy;
    for (let i = 0; i < rows; i++, x += line, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        const value = Pixel.load(x + j, lanes);
        const found = v128.or(f32x4.eq(value, most), Pixel.nan(value));
        Pixel.give(dx + j, v128.and(rest, found), lanes, onto);
        rest = v128.andnot(rest, found);
      }
    }
  }

  @inline spreadToFour(dx: usize, x: usize, dy: v128, pixel: usize, line: usize, _weight: f32, onto: bool): void {
    const a = v128.load(x);
    const b = v128.load(x + pixel);
    const c = v128.load(x + line);
    const d = v128.load(x + line + pixel);
    const nanA = Pixel.nan(a);
    const nanB = Pixel.nan(b);
    const nanC = Pixel.nan(c);
    const nans = v128.or(v128.or(nanA, nanB), v128.or(nanC, Pixel.nan(d)));
    const most = v128.or(f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)), nans);
    const atA = v128.or(f32x4.eq(a, most), nanA);
    Pixel.give(dx, v128.and(dy, atA), 4, onto);
    const afterA = v128.andnot(dy, atA);
    const atB = v128.or(f32x4.eq(b, most), nanB);
    Pixel.give(dx + pixel, v128.and(afterA, atB), 4, onto);
    const afterB = v128.andnot(afterA, atB);
    const atC = v128.or(f32x4.eq(c, most), nanC);
    Pixel.give(dx + line, v128.and(afterB, atC), 4, onto);
    Pixel.give(dx + line + pixel, v128.andnot(afterB, atC), 4, onto);
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
    onto: bool,
  ): void {
    const part = f32x4.mul(dy, f32x4.splat(weight));
    for (let i = 0; i < rows; i++, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) Pixel.give(dx + j, part, lanes, onto);
    }
  }

  @inline spreadToFour(dx: usize, _x: usize, dy: v128, pixel: usize, line: usize, weight: f32, onto: bool): void {
    const part = f32x4.mul(dy, f32x4.splat(weight));
    Pixel.give(dx, part, 4, onto);
    Pixel.give(dx + pixel, part, 4, onto);
    Pixel.give(dx + line, part, 4, onto);
    Pixel.give(dx + line + pixel, part, 4, onto);
  }
}

/** A line of windows of 2 x 2 pixels, none of them at an edge. */
function lineOfFours<OP>(out: usize, x: usize, outWidth: i32, pixel: usize, line: usize, step: usize): void {
  const op = changetype<OP>(0);
  const last = pixel - 16; // the last vector of a pixel overlaps the one before
  for (let i = 0; i < outWidth; i++, x += step, out += pixel) {
    for (let j: usize = 0; ; j = min(j + 16, last)) {
      const at = x + j;
      const below = at + line;
      const value = op.windowOfFour(v128.load(at), v128.load(at + pixel), v128.load(below), v128.load(below + pixel));
      v128.store(out + j, value);
      if (j === last) break;
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
  const step = <usize>args.strideWidth * pixel;
  const inside = args.padLeft === 0 && (outWidth - 1) * args.strideWidth + args.poolWidth <= width;
  const pairs = inside && args.poolWidth === 2 && lanes === 4;
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
      if (pairs && rows === 2) {
        lineOfFours<OP>(out, from, outWidth, pixel, line, step);
        continue;
      }
      let x = -args.padLeft;
      for (let i = 0; i < outWidth; i++, x += args.strideWidth, out += pixel) {
        const first = max(x, 0);
        const columns = min(x + args.poolWidth, width) - first;
        const start = from + <usize>first * pixel;
        const there = rows > 0 && columns > 0;
        const weight = <f32>1 / <f32>(rows * columns);
        for (let c = 0; ; c = min(c + 4, channels - 4)) {
          const j = (<usize>c) << 2;
          const value = there
            ? op.window(start + j, rows, columns, pixel, line, lanes, weight)
            : f32x4.splat(op.empty());
          Pixel.store(out + j, value, lanes);
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
  const overlap = args.strideHeight < args.poolHeight || args.strideWidth < args.poolWidth;
  const tiled =
    (args.padTop | args.padLeft) === 0 &&
    args.strideHeight === args.poolHeight &&
    args.strideWidth === args.poolWidth &&
    outHeight * args.poolHeight === height &&
    outWidth * args.poolWidth === width;
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
    // where windows cover every pixel once, all is written below
    if (!tiled) {
      for (let i: usize = 0, end = <usize>height * line; i < end; i += step) memory.fill(args.dx + base + i, 0, bytes);
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
        const four = rows === 2 && columns === 2 && lanes === 4;
        for (let c = 0; ; c = min(c + 4, count - 4)) {
          const j = (<usize>c) << 2;
          const last = c + 4 >= count;
          let d = Pixel.load(dy + j, lanes);
          // what is stored may be stored once more; what is added may not
          if (last && overlap) d = v128.and(d, fresh);
          const at = start + j;
          if (four) op.spreadToFour(args.dx + at, x + at, d, pixel, line, weight, overlap);
          else op.spread(args.dx + at, x + at, d, rows, columns, pixel, line, lanes, weight, overlap);
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

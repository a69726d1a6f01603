// Maximum and average over windows of NHWC images, and their gradients. Four channels at a time; where the
// channels are no multiple of four the last vector overlaps the one before, or has what is left where x is overwritten.
// Padding takes no part: it never wins, and an average divides by the pixels that are there. A window of padding alone gives -Infinity or 0.
// A line of windows is runs of equal ones: those of 2 x 2 and 3 x 3 pixels have loops without inner loops.

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
  relu: i32; // 1: x is what a relu gave, whose gradient is taken on the way
}

/** Output elements that are worth a turn of a thread. */
const TURN: i32 = 2048;
/** Channels of a piece of the gradient. */
const CHANNEL_BLOCK: i32 = 64;

/** Vectors of a pixel's channels: whole ones, or a single one of fewer lanes. */
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

  /** Whether a sum is NaN, because of a NaN or of opposite infinities. */
  @inline static suspect(sum: v128): bool {
    return v128.any_true(Pixel.nan(sum));
  }

  /** Lanes of the last vector of n channels that the one before did not have. */
  @inline static fresh(n: i32): v128 {
    return i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(n > 4 ? -n & 3 : 0));
  }
}

/**
 * A maximum is taken by f32x4.pmax, one instruction, which keeps the first of equals and passes by a NaN. A sum beside it
 * tells where a NaN may be: only there windows are looked at again, by `window` and `spread`.
 */
@final
@unmanaged
class Greatest {
  @inline empty(): f32 {
    return -Infinity;
  }

  @inline take(most: v128, x: v128): v128 {
    return f32x4.pmax(most, x);
  }

  @inline watch(sum: v128, x: v128): v128 {
    return f32x4.add(sum, x);
  }

  @inline settled(most: v128, _weight: f32): v128 {
    return most;
  }

  /** The greatest of rows x columns pixels from an address on. */
  @inline window(at: usize, rows: i32, columns: i32, pixel: usize, line: usize, lanes: i32): v128 {
    let most = Pixel.load(at, lanes);
    let nans = Pixel.nan(most);
    for (let i = 0; i < rows; i++, at += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        const x = Pixel.load(at + j, lanes);
        most = f32x4.pmax(most, x);
        nans = v128.or(nans, Pixel.nan(x));
      }
    }
    return v128.or(most, nans);
  }

  /** Gives dy to the window's first maximum, or its first NaN, and 0 to the others, and to all where it is at most `floor`. */
  @inline spread(
    dx: usize,
    x: usize,
    dy: v128,
    rows: i32,
    columns: i32,
    pixel: usize,
    line: usize,
    lanes: i32,
    floor: v128,
    onto: bool,
  ): void {
    const most = changetype<Greatest>(0).window(x, rows, columns, pixel, line, lanes);
    let rest = v128.andnot(dy, f32x4.le(most, floor));
    for (let i = 0; i < rows; i++, x += line, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        const value = Pixel.load(x + j, lanes);
        const found = v128.or(f32x4.eq(value, most), Pixel.nan(value));
        Pixel.give(dx + j, v128.and(rest, found), lanes, onto);
        rest = v128.andnot(rest, found);
      }
    }
  }

  /** The same for 2 x 2 pixels; does nothing and returns false where a NaN may be. */
  @inline spreadToFour(dx: usize, x: usize, dy: usize, pixel: usize, line: usize, floor: v128): bool {
    const a = v128.load(x);
    const b = v128.load(x + pixel);
    const c = v128.load(x + line);
    const d = v128.load(x + line + pixel);
    if (Pixel.suspect(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)))) return false;
    Greatest.giveFour(dx, v128.load(dy), a, b, c, d, pixel, line, floor);
    return true;
  }

  /** The same for two vectors that lie `apart` bytes from each other, both of which are read before one is written. */
  @inline spreadToFourTwice(
    dx: usize,
    x: usize,
    dy: usize,
    apart: usize,
    pixel: usize,
    line: usize,
    floor: v128,
  ): bool {
    const a = v128.load(x);
    const b = v128.load(x + pixel);
    const c = v128.load(x + line);
    const d = v128.load(x + line + pixel);
    const e = v128.load(x + apart);
    const f = v128.load(x + pixel + apart);
    const g = v128.load(x + line + apart);
    const h = v128.load(x + line + pixel + apart);
    const low = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
    const high = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
    if (v128.any_true(v128.or(Pixel.nan(low), Pixel.nan(high)))) return false;
    Greatest.giveFour(dx, v128.load(dy), a, b, c, d, pixel, line, floor);
    Greatest.giveFour(dx + apart, v128.load(dy + apart), e, f, g, h, pixel, line, floor);
    return true;
  }

  @inline private static giveFour(
    dx: usize,
    dy: v128,
    a: v128,
    b: v128,
    c: v128,
    d: v128,
    pixel: usize,
    line: usize,
    floor: v128,
  ): void {
    const most = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
    const given = v128.andnot(dy, f32x4.le(most, floor));
    const atA = f32x4.eq(a, most);
    v128.store(dx, v128.and(given, atA));
    const afterA = v128.andnot(given, atA);
    const atB = f32x4.eq(b, most);
    v128.store(dx + pixel, v128.and(afterA, atB));
    const afterB = v128.andnot(afterA, atB);
    const atC = f32x4.eq(c, most);
    v128.store(dx + line, v128.and(afterB, atC));
    v128.store(dx + line + pixel, v128.andnot(afterB, atC));
  }

  /** The same for rows of three pixels, onto what other windows gave. */
  @inline spreadOntoThrees(dx: usize, x: usize, dy: v128, rows: i32, pixel: usize, line: usize, floor: v128): bool {
    const right = pixel << 1;
    let most = v128.load(x);
    let sum = f32x4.splat(0);
    let at = x;
    for (let i = rows; i > 0; i--, at += line) {
      const a = v128.load(at);
      const b = v128.load(at + pixel);
      const c = v128.load(at + right);
      most = f32x4.pmax(most, f32x4.pmax(f32x4.pmax(a, b), c));
      sum = f32x4.add(sum, f32x4.add(f32x4.add(a, b), c));
    }
    if (Pixel.suspect(sum)) return false;
    let rest = v128.andnot(dy, f32x4.le(most, floor));
    for (let i = rows; i > 0; i--, x += line, dx += line) {
      rest = Greatest.give(dx, v128.load(x), rest, most);
      rest = Greatest.give(dx + pixel, v128.load(x + pixel), rest, most);
      rest = Greatest.give(dx + right, v128.load(x + right), rest, most);
    }
    return true;
  }

  /** Gives a pixel what is left of dy, where it has the maximum; returns what is left then. */
  @inline private static give(dx: usize, x: v128, rest: v128, most: v128): v128 {
    const found = f32x4.eq(x, most);
    Pixel.give(dx, v128.and(rest, found), 4, true);
    return v128.andnot(rest, found);
  }
}

@final
@unmanaged
class Average {
  @inline empty(): f32 {
    return 0;
  }

  @inline take(sum: v128, x: v128): v128 {
    return f32x4.add(sum, x);
  }

  @inline watch(none: v128, _x: v128): v128 {
    return none;
  }

  @inline settled(sum: v128, weight: f32): v128 {
    return f32x4.mul(sum, f32x4.splat(weight));
  }

  @inline window(at: usize, rows: i32, columns: i32, pixel: usize, line: usize, lanes: i32): v128 {
    let sum = f32x4.splat(0);
    for (let i = 0; i < rows; i++, at += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        sum = f32x4.add(sum, Pixel.load(at + j, lanes));
      }
    }
    return f32x4.div(sum, f32x4.splat(<f32>(rows * columns)));
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
    _floor: v128,
    onto: bool,
  ): void {
    const part = f32x4.div(dy, f32x4.splat(<f32>(rows * columns)));
    for (let i = 0; i < rows; i++, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) Pixel.give(dx + j, part, lanes, onto);
    }
  }

  @inline spreadToFour(dx: usize, _x: usize, dy: usize, pixel: usize, line: usize, _floor: v128): bool {
    const part = f32x4.mul(v128.load(dy), f32x4.splat(0.25));
    v128.store(dx, part);
    v128.store(dx + pixel, part);
    v128.store(dx + line, part);
    v128.store(dx + line + pixel, part);
    return true;
  }

  @inline spreadToFourTwice(
    dx: usize,
    x: usize,
    dy: usize,
    apart: usize,
    pixel: usize,
    line: usize,
    floor: v128,
  ): bool {
    const op = changetype<Average>(0);
    op.spreadToFour(dx, x, dy, pixel, line, floor);
    return op.spreadToFour(dx + apart, x, dy + apart, pixel, line, floor);
  }

  @inline spreadOntoThrees(dx: usize, _x: usize, dy: v128, rows: i32, pixel: usize, line: usize, _floor: v128): bool {
    const part = f32x4.div(dy, f32x4.splat(<f32>(rows * 3)));
    for (let i = rows; i > 0; i--, dx += line) {
      Pixel.give(dx, part, 4, true);
      Pixel.give(dx + pixel, part, 4, true);
      Pixel.give(dx + (pixel << 1), part, 4, true);
    }
    return true;
  }
}

// A run: windows of equal size, `step` bytes apart in x, neighbours in out. n is their channels.

/** Windows of any size, also of no pixels. */
function poolRun<OP>(
  out: usize,
  x: usize,
  windows: i32,
  n: i32,
  rows: i32,
  columns: i32,
  line: usize,
  step: usize,
): void {
  const op = changetype<OP>(0);
  const lanes = min(4, n);
  const pixel = (<usize>n) << 2;
  for (; windows > 0; windows--, x += step, out += pixel) {
    for (let c = 0; ; c = min(c + 4, n - 4)) {
      const j = (<usize>c) << 2;
      const value =
        rows > 0 && columns > 0 ? op.window(x + j, rows, columns, pixel, line, lanes) : f32x4.splat(op.empty());
      Pixel.store(out + j, value, lanes);
      if (c + 4 >= n) break;
    }
  }
}

/** Windows of 2 x 2 pixels and at least four channels; returns what was watched. */
function poolFours<OP>(out: usize, x: usize, windows: i32, pixel: usize, line: usize, step: usize): v128 {
  const op = changetype<OP>(0);
  const last = pixel - 16;
  let watched = f32x4.splat(0);
  for (; windows > 0; windows--, x += step, out += pixel) {
    for (let j: usize = 0; ; j = min(j + 16, last)) {
      const at = x + j;
      const below = at + line;
      const a = v128.load(at);
      const b = v128.load(at + pixel);
      const c = v128.load(below);
      const d = v128.load(below + pixel);
      v128.store(out + j, op.settled(op.take(op.take(a, b), op.take(c, d)), 0.25));
      watched = op.watch(watched, op.watch(op.watch(a, b), op.watch(c, d)));
      if (j === last) break;
    }
  }
  return watched;
}

/** The same of rows of three pixels. */
function poolThrees<OP>(out: usize, x: usize, windows: i32, rows: i32, pixel: usize, line: usize, step: usize): v128 {
  const op = changetype<OP>(0);
  const last = pixel - 16;
  const right = pixel << 1;
  const weight = <f32>1 / <f32>(rows * 3);
  let watched = f32x4.splat(0);
  for (; windows > 0; windows--, x += step, out += pixel) {
    for (let j: usize = 0; ; j = min(j + 16, last)) {
      let at = x + j;
      let value = f32x4.splat(op.empty());
      let sum = f32x4.splat(0);
      for (let i = rows; i > 0; i--, at += line) {
        const a = v128.load(at);
        const b = v128.load(at + pixel);
        const c = v128.load(at + right);
        const row = op.take(op.take(a, b), c);
        value = op.take(value, row);
        sum = op.watch(sum, op.watch(op.watch(a, b), c));
      }
      v128.store(out + j, op.settled(value, weight));
      watched = op.watch(watched, sum);
      if (j === last) break;
    }
  }
  return watched;
}

function pool<OP>(task: Task, args: Pool2dArgs): void {
  const channels = args.channels;
  if (channels === 0) return;
  const height = args.height;
  const width = args.width;
  const outHeight = args.outHeight;
  const outWidth = args.outWidth;
  const stride = args.strideWidth;
  const pixel = (<usize>channels) << 2;
  const line = <usize>width * pixel;
  const step = <usize>stride * pixel;
  const units = args.batch * outHeight; // lines of out
  const turn = max(1, TURN / max(1, outWidth * channels));
  const turns = Pieces.count(units, turn);
  for (let at = Pieces.from(task, turns), last = Pieces.to(task, turns); at < last; at++, task.beat++) {
    const end = Pieces.end(at, turn, units);
    for (let unit = Pieces.first(at, turn); unit < end; unit++) {
      const image = unit / outHeight;
      const y = (unit - image * outHeight) * args.strideHeight - args.padTop;
      const rows = min(y + args.poolHeight, height) - max(y, 0);
      const from = args.x + (<usize>image * height + max(y, 0)) * line;
      let out = args.out + <usize>unit * outWidth * pixel;
      let left = -args.padLeft;
      for (
        let i = 0, windows = 0;
        i < outWidth;
        i += windows, left += windows * stride, out += <usize>windows * pixel
      ) {
        const columns = min(left + args.poolWidth, width) - max(left, 0);
        windows = columns === args.poolWidth ? min(outWidth - i, (width - columns - left) / stride + 1) : 1;
        const x = from + <usize>max(left, 0) * pixel;
        const two = rows === 2 && columns === 2;
        if (channels >= 4 && rows > 0 && (two || columns === 3)) {
          const watched = two
            ? poolFours<OP>(out, x, windows, pixel, line, step)
            : poolThrees<OP>(out, x, windows, rows, pixel, line, step);
          if (!Pixel.suspect(watched)) continue;
        }
        poolRun<OP>(out, x, windows, channels, rows, columns, line, step);
      }
    }
  }
}

/** What windows of any size give, `onto` what others gave. dx may be x where no pixel is in two windows. */
function spreadRun<OP>(
  dx: usize,
  x: usize,
  dy: usize,
  windows: i32,
  n: i32,
  rows: i32,
  columns: i32,
  pixel: usize,
  line: usize,
  step: usize,
  floor: v128,
  onto: bool,
): void {
  const op = changetype<OP>(0);
  for (; windows > 0; windows--, dx += step, x += step, dy += pixel) {
    let lanes = min(4, n);
    for (let c = 0; ; c += 4) {
      const last = c + lanes >= n;
      if (c + lanes > n) {
        // x may be gone where dx is
        if (dx === x) lanes = n - c;
        else c = n - 4;
      }
      const j = (<usize>c) << 2;
      let d = Pixel.load(dy + j, lanes);
      // what is stored may be stored once more; what is added may not
      if (last && onto) d = v128.and(d, Pixel.fresh(n));
      op.spread(dx + j, x + j, d, rows, columns, pixel, line, lanes, floor, onto);
      if (last) break;
    }
  }
}

/** The same of 2 x 2 pixels that are in no other window; dx may be x. */
function spreadToFours<OP>(
  dx: usize,
  x: usize,
  dy: usize,
  windows: i32,
  n: i32,
  pixel: usize,
  line: usize,
  step: usize,
  floor: v128,
): void {
  const op = changetype<OP>(0);
  // the last vector has lanes of the one before where there are no whole ones
  const last = ((<usize>n) << 2) - 16;
  const whole = last & ~15;
  for (; windows > 0; windows--, dx += step, x += step, dy += pixel) {
    let j: usize = 0;
    while (j < whole && op.spreadToFour(dx + j, x + j, dy + j, pixel, line, floor)) j += 16;
    if (j === whole) {
      if (whole === last) {
        if (op.spreadToFour(dx + j, x + j, dy + j, pixel, line, floor)) continue;
      } else if (op.spreadToFourTwice(dx + j, x + j, dy + j, last - j, pixel, line, floor)) continue;
    }
    spreadRun<OP>(dx + j, x + j, dy + j, 1, n - <i32>(j >> 2), 2, 2, pixel, line, step, floor, false);
  }
}

/** The same of rows of three pixels, onto what others gave. */
function spreadOntoThrees<OP>(
  dx: usize,
  x: usize,
  dy: usize,
  windows: i32,
  n: i32,
  rows: i32,
  pixel: usize,
  line: usize,
  step: usize,
  floor: v128,
): void {
  const op = changetype<OP>(0);
  const fresh = Pixel.fresh(n);
  const last = ((<usize>n) << 2) - 16;
  for (; windows > 0; windows--, dx += step, x += step, dy += pixel) {
    for (let j: usize = 0; ; j = min(j + 16, last)) {
      let d = v128.load(dy + j);
      if (j === last) d = v128.and(d, fresh);
      if (!op.spreadOntoThrees(dx + j, x + j, d, rows, pixel, line, floor)) {
        // all channels from here on, of which the last vector has some that were given before
        const done: usize = j === last ? (<usize>(-n & 3)) << 2 : 0;
        const from = j + done;
        const left = n - <i32>(from >> 2);
        spreadRun<OP>(dx + from, x + from, dy + from, 1, left, rows, 3, pixel, line, step, floor, true);
        break;
      }
      if (j === last) break;
    }
  }
}

function poolGradient<OP>(args: AveragePool2dGradientArgs, x: usize, floor: f32, task: Task): void {
  const channels = args.channels;
  const height = args.height;
  const width = args.width;
  const outHeight = args.outHeight;
  const outWidth = args.outWidth;
  const stride = args.strideWidth;
  const pixel = (<usize>channels) << 2;
  const line = <usize>width * pixel;
  const right = <usize>stride * pixel;
  const blocks = Pieces.count(channels, CHANNEL_BLOCK);
  const units = args.batch * blocks;
  const least = f32x4.splat(floor);
  const overlap = args.strideHeight < args.poolHeight || stride < args.poolWidth;
  const tiled =
    (args.padTop | args.padLeft) === 0 &&
    args.strideHeight === args.poolHeight &&
    stride === args.poolWidth &&
    outHeight * args.poolHeight === height &&
    outWidth * args.poolWidth === width;
  for (let unit = Pieces.from(task, units), last = Pieces.to(task, units); unit < last; unit++) {
    const image = unit / blocks;
    const block = unit - image * blocks;
    const offset = (<usize>Pieces.first(block, CHANNEL_BLOCK)) << 2;
    const n = Pieces.end(block, CHANNEL_BLOCK, channels) - Pieces.first(block, CHANNEL_BLOCK);
    const base = <usize>image * height * line + offset;
    // whole lines where the piece has all channels
    const step = blocks === 1 ? line : pixel;
    const bytes = blocks === 1 ? line : (<usize>n) << 2;
    let cleared = base;
    let dy = args.dy + <usize>image * outHeight * outWidth * pixel + offset;
    let top = -args.padTop;
    for (let p = 0; ; p++, top += args.strideHeight, task.beat++) {
      const bottom = p < outHeight ? min(top + args.poolHeight, height) : height;
      // where windows cover every pixel once, all is written below
      for (const end = base + <usize>max(bottom, 0) * line; !tiled && cleared < end; cleared += step) {
        memory.fill(args.dx + cleared, 0, bytes);
      }
      if (p === outHeight) break;
      const rows = bottom - max(top, 0);
      let left = -args.padLeft;
      for (let q = 0, windows = 0; q < outWidth; q += windows, left += windows * stride, dy += <usize>windows * pixel) {
        const columns = min(left + args.poolWidth, width) - max(left, 0);
        windows = columns === args.poolWidth ? min(outWidth - q, (width - columns - left) / stride + 1) : 1;
        if (rows <= 0 || columns <= 0) continue;
        const at = base + <usize>max(top, 0) * line + <usize>max(left, 0) * pixel;
        const to = args.dx + at;
        if (n >= 4 && rows === 2 && columns === 2 && !overlap)
          spreadToFours<OP>(to, x + at, dy, windows, n, pixel, line, right, least);
        else if (n >= 4 && columns === 3 && overlap)
          spreadOntoThrees<OP>(to, x + at, dy, windows, n, rows, pixel, line, right, least);
        else spreadRun<OP>(to, x + at, dy, windows, n, rows, columns, pixel, line, right, least, overlap);
      }
    }
  }
}

/** out = the first of the greatest of each window; NaN where one is there */
export function maxPool2d(args: Pool2dArgs, task: Task): void {
  pool<Greatest>(task, args);
}

/**
 * dx = dy at the first maximum (row by row) of each window, 0 elsewhere; windows that overlap add. With relu, 0 also where
 * the maximum is at most 0. dx may be x where each pixel is in exactly one window.
 */
export function maxPool2dGradient(args: MaxPool2dGradientArgs, task: Task): void {
  // nothing is at most NaN
  poolGradient<Greatest>(changetype<AveragePool2dGradientArgs>(args), args.x, args.relu ? 0 : NaN, task);
}

/** out = the mean of each window's pixels */
export function averagePool2d(args: Pool2dArgs, task: Task): void {
  pool<Average>(task, args);
}

/** dx = the sum of dy / (pixels of the window) over the windows that a pixel is in */
export function averagePool2dGradient(args: AveragePool2dGradientArgs, task: Task): void {
  poolGradient<Average>(args, 0, NaN, task);
}

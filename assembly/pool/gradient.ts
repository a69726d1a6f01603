// Gradients of pooling, run by run of equal windows as forward (pool.ts). Where the channels are no multiple of four the last vector
// overlaps the one before, or has what is left where x is overwritten.

import { Pieces } from "../pieces";
import { InF32, OutF32, Task } from "../task";
import { Average, Greatest, Pixel } from "./windows";

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

/** Channels of a piece of the gradient. */
const CHANNEL_BLOCK: i32 = 64;

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

/**
 * dx = dy at the first maximum (row by row) of each window, 0 elsewhere; windows that overlap add. With relu, 0 also where
 * the maximum is at most 0. dx may be x where each pixel is in exactly one window.
 */
export function maxPool2dGradient(args: MaxPool2dGradientArgs, task: Task): void {
  // nothing is at most NaN
  poolGradient<Greatest>(changetype<AveragePool2dGradientArgs>(args), args.x, args.relu ? 0 : NaN, task);
}

/** dx = the sum of dy / (pixels of the window) over the windows that a pixel is in */
export function averagePool2dGradient(args: AveragePool2dGradientArgs, task: Task): void {
  poolGradient<Average>(args, 0, NaN, task);
}

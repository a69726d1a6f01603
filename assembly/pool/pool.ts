// Maximum and average over windows of NHWC images. Where the channels are no multiple of four the last vector overlaps the one
// before. A line of windows is runs of equal ones: those of 2 x 2 and 3 x 3 pixels have loops without inner loops.

import { Pieces } from "../pieces";
import { InF32, OutF32, Task } from "../task";
import { Average, Greatest, Pixel } from "./windows";

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

/** Output elements that are worth a turn of a thread. */
const TURN: i32 = 2048;

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

/** out = the first of the greatest of each window; NaN where one is there */
export function maxPool2d(args: Pool2dArgs, task: Task): void {
  pool<Greatest>(task, args);
}

/** out = the mean of each window's pixels */
export function averagePool2d(args: Pool2dArgs, task: Task): void {
  pool<Average>(task, args);
}

// Fields of displacements for elastic distortion (Simard, Steinkraus, Platt 2003): noise, smoothed along rows and then
// along columns, every value beyond the image 0.

import { Own } from "../own";
import { Pieces } from "../pieces";
import { Philox } from "../random";
import { Span } from "../span";
import { InF32, InI32, OutF32, Task } from "../task";

@unmanaged
export class ElasticFieldArgs {
  batch: i32;
  height: i32;
  width: i32;
  /** Neighbours on each side that count. */
  radius: i32;
  alpha: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  weights: InF32; // [radius + 1] of the pixel itself, of its next neighbours, ...
  field: OutF32; // [batch, 2, height, width] rows further down, columns further right
}

/** 2^-23, 1 */
const SPREAD = memory.data<f32>([1.1920928955078125e-7, 1]);

@final
@unmanaged
class Field {
  /** Elements that a row takes in scratch: whole pairs of vectors. */
  @inline static stride(width: i32): i32 {
    return (width + 7) & ~7;
  }

  /** Elements of a row with zeros on both sides, and what the last pair of vectors reads behind them. */
  @inline static padded(args: ElasticFieldArgs): i32 {
    return (Field.stride(args.width) + 2 * args.radius + 3) & ~3;
  }

  /** Words of a plane, as Philox writes them: groups of thirty-two. */
  @inline static words(args: ElasticFieldArgs): i32 {
    return (args.height * args.width + 31) & ~31;
  }

  @inline static bytes(args: ElasticFieldArgs): usize {
    return (<usize>Field.words(args) + Field.padded(args) + <usize>args.height * Field.stride(args.width)) << 2;
  }

  /** out = 2 u - 1, u the words as numbers of [0, 1). */
  static spread(out: usize, words: usize, n: i32): void {
    const scale = v128.load32_splat(SPREAD);
    const one = v128.load32_splat(SPREAD, 4);
    for (; n > 0; n -= 4, out += 16, words += 16) {
      const u = f32x4.convert_i32x4_s(i32x4.shr_u(Span.load(words, n), 8));
      Span.store(out, f32x4.sub(f32x4.mul(u, scale), one), n);
    }
  }

  /** Eight sums of weights[k] (at[-k step] + at[k step]) at once: weights[0] once, steps beyond `before` and `after` left out. */
  @inline static smooth(
    out: usize,
    at: usize,
    weights: usize,
    step: usize,
    before: i32,
    after: i32,
    rest: i32,
    scale: v128,
  ): void {
    let w = v128.load32_splat(weights);
    let a = f32x4.mul(w, v128.load(at));
    let b = f32x4.mul(w, v128.load(at, 16));
    const both = min(before, after);
    let k = 1;
    let up = at - step;
    let down = at + step;
    for (; k <= both; k++, up -= step, down += step) {
      w = v128.load32_splat(weights + ((<usize>k) << 2));
      a = f32x4.add(a, f32x4.mul(w, f32x4.add(v128.load(up), v128.load(down))));
      b = f32x4.add(b, f32x4.mul(w, f32x4.add(v128.load(up, 16), v128.load(down, 16))));
    }
    const most = max(before, after);
    let one = before > after ? up : down;
    const by: usize = before > after ? <usize>0 - step : step;
    for (; k <= most; k++, one += by) {
      w = v128.load32_splat(weights + ((<usize>k) << 2));
      a = f32x4.add(a, f32x4.mul(w, v128.load(one)));
      b = f32x4.add(b, f32x4.mul(w, v128.load(one, 16)));
    }
    Span.store(out, f32x4.mul(a, scale), rest);
    Span.store(out + 16, f32x4.mul(b, scale), rest - 4);
  }
}

export function elasticFieldScratch(args: ElasticFieldArgs, threads: i32): i32 {
  return Own.bytes(0, Field.bytes(args), threads);
}

/** field = alpha (weights * u), u uniform in [-1, 1) at every pixel, * the convolution along both axes */
export function elasticField(args: ElasticFieldArgs, task: Task): void {
  const height = args.height;
  const width = args.width;
  const radius = args.radius;
  if (height <= 0 || width <= 0) return;
  const stride = Field.stride(width);
  const rowBytes = (<usize>stride) << 2;
  const words = Own.at(task, 0, Field.bytes(args));
  const padded = words + ((<usize>Field.words(args)) << 2);
  const smoothed = padded + ((<usize>Field.padded(args)) << 2);
  const blocks = (height * width + 3) >> 2;
  const inner = padded + ((<usize>radius) << 2);
  const one = f32x4.splat(1);
  const alpha = f32x4.splat(args.alpha);
  memory.fill(padded, 0, (<usize>Field.padded(args)) << 2);
  const planes = args.batch * 2;
  for (let plane = Pieces.from(task, planes), last = Pieces.to(task, planes); plane < last; plane++, task.beat++) {
    Philox.fill(words, plane * blocks, height * width, args.stream, args.control, 0);
    for (let y = 0; y < height; y++) {
      Field.spread(inner, words + ((<usize>(y * width)) << 2), width);
      const out = smoothed + <usize>y * rowBytes;
      for (let x = 0; x < width; x += 8) {
        const at = (<usize>x) << 2;
        Field.smooth(out + at, inner + at, args.weights, 4, radius, radius, 8, one);
      }
    }
    const field = args.field + ((<usize>plane * height * width) << 2);
    for (let y = 0; y < height; y++) {
      const out = field + ((<usize>(y * width)) << 2);
      const before = min(y, radius);
      const after = min(height - 1 - y, radius);
      for (let x = 0; x < width; x += 8) {
        const at = (<usize>x) << 2;
        const from = smoothed + <usize>y * rowBytes + at;
        Field.smooth(out + at, from, args.weights, rowBytes, before, after, width - x, alpha);
      }
    }
  }
}

// Colours of images: a matrix over the channels and an offset, drawn an image, and what they make of the pixels.

import { Own } from "../own";
import { Pieces } from "../pieces";
import { Normal, Philox } from "../random";
import { Span } from "../span";
import { InF32, InI32, OutF32, Task } from "../task";
import { Draws } from "./draws";
import { Turn } from "./turn";

@unmanaged
export class ColorMatricesArgs {
  batch: i32;
  channels: i32;
  /** Numbers drawn an image. */
  draws: i32;
  /** 0: offsets along the directions, 1: distance from the mean, 2: hue. */
  change: i32;
  /** Share of the images that are changed. */
  probability: f32;
  /** Numbers are uniform from low to high, or normal of this deviation where it is above 0. */
  low: f32;
  high: f32;
  deviation: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  directions: InF32; // [channels, draws]?
  mean: InF32; // [batch, channels]?
  transforms: OutF32; // [batch, channels, channels + 1] behind each row of the matrix its offset
}

/** Luma of red, green, blue (ITU-R BT.601), and what U = u (B - Y), V = v (R - Y) are scaled by. */
const LUMA = memory.data<f32>([0.299, 0.587, 0.114, 0.492111, 0.877283]);

@final
@unmanaged
class Colors {
  /** Words of an image: a block for whether it is changed, and blocks for its numbers. */
  @inline static words(draws: i32): i32 {
    return 4 + ((draws + 3) & ~3);
  }

  @inline static bytes(draws: i32): usize {
    return ((<usize>((Colors.words(draws) + 31) & ~31)) << 2) + 32;
  }

  static identity(out: usize, channels: i32): void {
    const row = (<usize>(channels + 1)) << 2;
    memory.fill(out, 0, <usize>channels * row);
    for (let c = 0; c < channels; c++) store<f32>(out + <usize>c * row + ((<usize>c) << 2), 1);
  }

  /** offset[c] = the sum of directions[c][k] drawn[k] over k */
  static shift(args: ColorMatricesArgs, drawn: usize, out: usize): void {
    const channels = args.channels;
    for (let c = 0; c < channels; c++) {
      let sum: f32 = 0;
      for (let k = 0; k < args.draws; k++) {
        const at = (<usize>k) << 2;
        sum += load<f32>(args.directions + ((<usize>(c * args.draws)) << 2) + at) * load<f32>(drawn + at);
      }
      store<f32>(out + ((<usize>(c * (channels + 1) + channels)) << 2), sum);
    }
  }

  /** mean + (1 + drawn) (x - mean) */
  static contrast(args: ColorMatricesArgs, drawn: usize, mean: usize, out: usize): void {
    const channels = args.channels;
    const by = load<f32>(drawn);
    for (let c = 0; c < channels; c++) {
      const row = out + ((<usize>(c * (channels + 1))) << 2);
      store<f32>(row + ((<usize>c) << 2), 1 + by);
      store<f32>(row + ((<usize>channels) << 2), -by * load<f32>(mean + ((<usize>c) << 2)));
    }
  }

  /**
   * Red, green and blue turned about the greys: U' = U cos - V sin, V' = U sin + V cos, Y as it is. Columns j: what is left
   * of red, green or blue alone, of which Y is luma[j].
   */
  static hue(args: ColorMatricesArgs, drawn: usize, out: usize): void {
    const quarters = load<f32>(drawn) * 4;
    const sin = Turn.sin(quarters);
    const cos = Turn.cos(quarters);
    const luma = LUMA;
    const row = (<usize>(args.channels + 1)) << 2;
    for (let j: usize = 0; j < 12; j += 4) {
      const y = load<f32>(luma + j);
      const u = load<f32>(luma, 12) * ((j === 8 ? <f32>1 : <f32>0) - y);
      const v = load<f32>(luma, 16) * ((j === 0 ? <f32>1 : <f32>0) - y);
      const red = (u * sin + v * cos) / load<f32>(luma, 16);
      const blue = (u * cos - v * sin) / load<f32>(luma, 12);
      // 0 = luma . (rgb - Y)
      const green = -(load<f32>(luma) * red + load<f32>(luma, 8) * blue) / load<f32>(luma, 4);
      store<f32>(out + j, y + red);
      store<f32>(out + row + j, y + green);
      store<f32>(out + 2 * row + j, y + blue);
    }
  }
}

export function colorMatricesScratch(args: ColorMatricesArgs, threads: i32): i32 {
  return Own.bytes(0, Colors.bytes(args.draws), threads);
}

/** transforms[i]: what is drawn for image i; the identity for some. */
export function colorMatrices(args: ColorMatricesArgs, task: Task): void {
  const channels = args.channels;
  const words = Own.at(task, 0, Colors.bytes(args.draws));
  const drawn = words + 16;
  const count = Colors.words(args.draws);
  for (let i = Pieces.from(task, args.batch), last = Pieces.to(task, args.batch); i < last; i++, task.beat++) {
    const out = args.transforms + ((<usize>i * channels * (channels + 1)) << 2);
    Colors.identity(out, channels);
    Philox.fill(words, i * (count >> 2), count, args.stream, args.control, 0);
    if (Draws.unit(words, 0) >= args.probability) continue;
    if (args.deviation > 0) {
      Normal.transform(drawn, count - 4);
      for (let k = 0; k < args.draws; k++) {
        const at = drawn + ((<usize>k) << 2);
        store<f32>(at, args.deviation * load<f32>(at));
      }
    } else {
      for (let k = 0; k < args.draws; k++) {
        store<f32>(drawn + ((<usize>k) << 2), Draws.between(words, 4 + k, args.low, args.high));
      }
    }
    if (args.change === 0 && args.directions) Colors.shift(args, drawn, out);
    if (args.change === 1 && args.mean) Colors.contrast(args, drawn, args.mean + ((<usize>i * channels) << 2), out);
    if (args.change === 2 && channels >= 3) Colors.hue(args, drawn, out);
  }
}

@unmanaged
export class ColorTransformArgs {
  batch: i32;
  pixels: i32;
  channels: i32;
  /** Whether rows and columns of the matrices change places, and offsets are 0: for gradients. */
  transposed: i32;
  low: f32;
  high: f32;
  x: InF32; // [batch, pixels, channels]
  transforms: InF32; // [batch, channels, channels + 1]
  out: OutF32; // [batch, pixels, channels]
}

/** Places of three channels in the twelve floats of four pixels: the channel itself, and the two others of the pixel. */
const OWN = memory.data<u8>([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
const FIRST = memory.data<u8>([1, 0, 0, 1, 2, 1, 1, 0, 0, 1, 0, 0]);
const SECOND = memory.data<u8>([2, 2, 1, 2, 0, 0, 2, 2, 1, 2, 2, 1]);

/** Bytes of what is laid out for three channels: three factors and an offset for each of twelve floats. */
const LAYOUT_BYTES: usize = 192;

@final
@unmanaged
class Apply {
  /** Factor of channel j in channel c of the result; j = channels: the offset. */
  @inline static factor(args: ColorTransformArgs, t: usize, c: i32, j: i32): f32 {
    const channels = args.channels;
    if (args.transposed) return j === channels ? 0 : load<f32>(t + ((<usize>(j * (channels + 1) + c)) << 2));
    return load<f32>(t + ((<usize>(c * (channels + 1) + j)) << 2));
  }

  @inline static clip(v: v128, low: v128, high: v128): v128 {
    return f32x4.pmin(f32x4.pmax(v, low), high);
  }

  /** n values of one channel: a x + b */
  static one(x: usize, out: usize, n: i32, a: f32, b: f32, low: v128, high: v128): void {
    const factor = f32x4.splat(a);
    const offset = f32x4.splat(b);
    for (; n > 0; n -= 4, x += 16, out += 16) {
      Span.store(out, Apply.clip(f32x4.add(f32x4.mul(factor, Span.load(x, n)), offset), low, high), n);
    }
  }

  /** Lays out the factors of three channels. */
  static layOut(args: ColorTransformArgs, t: usize, layout: usize): void {
    for (let i: usize = 0; i < 12; i++) {
      const at = layout + (i << 2);
      const c = <i32>load<u8>(OWN + i);
      store<f32>(at, Apply.factor(args, t, c, c));
      store<f32>(at, Apply.factor(args, t, c, <i32>load<u8>(FIRST + i)), 48);
      store<f32>(at, Apply.factor(args, t, c, <i32>load<u8>(SECOND + i)), 96);
      store<f32>(at, Apply.factor(args, t, c, 3), 144);
    }
  }

  /** own x own factors + first others + second others + offsets; `l` is where the layout of the four floats begins */
  @inline static sum(own: v128, first: v128, second: v128, l: usize): v128 {
    const a = f32x4.add(f32x4.mul(own, v128.load(l)), f32x4.mul(first, v128.load(l, 48)));
    return f32x4.add(f32x4.add(a, f32x4.mul(second, v128.load(l, 96))), v128.load(l, 144));
  }

  /** Four pixels of three channels: the vectors hold r g b r, g b r g, b r g b. */
  @inline static threes(x: usize, out: usize, l: usize, low: v128, high: v128): void {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const c = v128.load(x, 32);
    const ya = Apply.sum(a, v128.shuffle<f32>(a, b, 1, 0, 0, 4), v128.shuffle<f32>(a, b, 2, 2, 1, 5), l);
    const yb = Apply.sum(b, v128.shuffle<f32>(b, b, 1, 0, 3, 2), v128.shuffle<f32>(a, c, 3, 3, 4, 4), l + 16);
    const yc = Apply.sum(c, v128.shuffle<f32>(b, c, 2, 6, 5, 5), v128.shuffle<f32>(b, c, 3, 7, 7, 6), l + 32);
    v128.store(out, Apply.clip(ya, low, high));
    v128.store(out, Apply.clip(yb, low, high), 16);
    v128.store(out, Apply.clip(yc, low, high), 32);
  }

  /** Lays out the factors of four channels: for each of them what it gives to the four of the result, and the offsets. */
  static layOutFour(args: ColorTransformArgs, t: usize, layout: usize): void {
    for (let j = 0; j < 5; j++) {
      for (let c = 0; c < 4; c++) store<f32>(layout + ((<usize>(4 * j + c)) << 2), Apply.factor(args, t, c, j));
    }
  }

  /** A pixel of four channels. */
  @inline static four(x: usize, out: usize, l: usize, low: v128, high: v128): void {
    const red = f32x4.mul(v128.load32_splat(x), v128.load(l));
    const green = f32x4.mul(v128.load32_splat(x, 4), v128.load(l, 16));
    const blue = f32x4.mul(v128.load32_splat(x, 8), v128.load(l, 32));
    const alpha = f32x4.mul(v128.load32_splat(x, 12), v128.load(l, 48));
    const sum = f32x4.add(f32x4.add(f32x4.add(red, green), f32x4.add(blue, alpha)), v128.load(l, 64));
    v128.store(out, Apply.clip(sum, low, high));
  }

  /** A pixel of any channels. */
  static pixel(args: ColorTransformArgs, t: usize, x: usize, out: usize): void {
    const channels = args.channels;
    for (let c = 0; c < channels; c++) {
      let sum: f32 = 0;
      for (let j = 0; j < channels; j++) sum += Apply.factor(args, t, c, j) * load<f32>(x + ((<usize>j) << 2));
      sum += Apply.factor(args, t, c, channels);
      // comparisons as pmax and pmin make them: NaN stays
      if (sum < args.low) sum = args.low;
      store<f32>(out + ((<usize>c) << 2), args.high < sum ? args.high : sum);
    }
  }
}

export function colorTransformScratch(_args: ColorTransformArgs, threads: i32): i32 {
  return Own.bytes(0, LAYOUT_BYTES, threads);
}

/** out = min(max(matrix x + offset, low), high) for the channels x of each pixel; NaN stays */
export function colorTransform(args: ColorTransformArgs, task: Task): void {
  const channels = args.channels;
  const pixels = args.pixels;
  const low = f32x4.splat(args.low);
  const high = f32x4.splat(args.high);
  const layout = Own.at(task, 0, LAYOUT_BYTES);
  const pixel = (<usize>channels) << 2;
  // a piece is so many pixels of one image
  const size = max<i32>(4, Draws.rowsOfPiece(channels) & ~3);
  const each = Pieces.count(pixels, size);
  const count = args.batch * each;
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++, task.beat++) {
    const image = piece / each;
    const first = (piece - image * each) * size;
    let n = min<i32>(size, pixels - first);
    const offset = (<usize>image * pixels + first) * pixel;
    const t = args.transforms + <usize>image * (pixel + 4) * channels;
    let x = args.x + offset;
    let out = args.out + offset;
    if (channels === 1) {
      Apply.one(x, out, n, Apply.factor(args, t, 0, 0), Apply.factor(args, t, 0, 1), low, high);
      continue;
    }
    if (channels === 3) {
      Apply.layOut(args, t, layout);
      for (; n >= 4; n -= 4, x += 48, out += 48) Apply.threes(x, out, layout, low, high);
    } else if (channels === 4) {
      Apply.layOutFour(args, t, layout);
      for (; n > 0; n--, x += 16, out += 16) Apply.four(x, out, layout, low, high);
    }
    for (; n > 0; n--, x += pixel, out += pixel) Apply.pixel(args, t, x, out);
  }
}

// Random numbers from a counter: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as
// easy as 1, 2, 3"). Key = (seed low, seed high), counter = (block, stream, step, attempt); element i takes
// word i % 4 of block i / 4, so a number depends on neither threads nor the width of vectors.

import { Four, One } from "./elements";
import { Maths } from "./math";
import { Own } from "./own";
import { Pieces } from "./pieces";
import { InF32, InI32, OutF32, Task } from "./task";

/** Elements of a piece; its words lie in scratch, and behind them those of one group drawn again. */
const RANDOM_PIECE: i32 = 1024;
const SCRATCH_BYTES: usize = 4 * 1024 + 128;

/** Multipliers, lane by lane, what a round adds to the key (golden ratio, sqrt(3) - 1), blocks a vector. */
const PHILOX = memory.data<u32>([
  0xd2511f53, 0xcd9e8d57, 0xd2511f53, 0xcd9e8d57, 0x9e3779b9, 0xbb67ae85, 0x9e3779b9, 0xbb67ae85, 2, 0, 2, 0,
]);

@final
@unmanaged
export class Philox {
  /** Writes the words of `elements` elements, whose first opens `block`, rounded up to groups of thirty-two. */
  static fill(words: usize, block: i32, elements: i32, stream: i32, control: usize, attempt: i32): void {
    const multiplier = v128.load(PHILOX);
    const weyl = v128.load(PHILOX, 16);
    const seed = v128.load64_splat(control);
    const step = load<i32>(control, 8);
    // two blocks a vector: x holds counter words 0 and 2, y holds 1 and 3; four vectors hide the latency
    const yStart = i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(stream), 1, attempt), 3, attempt);
    let xNext = i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(step), 0, block), 2, block + 1);
    const two = v128.load(PHILOX, 32);
    const end = words + ((<usize>elements) << 2);
    for (let at = words; at < end; at += 128) {
      let xa = xNext;
      let xb = i32x4.add(xa, two);
      let xc = i32x4.add(xb, two);
      let xd = i32x4.add(xc, two);
      xNext = i32x4.add(xd, two);
      let ya = yStart;
      let yb = yStart;
      let yc = yStart;
      let yd = yStart;
      let key = seed;
      for (let round = 0; round < 10; round++) {
        const pa = i64x2.extmul_low_i32x4_u(xa, multiplier);
        const qa = i64x2.extmul_high_i32x4_u(xa, multiplier);
        xa = v128.xor(v128.shuffle<i32>(pa, qa, 3, 1, 7, 5), v128.xor(ya, key));
        ya = v128.shuffle<i32>(pa, qa, 2, 0, 6, 4);
        const pb = i64x2.extmul_low_i32x4_u(xb, multiplier);
        const qb = i64x2.extmul_high_i32x4_u(xb, multiplier);
        xb = v128.xor(v128.shuffle<i32>(pb, qb, 3, 1, 7, 5), v128.xor(yb, key));
        yb = v128.shuffle<i32>(pb, qb, 2, 0, 6, 4);
        const pc = i64x2.extmul_low_i32x4_u(xc, multiplier);
        const qc = i64x2.extmul_high_i32x4_u(xc, multiplier);
        xc = v128.xor(v128.shuffle<i32>(pc, qc, 3, 1, 7, 5), v128.xor(yc, key));
        yc = v128.shuffle<i32>(pc, qc, 2, 0, 6, 4);
        const pd = i64x2.extmul_low_i32x4_u(xd, multiplier);
        const qd = i64x2.extmul_high_i32x4_u(xd, multiplier);
        xd = v128.xor(v128.shuffle<i32>(pd, qd, 3, 1, 7, 5), v128.xor(yd, key));
        yd = v128.shuffle<i32>(pd, qd, 2, 0, 6, 4);
        key = i32x4.add(key, weyl);
      }
      v128.store(at, v128.shuffle<i32>(xa, ya, 0, 4, 1, 5), 0);
      v128.store(at, v128.shuffle<i32>(xa, ya, 2, 6, 3, 7), 16);
      v128.store(at, v128.shuffle<i32>(xb, yb, 0, 4, 1, 5), 32);
      v128.store(at, v128.shuffle<i32>(xb, yb, 2, 6, 3, 7), 48);
      v128.store(at, v128.shuffle<i32>(xc, yc, 0, 4, 1, 5), 64);
      v128.store(at, v128.shuffle<i32>(xc, yc, 2, 6, 3, 7), 80);
      v128.store(at, v128.shuffle<i32>(xd, yd, 0, 4, 1, 5), 96);
      v128.store(at, v128.shuffle<i32>(xd, yd, 2, 6, 3, 7), 112);
    }
  }
}

/** The loop of kernels that draw a word for each element. F says what they make of the words of a piece. */
@final
@unmanaged
export class Drawn {
  /** Bytes of scratch: the words of a piece for each thread. */
  @inline static scratch(threads: i32): i32 {
    return Own.bytes(0, SCRATCH_BYTES, threads);
  }

  static all<F, ARGS>(args: ARGS, task: Task): void {
    const words = Own.at(task, 0, SCRATCH_BYTES);
    const count = Pieces.count(args.n, RANDOM_PIECE);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++, task.beat++) {
      const first = Pieces.first(piece, RANDOM_PIECE);
      const elements = Pieces.end(piece, RANDOM_PIECE, args.n) - first;
      Philox.fill(words, first >> 2, elements, args.stream, args.control, 0);
      changetype<F>(0).write(args, words, first, elements);
    }
  }
}

@unmanaged
export class RandomUniformArgs {
  n: i32;
  low: f32;
  high: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  out: OutF32; // [n]
}

export function randomUniformScratch(_args: RandomUniformArgs, threads: i32): i32 {
  return Drawn.scratch(threads);
}

@final
@unmanaged
class Uniform {
  @inline write(args: RandomUniformArgs, words: usize, first: i32, elements: i32): void {
    const low = f32x4.splat(args.low);
    const share = f32x4.splat((args.high - args.low) * <f32>(1.0 / 16777216.0));
    const bits = reinterpret<i32>(args.high);
    const below = reinterpret<f32>(args.high > 0 ? bits - 1 : args.high < 0 ? bits + 1 : 0x80000001);
    const most = f32x4.splat(max(args.low, below));
    const end = words + ((<usize>elements) << 2);
    for (let at = words; at < end; at += 16) {
      const u = f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(at), 8));
      v128.store(at, f32x4.pmin(f32x4.add(low, f32x4.mul(share, u)), most));
    }
    memory.copy(args.out + ((<usize>first) << 2), words, end - words);
  }
}

/** out = low + (high - low) (word >>> 8) 2^-24, and where that rounds to high the float below it */
export function randomUniform(args: RandomUniformArgs, task: Task): void {
  Drawn.all<Uniform, RandomUniformArgs>(args, task);
}

/** 2^-32, 2^-31, 1, -2 */
const TURN = memory.data<f32>([2.3283064365386963e-10, 4.656612873077393e-10, 1, -2]);
/**
 * sin(pi/2 t) = t s(t^2) and cos(pi/2 t) = c(t^2) for |t| <= 1/2, c(0) = 1, fitted for this project (Lawson's weighted least
 * squares on Chebyshev nodes; errors 3e-9 and 5e-11): four coefficients of s, four of c behind the 1.
 */
export const QUARTER = memory.data<f32>([
  1.57079632170834, -0.6459634602331558, 0.07968003276815988, -0.004601657886516622, -1.233700540647407,
  0.25366920393988074, -0.020860071322109555, 0.0009036317089977732,
]);
/** The sign bit. */
const SIGN = memory.data<u32>([0x80000000]);

@final
@unmanaged
export class Normal {
  /**
   * Turns words into standard normal numbers in place, eight at a time (Box and Muller 1958): of each pair of
   * words the first gives the radius sqrt(-2 log u), u = ((word >>> 1) + 1) 2^-31, at most 6.55; the second
   * the angle, its two upper bits the quadrant.
   */
  static transform(words: usize, elements: i32): void {
    const end = words + ((<usize>elements) << 2);
    for (let at = words; at < end; at += 32) {
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const radial = f32x4.convert_i32x4_s(i32x4.shr_u(v128.shuffle<i32>(a, b, 0, 2, 4, 6), 1));
      const u = f32x4.mul(f32x4.add(radial, v128.load32_splat(TURN, 8)), v128.load32_splat(TURN, 4));
      const radius = f32x4.sqrt(f32x4.mul(v128.load32_splat(TURN, 12), Maths.log(u)));

      const angle = v128.shuffle<i32>(a, b, 1, 3, 5, 7);
      const t = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(angle, 2)), v128.load32_splat(TURN, 0));
      const z = f32x4.mul(t, t);
      let s = f32x4.add(f32x4.mul(z, v128.load32_splat(QUARTER, 12)), v128.load32_splat(QUARTER, 8));
      s = f32x4.add(f32x4.mul(z, s), v128.load32_splat(QUARTER, 4));
      s = f32x4.add(f32x4.mul(z, s), v128.load32_splat(QUARTER));
      s = f32x4.mul(t, s);
      let c = f32x4.add(f32x4.mul(z, v128.load32_splat(QUARTER, 28)), v128.load32_splat(QUARTER, 24));
      c = f32x4.add(f32x4.mul(z, c), v128.load32_splat(QUARTER, 20));
      c = f32x4.add(f32x4.mul(z, c), v128.load32_splat(QUARTER, 16));
      c = f32x4.add(f32x4.mul(z, c), v128.load32_splat(TURN, 8));

      // quadrants 0 to 3: (c, s), (-s, c), (-c, -s), (s, -c)
      const sign = v128.load32_splat(SIGN);
      const odd = i32x4.shr_s(i32x4.shl(angle, 1), 31);
      const cosSign = v128.and(v128.xor(angle, odd), sign);
      const sinSign = v128.and(angle, sign);
      const x = f32x4.mul(radius, v128.xor(v128.bitselect(s, c, odd), cosSign));
      const y = f32x4.mul(radius, v128.xor(v128.bitselect(c, s, odd), sinSign));
      v128.store(at, v128.shuffle<i32>(x, y, 0, 4, 1, 5));
      v128.store(at, v128.shuffle<i32>(x, y, 2, 6, 3, 7), 16);
    }
  }

  /** out = mean + deviation z */
  static scale(words: usize, elements: i32, mean: f32, deviation: f32, out: usize): void {
    const means = f32x4.splat(mean);
    const deviations = f32x4.splat(deviation);
    const end = words + ((<usize>elements) << 2);
    for (let at = words; at < end; at += 16) v128.store(at, f32x4.add(means, f32x4.mul(deviations, v128.load(at))));
    memory.copy(out, words, end - words);
  }
}

@unmanaged
export class RandomNormalArgs {
  n: i32;
  mean: f32;
  deviation: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  out: OutF32; // [n]
}

export function randomNormalScratch(_args: RandomNormalArgs, threads: i32): i32 {
  return Drawn.scratch(threads);
}

@final
@unmanaged
class Bell {
  @inline write(args: RandomNormalArgs, words: usize, first: i32, elements: i32): void {
    Normal.transform(words, elements);
    Normal.scale(words, elements, args.mean, args.deviation, args.out + ((<usize>first) << 2));
  }
}

/** out = mean + deviation z, z of the standard normal distribution */
export function randomNormal(args: RandomNormalArgs, task: Task): void {
  Drawn.all<Bell, RandomNormalArgs>(args, task);
}

@unmanaged
export class RandomTruncatedNormalArgs {
  n: i32;
  mean: f32;
  deviation: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  out: OutF32; // [n]
}

export function randomTruncatedNormalScratch(_args: RandomTruncatedNormalArgs, threads: i32): i32 {
  return Drawn.scratch(threads);
}

@final
@unmanaged
class TruncatedBell {
  @inline write(args: RandomTruncatedNormalArgs, words: usize, first: i32, elements: i32): void {
    const again = words + ((<usize>RANDOM_PIECE) << 2);
    const bound = f32x4.splat(2);
    Normal.transform(words, elements);
    for (let i = 0; i < elements; i += 4) {
      const at = words + ((<usize>i) << 2);
      let z = v128.load(at);
      for (let attempt = 1; ; attempt++) {
        const outside = f32x4.gt(f32x4.abs(z), bound);
        if (!v128.any_true(outside)) break;
        Philox.fill(again, (first + i) >> 2, 4, args.stream, args.control, attempt);
        Normal.transform(again, 4);
        z = v128.bitselect(v128.load(again), z, outside);
      }
      v128.store(at, z);
    }
    Normal.scale(words, elements, args.mean, args.deviation, args.out + ((<usize>first) << 2));
  }
}

/** out = mean + deviation z, z standard normal; an element with |z| > 2 is drawn again with the next attempt */
export function randomTruncatedNormal(args: RandomTruncatedNormalArgs, task: Task): void {
  Drawn.all<TruncatedBell, RandomTruncatedNormalArgs>(args, task);
}

@unmanaged
export class DropoutArgs {
  n: i32;
  rate: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  x: InF32; // [n]
  out: OutF32; // [n] may be x
}

export function dropoutScratch(_args: DropoutArgs, threads: i32): i32 {
  return Drawn.scratch(threads);
}

@final
@unmanaged
class Dropout {
  @inline write(args: DropoutArgs, words: usize, first: i32, elements: i32): void {
    const x = args.x + ((<usize>first) << 2);
    const out = args.out + ((<usize>first) << 2);
    // u >= rate as integers: (word >>> 8) > ceil(rate 2^24) - 1
    const dropped = i32x4.splat(<i32>ceil(args.rate * 16777216) - 1);
    const scale = f32x4.splat(1 / (1 - args.rate));
    let at: usize = 0;
    const end = (<usize>elements) << 2;
    for (; at + 16 <= end; at += 16) Dropout.step<Four>(words + at, x + at, out + at, dropped, scale);
    for (; at < end; at += 4) Dropout.step<One>(words + at, x + at, out + at, dropped, scale);
  }

  /** x times scale where word >>> 8 > dropped, x times 0 (so that NaN stays) elsewhere */
  @inline private static step<LANES>(words: usize, x: usize, out: usize, dropped: v128, scale: v128): void {
    const lanes = changetype<LANES>(0);
    const kept = i32x4.gt_s(i32x4.shr_u(lanes.load(words), 8), dropped);
    lanes.store(out, f32x4.mul(lanes.load(x), v128.and(scale, kept)));
  }
}

/**
 * out = x / (1 - rate) where u >= rate, x 0 elsewhere; u = (word >>> 8) 2^-24. The gradient is the same kernel
 * over dy, with the same stream and control.
 */
export function dropout(args: DropoutArgs, task: Task): void {
  if (args.rate > 0) Drawn.all<Dropout, DropoutArgs>(args, task);
  else if (task.thread === 0) memory.copy(args.out, args.x, (<usize>args.n) << 2);
}

// What happens to gradients before an update, and to weights after it: sums over several calls, clipping by their norm,
// moving averages of weights.

import { Pieces } from "../pieces";
import { Loops } from "../pointwise/loops";
import { InF32, InOutF32, OutF32, Task } from "../task";
import { AVERAGE_MOMENTUM, HAS_SUM, isIdle, OVERWRITE } from "./pass";

const PIECE: i32 = 1 << 14;

@unmanaged
export class AccumulateArgs {
  n: i32;
  steps: i32;
  clipValue: f32;
  x: InF32; // [n]
  sum: InF32; // [n]
  out: OutF32; // [n]
  control: InF32; // [8]
}

@unmanaged
export class KeepArgs {
  n: i32;
  x: InF32; // [n]
  out: InOutF32; // [n]
  control: InF32; // [8]
}

@unmanaged
export class NormArgs {
  n: i32;
  place: i32;
  places: i32;
  x: InF32; // [n]
  norms: InOutF32; // [places]
}

@unmanaged
export class ClipFactorArgs {
  n: i32;
  places: i32;
  limit: f32;
  x: InF32; // [n]
  out: OutF32; // [places]
  control: InF32; // [8]?
}

@unmanaged
export class ScaleByArgs {
  n: i32;
  place: i32;
  places: i32;
  x: InF32; // [n]
  factors: InF32; // [places]
  out: OutF32; // [n]
}

@unmanaged
export class WeightAverageArgs {
  n: i32;
  w: InOutF32; // [n]
  average: InOutF32; // [n]
  control: InF32; // [8]
}

/** share (x + sum), between -limit and limit */
@final
@unmanaged
class Added {
  @inline f(x: v128, sum: v128, share: v128, limit: v128): v128 {
    return changetype<Alone>(0).f(f32x4.add(x, sum), share, limit);
  }
}

/** The same of x alone. */
@final
@unmanaged
class Alone {
  @inline f(x: v128, share: v128, limit: v128): v128 {
    return f32x4.max(f32x4.min(f32x4.mul(x, share), limit), f32x4.neg(limit));
  }
}

/** factor x */
@final
@unmanaged
class Scaled {
  @inline f(x: v128, factor: v128, _q: v128): v128 {
    return f32x4.mul(factor, x);
  }
}

/** The factor: of what is not finite nothing is left. */
@final
@unmanaged
class Filled {
  @inline f(_x: v128, factor: v128, _q: v128): v128 {
    return factor;
  }
}

/** x */
@final
@unmanaged
class Copied {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return x;
  }
}

/** momentum average + share w */
@final
@unmanaged
class Averaged {
  @inline f(w: v128, average: v128, momentum: v128, share: v128): v128 {
    return f32x4.add(f32x4.mul(momentum, average), f32x4.mul(share, w));
  }
}

/**
 * Idle call: out = sum + x. Otherwise the mean of so many steps: out = (sum + x) / steps, clipped to [-clipValue, clipValue].
 * Where there is no sum yet x stands alone.
 */
export function accumulate(args: AccumulateArgs, task: Task): void {
  const idle = isIdle(args.control);
  const hasSum = load<f32>(args.control + HAS_SUM) > 0;
  const x = args.x;
  if (idle && !hasSum && x === args.out) return;
  const share = f32x4.splat(idle ? 1 : 1 / <f32>args.steps);
  const limit = f32x4.splat(idle ? Infinity : args.clipValue);
  if (hasSum) Loops.gradient<Added>(args.n, x, args.sum, args.out, share, limit, task);
  else Loops.unary<Alone>(args.n, x, args.out, share, limit, task);
}

/** Idle call: out = x. */
export function keep(args: KeepArgs, task: Task): void {
  if (!isIdle(args.control)) return;
  Loops.unary<Copied>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** The sum of squares in float64, which no float32 makes overflow; two lanes each of two sums. */
function sumOfSquares(x: usize, n: i32): f64 {
  let at = x;
  const end = x + ((<usize>n) << 2);
  let a = f64x2.splat(0);
  let b = a;
  for (; at + 16 <= end; at += 16) {
    const value = v128.load(at);
    const low = f64x2.promote_low_f32x4(value);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(value, value, 2, 3, 2, 3));
    a = f64x2.add(a, f64x2.mul(low, low));
    b = f64x2.add(b, f64x2.mul(high, high));
  }
  a = f64x2.add(a, b);
  let sum = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; at < end; at += 4) {
    const value = <f64>load<f32>(at);
    sum += value * value;
  }
  return sum;
}

export function normScratch(args: NormArgs, _threads: i32): i32 {
  const pieces = Pieces.count(args.n, PIECE);
  return pieces > 1 ? pieces << 3 : 0;
}

export function normPhases(args: NormArgs, _threads: i32): i32 {
  return Pieces.count(args.n, PIECE) > 1 ? 2 : 1;
}

/** norms[place] = sqrt of the sum of x^2: of pieces first, then of their sums in order */
export function norm(args: NormArgs, task: Task): void {
  const n = args.n;
  const out = args.norms + ((<usize>args.place) << 2);
  const pieces = Pieces.count(n, PIECE);
  if (pieces <= 1) {
    if (task.thread === 0) store<f32>(out, <f32>sqrt(sumOfSquares(args.x, n)));
    return;
  }
  if (task.phase === 0) {
    for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++, task.beat++) {
      const first = Pieces.first(piece, PIECE);
      const sum = sumOfSquares(args.x + ((<usize>first) << 2), Pieces.end(piece, PIECE, n) - first);
      store<f64>(task.scratch + ((<usize>piece) << 3), sum);
    }
    return;
  }
  if (task.thread > 0) return;
  let sum: f64 = 0;
  for (let piece = 0; piece < pieces; piece++) sum += load<f64>(task.scratch + ((<usize>piece) << 3));
  store<f32>(out, <f32>sqrt(sum));
}

/** What takes a norm down to the limit: 1 where it is within, 0 where it is not finite. */
function factorOf(norm: f64, limit: f32): f32 {
  if (!(norm < Infinity)) return 0;
  return norm > limit ? <f32>(<f64>limit / norm) : 1;
}

/** out = min(1, limit / norm), for each of n norms; or, where there is one place, for the norm of all. 1 in an idle call. */
export function clipFactor(args: ClipFactorArgs, task: Task): void {
  if (task.thread > 0) return;
  const n = args.n;
  const idle = args.control !== 0 && isIdle(args.control);
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) {
    const norm = <f64>load<f32>(args.x + ((<usize>i) << 2));
    sum += norm * norm;
    if (i < args.places) store<f32>(args.out + ((<usize>i) << 2), idle ? 1 : factorOf(norm, args.limit));
  }
  if (args.places === 1) store<f32>(args.out, idle ? 1 : factorOf(sqrt(sum), args.limit));
}

/** out = factors[place] x; nothing to do where the factor is 1 and out is x; zeros where it is 0, whatever x is */
export function scaleBy(args: ScaleByArgs, task: Task): void {
  const factor = load<f32>(args.factors + ((<usize>args.place) << 2));
  const x = args.x;
  if (factor === 1 && x === args.out) return;
  const k = f32x4.splat(factor);
  if (factor === 0) Loops.unary<Filled>(args.n, x, args.out, k, k, task);
  else Loops.unary<Scaled>(args.n, x, args.out, k, k, task);
}

/** average = momentum average + (1 - momentum) w with the momentum of the control words, and w = average where they say so */
export function weightAverage(args: WeightAverageArgs, task: Task): void {
  if (isIdle(args.control)) return;
  const momentum = load<f32>(args.control + AVERAGE_MOMENTUM);
  const share = f32x4.splat(1 - momentum);
  const average = args.average;
  Loops.gradient<Averaged>(args.n, args.w, average, average, f32x4.splat(momentum), share, task);
  // each thread has just written the pieces that it copies
  if (load<f32>(args.control + OVERWRITE) > 0) Loops.unary<Copied>(args.n, average, args.w, share, share, task);
}

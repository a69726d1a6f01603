// Kernels from n floats to n floats. out may be x.

import { Elu, Gelu, LeakyRelu, Relu, Sigmoid, Silu, Softplus, Tanh } from "../activation";
import { Maths } from "../math";
import { InF32, InI32, OutF32, OutI32, Task } from "../task";
import { Loops } from "./loops";

/** The sign bit. Loaded: a splat of a constant would be copied into the loops. */
const SIGN = memory.data<u32>([0x80000000]);

@unmanaged
export class UnaryArgs {
  n: i32;
  x: InF32; // [n]
  out: OutF32; // [n]
}

@final
@unmanaged
class Negate {
  // by masks from outside of the loop: f32x4.neg and abs build theirs again for each vector
  @inline f(x: v128, p: v128, _q: v128): v128 {
    return v128.xor(x, p);
  }
}

@final
@unmanaged
class Absolute {
  @inline f(x: v128, p: v128, _q: v128): v128 {
    return v128.andnot(x, p);
  }
}

@final
@unmanaged
class Square {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return f32x4.mul(x, x);
  }
}

@final
@unmanaged
class Sqrt {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return f32x4.sqrt(x);
  }
}

@final
@unmanaged
class Reciprocal {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return f32x4.div(Maths.one(), x);
  }
}

@final
@unmanaged
class Sign {
  @inline f(x: v128, p: v128, q: v128): v128 {
    // +-1 for numbers; x itself where it is +-0 or NaN
    const one = v128.or(q, v128.and(x, p));
    return v128.bitselect(one, x, v128.or(f32x4.lt(x, f32x4.splat(0)), f32x4.gt(x, f32x4.splat(0))));
  }
}

@final
@unmanaged
class Exp {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return Maths.exp(x);
  }
}

@final
@unmanaged
class Log {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return Maths.log(x);
  }
}

@final
@unmanaged
class Erf {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return Maths.erf(x);
  }
}

@final
@unmanaged
class Affine {
  @inline f(x: v128, p: v128, q: v128): v128 {
    return f32x4.add(f32x4.mul(p, x), q);
  }
}

@final
@unmanaged
class Clip {
  @inline f(x: v128, p: v128, q: v128): v128 {
    return f32x4.pmin(f32x4.pmax(x, p), q); // in this order of operands NaN stays
  }
}

/** out = -x */
export function negate(args: UnaryArgs, task: Task): void {
  Loops.unary<Negate>(args.n, args.x, args.out, v128.load32_splat(SIGN), f32x4.splat(0), task);
}

/** out = |x| */
export function absolute(args: UnaryArgs, task: Task): void {
  Loops.unary<Absolute>(args.n, args.x, args.out, v128.load32_splat(SIGN), f32x4.splat(0), task);
}

/** out = x^2 */
export function square(args: UnaryArgs, task: Task): void {
  Loops.unary<Square>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = sqrt(x) */
export function sqrt(args: UnaryArgs, task: Task): void {
  Loops.unary<Sqrt>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = 1 / x */
export function reciprocal(args: UnaryArgs, task: Task): void {
  Loops.unary<Reciprocal>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = 1 where x > 0, -1 where x < 0, else x */
export function sign(args: UnaryArgs, task: Task): void {
  Loops.unary<Sign>(args.n, args.x, args.out, v128.load32_splat(SIGN), Maths.one(), task);
}

/** out = 0 where x < 0, else x */
export function relu(args: UnaryArgs, task: Task): void {
  Loops.unary<Relu>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = exp(x) */
export function exp(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Exp>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = log(x) */
export function log(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Log>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = erf(x) */
export function erf(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Erf>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = 1 / (1 + exp(-x)) */
export function sigmoid(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Sigmoid>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = tanh(x) */
export function tanh(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Tanh>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = log(1 + exp(x)) */
export function softplus(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Softplus>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = x (1 + erf(x / sqrt(2))) / 2 */
export function gelu(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Gelu>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

/** out = x / (1 + exp(-x)) */
export function silu(args: UnaryArgs, task: Task): void {
  Loops.unaryLong<Silu>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

@unmanaged
export class LeakyReluArgs {
  n: i32;
  slope: f32;
  x: InF32; // [n]
  out: OutF32; // [n]
}

/** out = slope x where x < 0, else x */
export function leakyRelu(args: LeakyReluArgs, task: Task): void {
  Loops.unary<LeakyRelu>(args.n, args.x, args.out, f32x4.splat(args.slope), f32x4.splat(0), task);
}

@unmanaged
export class EluArgs {
  n: i32;
  alpha: f32;
  x: InF32; // [n]
  out: OutF32; // [n]
}

/** out = alpha (exp(x) - 1) where x < 0, else x */
export function elu(args: EluArgs, task: Task): void {
  Loops.unaryLong<Elu>(args.n, args.x, args.out, f32x4.splat(args.alpha), f32x4.splat(0), task);
}

@unmanaged
export class AffineArgs {
  n: i32;
  alpha: f32;
  beta: f32;
  x: InF32; // [n]
  out: OutF32; // [n]
}

/** out = alpha x + beta */
export function affine(args: AffineArgs, task: Task): void {
  Loops.unary<Affine>(args.n, args.x, args.out, f32x4.splat(args.alpha), f32x4.splat(args.beta), task);
}

@unmanaged
export class ClipArgs {
  n: i32;
  low: f32;
  high: f32;
  x: InF32; // [n]
  out: OutF32; // [n]
}

/** out = min(max(x, low), high) */
export function clip(args: ClipArgs, task: Task): void {
  Loops.unary<Clip>(args.n, args.x, args.out, f32x4.splat(args.low), f32x4.splat(args.high), task);
}

@final
@unmanaged
class FromInt32 {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return f32x4.convert_i32x4_s(x);
  }
}

@final
@unmanaged
class ToInt32 {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return i32x4.trunc_sat_f32x4_s(x);
  }
}

@unmanaged
export class Int32ToFloat32Args {
  n: i32;
  x: InI32; // [n]
  out: OutF32; // [n]
}

/** out = x, rounded to nearest */
export function int32ToFloat32(args: Int32ToFloat32Args, task: Task): void {
  Loops.unary<FromInt32>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

@unmanaged
export class Float32ToInt32Args {
  n: i32;
  x: InF32; // [n]
  out: OutI32; // [n]
}

/** out = x without its fraction, held within int32; NaN gives 0 */
export function float32ToInt32(args: Float32ToInt32Args, task: Task): void {
  Loops.unary<ToInt32>(args.n, args.x, args.out, f32x4.splat(0), f32x4.splat(0), task);
}

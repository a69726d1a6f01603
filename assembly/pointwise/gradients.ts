// Gradients of pointwise kernels: dx from dy and from what the forward kernel wrote (y) or read (x).
// dx may be dy.

import { Maths } from "../math";
import { InF32, OutF32, Task } from "../task";
import { Loops } from "./loops";

@unmanaged
export class FromOutputArgs {
  n: i32;
  y: InF32; // [n]
  dy: InF32; // [n]
  dx: OutF32; // [n]
}

@unmanaged
export class FromInputArgs {
  n: i32;
  x: InF32; // [n]
  dy: InF32; // [n]
  dx: OutF32; // [n]
}

@final
@unmanaged
class ReluGradient {
  @inline f(y: v128, dy: v128, _p: v128, _q: v128): v128 {
    // y <= 0, so that a NaN in y does not silence dy
    return v128.andnot(dy, f32x4.le(y, f32x4.splat(0)));
  }
}

/** dx = dy where y > 0, else 0 */
export function reluGradient(args: FromOutputArgs, task: Task): void {
  Loops.gradient<ReluGradient>(args.n, args.y, args.dy, args.dx, f32x4.splat(0), f32x4.splat(0), task);
}

@final
@unmanaged
class SigmoidGradient {
  @inline f(y: v128, dy: v128, _p: v128, _q: v128): v128 {
    return f32x4.mul(f32x4.mul(y, f32x4.sub(Maths.one(), y)), dy);
  }
}

/** dx = y (1 - y) dy */
export function sigmoidGradient(args: FromOutputArgs, task: Task): void {
  Loops.gradient<SigmoidGradient>(args.n, args.y, args.dy, args.dx, f32x4.splat(0), f32x4.splat(0), task);
}

@final
@unmanaged
class TanhGradient {
  @inline f(y: v128, dy: v128, _p: v128, _q: v128): v128 {
    // 1 - y^2 as a product, which keeps its digits near |y| = 1
    return f32x4.mul(f32x4.mul(f32x4.sub(Maths.one(), y), f32x4.add(Maths.one(), y)), dy);
  }
}

/** dx = (1 - y^2) dy */
export function tanhGradient(args: FromOutputArgs, task: Task): void {
  Loops.gradient<TanhGradient>(args.n, args.y, args.dy, args.dx, f32x4.splat(0), f32x4.splat(0), task);
}

@final
@unmanaged
class SoftplusGradient {
  @inline f(x: v128, dy: v128, _p: v128, _q: v128): v128 {
    return f32x4.mul(Maths.sigmoid(x), dy);
  }
}

/** dx = dy / (1 + exp(-x)) */
export function softplusGradient(args: FromInputArgs, task: Task): void {
  Loops.gradientLong<SoftplusGradient>(args.n, args.x, args.dy, args.dx, f32x4.splat(0), f32x4.splat(0), task);
}

@final
@unmanaged
class GeluGradient {
  @inline f(x: v128, dy: v128, _p: v128, _q: v128): v128 {
    // d x Phi(x) = Phi(x) + x phi(x)
    const z = Maths.finite(x);
    return f32x4.mul(f32x4.add(Maths.normalCdf(z), f32x4.mul(z, Maths.normalDensity(z))), dy);
  }
}

/** dx = (Phi(x) + x phi(x)) dy, with integral and density of the normal distribution */
export function geluGradient(args: FromInputArgs, task: Task): void {
  Loops.gradientLong<GeluGradient>(args.n, args.x, args.dy, args.dx, f32x4.splat(0), f32x4.splat(0), task);
}

@final
@unmanaged
class SiluGradient {
  @inline f(x: v128, dy: v128, _p: v128, _q: v128): v128 {
    // d x s(x) = s (1 + x c), c = 1 - s(x) = s(-x); from one z = exp(-|x|) both keep their digits
    const y = Maths.finite(x);
    const z = Maths.expFold(y);
    const below = f32x4.add(Maths.one(), z);
    const negative = f32x4.lt(y, f32x4.splat(0));
    const s = f32x4.div(v128.bitselect(z, Maths.one(), negative), below);
    const c = f32x4.div(v128.bitselect(Maths.one(), z, negative), below);
    return f32x4.mul(f32x4.mul(s, f32x4.add(Maths.one(), f32x4.mul(y, c))), dy);
  }
}

/** dx = s (1 + x (1 - s)) dy, s = 1 / (1 + exp(-x)) */
export function siluGradient(args: FromInputArgs, task: Task): void {
  Loops.gradientLong<SiluGradient>(args.n, args.x, args.dy, args.dx, f32x4.splat(0), f32x4.splat(0), task);
}

@final
@unmanaged
class LeakyReluGradient {
  @inline f(y: v128, dy: v128, p: v128, _q: v128): v128 {
    return v128.bitselect(f32x4.mul(p, dy), dy, f32x4.le(y, f32x4.splat(0)));
  }
}

@unmanaged
export class LeakyReluGradientArgs {
  n: i32;
  slope: f32;
  y: InF32; // [n]
  dy: InF32; // [n]
  dx: OutF32; // [n]
}

/** dx = dy where y > 0, else slope dy; for a slope >= 0, whose y has the sign of x */
export function leakyReluGradient(args: LeakyReluGradientArgs, task: Task): void {
  Loops.gradient<LeakyReluGradient>(args.n, args.y, args.dy, args.dx, f32x4.splat(args.slope), f32x4.splat(0), task);
}

@final
@unmanaged
class EluGradient {
  @inline f(y: v128, dy: v128, p: v128, _q: v128): v128 {
    // d alpha (exp(x) - 1) = alpha exp(x) = y + alpha
    return v128.bitselect(f32x4.mul(f32x4.add(y, p), dy), dy, f32x4.le(y, f32x4.splat(0)));
  }
}

@unmanaged
export class EluGradientArgs {
  n: i32;
  alpha: f32;
  y: InF32; // [n]
  dy: InF32; // [n]
  dx: OutF32; // [n]
}

/** dx = dy where y > 0, else (y + alpha) dy */
export function eluGradient(args: EluGradientArgs, task: Task): void {
  Loops.gradient<EluGradient>(args.n, args.y, args.dy, args.dx, f32x4.splat(args.alpha), f32x4.splat(0), task);
}

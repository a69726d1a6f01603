// Elementary functions of four floats, with polynomials fitted for this project (Lawson's weighted least
// squares on Chebyshev nodes). What lies where the formula holds as it stands is computed in line; a vector with
// another lane (denormal, infinite, NaN) goes to the `...Whole` form, which is right for all.
// Constants are loaded, not written as splats: engines build a splat again on every use inside a loop.
// All keep NaN. Errors: exp, log 2 ULP; tanh, sigmoid, erf, softplus, expm1 4 ULP.

import { Vec } from "./vec";

/** Bits: 1.0, the exponent field with its sign, least normal - 2^31, infinity - 2^31, sqrt(1/2), +inf, -inf, log2(e). */
const BITS = memory.data<u32>([
  0x3f800000, 0xff800000, 0x80800000, 0xff000000, 0x3f3504f3, 0x7f800000, 0xff800000, 0x3fb8aa3b,
]);

/**
 * exp: least and greatest argument of use, 1.5 * 2^23 (adding it rounds to an integer in the low bits),
 * -ln 2 in two parts of which the first has 9 bits, then q: exp(r) = 1 + r + r^2 q(r) for |r| <= ln(2) / 2, and 87,
 * up to which, on both sides of 0, exp is a normal float.
 */
const EXP = memory.data<f32>([
  -104, 89, 12582912, -0.6933594, 2.1219444e-4, 0.49999994, 0.1666652, 0.041668404, 0.008368899, 0.0013814222, 87,
]);

/** The least normal float. */
const LEAST = memory.data<f32>([1.1754944e-38]);

/** log: ln 2 in two parts, 1, 2, 1/2, 2^25, 25, then p: 2 atanh(s) = 2 s + s z p(z), z = s^2. */
const LOG = memory.data<f32>([0.6931381, 9.058001e-6, 1, 2, 0.5, 33554432, 25, 0.66666776, 0.39977366, 0.29876882]);

/** log(1 + z) = u + u w p(w), u = 2z / (2 + z), w = u^2, 0 <= z <= 1. */
const LOG1P = memory.data<f32>([2, 0.083333015, 0.012506793, 0.0021873754, 5.4742926e-4]);

/**
 * tanh and erf by halves: f = 2 u / (1 + u^2) with u = x p(x^2) / (2 q(x^2)), so that near 1, where f is flat in u,
 * no error of u is left. The greatest argument of use, where f rounds to 1, on both sides; 1/4; p; q.
 * p and q are scaled so that they and q^2 lie in the upper part of [1, 2) for small x: roundings weigh less there.
 * The factor is the one of those tried whose worst error was least: tanh 3.8 ULP, erf 3.95.
 */
const TANH = memory.data<f32>([
  -9.02, 9.02, 0.25, 1.33, 0.03960398, 1.5206254e-4, 1.33, 0.15043727, 0.0016052161, 1.6368001e-6,
]);
const ERF = memory.data<f32>([
  -3.94, 3.94, 0.25, 1.4807621, 0.2813547, 0.032342862, 0.0017876482, -6.6776256e-6, 1.3122913, 0.26906005, 0.053260602,
  0.004894951, 4.584385e-5,
]); // p(0) / q(0) is 2 / sqrt(pi) in 40 bits

/** The normal distribution: 1 / sqrt(2), 1/2, 1 / sqrt(2 pi), the least finite float. */
const NORMAL = memory.data<f32>([0.70710677, 0.5, 0.3989423, -3.4028235e38]);

@final
@unmanaged
export class Maths {
  /** 1.0 in every lane. */
  @inline static one(): v128 {
    return v128.load32_splat(BITS);
  }

  /** exp(x) */
  @inline static exp(x: v128): v128 {
    return Maths.far(x) ? Maths.expWhole(x) : Maths.expNear(x);
  }

  /** Whether a lane is farther from 0 than 87, or NaN. */
  @inline static far(x: v128): bool {
    // as integers, so that NaN lies beyond the bound
    return v128.any_true(i32x4.gt_s(f32x4.abs(x), v128.load32_splat(EXP, 40)));
  }

  /** exp(x) of lanes that are not far. */
  @inline static expNear(x: v128): v128 {
    const t = Maths.rounded(x);
    return i32x4.add(Maths.expReduced(Maths.reduced(x, t)), i32x4.shl(t, 23)); // the low bits of t are n
  }

  /** exp(x) of any x, rounded to denormals below and to infinity above. */
  static expWhole(x: v128): v128 {
    const y = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(EXP, 4)), v128.load32_splat(EXP, 0));
    const t = Maths.rounded(y);
    const p = Maths.expReduced(Maths.reduced(y, t));
    // p 2^n as (p 2^a) 2^b, a = floor(n / 2), b = n - a: 2^n itself may be no float
    const a = v128.and(i32x4.shl(t, 22), v128.load32_splat(BITS, 4));
    const b = i32x4.sub(i32x4.shl(t, 23), a);
    const first = f32x4.mul(p, i32x4.add(a, Maths.one()));
    return f32x4.mul(first, i32x4.add(b, Maths.one()));
  }

  /** exp(x) - 1 for x <= 0. */
  @inline static expm1Below(x: v128): v128 {
    // 2^n (exp(r) - 1) + (2^n - 1), where n is 0 for small x; below -25 the sum is -1, and n stays in range
    const y = f32x4.pmax(x, f32x4.neg(v128.load32_splat(LOG, 24)));
    const t = Maths.rounded(y);
    const r = Maths.reduced(y, t);
    const p = Vec.madd(f32x4.mul(r, r), Maths.quotient(r), r);
    const scale = i32x4.add(i32x4.shl(t, 23), Maths.one());
    return Vec.madd(scale, p, f32x4.sub(scale, Maths.one()));
  }

  /** 1.5 * 2^23 + the integer n nearest to x / ln 2. */
  @inline private static rounded(x: v128): v128 {
    return Vec.madd(x, v128.load32_splat(BITS, 28), v128.load32_splat(EXP, 8));
  }

  /** r = x - n ln 2 */
  @inline private static reduced(x: v128, t: v128): v128 {
    const n = f32x4.sub(t, v128.load32_splat(EXP, 8));
    return Vec.madd(n, v128.load32_splat(EXP, 16), Vec.madd(n, v128.load32_splat(EXP, 12), x));
  }

  /** exp(r) = 1 + r (1 + r q(r)) */
  @inline private static expReduced(r: v128): v128 {
    return Vec.madd(r, Vec.madd(r, Maths.quotient(r), Maths.one()), Maths.one());
  }

  /** q(r) = (exp(r) - 1 - r) / r^2 */
  @inline private static quotient(r: v128): v128 {
    let q = Vec.madd(r, v128.load32_splat(EXP, 36), v128.load32_splat(EXP, 32));
    q = Vec.madd(r, q, v128.load32_splat(EXP, 28));
    q = Vec.madd(r, q, v128.load32_splat(EXP, 24));
    return Vec.madd(r, q, v128.load32_splat(EXP, 20));
  }

  /** log(x): -inf at 0, NaN below. */
  @inline static log(x: v128): v128 {
    // normal and positive, by one signed comparison of shifted bits
    const offset = i32x4.sub(x, v128.load32_splat(BITS, 8));
    if (v128.any_true(i32x4.ge_s(offset, v128.load32_splat(BITS, 12)))) return Maths.logWhole(x);
    return Maths.logScaled(x, f32x4.splat(0));
  }

  /** log(x) of any x. */
  static logWhole(x: v128): v128 {
    const small = f32x4.lt(x, v128.load32_splat(LEAST));
    const scaled = v128.bitselect(f32x4.mul(x, v128.load32_splat(LOG, 20)), x, small);
    let y = Maths.logScaled(scaled, v128.and(v128.load32_splat(LOG, 24), small));
    y = v128.bitselect(y, x, f32x4.lt(x, v128.load32_splat(BITS, 20))); // inf, NaN
    y = v128.bitselect(v128.load32_splat(BITS, 24), y, f32x4.eq(x, f32x4.splat(0)));
    return v128.or(y, f32x4.lt(x, f32x4.splat(0)));
  }

  /** log(x 2^-down) of normal, positive x. */
  @inline private static logScaled(x: v128, down: v128): v128 {
    // x = 2^e m, sqrt(1/2) <= m < sqrt(2)
    const exponent = i32x4.shr_s(i32x4.sub(x, v128.load32_splat(BITS, 16)), 23);
    const m = i32x4.sub(x, i32x4.shl(exponent, 23));
    const e = f32x4.sub(f32x4.convert_i32x4_s(exponent), down);
    // log m = f - (h - s (h + z p(z))), f = m - 1, h = f^2 / 2, s = f / (2 + f): the way of fdlibm
    const f = f32x4.sub(m, Maths.one());
    const s = f32x4.div(f, f32x4.add(f, v128.load32_splat(LOG, 12)));
    const z = f32x4.mul(s, s);
    let p = Vec.madd(z, v128.load32_splat(LOG, 36), v128.load32_splat(LOG, 32));
    p = Vec.madd(z, p, v128.load32_splat(LOG, 28));
    const h = f32x4.mul(f32x4.mul(f, f), v128.load32_splat(LOG, 16));
    const low = Vec.madd(s, Vec.madd(z, p, h), f32x4.mul(e, v128.load32_splat(LOG, 4)));
    return Vec.madd(e, v128.load32_splat(LOG, 0), f32x4.sub(f, f32x4.sub(h, low)));
  }

  /** tanh(x) */
  @inline static tanh(x: v128): v128 {
    const y = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(TANH, 0)), v128.load32_splat(TANH, 4));
    const t = f32x4.mul(y, y);
    let p = Vec.madd(t, v128.load32_splat(TANH, 20), v128.load32_splat(TANH, 16));
    p = Vec.madd(t, p, v128.load32_splat(TANH, 12));
    let q = Vec.madd(t, v128.load32_splat(TANH, 36), v128.load32_splat(TANH, 32));
    q = Vec.madd(t, q, v128.load32_splat(TANH, 28));
    q = Vec.madd(t, q, v128.load32_splat(TANH, 24));
    return Maths.doubled(f32x4.mul(y, p), q);
  }

  /** erf(x) = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x */
  @inline static erf(x: v128): v128 {
    const y = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(ERF, 0)), v128.load32_splat(ERF, 4));
    const t = f32x4.mul(y, y);
    let p = Vec.madd(t, v128.load32_splat(ERF, 28), v128.load32_splat(ERF, 24));
    p = Vec.madd(t, p, v128.load32_splat(ERF, 20));
    p = Vec.madd(t, p, v128.load32_splat(ERF, 16));
    p = Vec.madd(t, p, v128.load32_splat(ERF, 12));
    let q = Vec.madd(t, v128.load32_splat(ERF, 48), v128.load32_splat(ERF, 44));
    q = Vec.madd(t, q, v128.load32_splat(ERF, 40));
    q = Vec.madd(t, q, v128.load32_splat(ERF, 36));
    q = Vec.madd(t, q, v128.load32_splat(ERF, 32));
    // exactly 1 at the ends, however the products were rounded: gelu multiplies 1 - erf by large numbers
    const far = f32x4.ge(f32x4.abs(x), v128.load32_splat(ERF, 4));
    const end = f32x4.pmin(f32x4.pmax(x, f32x4.neg(Maths.one())), Maths.one());
    return v128.bitselect(end, Maths.doubled(f32x4.mul(y, p), q), far);
  }

  /** 2 u / (1 + u^2) for u = a / (2 b), as a b / (a^2 / 4 + b^2), at most 1 */
  @inline private static doubled(a: v128, b: v128): v128 {
    const square = f32x4.mul(f32x4.mul(a, a), v128.load32_splat(TANH, 8));
    const f = f32x4.div(f32x4.mul(a, b), Vec.madd(b, b, square));
    return f32x4.pmin(f32x4.pmax(f, f32x4.neg(Maths.one())), Maths.one());
  }

  /** exp(-|x|) */
  @inline static expFold(x: v128): v128 {
    return Maths.exp(f32x4.neg(f32x4.abs(x)));
  }

  /** 1 / (1 + exp(-x)) */
  @inline static sigmoid(x: v128): v128 {
    // z = exp(-|x|) cannot overflow: z / (1 + z) below 0, 1 / (1 + z) above
    const z = Maths.expFold(x);
    const top = v128.bitselect(z, Maths.one(), f32x4.lt(x, f32x4.splat(0)));
    return f32x4.div(top, f32x4.add(Maths.one(), z));
  }

  /** log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)) */
  @inline static softplus(x: v128): v128 {
    return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), Maths.log1pUnit(Maths.expFold(x)));
  }

  /** log(1 + z) for 0 <= z <= 1 */
  @inline static log1pUnit(z: v128): v128 {
    const u = f32x4.div(f32x4.add(z, z), f32x4.add(z, v128.load32_splat(LOG1P, 0)));
    const w = f32x4.mul(u, u);
    let p = Vec.madd(w, v128.load32_splat(LOG1P, 16), v128.load32_splat(LOG1P, 12));
    p = Vec.madd(w, p, v128.load32_splat(LOG1P, 8));
    p = Vec.madd(w, p, v128.load32_splat(LOG1P, 4));
    return Vec.madd(f32x4.mul(u, w), p, u);
  }

  /** Phi(x) = (1 + erf(x / sqrt(2))) / 2, the normal distribution's integral */
  @inline static normalCdf(x: v128): v128 {
    const e = Maths.erf(f32x4.mul(x, v128.load32_splat(NORMAL, 0)));
    return f32x4.mul(v128.load32_splat(NORMAL, 4), f32x4.add(Maths.one(), e));
  }

  /** phi(x) = exp(-x^2 / 2) / sqrt(2 pi), the normal distribution's density */
  @inline static normalDensity(x: v128): v128 {
    const e = Maths.exp(f32x4.mul(f32x4.mul(x, x), f32x4.neg(v128.load32_splat(NORMAL, 4))));
    return f32x4.mul(v128.load32_splat(NORMAL, 8), e);
  }

  /** x with -inf made finite, for products whose other factor is 0 there */
  @inline static finiteBelow(x: v128): v128 {
    return f32x4.pmax(x, v128.load32_splat(NORMAL, 12));
  }

  /** x with both infinities made finite */
  @inline static finite(x: v128): v128 {
    return f32x4.pmin(Maths.finiteBelow(x), f32x4.neg(v128.load32_splat(NORMAL, 12)));
  }
}

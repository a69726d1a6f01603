// Whole vectors and what remains behind one body: `n` is how many values are left, four of which are handled.

import { Lanes } from "./lanes";

@final
@unmanaged
export class Span {
  /** The first `n` of four values, zeros behind them; n <= 0 reads nothing. */
  @inline static load(p: usize, n: i32): v128 {
    if (n >= 4) return v128.load(p);
    return n > 0 ? Lanes.load(p, n) : i32x4.splat(0);
  }

  /** All bits of the first `n` of four lanes. */
  @inline static mask(n: i32): v128 {
    return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n));
  }

  /** Stores the first `n` of four lanes; n <= 0 writes nothing. */
  @inline static store(p: usize, v: v128, n: i32): void {
    if (n >= 4) v128.store(p, v);
    else if (n > 0) Lanes.store(p, v, n);
  }

  /** Copies `n` values. memory.copy is a call out of the module, too dear for a row of an image. */
  static copy(to: usize, from: usize, n: i32): void {
    for (; n > 0; n -= 4, to += 16, from += 16) Span.store(to, Span.load(from, n), n);
  }

  /** One value `n` times, given in all lanes. */
  static fill(to: usize, value: v128, n: i32): void {
    for (; n > 0; n -= 4, to += 16) Span.store(to, value, n);
  }

  /** Clears `n` values. */
  static clear(to: usize, n: i32): void {
    Span.fill(to, i32x4.splat(0), n);
  }

  /** The first `n` of four values `step` bytes apart. */
  @inline static gather(p: usize, step: usize, n: i32): v128 {
    return step === 4 ? Span.load(p, n) : Lanes.gather(p, step, min(n, 4));
  }

  /** Values p[(j + lane) / times]: each value stands `times` times. */
  static spread(p: usize, j: i32, times: i32, n: i32): v128 {
    let v = v128.load32_zero(p + ((<usize>(j / times)) << 2));
    if (n > 1) v = v128.load32_lane(p + ((<usize>((j + 1) / times)) << 2), v, 1);
    if (n > 2) v = v128.load32_lane(p + ((<usize>((j + 2) / times)) << 2), v, 2);
    if (n > 3) v = v128.load32_lane(p + ((<usize>((j + 3) / times)) << 2), v, 3);
    return v;
  }
}

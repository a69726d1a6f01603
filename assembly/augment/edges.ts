// What stands at places outside of an image, by the fill mode: 0 constant, 1 nearest (a a a | a b c d | d d d),
// 2 reflect (c b a | a b c d | d c b), 3 wrap (b c d | a b c d | a b c).

@final
@unmanaged
export class Edges {
  /** The row or column of n that place i shows, -1 for the constant. */
  @inline static place(i: i32, n: i32, mode: i32): i32 {
    return <u32>i < <u32>n ? i : Edges.outside(i, n, mode);
  }

  static outside(i: i32, n: i32, mode: i32): i32 {
    if (mode === 0 || n <= 0) return -1;
    if (mode === 1) return i < 0 ? 0 : n - 1;
    const period = mode === 2 ? 2 * <i64>n : <i64>n;
    let at = <i64>i % period;
    if (at < 0) at += period;
    return <i32>(at < n ? at : period - 1 - at);
  }

  /**
   * The same for four places that lie less than n outside; what lies farther comes out beyond 0 to n - 1. For the constant any
   * row or column: the caller knows which are outside.
   */
  @inline static near(i: v128, n: v128, mode: i32): v128 {
    if (mode === 2) {
      const folded = v128.xor(i, i32x4.shr_s(i, 31)); // -1 - i below 0
      const over = i32x4.ge_s(folded, n);
      const back = i32x4.sub(i32x4.add(n, n), i32x4.add(folded, i32x4.splat(1)));
      return v128.bitselect(back, folded, over);
    }
    if (mode === 3) {
      const up = i32x4.add(i, v128.and(n, i32x4.shr_s(i, 31)));
      return i32x4.sub(up, v128.and(n, i32x4.ge_s(up, n)));
    }
    return i32x4.min_s(i32x4.max_s(i, i32x4.splat(0)), i32x4.sub(n, i32x4.splat(1)));
  }
}

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
}

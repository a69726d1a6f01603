// Vectors of fewer than four floats: what is left at the end of a row, and elements that do not lie side by side.
// Absent lanes are 0 and are not stored, so one body serves whole vectors and what remains.

@final
@unmanaged
export class Lanes {
  /** The first `count` (1 to 3) floats at an address. */
  @inline static load(at: usize, count: i32): v128 {
    if (count === 1) return v128.load32_zero(at);
    const two = v128.load64_zero(at);
    return count === 2 ? two : v128.load32_lane(at, two, 2, 8);
  }

  /** Stores the first `count` (1 to 3) lanes. */
  @inline static store(at: usize, x: v128, count: i32): void {
    if (count === 1) {
      v128.store32_lane(at, x, 0);
    } else {
      v128.store64_lane(at, x, 0);
      if (count === 3) v128.store32_lane(at, x, 2, 8);
    }
  }

  /** `count` (1 to 4) floats that lie `step` bytes apart. */
  @inline static gather(at: usize, step: usize, count: i32): v128 {
    let x = v128.load32_zero(at);
    if (count > 1) x = v128.load32_lane(at + step, x, 1);
    if (count > 2) x = v128.load32_lane(at + 2 * step, x, 2);
    if (count > 3) x = v128.load32_lane(at + 3 * step, x, 3);
    return x;
  }

  /** The next four floats, or those of them that remain. */
  @inline static read(at: usize, rest: i32): v128 {
    return rest >= 4 ? v128.load(at) : Lanes.load(at, rest);
  }

  /** Stores four lanes, or those of them that remain. */
  @inline static write(at: usize, x: v128, rest: i32): void {
    if (rest >= 4) v128.store(at, x);
    else Lanes.store(at, x, rest);
  }

  /** Elements i, i + 1, ... (four, or those that remain) of a row of floats `stride` elements apart. */
  @inline static strided(row: usize, i: i32, stride: i32, rest: i32): v128 {
    const at = row + ((<usize>(i * stride)) << 2);
    if (stride === 1 && rest >= 4) return v128.load(at);
    if (stride === 0) return v128.load32_splat(row);
    return Lanes.gather(at, (<usize>stride) << 2, min(4, rest));
  }

  /** out = x for n floats; for rows too short to be worth memory.copy */
  static copy(x: usize, out: usize, n: i32): void {
    const end = x + ((<usize>n) << 2);
    const offset = out - x;
    for (; x + 16 <= end; x += 16) v128.store(x + offset, v128.load(x));
    const rest = <i32>((end - x) >> 2);
    if (rest > 0) Lanes.store(x + offset, Lanes.load(x, rest), rest);
  }
}

// What pooling does with a window of an NHWC image, and its gradient: maximum and average. Four channels at a time. Padding takes
// no part: it never wins, and an average divides by the pixels that are there. A window of padding alone gives -Infinity or 0.

import { Lanes } from "../lanes";

/** Vectors of a pixel's channels: whole ones, or a single one of fewer lanes. */
@final
@unmanaged
export class Pixel {
  @inline static load(at: usize, lanes: i32): v128 {
    return lanes === 4 ? v128.load(at) : Lanes.load(at, lanes);
  }

  @inline static store(at: usize, value: v128, lanes: i32): void {
    if (lanes === 4) v128.store(at, value);
    else Lanes.store(at, value, lanes);
  }

  /**
   * Stores what one window gives a pixel, `onto` what other windows gave. Where there are none nothing is read: half of
   * a vector may just have been stored, and reading across that waits for the store.
   */
  @inline static give(at: usize, value: v128, lanes: i32, onto: bool): void {
    Pixel.store(at, onto ? f32x4.add(Pixel.load(at, lanes), value) : value, lanes);
  }

  @inline static nan(x: v128): v128 {
    return f32x4.ne(x, x);
  }

  /** Whether a sum is NaN, because of a NaN or of opposite infinities. */
  @inline static suspect(sum: v128): bool {
    return v128.any_true(Pixel.nan(sum));
  }

  /** Lanes of the last vector of n channels that the one before did not have. */
  @inline static fresh(n: i32): v128 {
    return i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(n > 4 ? -n & 3 : 0));
  }
}

/**
 * A maximum is taken by f32x4.pmax, one instruction, which keeps the first of equals and passes by a NaN. A sum beside it
 * tells where a NaN may be: only there windows are looked at again, by `window` and `spread`.
 */
@final
@unmanaged
export class Greatest {
  @inline empty(): f32 {
    return -Infinity;
  }

  @inline take(most: v128, x: v128): v128 {
    return f32x4.pmax(most, x);
  }

  @inline watch(sum: v128, x: v128): v128 {
    return f32x4.add(sum, x);
  }

  @inline settled(most: v128, _weight: f32): v128 {
    return most;
  }

  /** The greatest of rows x columns pixels from an address on. */
  @inline window(at: usize, rows: i32, columns: i32, pixel: usize, line: usize, lanes: i32): v128 {
    let most = Pixel.load(at, lanes);
    let nans = Pixel.nan(most);
    for (let i = 0; i < rows; i++, at += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        const x = Pixel.load(at + j, lanes);
        most = f32x4.pmax(most, x);
        nans = v128.or(nans, Pixel.nan(x));
      }
    }
    return v128.or(most, nans);
  }

  /** Gives dy to the window's first maximum, or its first NaN, and 0 to the others, and to all where it is at most `floor`. */
  @inline spread(
    dx: usize,
    x: usize,
    dy: v128,
    rows: i32,
    columns: i32,
    pixel: usize,
    line: usize,
    lanes: i32,
    floor: v128,
    onto: bool,
  ): void {
    const most = changetype<Greatest>(0).window(x, rows, columns, pixel, line, lanes);
    let rest = v128.andnot(dy, f32x4.le(most, floor));
    for (let i = 0; i < rows; i++, x += line, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        const value = Pixel.load(x + j, lanes);
        const found = v128.or(f32x4.eq(value, most), Pixel.nan(value));
        Pixel.give(dx + j, v128.and(rest, found), lanes, onto);
        rest = v128.andnot(rest, found);
      }
    }
  }

  /** The same for 2 x 2 pixels; does nothing and returns false where a NaN may be. */
  @inline spreadToFour(dx: usize, x: usize, dy: usize, pixel: usize, line: usize, floor: v128): bool {
    const a = v128.load(x);
    const b = v128.load(x + pixel);
    const c = v128.load(x + line);
    const d = v128.load(x + line + pixel);
    if (Pixel.suspect(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)))) return false;
    Greatest.giveFour(dx, v128.load(dy), a, b, c, d, pixel, line, floor);
    return true;
  }

  /** The same for two vectors that lie `apart` bytes from each other, both of which are read before one is written. */
  @inline spreadToFourTwice(
    dx: usize,
    x: usize,
    dy: usize,
    apart: usize,
    pixel: usize,
    line: usize,
    floor: v128,
  ): bool {
    const a = v128.load(x);
    const b = v128.load(x + pixel);
    const c = v128.load(x + line);
    const d = v128.load(x + line + pixel);
    const e = v128.load(x + apart);
    const f = v128.load(x + pixel + apart);
    const g = v128.load(x + line + apart);
    const h = v128.load(x + line + pixel + apart);
    const low = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
    const high = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
    if (v128.any_true(v128.or(Pixel.nan(low), Pixel.nan(high)))) return false;
    Greatest.giveFour(dx, v128.load(dy), a, b, c, d, pixel, line, floor);
    Greatest.giveFour(dx + apart, v128.load(dy + apart), e, f, g, h, pixel, line, floor);
    return true;
  }

  @inline private static giveFour(
    dx: usize,
    dy: v128,
    a: v128,
    b: v128,
    c: v128,
    d: v128,
    pixel: usize,
    line: usize,
    floor: v128,
  ): void {
    const most = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
    const given = v128.andnot(dy, f32x4.le(most, floor));
    const atA = f32x4.eq(a, most);
    v128.store(dx, v128.and(given, atA));
    const afterA = v128.andnot(given, atA);
    const atB = f32x4.eq(b, most);
    v128.store(dx + pixel, v128.and(afterA, atB));
    const afterB = v128.andnot(afterA, atB);
    const atC = f32x4.eq(c, most);
    v128.store(dx + line, v128.and(afterB, atC));
    v128.store(dx + line + pixel, v128.andnot(afterB, atC));
  }

  /** The same for rows of three pixels, onto what other windows gave. */
  @inline spreadOntoThrees(dx: usize, x: usize, dy: v128, rows: i32, pixel: usize, line: usize, floor: v128): bool {
    const right = pixel << 1;
    let most = v128.load(x);
    let sum = f32x4.splat(0);
    let at = x;
    for (let i = rows; i > 0; i--, at += line) {
      const a = v128.load(at);
      const b = v128.load(at + pixel);
      const c = v128.load(at + right);
      most = f32x4.pmax(most, f32x4.pmax(f32x4.pmax(a, b), c));
      sum = f32x4.add(sum, f32x4.add(f32x4.add(a, b), c));
    }
    if (Pixel.suspect(sum)) return false;
    let rest = v128.andnot(dy, f32x4.le(most, floor));
    for (let i = rows; i > 0; i--, x += line, dx += line) {
      rest = Greatest.give(dx, v128.load(x), rest, most);
      rest = Greatest.give(dx + pixel, v128.load(x + pixel), rest, most);
      rest = Greatest.give(dx + right, v128.load(x + right), rest, most);
    }
    return true;
  }

  /** Gives a pixel what is left of dy, where it has the maximum; returns what is left then. */
  @inline private static give(dx: usize, x: v128, rest: v128, most: v128): v128 {
    const found = f32x4.eq(x, most);
    Pixel.give(dx, v128.and(rest, found), 4, true);
    return v128.andnot(rest, found);
  }
}

@final
@unmanaged
export class Average {
  @inline empty(): f32 {
    return 0;
  }

  @inline take(sum: v128, x: v128): v128 {
    return f32x4.add(sum, x);
  }

  @inline watch(none: v128, _x: v128): v128 {
    return none;
  }

  @inline settled(sum: v128, weight: f32): v128 {
    return f32x4.mul(sum, f32x4.splat(weight));
  }

  @inline window(at: usize, rows: i32, columns: i32, pixel: usize, line: usize, lanes: i32): v128 {
    let sum = f32x4.splat(0);
    for (let i = 0; i < rows; i++, at += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) {
        sum = f32x4.add(sum, Pixel.load(at + j, lanes));
      }
    }
    return f32x4.div(sum, f32x4.splat(<f32>(rows * columns)));
  }

  @inline spread(
    dx: usize,
    _x: usize,
    dy: v128,
    rows: i32,
    columns: i32,
    pixel: usize,
    line: usize,
    lanes: i32,
    _floor: v128,
    onto: bool,
  ): void {
    const part = f32x4.div(dy, f32x4.splat(<f32>(rows * columns)));
    for (let i = 0; i < rows; i++, dx += line) {
      for (let j: usize = 0, end = <usize>columns * pixel; j < end; j += pixel) Pixel.give(dx + j, part, lanes, onto);
    }
  }

  @inline spreadToFour(dx: usize, _x: usize, dy: usize, pixel: usize, line: usize, _floor: v128): bool {
    const part = f32x4.mul(v128.load(dy), f32x4.splat(0.25));
    v128.store(dx, part);
    v128.store(dx + pixel, part);
    v128.store(dx + line, part);
    v128.store(dx + line + pixel, part);
    return true;
  }

  @inline spreadToFourTwice(
    dx: usize,
    x: usize,
    dy: usize,
    apart: usize,
    pixel: usize,
    line: usize,
    floor: v128,
  ): bool {
    const op = changetype<Average>(0);
    op.spreadToFour(dx, x, dy, pixel, line, floor);
    return op.spreadToFour(dx + apart, x, dy + apart, pixel, line, floor);
  }

  @inline spreadOntoThrees(dx: usize, _x: usize, dy: v128, rows: i32, pixel: usize, line: usize, _floor: v128): bool {
    const part = f32x4.div(dy, f32x4.splat(<f32>(rows * 3)));
    for (let i = rows; i > 0; i--, dx += line) {
      Pixel.give(dx, part, 4, true);
      Pixel.give(dx + pixel, part, 4, true);
      Pixel.give(dx + (pixel << 1), part, 4, true);
    }
    return true;
  }
}

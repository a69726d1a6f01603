// Sums, or maxima, down the columns of a row-major matrix [rows, columns]: the loops under column reductions and
// batch statistics. A functor says how two elements are combined, or what of them is added.
// Narrow matrices are read as if `group` rows were one, so that vectors stay full whatever the column count is.

/** Whether one of n words is `bits`. */
function holds(x: usize, n: i32, bits: u32): bool {
  const all = i32x4.splat(bits);
  let left = n;
  for (; left >= 4; left -= 4, x += 16) if (v128.any_true(i32x4.eq(v128.load(x), all))) return true;
  for (; left > 0; left--, x += 4) if (load<u32>(x) === bits) return true;
  return false;
}

// `combine` is exact; `gather` takes one more x into a vector, NaN included, and need not tell -0 from 0: `settled`
// puts that right at the end.

/** Adds. */
@final
@unmanaged
export class Sum {
  @inline start(): f32 {
    return 0;
  }
  @inline combine<T>(a: T, b: T): T {
    if (isVector<T>()) return f32x4.add(a, b);
    return a + b;
  }
  @inline gather(acc: v128, x: v128): v128 {
    return f32x4.add(acc, x);
  }
  @inline settled(result: f32, _x: usize, _n: i32): f32 {
    return result;
  }
}

/** Greatest element; NaN wins. */
@final
@unmanaged
export class Max {
  @inline start(): f32 {
    return -Infinity;
  }
  @inline combine<T>(a: T, b: T): T {
    if (isVector<T>()) return f32x4.max(a, b);
    return max<T>(a, b);
  }
  @inline gather(acc: v128, x: v128): v128 {
    return v128.or(f32x4.pmax(acc, x), f32x4.ne(x, x));
  }
  @inline settled(result: f32, x: usize, n: i32): f32 {
    return result === 0 ? (holds(x, n, 0) ? 0 : -0.0) : result;
  }
}

/** Least element; NaN wins. */
@final
@unmanaged
export class Min {
  @inline start(): f32 {
    return Infinity;
  }
  @inline combine<T>(a: T, b: T): T {
    if (isVector<T>()) return f32x4.min(a, b);
    return min<T>(a, b);
  }
  @inline gather(acc: v128, x: v128): v128 {
    return v128.or(f32x4.pmin(acc, x), f32x4.ne(x, x));
  }
  @inline settled(result: f32, x: usize, n: i32): f32 {
    return result === 0 ? (holds(x, n, 0x80000000) ? -0.0 : 0) : result;
  }
}

@final
@unmanaged
class Pair {
  /** Adds what one element, or one vector, gives to two sums. */
  @inline static add<OP, T>(acc: usize, x: usize, y: usize, m: usize, width: usize): void {
    const op = changetype<OP>(0);
    const sum = changetype<Sum>(0);
    const first = op.first<T>(x, y, m);
    store<T>(acc, sum.combine<T>(load<T>(acc), first));
    store<T>(acc + width, sum.combine<T>(load<T>(acc + width), op.second<T>(first, x, m)));
  }

  /** The same for a vector and the one `width` bytes behind it. */
  @inline static addTwo<OP>(acc: usize, x: usize, y: usize, m: usize, width: usize): void {
    const op = changetype<OP>(0);
    const a = op.first<v128>(x, y, m);
    const b = op.first<v128>(x + width, y + width, m);
    v128.store(acc, f32x4.add(v128.load(acc), f32x4.add(a, b)));
    const seconds = f32x4.add(op.second<v128>(a, x, m), op.second<v128>(b, x + width, m));
    v128.store(acc + width, f32x4.add(v128.load(acc + width), seconds));
  }
}

@final
@unmanaged
export class Columns {
  /** Rows that are read as one: at least 64 sums side by side keep each of them short, and so exact. */
  @inline static group(rows: i32, columns: i32): i32 {
    if (columns >= 64) return 1;
    const group = ((columns + 15) / max(columns, 1)) << 2;
    return rows >= group << 1 ? group : 1;
  }

  /**
   * Whether rows of so many bytes, one behind the other, are read two at a time, which halves the work on the sums.
   * Longer ones are read in order: beyond half a kilobyte prefetchers do not see two rows as one stream.
   */
  @inline static inPairs(width: usize): bool {
    return width <= 320 && (width & 15) === 0;
  }

  /** Rows of a piece: about 16,384 elements, whole groups, never so few that partials outweigh the matrix. */
  @inline static pieceRows(group: i32, columns: i32): i32 {
    return Columns.roundUp(max(64, 16384 / max(columns, 1)), group);
  }

  @inline static roundUp(n: i32, unit: i32): i32 {
    return ((n + unit - 1) / unit) * unit;
  }
}

/**
 * acc[j] = the fold of x[r, j] over r. `width` (of acc and a row) and `stride` (from row to row) are bytes.
 */
export function foldColumns<OP>(acc: usize, x: usize, width: usize, stride: usize, rows: i32): void {
  const op = changetype<OP>(0);
  const start = op.start();
  for (let j: usize = 0; j < width; j += 4) store<f32>(acc + j, start);
  let left = rows;
  if (stride === width && Columns.inPairs(width)) {
    for (; left >= 2; left -= 2, x += width << 1) {
      for (let to = acc, from = x, end = acc + width; to < end; to += 16, from += 16) {
        const both = op.combine<v128>(v128.load(from), v128.load(from + width));
        v128.store(to, op.combine<v128>(v128.load(to), both));
      }
    }
  }
  for (; left > 0; left--, x += stride) {
    let to = acc;
    let from = x;
    for (const end = acc + width - 63; to < end; to += 64, from += 64) {
      v128.store(to, op.combine<v128>(v128.load(to), v128.load(from)));
      v128.store(to, op.combine<v128>(v128.load(to, 16), v128.load(from, 16)), 16);
      v128.store(to, op.combine<v128>(v128.load(to, 32), v128.load(from, 32)), 32);
      v128.store(to, op.combine<v128>(v128.load(to, 48), v128.load(from, 48)), 48);
    }
    for (const end = acc + width - 15; to < end; to += 16, from += 16) {
      v128.store(to, op.combine<v128>(v128.load(to), v128.load(from)));
    }
    for (const end = acc + width; to < end; to += 4, from += 4) {
      store<f32>(to, op.combine<f32>(load<f32>(to), load<f32>(from)));
    }
  }
}

/**
 * The same over a contiguous [rows, columns] matrix read in groups: acc holds group * columns values, of
 * which foldColumns<Sum> over `group` rows makes the end result.
 */
export function foldGroups<OP>(acc: usize, x: usize, columns: i32, group: i32, rows: i32): void {
  const op = changetype<OP>(0);
  const width = (<usize>(group * columns)) << 2;
  const groups = rows / group;
  foldColumns<OP>(acc, x, width, width, groups);
  const end = (<usize>((rows - groups * group) * columns)) << 2;
  x += width * groups;
  for (let j: usize = 0; j < end; j += 4) store<f32>(acc + j, op.combine<f32>(load<f32>(acc + j), load<f32>(x + j)));
}

/**
 * Two sums at once over a contiguous [rows, columns] matrix read in groups: acc holds group * columns sums of
 * op.first and behind them as many of op.second. x and y are read once; m holds group * columns values.
 */
export function foldPairs<OP>(acc: usize, x: usize, y: usize, m: usize, columns: i32, group: i32, rows: i32): void {
  const width = (<usize>(group * columns)) << 2;
  memory.fill(acc, 0, width << 1);
  let left = rows;
  if (Columns.inPairs(width)) {
    for (; left >= group << 1; left -= group << 1, x += width << 1, y += width << 1) {
      for (let j: usize = 0; j < width; j += 16) Pair.addTwo<OP>(acc + j, x + j, y + j, m + j, width);
    }
  }
  for (; left > 0; left -= group) {
    const end = (<usize>(min(left, group) * columns)) << 2;
    let j: usize = 0;
    for (; j + 16 <= end; j += 16) Pair.add<OP, v128>(acc + j, x + j, y + j, m + j, width);
    for (; j < end; j += 4) Pair.add<OP, f32>(acc + j, x + j, y + j, m + j, width);
    x += width;
    y += width;
  }
}

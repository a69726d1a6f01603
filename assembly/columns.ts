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
export class Columns {
  /** Rows that are read as one: 128 to 256 sums side by side keep each of them short, and so exact. */
  @inline static group(rows: i32, columns: i32): i32 {
    if (columns >= 64) return 1;
    const group = ((columns + 31) / max(columns, 1)) << 2;
    return rows >= group << 3 ? group : 1;
  }

  /** Rows of a piece: about 16,384 elements, whole groups, never so few that partials outweigh the matrix. */
  @inline static pieceRows(group: i32, columns: i32): i32 {
    return Columns.roundUp(max(64, 16384 / max(columns, 1)), group);
  }

  @inline static roundUp(n: i32, unit: i32): i32 {
    return ((n + unit - 1) / unit) * unit;
  }

  /** Four rows folded into one value, in pairs. */
  @inline static four<OP, T>(x: usize, stride: usize): T {
    const op = changetype<OP>(0);
    const a = op.combine<T>(load<T>(x), load<T>(x + stride));
    return op.combine<T>(a, op.combine<T>(load<T>(x + stride * 2), load<T>(x + stride * 3)));
  }
}

/**
 * acc[j] = the fold of x[r, j] over r. `width` (of acc and a row) and `stride` (from row to row) are bytes.
 * Four rows at a time, so that acc is seldom loaded and errors grow slowly.
 */
export function foldColumns<OP>(acc: usize, x: usize, width: usize, stride: usize, rows: i32): void {
  const op = changetype<OP>(0);
  const start = op.start();
  for (let j: usize = 0; j < width; j += 4) store<f32>(acc + j, start);
  let left = rows;
  for (; left >= 4; left -= 4) {
    let j: usize = 0;
    for (; j + 16 <= width; j += 16) {
      v128.store(acc + j, op.combine<v128>(v128.load(acc + j), Columns.four<OP, v128>(x + j, stride)));
    }
    for (; j < width; j += 4) {
      store<f32>(acc + j, op.combine<f32>(load<f32>(acc + j), Columns.four<OP, f32>(x + j, stride)));
    }
    x += stride << 2;
  }
  for (; left > 0; left--) {
    let j: usize = 0;
    for (; j + 16 <= width; j += 16) v128.store(acc + j, op.combine<v128>(v128.load(acc + j), v128.load(x + j)));
    for (; j < width; j += 4) store<f32>(acc + j, op.combine<f32>(load<f32>(acc + j), load<f32>(x + j)));
    x += stride;
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
  for (; left >= group << 2; left -= group << 2) {
    let j: usize = 0;
    for (; j + 16 <= width; j += 16) Pairs.four<OP, v128>(acc + j, x + j, y + j, m + j, width);
    for (; j < width; j += 4) Pairs.four<OP, f32>(acc + j, x + j, y + j, m + j, width);
    x += width << 2;
    y += width << 2;
  }
  for (; left > 0; left -= group) {
    const end = (<usize>(min(left, group) * columns)) << 2;
    for (let j: usize = 0; j < end; j += 4) Pairs.one<OP>(acc + j, x + j, y + j, m + j, width);
    x += width;
    y += width;
  }
}

@final
@unmanaged
class Pairs {
  /** Adds what four rows, `width` bytes apart, give to two sums. */
  @inline static four<OP, T>(acc: usize, x: usize, y: usize, m: usize, width: usize): void {
    const op = changetype<OP>(0);
    const sum = changetype<Sum>(0);
    const a = op.first<T>(x, y, m);
    const b = op.first<T>(x + width, y + width, m);
    const c = op.first<T>(x + width * 2, y + width * 2, m);
    const d = op.first<T>(x + width * 3, y + width * 3, m);
    const firsts = sum.combine<T>(sum.combine<T>(a, b), sum.combine<T>(c, d));
    store<T>(acc, sum.combine<T>(load<T>(acc), firsts));
    const seconds = sum.combine<T>(
      sum.combine<T>(op.second<T>(a, x, m), op.second<T>(b, x + width, m)),
      sum.combine<T>(op.second<T>(c, x + width * 2, m), op.second<T>(d, x + width * 3, m)),
    );
    store<T>(acc + width, sum.combine<T>(load<T>(acc + width), seconds));
  }

  @inline static one<OP>(acc: usize, x: usize, y: usize, m: usize, width: usize): void {
    const op = changetype<OP>(0);
    const a = op.first<f32>(x, y, m);
    store<f32>(acc, load<f32>(acc) + a);
    store<f32>(acc + width, load<f32>(acc + width) + op.second<f32>(a, x, m));
  }
}

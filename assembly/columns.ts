// Sums, or maxima, down the columns of a row-major matrix [rows, columns]: the loop under column reductions and
// batch statistics. A functor says what is added of each element and how two of them are combined.
// Narrow matrices are read as if `group` rows were one, so that vectors stay full whatever the column count is.

/** Adds: one element x. */
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
  @inline term<T>(x: usize, _y: usize, _m: usize): T {
    return load<T>(x);
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
  @inline term<T>(x: usize, _y: usize, _m: usize): T {
    return load<T>(x);
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
  @inline term<T>(x: usize, _y: usize, _m: usize): T {
    return load<T>(x);
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
  @inline static four<OP, T>(x: usize, y: usize, m: usize, stride: usize): T {
    const op = changetype<OP>(0);
    const a = op.combine<T>(op.term<T>(x, y, m), op.term<T>(x + stride, y + stride, m));
    const b = op.combine<T>(
      op.term<T>(x + stride * 2, y + stride * 2, m),
      op.term<T>(x + stride * 3, y + stride * 3, m),
    );
    return op.combine<T>(a, b);
  }
}

/**
 * acc[j] = the fold of term(x[r, j], y[r, j], m[j]) over r. `width` (of acc, m and a row) and `stride` (from
 * row to row) are bytes. Four rows at a time, so that acc is seldom loaded and errors grow slowly.
 */
export function foldColumns<OP>(
  acc: usize,
  x: usize,
  y: usize,
  m: usize,
  width: usize,
  stride: usize,
  rows: i32,
): void {
  const op = changetype<OP>(0);
  const start = op.start();
  for (let j: usize = 0; j < width; j += 4) store<f32>(acc + j, start);
  let left = rows;
  for (; left >= 4; left -= 4) {
    let j: usize = 0;
    for (; j + 16 <= width; j += 16) {
      const four = Columns.four<OP, v128>(x + j, y + j, m + j, stride);
      v128.store(acc + j, op.combine<v128>(v128.load(acc + j), four));
    }
    for (; j < width; j += 4) {
      const four = Columns.four<OP, f32>(x + j, y + j, m + j, stride);
      store<f32>(acc + j, op.combine<f32>(load<f32>(acc + j), four));
    }
    x += stride << 2;
    y += stride << 2;
  }
  for (; left > 0; left--) {
    let j: usize = 0;
    for (; j + 16 <= width; j += 16) {
      v128.store(acc + j, op.combine<v128>(v128.load(acc + j), op.term<v128>(x + j, y + j, m + j)));
    }
    for (; j < width; j += 4) {
      store<f32>(acc + j, op.combine<f32>(load<f32>(acc + j), op.term<f32>(x + j, y + j, m + j)));
    }
    x += stride;
    y += stride;
  }
}

/**
 * The same over a contiguous [rows, columns] matrix read in groups: acc holds group * columns values, of
 * which foldColumns<Sum> over `group` rows makes the end result. m holds as many.
 */
export function foldGroups<OP>(acc: usize, x: usize, y: usize, m: usize, columns: i32, group: i32, rows: i32): void {
  const op = changetype<OP>(0);
  const width = (<usize>(group * columns)) << 2;
  const groups = rows / group;
  foldColumns<OP>(acc, x, y, m, width, width, groups);
  const end = (<usize>((rows - groups * group) * columns)) << 2;
  x += width * groups;
  y += width * groups;
  for (let j: usize = 0; j < end; j += 4) {
    store<f32>(acc + j, op.combine<f32>(load<f32>(acc + j), op.term<f32>(x + j, y + j, m + j)));
  }
}

// The inner loop of products: 3 rows by 4 columns of sums in local variables, over packed panels. Of the tiles tried
// (4x4, 4x3, 3x3, 6x2, 8x1 and others) this and 4x3 were the fastest: more sums do not stay in registers.

export const ROWS = 3;
export const COLUMNS = 4;

/** Floats of so many rows or columns packed to whole panels. */
export const panelFloats = (count: number, panel: number, depth: number): number =>
  Math.ceil(count / panel) * panel * depth;

/**
 * Packs `count` rows of a matrix into panels [depth, panel], absent rows as 0: `values[first + i * rowStep + l * step]`.
 */
export function pack(
  values: Float32Array,
  first: number,
  count: number,
  rowStep: number,
  depth: number,
  step: number,
  panel: number,
  packed: Float32Array,
): void {
  for (let i0 = 0; i0 < count; i0 += panel) {
    const most = Math.min(panel, count - i0);
    for (let r = 0; r < panel; r++) {
      let to = i0 * depth + r;
      let from = first + (i0 + r) * rowStep;
      if (r < most) {
        for (let l = 0; l < depth; l++, to += panel, from += step) packed[to] = values[from] as number;
      } else {
        for (let l = 0; l < depth; l++, to += panel) packed[to] = 0;
      }
    }
  }
}

const whole = new Float32Array(ROWS * COLUMNS);

/** out[at + i * step + j] = or += the products of two panels, as many rows and columns of them as are there. */
export function tile(
  depth: number,
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  out: Float32Array,
  at: number,
  step: number,
  rows: number,
  columns: number,
  accumulate: boolean,
): void {
  if (rows === ROWS && columns === COLUMNS && !accumulate) {
    multiply(depth, a, aAt, b, bAt, out, at, step);
    return;
  }
  multiply(depth, a, aAt, b, bAt, whole, 0, COLUMNS);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = whole[i * COLUMNS + j] as number;
      const to = at + i * step + j;
      out[to] = accumulate ? (out[to] as number) + value : value;
    }
  }
}

function multiply(
  depth: number,
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  out: Float32Array,
  at: number,
  step: number,
): void {
  let [s00, s01, s02, s03] = [0, 0, 0, 0];
  let [s10, s11, s12, s13] = [0, 0, 0, 0];
  let [s20, s21, s22, s23] = [0, 0, 0, 0];
  const end = aAt + depth * ROWS;
  for (let p = aAt, q = bAt; p < end; p += ROWS, q += COLUMNS) {
    const b0 = b[q] as number;
    const b1 = b[q + 1] as number;
    const b2 = b[q + 2] as number;
    const b3 = b[q + 3] as number;
    const a0 = a[p] as number;
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    const a1 = a[p + 1] as number;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    const a2 = a[p + 2] as number;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
  }
  out[at] = s00;
  out[at + 1] = s01;
  out[at + 2] = s02;
  out[at + 3] = s03;
  out[at + step] = s10;
  out[at + step + 1] = s11;
  out[at + step + 2] = s12;
  out[at + step + 3] = s13;
  out[at + 2 * step] = s20;
  out[at + 2 * step + 1] = s21;
  out[at + 2 * step + 2] = s22;
  out[at + 2 * step + 3] = s23;
}

/** out[i * step + j] = the products of packed rows and packed columns. */
export function multiplyPacked(
  m: number,
  n: number,
  depth: number,
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  at: number,
  step: number,
  accumulate: boolean,
): void {
  for (let j = 0; j < n; j += COLUMNS) {
    for (let i = 0; i < m; i += ROWS) {
      const rows = Math.min(ROWS, m - i);
      const columns = Math.min(COLUMNS, n - j);
      tile(depth, a, i * depth, b, j * depth, out, at + i * step + j, step, rows, columns, accumulate);
    }
  }
}

/** An array that is made once and grows where a row needs more. */
export function room(length: number, held: Float32Array | undefined): Float32Array {
  return held && held.length >= length ? held : new Float32Array(length);
}

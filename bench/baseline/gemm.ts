// Baselines of the products: both operands packed into panels, a register tile over them; for one or two rows or
// columns, where packing costs more than it gives, sums over whole rows.

import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";
import { COLUMNS, multiplyPacked, pack, panelFloats, ROWS, room } from "./tile.ts";

let packedA: Float32Array | undefined;
let packedB: Float32Array | undefined;
let line: Float32Array | undefined;

export const gemm: Baseline<"gemm"> = (o) => {
  const { m, n, k, transA, transB, lda, ldb, ldc, a, b, c } = o;
  expect(o.alpha === 1 && o.beta === 0 && o.activation === 0 && !o.bias, "plain products");
  product(m, n, k, a, 0, transA ? 1 : lda, transA ? lda : 1, b, 0, transB ? ldb : 1, transB ? 1 : ldb, c, 0, ldc);
};

export const gemmBatch: Baseline<"gemmBatch"> = (o) => {
  const { m, n, k, transA, transB, lda, ldb, ldc, a, b, c } = o;
  expect(o.alpha === 1 && o.beta === 0 && o.activation === 0 && !o.bias, "plain products");
  const [aRow, aStep] = transA ? [1, lda] : [lda, 1];
  const [bColumn, bStep] = transB ? [ldb, 1] : [1, ldb];
  for (let i = 0; i < o.batches; i++) {
    const aAt = i * (transA ? k : m) * lda;
    const bAt = i * (transB ? n : k) * ldb;
    product(m, n, k, a, aAt, aRow, aStep, b, bAt, bColumn, bStep, c, i * m * ldc, ldc);
  }
};

/** Rows of A are `aRow` apart, neighbours along k `aStep`; columns of B are `bColumn` apart, neighbours `bStep`. */
function product(
  m: number,
  n: number,
  k: number,
  a: Float32Array,
  aAt: number,
  aRow: number,
  aStep: number,
  b: Float32Array,
  bAt: number,
  bColumn: number,
  bStep: number,
  c: Float32Array,
  cAt: number,
  ldc: number,
): void {
  if (m < ROWS) {
    for (let i = 0; i < m; i++) {
      rowTimesMatrix(k, n, a, aAt + i * aRow, aStep, b, bAt, bColumn, bStep, c, cAt + i * ldc, 1);
    }
    return;
  }
  if (n < ROWS) {
    for (let j = 0; j < n; j++) {
      rowTimesMatrix(k, m, b, bAt + j * bColumn, bStep, a, aAt, aRow, aStep, c, cAt + j, ldc);
    }
    return;
  }
  packedA = room(panelFloats(m, ROWS, k), packedA);
  packedB = room(panelFloats(n, COLUMNS, k), packedB);
  pack(a, aAt, m, aRow, k, aStep, ROWS, packedA);
  pack(b, bAt, n, bColumn, k, bStep, COLUMNS, packedB);
  multiplyPacked(m, n, k, packedA, packedB, c, cAt, ldc, false);
}

/** out[j * outStep] = sum over l of x[l] * matrix[j, l] */
function rowTimesMatrix(
  k: number,
  n: number,
  x: Float32Array,
  xAt: number,
  xStep: number,
  matrix: Float32Array,
  at: number,
  columnStep: number,
  step: number,
  out: Float32Array,
  outAt: number,
  outStep: number,
): void {
  line = room(Math.max(k, n), line);
  if (step === 1 || n === 1) {
    let values = x;
    let first = xAt;
    if (xStep !== 1) {
      for (let l = 0; l < k; l++) line[l] = x[xAt + l * xStep] as number;
      values = line;
      first = 0;
    }
    for (let j = 0; j < n; j++) {
      out[outAt + j * outStep] = dot(k, values, first, matrix, at + j * columnStep, step);
    }
    return;
  }
  // the matrix is read along its rows, four at a time
  const sums = line;
  sums.fill(0, 0, n);
  let l = 0;
  for (; l + 4 <= k; l += 4) {
    const [x0, x1] = [x[xAt + l * xStep] as number, x[xAt + (l + 1) * xStep] as number];
    const [x2, x3] = [x[xAt + (l + 2) * xStep] as number, x[xAt + (l + 3) * xStep] as number];
    let p = at + l * step;
    for (let j = 0; j < n; j++, p += columnStep) {
      sums[j] =
        (sums[j] as number) +
        (x0 * (matrix[p] as number) + x1 * (matrix[p + step] as number)) +
        (x2 * (matrix[p + 2 * step] as number) + x3 * (matrix[p + 3 * step] as number));
    }
  }
  for (; l < k; l++) {
    const x0 = x[xAt + l * xStep] as number;
    for (let j = 0; j < n; j++) sums[j] = (sums[j] as number) + x0 * (matrix[at + l * step + j * columnStep] as number);
  }
  for (let j = 0; j < n; j++) out[outAt + j * outStep] = sums[j] as number;
}

/** Four sums, so that none waits for another. */
function dot(k: number, x: Float32Array, xAt: number, y: Float32Array, yAt: number, yStep: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let l = 0;
  let q = yAt;
  for (; l + 4 <= k; l += 4, q += 4 * yStep) {
    s0 += (x[xAt + l] as number) * (y[q] as number);
    s1 += (x[xAt + l + 1] as number) * (y[q + yStep] as number);
    s2 += (x[xAt + l + 2] as number) * (y[q + 2 * yStep] as number);
    s3 += (x[xAt + l + 3] as number) * (y[q + 3 * yStep] as number);
  }
  for (; l < k; l++, q += yStep) s0 += (x[xAt + l] as number) * (y[q] as number);
  return s0 + s1 + (s2 + s3);
}

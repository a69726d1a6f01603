// Records of assembly/gemm/: every small size in all transposes, leading dimensions with NaN in the gaps,
// alpha and beta, bias and activations, nothing to do, more than one block of each kind.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase, ulpOf } from "../kernelCase.ts";
import { normal } from "../values.ts";

interface Options {
  readonly transA?: number;
  readonly transB?: number;
  /** How much longer each row lies in memory than it is. */
  readonly gap?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly bias?: boolean;
  readonly activation?: number;
  /** As many matrices below one another, by gemmBatch. */
  readonly batches?: number;
  /** Replaces the first element of A. */
  readonly special?: number;
}

/** Normal values, rows of `width` that lie `stride` apart, NaN between them. */
function matrix(rows: number, width: number, stride: number, seed: number): Float32Array {
  const x = normal(Math.max(0, (rows - 1) * stride + width), seed);
  for (let end = width; end < x.length; end += stride) x.fill(NaN, end, end + stride - width);
  return x;
}

const largest = (x: Float32Array) =>
  x.filter((value) => !Number.isNaN(value)).reduce((a, b) => Math.max(a, Math.abs(b)), 0);

/** Every activation but relu and the linear ones may be off by so many ULP of its own. */
const ACTIVATION_ULP = 8;

function gemmCase(m: number, n: number, k: number, options: Options = {}): KernelCase {
  const { transA = 0, transB = 0, gap = 0, alpha = 1, beta = 0, bias = false, activation = 0, special } = options;
  const batches = options.batches ?? 1;
  const lda = (transA ? m : k) + gap;
  const ldb = (transB ? k : n) + gap;
  const ldc = n + gap;
  const a = matrix(batches * (transA ? k : m), transA ? m : k, lda, m * 17 + k);
  const b = matrix(batches * (transB ? n : k), transB ? k : n, ldb, n * 17 + k + 1);
  // beta 0 must not read C
  const c =
    beta === 0 ? new Float32Array(Math.max(0, (batches * m - 1) * ldc + n)).fill(NaN) : matrix(batches * m, n, ldc, 3);
  const offsets = bias ? normal(n, n) : null;
  // sums of K products, then three roundings of what is added; no activation here is steeper than 1.13
  const products = Math.abs(alpha) * (4 * Math.sqrt(k) + 4) * 2 ** -24 * largest(a) * largest(b);
  const added = 4 * 2 ** -24 * (Math.abs(beta) * (beta ? largest(c) : 0) + (offsets ? largest(offsets) : 0));
  const sum = 1.2 * (products + added);
  if (special !== undefined && a.length > 0) a[0] = special;
  const name = `${m} x ${k} x ${n} ${JSON.stringify(options)}`;
  const operands = { m, n, k, transA, transB, lda, ldb, ldc, alpha, beta, a, b, c, bias: offsets, activation };
  const tolerance = (_: string, index: number, expected: number) =>
    index % ldc >= n ? 0 : sum + (activation > 1 ? ACTIVATION_ULP * ulpOf(expected) : 0);
  return options.batches === undefined
    ? kernelCase("gemm", name, operands, tolerance)
    : kernelCase("gemmBatch", name, { ...operands, batches }, tolerance);
}

const transposes = [0, 1].flatMap((transA) => [0, 1].map((transB) => ({ transA, transB })));
const upTo17 = Array.from({ length: 17 }, (_, i) => i + 1);
const activations = [0, 1, 2, 3, 4, 5, 6, 7, 8];

export const gemmCases: readonly KernelCase[] = [
  // all of 1..17 cubed, each in its four transposes
  ...upTo17.flatMap((m) =>
    upTo17.flatMap((n) => upTo17.flatMap((k) => transposes.map((each) => gemmCase(m, n, k, each)))),
  ),
  ...transposes.flatMap((each) => [
    ...[
      [1, 1, 1],
      [1, 9, 6],
      [6, 8, 5],
      [7, 9, 4],
      [13, 3, 10],
      [17, 21, 11],
    ].flatMap(([m = 0, n = 0, k = 0]) => [
      gemmCase(m, n, k, { ...each, gap: 3 }),
      gemmCase(m, n, k, { ...each, gap: 5, beta: 1, alpha: -0.5, bias: true }),
      gemmCase(m, n, k, { ...each, beta: 0.25, alpha: 0 }),
      gemmCase(m, n, k, { ...each, gap: 1, beta: -2, activation: 1 }),
      gemmCase(m, n, k, { ...each, special: NaN, bias: true, activation: 1 }),
      gemmCase(m, n, k, { ...each, special: Infinity }),
    ]),
    // nothing to sum, nothing to write
    ...[
      [3, 9, 0],
      [1, 9, 0],
      [0, 9, 3],
      [3, 0, 9],
      [0, 0, 0],
    ].flatMap(([m = 0, n = 0, k = 0]) => [
      gemmCase(m, n, k, each),
      gemmCase(m, n, k, { ...each, beta: 1, bias: true, activation: 1 }),
    ]),
    // more than one block of k, of rows, of columns
    gemmCase(70, 300, 520, { ...each, gap: 2, beta: 0.5, bias: true, activation: 1 }),
    gemmCase(230, 20, 300, { ...each, alpha: 2, bias: true, activation: 3 }),
    gemmCase(50, 11, 257, { ...each, activation: 8 }),
    gemmCase(1, 2053, 7, { ...each, beta: 1, bias: true, activation: 1 }),
    // few rows of A and lines of B that begin in one set of the cache, with gaps and without
    ...[1, 2, 3, 4, 5, 7].flatMap((m) => [
      gemmCase(m, 1024, 19, { ...each, bias: true, activation: 1 }),
      gemmCase(m, 1000, 8, { ...each, gap: 24, beta: 0.5, alpha: 2 }),
    ]),
    // A's transpose is copied: many columns, several blocks of rows and of k
    gemmCase(200, 72, 530, { ...each, gap: 1, alpha: 0.5, beta: 1 }),
    // vectors that are too long to copy
    gemmCase(2, 3, 33000, { ...each, beta: 1 }),
    // one row, one column
    gemmCase(300, 1, 30, { ...each, gap: 2, beta: 0.5, alpha: 2, bias: true, activation: 1 }),
    gemmCase(300, 1, 30, { ...each, bias: true, activation: 3 }),
    gemmCase(1, 301, 30, { ...each, beta: 0.5, alpha: 2, bias: true, activation: 3 }),
    // batches
    ...[0, 1, 3].map((batches) => gemmCase(7, 9, 5, { ...each, batches, gap: 1, beta: 1, bias: true })),
    gemmCase(1, 9, 5, { ...each, batches: 3, activation: 2 }),
    gemmCase(5, 1, 9, { ...each, batches: 2 }),
  ]),
  ...activations.flatMap((activation) => [
    gemmCase(1, 11, 5, { activation, bias: true }),
    gemmCase(13, 19, 5, { activation, bias: true, gap: 1 }),
    gemmCase(13, 19, 5, { activation, special: NaN }),
    gemmCase(7, 9, 300, { activation, beta: 1 }),
  ]),
];

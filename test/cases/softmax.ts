// Records of assembly/softmax.ts and assembly/crossEntropy.ts: widths, steep and special logits, wrong labels.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { integers, normal, sizes, uniform } from "../values.ts";

const EPSILON = 2 ** -24;

interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly x: Float32Array;
}

const special: readonly (readonly number[])[] = [
  [1e4, -1e4, 0, 1e4, 9999],
  [-1e4, -1e4, -1e4, -1e4, -1e4],
  [1, NaN, 2, 3, 4],
  [1, 2, 3, 4, NaN],
  [-Infinity, 0, 1, -Infinity, 2],
  [Infinity, 0, 1, 2, 3],
  [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity],
  [0, -0, 1e-40, -1e-40, 0],
  [88, 89, 90, -88, -104],
];

const matrices: readonly Matrix[] = [
  { name: "special", rows: special.length, columns: 5, x: Float32Array.from(special.flat()) },
  ...sizes.map((columns) => ({ name: `columns = ${columns}`, rows: 3, columns, x: normal(3 * columns, columns, 3) })),
  ...sizes.map((columns) => ({
    name: `steep, columns = ${columns}`,
    rows: 2,
    columns,
    x: uniform(2 * columns, columns, -1e4, 1e4),
  })),
  { name: "many rows", rows: 700, columns: 10, x: normal(7000, 1, 4) },
  { name: "no rows", rows: 0, columns: 10, x: new Float32Array() },
];

function casesOf({ name, rows, columns, x }: Matrix, i: number): KernelCase[] {
  const n = rows * columns;
  const shape = { rows, columns };
  const next = integers(i);
  const labels = Int32Array.from({ length: rows }, () => next() % Math.max(1, columns));
  const targets = uniform(n, i);
  const dout = normal(rows, i + 1);
  const dy = normal(n, i + 2);
  const y = uniform(n, i + 3, 0, 2 / Math.max(1, columns));
  const logs = y.map((value) => Math.log(value + 1e-30));
  const many = 4 * Math.sqrt(columns) + 4;
  const sums = () => many * EPSILON * 5;
  // what a loss may be off grows with the distance between the logits, each of which is rounded
  const spread = x.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, Math.abs(b)) : a), 1);
  // the difference of two logits is rounded, and exp makes an absolute error a relative one
  const close = (_: string, __: number, expected: number) =>
    (8 + many / 4 + 2 * spread) * EPSILON * expected + 2 ** -149;
  const losses = () => many * EPSILON * 2 * (spread + Math.log(columns + 1));
  return [
    kernelCase("softmax", name, { ...shape, x, out: new Float32Array(n) }, close),
    kernelCase("logSoftmax", name, { ...shape, x, out: new Float32Array(n) }, losses),
    kernelCase("softmaxGradient", name, { ...shape, y, dy, dx: new Float32Array(n) }, sums),
    kernelCase("logSoftmaxGradient", name, { ...shape, y: logs, dy, dx: new Float32Array(n) }, sums),
    kernelCase("crossEntropyInt32", name, { ...shape, logits: x, labels, out: new Float32Array(rows) }, losses),
    kernelCase("crossEntropyInt32Gradient", name, { ...shape, logits: x, labels, dout, dx: new Float32Array(n) }, sums),
    kernelCase(
      "crossEntropy",
      name,
      { ...shape, logits: x, targets, out: new Float32Array(rows) },
      () => columns * losses(),
    ),
    kernelCase(
      "crossEntropyGradient",
      name,
      { ...shape, logits: x, targets, dout, dx: new Float32Array(n) },
      () => columns * sums(),
    ),
  ];
}

const wrongLabels = {
  rows: 4,
  columns: 5,
  logits: normal(20, 1),
  labels: Int32Array.of(-1, 5, 2 ** 31 - 1, 4),
};

const logits = Float32Array.of(0, -0, 1, -1, 20, -20, 1e4, -1e4, 104, -104, 1e-40, NaN, 0.3, 5, 88);

export const softmaxCases: readonly KernelCase[] = [
  ...matrices.flatMap(casesOf),
  kernelCase("crossEntropyInt32", "wrong labels", { ...wrongLabels, out: new Float32Array(4) }, () => 1e-6),
  kernelCase(
    "crossEntropyInt32Gradient",
    "wrong labels",
    { ...wrongLabels, dout: normal(4, 2), dx: new Float32Array(20) },
    () => 1e-6,
  ),
  ...[0, 0.25, 1].flatMap((target) => {
    const n = logits.length;
    const targets = new Float32Array(n).fill(target);
    const name = `special, target ${target}`;
    const close = (_: string, i: number) => 8 * EPSILON * Math.max(1, Math.abs(logits[i] as number));
    return [
      kernelCase("sigmoidCrossEntropy", name, { n, logits, targets, out: new Float32Array(n) }, close),
      kernelCase(
        "sigmoidCrossEntropyGradient",
        name,
        { n, logits, targets, dout: normal(n, 1), dx: new Float32Array(n) },
        () => 20 * EPSILON,
      ),
    ];
  }),
  ...[...sizes, 5000].flatMap((n) => {
    const operands = { n, logits: normal(n, n, 4), targets: uniform(n, n + 1) };
    return [
      kernelCase("sigmoidCrossEntropy", `n = ${n}`, { ...operands, out: new Float32Array(n) }, () => 60 * EPSILON),
      kernelCase(
        "sigmoidCrossEntropyGradient",
        `n = ${n}`,
        { ...operands, dout: normal(n, 1), dx: new Float32Array(n) },
        () => 30 * EPSILON,
      ),
    ];
  }),
];

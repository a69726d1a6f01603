// Records of assembly/gather.ts: repeated, wrong and no indices.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { integers, normal, sizes } from "../values.ts";

const shapes: readonly (readonly [rows: number, columns: number, count: number])[] = [
  ...sizes.map((columns) => [5, columns, 7] as const),
  ...sizes.map((rows) => [rows, 3, 9] as const),
  ...sizes.map((count) => [4, 6, count] as const),
];

export const gatherCases: readonly KernelCase[] = [
  ...shapes.flatMap(([rows, columns, count]) => {
    const next = integers(rows + columns + count);
    // one in some is out of range on either side
    const indices = Int32Array.from({ length: count }, () => (next() % (rows + 2)) - 1);
    const name = `[${rows}, ${columns}], count = ${count}`;
    const x = normal(rows * columns, 1);
    const dy = normal(count * columns, 2);
    const out = () => new Float32Array(count * columns);
    const dx = new Float32Array(rows * columns).fill(3);
    return [
      kernelCase("gather", name, { rows, columns, count, x, indices, out: out() }),
      kernelCase("gatherGradient", name, { rows, columns, count, indices, dy, dx }, () => 1e-4),
      kernelCase("oneHot", name, { count, columns, indices, on: 0.9, off: 0.1, out: out() }),
    ];
  }),
  ...[...sizes, 9000].map((n) => {
    const next = integers(n);
    const a = Int32Array.from({ length: n }, () => (next() % 3) - 1);
    const b = Int32Array.from({ length: n }, () => (next() % 3) - 1);
    return kernelCase("equalInt32", `n = ${n}`, { n, a, b, out: new Float32Array(n) });
  }),
];

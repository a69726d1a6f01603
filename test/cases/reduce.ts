// Records of assembly/reduce.ts: rows, columns, both; split and not, narrow and wide, special values.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes } from "../values.ts";

const shapes: readonly (readonly [outer: number, size: number, inner: number])[] = [
  ...sizes.map((n) => [1, n, 1] as const),
  ...sizes.map((n) => [3, n, 1] as const),
  ...sizes.map((n) => [9, n, 1] as const),
  ...sizes.map((n) => [1, n, 6] as const),
  ...sizes.map((n) => [1, 5, n] as const),
  ...sizes.map((n) => [n, 10, 1] as const),
  ...[2, 3, 4, 5, 8, 15, 16, 17, 33].map((inner) => [2, 1001, inner] as const),
  [1000, 1, 1],
  [2, 40000, 1],
  [1, 9000, 6],
  [1, 3000, 16],
  [2, 300, 130],
  [1, 130, 1100],
  [3, 70, 2050],
];

/** `x` with one element replaced. */
function set(x: Float32Array, i: number, value: number): Float32Array {
  if (x.length > 0) x[i % x.length] = value;
  return x;
}

const largest = (x: Float32Array) => x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

export const reduceCases: readonly KernelCase[] = shapes.flatMap(([outer, size, inner], i) => {
  const name = `[${outer}, ${size}, ${inner}]`;
  const shape = { outer, size, inner };
  const x = normal(outer * size * inner, i);
  const out = () => new Float32Array(outer * inner);
  const bound = (4 * Math.sqrt(size) + 4) * 2 ** -24 * largest(x);
  return [
    kernelCase("reduceSum", name, { ...shape, scale: 1, x, out: out() }, () => bound),
    kernelCase("reduceSum", `${name}, scaled`, { ...shape, scale: 0.25, x, out: out() }, () => bound / 4),
    kernelCase(
      "reduceSum",
      `${name}, NaN`,
      { ...shape, scale: 1, x: set(x.slice(), 7 * i, NaN), out: out() },
      () => bound,
    ),
    ...(["reduceMax", "reduceMin"] as const).flatMap((kernel) =>
      [0, NaN, Infinity, -Infinity].map((special) =>
        kernelCase(kernel, `${name}, ${special}`, { ...shape, x: set(x.slice(), 7 * i, special), out: out() }),
      ),
    ),
  ];
});

/** Rows with ties, NaN, infinities. */
const rows: readonly (readonly number[])[] = [
  [1, 3, 2, 3],
  [NaN, 9, NaN, 1],
  [9, NaN, NaN, 10],
  [-Infinity, -Infinity, -Infinity, -Infinity],
  [Infinity, NaN, 0, 1],
  [-0, 0, -0, 0],
  [1, 2, 3, 4],
];

export const argMaxCases: readonly KernelCase[] = [
  kernelCase("argMax", "special", {
    rows: rows.length,
    columns: 4,
    x: Float32Array.from(rows.flat()),
    out: new Int32Array(rows.length),
  }),
  ...sizes.map((columns) =>
    kernelCase("argMax", `columns = ${columns}`, {
      rows: 5,
      columns,
      x: normal(5 * columns, columns),
      out: new Int32Array(5),
    }),
  ),
  // long enough for several vectors: a NaN, infinities, equals and zeros of both signs at every place
  ...[33, 40, 47].flatMap((columns) =>
    [NaN, Infinity, -Infinity, 9, -0].map((special) =>
      kernelCase("argMax", `columns = ${columns}, ${special}`, {
        rows: columns,
        columns,
        x: Float32Array.from({ length: columns * columns }, (_, i) => {
          const [row, column] = [Math.floor(i / columns), i % columns];
          if (column === row || column === (row * 7) % columns) return special;
          return Object.is(special, -0) ? -1 - (i % 3) : (i * 31) % 9;
        }),
        out: new Int32Array(columns),
      }),
    ),
  ),
  kernelCase("argMax", "many rows", { rows: 1000, columns: 10, x: normal(10000, 1), out: new Int32Array(1000) }),
];

// Baselines of gathering and of comparisons of integers.

import type { Baseline } from "./baseline.ts";

export const gather: Baseline<"gather"> = ({ columns, count, x, indices, out }) => {
  for (let i = 0, to = 0; i < count; i++) {
    let from = (indices[i] as number) * columns;
    for (let j = 0; j < columns; j++) out[to++] = x[from++] as number;
  }
};

export const gatherGradient: Baseline<"gatherGradient"> = ({ rows, columns, count, indices, dy, dx }) => {
  dx.fill(0, 0, rows * columns);
  for (let i = 0, from = 0; i < count; i++) {
    let to = (indices[i] as number) * columns;
    for (let j = 0; j < columns; j++, to++) dx[to] = (dx[to] as number) + (dy[from++] as number);
  }
};

export const oneHot: Baseline<"oneHot"> = ({ count, columns, indices, on, off, out }) => {
  out.fill(off, 0, count * columns);
  for (let i = 0; i < count; i++) out[i * columns + (indices[i] as number)] = on;
};

export const equalInt32: Baseline<"equalInt32"> = ({ n, a, b, out }) => {
  for (let i = 0; i < n; i++) out[i] = Number(a[i] === b[i]);
};

// Twins of assembly/gather.ts.

import type { Twin } from "./twin.ts";

export const gather: Twin<"gather"> = ({ rows, columns, count, x, indices, out }) => {
  for (let i = 0; i < count; i++) {
    const row = indices[i] as number;
    const known = row >= 0 && row < rows;
    for (let j = 0; j < columns; j++) out[i * columns + j] = known ? (x[row * columns + j] as number) : Number.NaN;
  }
};

export const gatherGradient: Twin<"gatherGradient"> = ({ rows, columns, count, indices, dy, dx }) => {
  dx.fill(0, 0, rows * columns);
  for (let i = 0; i < count; i++) {
    const row = indices[i] as number;
    if (row < 0 || row >= rows) continue;
    for (let j = 0; j < columns; j++) {
      dx[row * columns + j] = (dx[row * columns + j] as number) + (dy[i * columns + j] as number);
    }
  }
};

export const oneHot: Twin<"oneHot"> = ({ count, columns, indices, on, off, out }) => {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < columns; j++) out[i * columns + j] = j === indices[i] ? on : off;
  }
};

export const equalInt32: Twin<"equalInt32"> = ({ n, a, b, out }) => {
  for (let i = 0; i < n; i++) out[i] = a[i] === b[i] ? 1 : 0;
};

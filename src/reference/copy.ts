// Twins of assembly/copy.ts and assembly/guard.ts.

import type { Twin } from "./twin.ts";

export const copy: Twin<"copy"> = ({ n, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = x[i] as number;
};

export const fill: Twin<"fill"> = ({ n, value, out }) => {
  for (let i = 0; i < n; i++) out[i] = value;
};

export const guard: Twin<"guard"> = ({ n, value }) => {
  for (let i = 0; i < n; i++) if (!Number.isFinite(value[i])) return true;
};

export const blockCopy: Twin<"blockCopy"> = ({ rows, columns, xStride, xOffset, outStride, outOffset, x, out }) => {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[r * outStride + outOffset + c] = x[r * xStride + xOffset + c] as number;
  }
};

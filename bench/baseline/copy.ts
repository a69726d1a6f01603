// Baselines of the kernels that move numbers: loops, and the engine's own copies where they are faster.

import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";

export const copy: Baseline<"copy"> = ({ n, x, out }) => out.set(x.subarray(0, n));

export const fill: Baseline<"fill"> = ({ n, value, out }) => void out.fill(value, 0, n);

export const guard: Baseline<"guard"> = ({ n, value }) => {
  // what is not finite makes the sum of the products with 0 something else than 0
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += (value[i] as number) * 0;
    s1 += (value[i + 1] as number) * 0;
    s2 += (value[i + 2] as number) * 0;
    s3 += (value[i + 3] as number) * 0;
  }
  for (; i < n; i++) s0 += (value[i] as number) * 0;
  expect(s0 + s1 + s2 + s3 === 0, "finite values");
};

export const blockCopy: Baseline<"blockCopy"> = (o) => {
  const { rows, columns, xStride, xOffset, outStride, outOffset, x, out } = o;
  for (let r = 0; r < rows; r++) {
    const [from, to] = [r * xStride + xOffset, r * outStride + outOffset];
    for (let c = 0; c < columns; c++) out[to + c] = x[from + c] as number;
  }
};

/** Of a matrix, in blocks: a line of the cache that was read is used up before it is gone. */
const BLOCK = 16;

export const stridedCopy: Baseline<"stridedCopy"> = (o) => {
  const { d4, d5, s4, s5, x, out } = o;
  expect(o.d0 * o.d1 * o.d2 * o.d3 === 1, "two axes");
  for (let i0 = 0; i0 < d4; i0 += BLOCK) {
    const end = Math.min(i0 + BLOCK, d4);
    for (let j0 = 0; j0 < d5; j0 += BLOCK) {
      const most = Math.min(j0 + BLOCK, d5);
      for (let i = i0; i < end; i++) {
        for (let j = j0; j < most; j++) out[i * d5 + j] = x[i * s4 + j * s5] as number;
      }
    }
  }
};

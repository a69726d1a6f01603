// Records of assembly/copy.ts.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes } from "../values.ts";

function block(
  rows: number,
  columns: number,
  xGap: number,
  outGap: number,
  xOffset: number,
  outOffset: number,
): KernelCase {
  const xStride = columns + xGap;
  const outStride = columns + outGap;
  const x = normal(rows * xStride + xOffset, 1);
  const out = normal(rows * outStride + outOffset, 2);
  return kernelCase("blockCopy", `${rows} x ${columns}, gaps ${xGap} ${outGap}`, {
    rows,
    columns,
    xStride,
    xOffset,
    outStride,
    outOffset,
    x,
    out,
  });
}

export const copyCases: readonly KernelCase[] = [
  ...sizes.flatMap((n) => [
    kernelCase("copy", `n = ${n}`, { n, x: normal(n, 1), out: new Float32Array(n) }),
    kernelCase("fill", `n = ${n}`, { n, value: 1.5, out: new Float32Array(n) }),
  ]),
  ...[0, 1, 3, 15, 16, 17, 40].flatMap((columns) => [
    block(0, columns, 2, 3, 1, 2),
    block(5, columns, 0, 7, 0, 3),
    block(5, columns, 4, 0, 2, 0),
  ]),
];

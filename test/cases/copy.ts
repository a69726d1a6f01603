// Records of assembly/copy.ts.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes } from "../values.ts";

export const copyCases: readonly KernelCase[] = sizes.flatMap((n) => [
  kernelCase("copy", `n = ${n}`, { n, x: normal(n, 1), out: new Float32Array(n) }),
  kernelCase("fill", `n = ${n}`, { n, value: 1.5, out: new Float32Array(n) }),
]);

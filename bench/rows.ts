// Every row of the benchmark, family by family.

import type { Row } from "./row.ts";
import { augmentRows } from "./rows/augment.ts";
import { convRows } from "./rows/conv.ts";
import { gemmRows } from "./rows/gemm.ts";
import { imageRows } from "./rows/images.ts";
import { optimRows, otherRows } from "./rows/optim.ts";
import { pointwiseRows } from "./rows/pointwise.ts";
import { reduceRows } from "./rows/reduce.ts";

export const rows: readonly Row[] = [
  ...gemmRows,
  ...convRows,
  ...pointwiseRows,
  ...reduceRows,
  ...imageRows,
  ...augmentRows,
  ...optimRows,
  ...otherRows,
];

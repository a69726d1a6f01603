// Every row of the benchmark, family by family.

import type { Row } from "./row.ts";
import { convRows } from "./rows/conv.ts";
import { gemmRows } from "./rows/gemm.ts";

export const rows: readonly Row[] = [...gemmRows, ...convRows];

// What the compiler's passes are given by the ops.

import type { Vocabulary } from "../compile/compile.ts";
import { rules } from "./rules.ts";
import { copyOp } from "./shaping.ts";

export const vocabulary: Vocabulary = { rules, copy: copyOp };

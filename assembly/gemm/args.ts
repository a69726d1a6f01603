// The operands of a matrix product.

import { InF32, InOutF32 } from "../task";

/** Sets of a first-level cache, and floats of its lines. */
const SETS: i32 = 64;
const LINE: i32 = 16;

@unmanaged
export class GemmArgs {
  m: i32;
  n: i32;
  k: i32;
  transA: i32; // 0 or 1
  transB: i32; // 0 or 1
  lda: i32;
  ldb: i32;
  ldc: i32;
  alpha: f32;
  beta: f32;
  a: InF32; // [((transA ? k : m) - 1) * lda + (transA ? m : k)]
  b: InF32; // [((transB ? n : k) - 1) * ldb + (transB ? k : n)]
  c: InOutF32; // [(m - 1) * ldc + n]
  bias: InF32; // [n]?
  activation: i32; // as in activation.ts
}

/** On how many sets of a first-level cache lines begin that are `stride` floats apart: few where that is many times 64 bytes. */
export function cacheSets(stride: i32): i32 {
  return stride % LINE !== 0 ? SETS : max(1, SETS >> ctz(stride / LINE));
}

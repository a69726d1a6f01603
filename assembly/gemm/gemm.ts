// C = activation(alpha op(A) op(B) + beta C + bias), row-major, op(X) = X or its transpose. Products of one row or a few
// columns are bound by bytes and have loops of their own; all others go through the tile.

import { Own } from "../own";
import { Pieces } from "../pieces";
import { InF32, InOutF32, Task } from "../task";
import { GemmArgs } from "./args";
import { Dots } from "./dots";
import { GemmLoop } from "./loop";
import { Row } from "./row";

@final
@unmanaged
class Gemm extends GemmArgs {
  @inline get asRow(): Row {
    return changetype<Row>(changetype<usize>(this));
  }
  @inline get asDots(): Dots {
    return changetype<Dots>(changetype<usize>(this));
  }
  @inline get asLoop(): GemmLoop {
    return changetype<GemmLoop>(changetype<usize>(this));
  }

  get scratch(): i32 {
    if (this.asRow.fits) return 0;
    return this.asDots.fits ? this.asDots.scratch : this.asLoop.scratch;
  }

  get pieces(): i32 {
    if (this.asRow.fits) return this.asRow.pieces;
    return this.asDots.fits ? this.asDots.pieces : this.asLoop.pieces;
  }

  /** Pieces from `first` up to `last`, as far as there are so many. */
  run(scratch: usize, first: i32, last: i32, task: Task): void {
    if (this.asRow.fits) this.asRow.run(first, last, task);
    else if (this.asDots.fits) this.asDots.run(scratch, first, last, task);
    else this.asLoop.run(scratch, first, last, task);
  }
}

export function gemmScratch(args: GemmArgs, threads: i32): i32 {
  return Own.bytes(0, changetype<Gemm>(args).scratch, threads);
}

/** C = activation(alpha op(A) op(B) + beta C + bias) */
export function gemm(args: GemmArgs, task: Task): void {
  const all = changetype<Gemm>(args);
  let first = 0;
  let last = i32.MAX_VALUE;
  if (task.threads > 1) {
    const pieces = all.pieces;
    first = Pieces.from(task, pieces);
    last = Pieces.to(task, pieces);
  }
  all.run(Own.at(task, 0, all.scratch), first, last, task);
}

@unmanaged
export class GemmBatchArgs {
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
  a: InF32; // [(batches * (transA ? k : m) - 1) * lda + (transA ? m : k)]
  b: InF32; // [(batches * (transB ? n : k) - 1) * ldb + (transB ? k : n)]
  c: InOutF32; // [(batches * m - 1) * ldc + n]
  bias: InF32; // [n]?
  activation: i32; // as in activation.ts
  // last, so that the others stand where GemmArgs has them
  batches: i32;
}

/** Bytes that a copy of the operands takes. */
const OPERANDS: i32 = 64;

export function gemmBatchScratch(args: GemmBatchArgs, threads: i32): i32 {
  return Own.bytes(0, OPERANDS + changetype<Gemm>(args).scratch, threads);
}

/** `batches` matrices below one another in A, in B and in C; one bias. */
export function gemmBatch(args: GemmBatchArgs, task: Task): void {
  const all = changetype<Gemm>(args);
  const scratch = Own.at(task, 0, OPERANDS + all.scratch);
  const one = changetype<Gemm>(scratch);
  memory.copy(scratch, changetype<usize>(args), offsetof<GemmArgs>());
  const pieces = all.pieces;
  const a = (<usize>((args.transA ? args.k : args.m) * args.lda)) << 2;
  const b = (<usize>((args.transB ? args.n : args.k) * args.ldb)) << 2;
  const c = (<usize>(args.m * args.ldc)) << 2;
  // pieces of all matrices are counted through
  let first = Pieces.from(task, pieces * args.batches);
  let last = Pieces.to(task, pieces * args.batches);
  for (let batch = args.batches; batch > 0; batch--) {
    if (last <= 0) break;
    if (first < pieces) one.run(scratch + OPERANDS, max(first, 0), last, task);
    first -= pieces;
    last -= pieces;
    one.a += a;
    one.b += b;
    one.c += c;
  }
}

// A vector times a matrix that lies as it is needed: C = x B, one row or a few of them. Bound by bytes, so B is read as
// memory likes it, line by line, eight lines at a time.

import { Activation } from "../activation";
import { Lanes } from "../lanes";
import { Pieces } from "../pieces";
import { Task } from "../task";
import { Vec } from "../vec";
import { cacheSets, GemmArgs } from "./args";

/** Columns of a piece: a row of C and eight lines of B fit the first cache. */
const ROW_PIECE: i32 = 1024;
/** With fewer columns tiles and dot products are faster. */
const COLUMNS_LEAST: i32 = 16;

@final
@unmanaged
export class Row extends GemmArgs {
  /** Rows of x times B as it is, or one column of C, whose neighbours are A's transpose. */
  get fits(): bool {
    if (this.n === 1) return this.transA !== 0 && this.ldc === 1;
    if (this.transB !== 0 || this.n < COLUMNS_LEAST) return false;
    // where the lines of B are read one below the other they push each other out of the cache
    return this.m <= (cacheSets(this.ldb) > 1 ? 2 : 4);
  }

  get pieces(): i32 {
    return Pieces.count(this.n === 1 ? this.m : this.n, ROW_PIECE);
  }

  /** Pieces from `first` up to `last`, as far as there are so many. */
  run(first: i32, last: i32, task: Task): void {
    const column = this.n === 1;
    const width = column ? this.m : this.n;
    const matrix = column ? this.a : this.b;
    const stride = (<usize>(column ? this.lda : this.ldb)) << 2;
    const x = column ? this.b : this.a;
    const xStep: usize = (<usize>(column ? (this.transB ? 1 : this.ldb) : this.transA ? this.lda : 1)) << 2;
    const xRow: usize = (<usize>(this.transA ? 1 : this.lda)) << 2;
    const rows = column ? 1 : this.m;
    const end = min(last, this.pieces);
    for (let piece = first; piece < end; piece++) {
      const from = Pieces.first(piece, ROW_PIECE);
      const offset = (<usize>from) << 2;
      const n = Pieces.end(piece, ROW_PIECE, width) - from;
      const c = this.c + offset;
      const ldc = (<usize>this.ldc) << 2;
      for (let r = 0; r < rows; r++) Row.start(c + <usize>r * ldc, n, this.beta);
      let at = matrix + offset;
      let xAt = x;
      for (let left = this.k; left > 0; left -= 8, at += stride << 3, xAt += xStep << 3) {
        for (let r = 0; r < rows; r++) {
          const to = c + <usize>r * ldc;
          if (left >= 8) Row.add8(to, at, stride, n, xAt + <usize>r * xRow, xStep, this.alpha);
          else Row.add(to, at, stride, n, xAt + <usize>r * xRow, xStep, this.alpha, left);
        }
      }
      for (let r = 0; r < rows; r++) this.end(c + <usize>r * ldc, column ? 0 : offset, n);
      task.beat++;
    }
  }

  /** C = beta C, of n elements. */
  private static start(c: usize, n: i32, beta: f32): void {
    const end = c + ((<usize>n) << 2);
    if (beta === 0) memory.fill(c, 0, end - c);
    else if (beta !== 1) for (; c < end; c += 4) store<f32>(c, load<f32>(c) * beta);
  }

  /** C += alpha x B over eight lines of B. */
  private static add8(c: usize, b: usize, stride: usize, n: i32, x: usize, xStep: usize, alpha: f32): void {
    const x0 = f32x4.splat(load<f32>(x) * alpha);
    const x1 = f32x4.splat(load<f32>(x + xStep) * alpha);
    const x2 = f32x4.splat(load<f32>(x + xStep * 2) * alpha);
    const x3 = f32x4.splat(load<f32>(x + xStep * 3) * alpha);
    const x4 = f32x4.splat(load<f32>(x + xStep * 4) * alpha);
    const x5 = f32x4.splat(load<f32>(x + xStep * 5) * alpha);
    const x6 = f32x4.splat(load<f32>(x + xStep * 6) * alpha);
    const x7 = f32x4.splat(load<f32>(x + xStep * 7) * alpha);
    const b4 = b + stride * 4;
    const s2 = stride * 2;
    const s3 = stride * 3;
    const end = (<usize>n) << 2;
    let j: usize = 0;
    for (; j + 16 <= end; j += 16) {
      let sum = Vec.madd(x0, v128.load(b + j), v128.load(c + j));
      sum = Vec.madd(x1, v128.load(b + stride + j), sum);
      sum = Vec.madd(x2, v128.load(b + s2 + j), sum);
      sum = Vec.madd(x3, v128.load(b + s3 + j), sum);
      sum = Vec.madd(x4, v128.load(b4 + j), sum);
      sum = Vec.madd(x5, v128.load(b4 + stride + j), sum);
      sum = Vec.madd(x6, v128.load(b4 + s2 + j), sum);
      v128.store(c + j, Vec.madd(x7, v128.load(b4 + s3 + j), sum));
    }
    if (j < end) Row.add(c + j, b + j, stride, <i32>((end - j) >> 2), x, xStep, alpha, 8);
  }

  /** The same over `lines` of them. */
  private static add(c: usize, b: usize, stride: usize, n: i32, x: usize, xStep: usize, alpha: f32, lines: i32): void {
    for (; lines > 0; lines--, b += stride, x += xStep) {
      const factor = f32x4.splat(load<f32>(x) * alpha);
      let left = n;
      let to = c;
      let from = b;
      for (; left >= 4; left -= 4, to += 16, from += 16) {
        v128.store(to, Vec.madd(factor, v128.load(from), v128.load(to)));
      }
      if (left > 0) Lanes.store(to, Vec.madd(factor, Lanes.load(from, left), Lanes.load(to, left)), left);
    }
  }

  /** Adds the bias, which is one number where C is a column, and applies the activation. */
  private end(c: usize, offset: usize, n: i32): void {
    if (this.bias) {
      const step: usize = this.n === 1 ? 0 : 4;
      let bias = this.bias + offset;
      const end = c + ((<usize>n) << 2);
      for (let at = c; at < end; at += 4, bias += step) store<f32>(at, load<f32>(at) + load<f32>(bias));
    }
    Activation.applyRange(c, n, this.activation);
  }
}

// C of one to three columns, or rows, as dot products: neighbouring k on both sides, so that nothing of the larger side
// is worth packing. The few vectors are copied where their elements are not neighbours.

import { Activation } from "../activation";
import { Lanes } from "../lanes";
import { Pieces } from "../pieces";
import { Span } from "../span";
import { Task } from "../task";
import { Vec } from "../vec";
import { GemmArgs } from "./args";

/** Most vectors: with more of them the tile of product.ts is faster. */
const FEW: i32 = 3;
/** Longest vectors that are copied; the tile takes longer ones in blocks. */
const COPIED_MOST: i32 = 1 << 15;
/** Rows of the larger side of a piece. */
const DOT_PIECE: i32 = 256;

@final
@unmanaged
export class Dots extends GemmArgs {
  /** Is C a few columns, the rows of A their partners? */
  private get columns(): bool {
    return this.n <= FEW && this.transA === 0 && this.n <= this.m;
  }

  get fits(): bool {
    if (this.step !== 1 && this.k > COPIED_MOST) return false;
    return this.columns || (this.m <= FEW && this.transB !== 0);
  }

  private get few(): i32 {
    return this.columns ? this.n : this.m;
  }

  /** Floats between neighbouring k of a vector. */
  private get step(): i32 {
    if (this.columns) return this.transB ? 1 : this.ldb;
    return this.transA ? this.lda : 1;
  }

  /** Bytes of scratch that one thread needs: the few vectors. */
  get scratch(): i32 {
    return this.step === 1 ? 0 : ((this.few * this.k + 3) & ~3) << 2;
  }

  get pieces(): i32 {
    return Pieces.count(this.columns ? this.m : this.n, DOT_PIECE);
  }

  /** Pieces from `first` up to `last`, as far as there are so many. */
  run(scratch: usize, first: i32, last: i32, task: Task): void {
    const behind = min(last, this.pieces);
    if (first >= behind) return;
    const columns = this.columns;
    const n = columns ? this.m : this.n;
    const few = this.few;
    const vectors = this.vectors(scratch);
    const between = this.step === 1 ? (<usize>(columns ? this.ldb : this.lda)) << 2 : (<usize>this.k) << 2;
    const stride = (<usize>(columns ? this.lda : this.ldb)) << 2;
    const ldc = (<usize>this.ldc) << 2;
    // from one partner to the next, and from one vector to the next, in C and in the bias
    const step = columns ? ldc : 4;
    const vectorStep = columns ? 4 : ldc;
    for (let piece = first; piece < behind; piece++) {
      const end = Pieces.end(piece, DOT_PIECE, n);
      for (let i = Pieces.first(piece, DOT_PIECE); i < end; i += 4) {
        const rows = (columns ? this.a : this.b) + <usize>i * stride;
        const lanes = min(4, end - i);
        // rows that are missing are the last one again
        const last = <usize>(lanes - 1);
        const r1 = rows + min<usize>(1, last) * stride;
        const r2 = rows + min<usize>(2, last) * stride;
        const r3 = rows + min<usize>(3, last) * stride;
        for (let j = 0; j < few; j++) {
          const sum = Dots.four(vectors + <usize>j * between, rows, r1, r2, r3, this.k);
          const c = this.c + <usize>i * step + <usize>j * vectorStep;
          let bias: v128 = f32x4.splat(0);
          if (this.bias) {
            bias = columns
              ? v128.load32_splat(this.bias + ((<usize>j) << 2))
              : Lanes.gather(this.bias + ((<usize>i) << 2), 4, lanes);
          }
          this.end(c, step, sum, bias, lanes);
        }
      }
      task.beat++;
    }
  }

  /** The few vectors with neighbouring k: where they lie, or copied. */
  private vectors(scratch: usize): usize {
    const from = this.columns ? this.b : this.a;
    const step = (<usize>this.step) << 2;
    if (step === 4) return from;
    let to = scratch;
    for (let j = 0; j < this.few; j++) {
      let at = from + ((<usize>j) << 2);
      for (let k = this.k; k > 0; k--, to += 4, at += step) store<f32>(to, load<f32>(at));
    }
    return scratch;
  }

  /** [x . r0, x . r1, x . r2, x . r3] */
  private static four(x: usize, r0: usize, r1: usize, r2: usize, r3: usize, k: i32): v128 {
    // two sums a row: one alone would wait for itself
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let e = a;
    let f = a;
    let g = a;
    let h = a;
    let left = k;
    for (; left >= 8; left -= 8, x += 32, r0 += 32, r1 += 32, r2 += 32, r3 += 32) {
      const v = v128.load(x);
      a = Vec.madd(v, v128.load(r0), a);
      b = Vec.madd(v, v128.load(r1), b);
      c = Vec.madd(v, v128.load(r2), c);
      d = Vec.madd(v, v128.load(r3), d);
      const w = v128.load(x, 16);
      e = Vec.madd(w, v128.load(r0, 16), e);
      f = Vec.madd(w, v128.load(r1, 16), f);
      g = Vec.madd(w, v128.load(r2, 16), g);
      h = Vec.madd(w, v128.load(r3, 16), h);
    }
    a = f32x4.add(a, e);
    b = f32x4.add(b, f);
    c = f32x4.add(c, g);
    d = f32x4.add(d, h);
    for (; left > 0; left -= 4, x += 16, r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
      const v = Span.load(x, left);
      a = Vec.madd(v, Span.load(r0, left), a);
      b = Vec.madd(v, Span.load(r1, left), b);
      c = Vec.madd(v, Span.load(r2, left), c);
      d = Vec.madd(v, Span.load(r3, left), d);
    }
    // transposed, so that the four sums of lanes are one sum of vectors: (0 + 1) + (2 + 3)
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const upperAb = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const upperCd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    return f32x4.add(
      f32x4.add(v128.shuffle<f64>(ab, cd, 0, 2), v128.shuffle<f64>(ab, cd, 1, 3)),
      f32x4.add(v128.shuffle<f64>(upperAb, upperCd, 0, 2), v128.shuffle<f64>(upperAb, upperCd, 1, 3)),
    );
  }

  /** Stores `lanes` values `step` bytes apart: activation(alpha sum + beta C + bias). */
  private end(at: usize, step: usize, sum: v128, bias: v128, lanes: i32): void {
    let x = f32x4.mul(sum, f32x4.splat(this.alpha));
    if (this.beta !== 0) x = f32x4.add(x, f32x4.mul(Lanes.gather(at, step, lanes), f32x4.splat(this.beta)));
    x = f32x4.add(x, bias);
    if (step === 4) {
      Lanes.write(at, x, lanes);
      Activation.applyRange(at, lanes, this.activation);
      return;
    }
    for (let i = 0; i < lanes; i++, at += step) {
      v128.store32_lane(at, x, 0);
      if (this.activation) Activation.applyRange(at, 1, this.activation);
      x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    }
  }
}

// C = activation(alpha op(A) op(B) + beta C + bias), row-major, op(X) = X or its transpose; and what the loops
// of loop.ts need to know of it. Products that are one row or one column are bound by bytes and have loops of
// their own.

import { Activation } from "../activation";
import { Lanes } from "../lanes";
import { Pieces } from "../pieces";
import { InF32, InOutF32, Task } from "../task";
import { Vec } from "../vec";
import { Epilogue } from "./epilogue";
import { GemmLoop } from "./loop";
import { packAcross, packAlong, scalePanel } from "./pack";
import { TILE_ROWS } from "./tile";

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

/** alpha op(A): factors are put in while packing. */
@final
@unmanaged
class PackA extends GemmArgs {
  @inline fill(to: usize, row: i32, rows: i32, k: i32, depth: i32): void {
    const stride = (<usize>this.lda) << 2;
    if (this.transA) packAcross(to, this.a + <usize>k * stride + ((<usize>row) << 2), stride, TILE_ROWS, rows, depth);
    else packAlong(to, this.a + <usize>row * stride + ((<usize>k) << 2), stride, TILE_ROWS, rows, depth);
    if (this.alpha !== 1) scalePanel(to, TILE_ROWS, depth, this.alpha);
  }
}

@final
@unmanaged
class PackB extends GemmArgs {
  @inline fill(to: usize, column: i32, columns: i32, k: i32, depth: i32): void {
    const stride = (<usize>this.ldb) << 2;
    if (this.transB) packAlong(to, this.b + <usize>column * stride + ((<usize>k) << 2), stride, 8, columns, depth);
    else packAcross(to, this.at(column, k), stride, 8, columns, depth);
  }

  /** Packing pays only where a panel is used by many rows. */
  @inline inPlace(): bool {
    return this.transB === 0 && this.m <= 48;
  }

  @inline at(column: i32, k: i32): usize {
    return this.b + ((<usize>k * this.ldb + column) << 2);
  }

  @inline stride(): usize {
    return (<usize>this.ldb) << 2;
  }
}

@final
@unmanaged
class StoreC extends GemmArgs {
  @inline oldFactor(): f32 {
    return this.beta;
  }

  @inline at(row: i32, column: i32): usize {
    return Epilogue.inPlace(this.activation) ? this.address(row, column) : 0;
  }

  @inline address(row: i32, column: i32): usize {
    return this.c + ((<usize>row * this.ldc + column) << 2);
  }

  @inline stride(): usize {
    return (<usize>this.ldc) << 2;
  }

  load(tile: usize, row: i32, rows: i32, column: i32, columns: i32): void {
    const stride = this.stride();
    let c = this.address(row, column);
    for (const end = tile + ((<usize>rows) << 5); tile < end; tile += 32, c += stride) {
      v128.store(tile, Epilogue.part(c, 0, columns));
      v128.store(tile, Epilogue.part(c, 4, columns), 16);
    }
  }

  store(tile: usize, row: i32, rows: i32, column: i32, columns: i32): void {
    const stride = this.stride();
    let c = this.address(row, column);
    for (const end = tile + ((<usize>rows) << 5); tile < end; tile += 32, c += stride) {
      if (columns >= 4) v128.store(c, v128.load(tile));
      else Lanes.store(c, v128.load(tile), columns);
      if (columns === 8) v128.store(c, v128.load(tile, 16), 16);
      else if (columns > 4) Lanes.store(c + 16, v128.load(tile, 16), columns - 4);
    }
  }

  @inline finish(tile: usize, stride: usize, _row: i32, rows: i32, column: i32, columns: i32): void {
    const bias = this.bias ? this.bias + ((<usize>column) << 2) : 0;
    Epilogue.columns(tile, stride, rows, bias, columns, this.activation);
  }
}

/** Columns of a row's piece. */
const ROW_PIECE: i32 = 1024;

@final
@unmanaged
class Row {
  /** C = beta C, of n elements. */
  static start(c: usize, n: i32, beta: f32): void {
    const end = c + ((<usize>n) << 2);
    if (beta === 0) memory.fill(c, 0, end - c);
    else if (beta !== 1) for (; c < end; c += 4) store<f32>(c, load<f32>(c) * beta);
  }

  /** C += a B over four lines of B, which are read one after the other as memory likes it. */
  static add4(c: usize, b: usize, stride: usize, n: i32, a0: f32, a1: f32, a2: f32, a3: f32): void {
    const x0 = f32x4.splat(a0);
    const x1 = f32x4.splat(a1);
    const x2 = f32x4.splat(a2);
    const x3 = f32x4.splat(a3);
    const b1 = stride;
    const b2 = stride * 2;
    const b3 = stride * 3;
    let left = n;
    for (; left >= 4; left -= 4, c += 16, b += 16) {
      let sum = Vec.madd(x0, v128.load(b), v128.load(c));
      sum = Vec.madd(x1, v128.load(b + b1), sum);
      sum = Vec.madd(x2, v128.load(b + b2), sum);
      v128.store(c, Vec.madd(x3, v128.load(b + b3), sum));
    }
    if (left > 0) {
      let sum = Vec.madd(x0, Lanes.load(b, left), Lanes.load(c, left));
      sum = Vec.madd(x1, Lanes.load(b + b1, left), sum);
      sum = Vec.madd(x2, Lanes.load(b + b2, left), sum);
      Lanes.store(c, Vec.madd(x3, Lanes.load(b + b3, left), sum), left);
    }
  }

  /** m = 1, B not transposed. */
  static gemm(args: GemmArgs, first: i32, task: Task): void {
    const n = args.n;
    const k = args.k;
    const alpha = args.alpha;
    const aStep: usize = args.transA ? (<usize>args.lda) << 2 : 4;
    const stride = (<usize>args.ldb) << 2;
    const count = Pieces.count(n, ROW_PIECE);
    for (let piece = first; piece < count; piece += task.threads) {
      const column = Pieces.first(piece, ROW_PIECE);
      const width = Pieces.end(piece, ROW_PIECE, n) - column;
      const offset = (<usize>column) << 2;
      const c = args.c + offset;
      let a = args.a;
      let b = args.b + offset;
      Row.start(c, width, args.beta);
      let left = k;
      for (; left >= 4; left -= 4, b += stride << 2, a += aStep << 2) {
        const a0 = load<f32>(a) * alpha;
        const a1 = load<f32>(a + aStep) * alpha;
        const a2 = load<f32>(a + aStep * 2) * alpha;
        const a3 = load<f32>(a + aStep * 3) * alpha;
        Row.add4(c, b, stride, width, a0, a1, a2, a3);
      }
      for (; left > 0; left--, b += stride, a += aStep) {
        const x = load<f32>(a) * alpha;
        const factor = f32x4.splat(x);
        for (let j = 0; j < width; j += 4) {
          const at = (<usize>j) << 2;
          const lanes = width - j;
          if (lanes >= 4) v128.store(c + at, Vec.madd(factor, v128.load(b + at), v128.load(c + at)));
          else Lanes.store(c + at, Vec.madd(factor, Lanes.load(b + at, lanes), Lanes.load(c + at, lanes)), lanes);
        }
      }
      if (args.bias) {
        for (let at: usize = 0; at < (<usize>width) << 2; at += 4) {
          store<f32>(c + at, load<f32>(c + at) + load<f32>(args.bias + offset + at));
        }
      }
      Activation.applyRange(c, width, args.activation);
      task.beat++;
    }
  }
}

/** Rows of a piece, where C is one column or one row of dot products. */
const DOT_PIECE: i32 = 256;

/** C is a vector of dot products: neighbouring k on both sides, so nothing is worth packing. */
@final
@unmanaged
class Dots {
  /** C[i] = alpha (x . row i of `rows`) + beta C[i] + bias[i], four rows at a time. */
  static gemm(args: GemmArgs, first: i32, task: Task): void {
    const column = args.n === 1;
    const n = column ? args.m : args.n;
    const k = args.k;
    const x = column ? args.b : args.a;
    const stride = (<usize>(column ? args.lda : args.ldb)) << 2;
    const step = column ? (<usize>args.ldc) << 2 : 4;
    const biasStep: usize = column ? 0 : 4;
    const count = Pieces.count(n, DOT_PIECE);
    for (let piece = first; piece < count; piece += task.threads) {
      const end = Pieces.end(piece, DOT_PIECE, n);
      for (let i = Pieces.first(piece, DOT_PIECE); i < end; i += 4) {
        const rows = (column ? args.a : args.b) + <usize>i * stride;
        // rows that are missing are the last one again
        const last = <usize>(end - 1 - i);
        let sum = Dots.four(
          x,
          rows,
          rows + min<usize>(1, last) * stride,
          rows + min<usize>(2, last) * stride,
          rows + min<usize>(3, last) * stride,
          k,
        );
        sum = f32x4.mul(sum, f32x4.splat(args.alpha));
        const lanes = min(4, end - i);
        const c = args.c + <usize>i * step;
        if (args.beta !== 0) {
          sum = f32x4.add(sum, f32x4.mul(Lanes.gather(c, step, lanes), f32x4.splat(args.beta)));
        }
        if (args.bias) sum = f32x4.add(sum, Lanes.gather(args.bias + <usize>i * biasStep, biasStep, lanes));
        Dots.scatter(c, step, sum, lanes, args.activation);
      }
      task.beat++;
    }
  }

  /** [x . r0, x . r1, x . r2, x . r3] */
  static four(x: usize, r0: usize, r1: usize, r2: usize, r3: usize, k: i32): v128 {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let left = k;
    for (; left >= 4; left -= 4, x += 16, r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
      const v = v128.load(x);
      a = Vec.madd(v, v128.load(r0), a);
      b = Vec.madd(v, v128.load(r1), b);
      c = Vec.madd(v, v128.load(r2), c);
      d = Vec.madd(v, v128.load(r3), d);
    }
    if (left > 0) {
      const v = Lanes.load(x, left);
      a = Vec.madd(v, Lanes.load(r0, left), a);
      b = Vec.madd(v, Lanes.load(r1, left), b);
      c = Vec.madd(v, Lanes.load(r2, left), c);
      d = Vec.madd(v, Lanes.load(r3, left), d);
    }
    // transposed, so that the four sums of lanes are one sum of vectors: (0 + 1) + (2 + 3)
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    return f32x4.add(
      f32x4.add(v128.shuffle<f64>(ab, cd, 0, 2), v128.shuffle<f64>(ab, cd, 1, 3)),
      f32x4.add(v128.shuffle<f64>(ef, gh, 0, 2), v128.shuffle<f64>(ef, gh, 1, 3)),
    );
  }

  /** Stores `lanes` values `step` bytes apart, each through the activation. */
  static scatter(at: usize, step: usize, x: v128, lanes: i32, activation: i32): void {
    if (step === 4) {
      if (lanes === 4) v128.store(at, x);
      else Lanes.store(at, x, lanes);
      Activation.applyRange(at, lanes, activation);
      return;
    }
    for (let i = 0; i < lanes; i++, at += step) {
      v128.store32_lane(at, x, 0);
      Activation.applyRange(at, 1, activation);
      x = v128.shuffle<f32>(x, x, 1, 2, 3, 0);
    }
  }
}

@final
@unmanaged
class Gemm {
  /** One row times a matrix that lies as it is needed. */
  @inline static isRow(args: GemmArgs): bool {
    return args.m === 1 && args.transB === 0;
  }

  /** Dot products of rows with a vector whose elements are neighbours. */
  @inline static isDots(args: GemmArgs): bool {
    if (args.n === 1) return args.transA === 0 && (args.transB !== 0 || args.ldb === 1);
    return args.m === 1 && args.transB !== 0 && (args.transA === 0 || args.lda === 1);
  }

  @inline static scratch(args: GemmArgs): i32 {
    return Gemm.isDots(args) || Gemm.isRow(args) ? 0 : GemmLoop.scratch(args.m, args.n, args.k);
  }

  static pieces(args: GemmArgs): i32 {
    if (Gemm.isDots(args)) return Pieces.count(max(args.m, args.n), DOT_PIECE);
    if (Gemm.isRow(args)) return Pieces.count(args.n, ROW_PIECE);
    return GemmLoop.pieces(args.m, args.n, args.k);
  }

  /** Pieces first, first + task.threads, ... */
  static run(args: GemmArgs, scratch: usize, first: i32, task: Task): void {
    if (Gemm.isDots(args)) Dots.gemm(args, first, task);
    else if (Gemm.isRow(args)) Row.gemm(args, first, task);
    else GemmLoop.run<PackA, PackB, StoreC>(changetype<usize>(args), args.m, args.n, args.k, scratch, first, task);
  }
}

export function gemmScratch(args: GemmArgs, threads: i32): i32 {
  return Gemm.scratch(args) * threads;
}

/** C = activation(alpha op(A) op(B) + beta C + bias) */
export function gemm(args: GemmArgs, task: Task): void {
  Gemm.run(args, task.scratch + <usize>(task.thread * Gemm.scratch(args)), task.thread, task);
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
  return (OPERANDS + Gemm.scratch(changetype<GemmArgs>(args))) * threads;
}

/** `batches` matrices below one another in A, in B and in C; one bias. */
export function gemmBatch(args: GemmBatchArgs, task: Task): void {
  const all = changetype<GemmArgs>(args);
  const scratch = task.scratch + <usize>(task.thread * (OPERANDS + Gemm.scratch(all)));
  const one = changetype<GemmArgs>(scratch);
  memory.copy(scratch, changetype<usize>(args), offsetof<GemmArgs>());
  const pieces = Gemm.pieces(all);
  const a = (<usize>((args.transA ? args.k : args.m) * args.lda)) << 2;
  const b = (<usize>((args.transB ? args.n : args.k) * args.ldb)) << 2;
  const c = (<usize>(args.m * args.ldc)) << 2;
  // this thread's first piece of the batch; the pieces of all batches are dealt out in one round
  let first = task.thread;
  for (let batch = args.batches; batch > 0; batch--) {
    if (first < pieces) Gemm.run(one, scratch + OPERANDS, first, task);
    first -= pieces % task.threads;
    if (first < 0) first += task.threads;
    one.a += a;
    one.b += b;
    one.c += c;
  }
}

// C = activation(alpha op(A) op(B) + beta C + bias), row-major, op(X) = X or its transpose; and what the loops
// of loop.ts need to know of it. One row times a matrix has a loop of its own, as it is bound by bytes.

import { Activation } from "../activation";
import { Lanes } from "../lanes";
import { Pieces } from "../pieces";
import { InF32, InOutF32, Task } from "../task";
import { Vec } from "../vec";
import { Epilogue } from "./epilogue";
import { GemmLoop } from "./loop";
import { packAcross, packAlong, scalePanel } from "./pack";

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
    if (this.transA) packAcross(to, this.a + <usize>k * stride + ((<usize>row) << 2), stride, 6, rows, depth);
    else packAlong(to, this.a + <usize>row * stride + ((<usize>k) << 2), stride, 6, rows, depth);
    if (this.alpha !== 1) scalePanel(to, 6, depth, this.alpha);
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
  static gemm(args: GemmArgs, task: Task): void {
    const n = args.n;
    const k = args.k;
    const alpha = args.alpha;
    const aStep: usize = args.transA ? (<usize>args.lda) << 2 : 4;
    const stride = (<usize>args.ldb) << 2;
    const count = Pieces.count(n, ROW_PIECE);
    for (let piece = task.thread; piece < count; piece += task.threads) {
      const first = Pieces.first(piece, ROW_PIECE);
      const width = Pieces.end(piece, ROW_PIECE, n) - first;
      const offset = (<usize>first) << 2;
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

export function gemmScratch(args: GemmArgs, threads: i32): i32 {
  return GemmLoop.scratch(args.m, args.n, args.k) * threads;
}

export function gemm(args: GemmArgs, task: Task): void {
  if (args.m === 1 && args.transB === 0) Row.gemm(args, task);
  else GemmLoop.run<PackA, PackB, StoreC>(changetype<usize>(args), args.m, args.n, args.k, task);
}

// Layer normalisation of the rows of [rows, columns], both ways (Ba, Kiros and Hinton 2016). A row is read from memory
// once: its mean, its variance about that mean and its result are three loops over what then lies in the cache. The gradient
// takes both again, which costs less than keeping them would.

import { Lanes } from "./lanes";
import { Pieces } from "./pieces";
import { Row } from "./rows";
import { InF32, OutF32, Task } from "./task";
import { Vec } from "./vec";

@unmanaged
export class LayerNormArgs {
  rows: i32;
  columns: i32;
  epsilon: f32;
  x: InF32; // [rows, columns]
  gamma: InF32; // [columns]?
  beta: InF32; // [columns]?
  out: OutF32; // [rows, columns]
}

@unmanaged
export class LayerNormGradientArgs {
  rows: i32;
  columns: i32;
  epsilon: f32;
  x: InF32; // [rows, columns]
  gamma: InF32; // [columns]?
  dy: InF32; // [rows, columns]
  dx: OutF32; // [rows, columns]
  dgamma: OutF32; // [columns]
  dbeta: OutF32; // [columns]
}

/** Elements that are worth a turn of a thread. */
const TURN: i32 = 4096;

@final
@unmanaged
class Norm {
  /** The mean of a row, in every lane. Four sums side by side hide the latency and keep each of them short. */
  static mean(x: usize, n: i32): v128 {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let left = n;
    for (; left >= 16; left -= 16, x += 64) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x, 16));
      c = f32x4.add(c, v128.load(x, 32));
      d = f32x4.add(d, v128.load(x, 48));
    }
    for (; left >= 4; left -= 4, x += 16) a = f32x4.add(a, v128.load(x));
    if (left > 0) b = f32x4.add(b, Lanes.load(x, left));
    return f32x4.splat(Vec.sum(f32x4.add(f32x4.add(a, b), f32x4.add(c, d))) / <f32>n);
  }

  /** 1 / sqrt(mean of (x - mean)^2 + epsilon), in every lane. */
  static inverse(x: usize, n: i32, mean: v128, epsilon: f32): v128 {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let left = n;
    for (; left >= 16; left -= 16, x += 64) {
      const p = f32x4.sub(v128.load(x), mean);
      const q = f32x4.sub(v128.load(x, 16), mean);
      const r = f32x4.sub(v128.load(x, 32), mean);
      const s = f32x4.sub(v128.load(x, 48), mean);
      a = f32x4.add(a, f32x4.mul(p, p));
      b = f32x4.add(b, f32x4.mul(q, q));
      c = f32x4.add(c, f32x4.mul(r, r));
      d = f32x4.add(d, f32x4.mul(s, s));
    }
    for (; left > 0; left -= 4, x += 16) {
      const p = Row.keep(f32x4.sub(Row.load(x, left), mean), left);
      a = f32x4.add(a, f32x4.mul(p, p));
    }
    const squares = Vec.sum(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
    return f32x4.splat(1 / sqrt<f32>(squares / <f32>n + epsilon));
  }

  /** One row: out = (x - mean) inverse gamma + beta. */
  static row(args: LayerNormArgs, x: usize, out: usize): void {
    const n = args.columns;
    const mean = Norm.mean(x, n);
    const inverse = Norm.inverse(x, n, mean, args.epsilon);
    const whole = ((<usize>n) << 2) & ~15;
    let j: usize = 0;
    for (; j < whole; j += 16) Norm.part(args, x + j, out + j, j, mean, inverse, 4);
    if (n & 3) Norm.part(args, x + j, out + j, j, mean, inverse, n & 3);
  }

  /** Four of its elements, or those that remain: columns from byte j on. */
  @inline private static part(
    args: LayerNormArgs,
    x: usize,
    out: usize,
    j: usize,
    mean: v128,
    inverse: v128,
    left: i32,
  ): void {
    let y = f32x4.mul(f32x4.sub(Row.load(x, left), mean), inverse);
    if (args.gamma) y = f32x4.mul(y, Row.load(args.gamma + j, left));
    if (args.beta) y = f32x4.add(y, Row.load(args.beta + j, left));
    Row.store(out, y, left);
  }
}

/** out = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and variance of the row; gamma is 1 and beta 0 where absent */
export function layerNorm(args: LayerNormArgs, task: Task): void {
  const rows = args.rows;
  const columns = args.columns;
  if (columns === 0) return;
  const step = (<usize>columns) << 2;
  const turn = max(1, TURN / columns);
  const turns = Pieces.count(rows, turn);
  for (let at = Pieces.from(task, turns), last = Pieces.to(task, turns); at < last; at++, task.beat++) {
    const end = <usize>Pieces.end(at, turn, rows) * step;
    for (let offset = <usize>Pieces.first(at, turn) * step; offset < end; offset += step) {
      Norm.row(args, args.x + offset, args.out + offset);
    }
  }
}

/** g times gamma. */
@final
@unmanaged
class ByGamma {
  @inline of(g: v128, gamma: usize, left: i32): v128 {
    return f32x4.mul(g, Row.load(gamma, left));
  }
}

/** g, where gamma is absent. */
@final
@unmanaged
class ByOne {
  @inline of(g: v128, _gamma: usize, _left: i32): v128 {
    return g;
  }
}

@final
@unmanaged
class NormGradient {
  /** Rows of a piece: partials are at most a quarter of the matrix. */
  @inline static pieceRows(columns: i32): i32 {
    return max(8, TURN / max(columns, 1));
  }

  // each for four elements of a row, or those that remain

  /** (x - mean) inverse */
  @inline static normal(x: usize, mean: v128, inverse: v128, left: i32): v128 {
    return f32x4.mul(f32x4.sub(Row.load(x, left), mean), inverse);
  }

  /** Adds to what lies at an address. */
  @inline static add(at: usize, value: v128, left: i32): void {
    Row.store(at, f32x4.add(Row.load(at, left), value), left);
  }

  /** dx = inverse (g - s - normal t) */
  @inline static through(dx: usize, g: v128, normal: v128, s: v128, t: v128, inverse: v128, left: i32): void {
    Row.store(dx, f32x4.mul(f32x4.sub(f32x4.sub(g, s), f32x4.mul(normal, t)), inverse), left);
  }

  /**
   * One row: dx = inverse (g - mean of g - normal times the mean of g normal), g = dy gamma, normal = (x - mean) inverse.
   * dbeta += dy and dgamma += dy normal, into `partial` [2, columns].
   */
  static row<OP>(args: LayerNormGradientArgs, x: usize, dy: usize, dx: usize, partial: usize): void {
    const op = changetype<OP>(0);
    const n = args.columns;
    const gamma = args.gamma;
    const end = (<usize>n) << 2;
    const whole = end & ~15;
    const products = partial + end;
    const left = n & 3;
    const mean = Norm.mean(x, n);
    const inverse = Norm.inverse(x, n, mean, args.epsilon);
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let j: usize = 0;
    // two of each sum hide the latency
    for (; j + 32 <= whole; j += 32) {
      const first = v128.load(dy + j);
      const second = v128.load(dy + j, 16);
      const firstProduct = f32x4.mul(first, NormGradient.normal(x + j, mean, inverse, 4));
      const secondProduct = f32x4.mul(second, NormGradient.normal(x + j + 16, mean, inverse, 4));
      NormGradient.add(partial + j, first, 4);
      NormGradient.add(partial + j + 16, second, 4);
      NormGradient.add(products + j, firstProduct, 4);
      NormGradient.add(products + j + 16, secondProduct, 4);
      a = f32x4.add(a, op.of(first, gamma + j, 4));
      b = f32x4.add(b, op.of(second, gamma + j + 16, 4));
      c = f32x4.add(c, op.of(firstProduct, gamma + j, 4));
      d = f32x4.add(d, op.of(secondProduct, gamma + j + 16, 4));
    }
    for (; j < end; j += 16) {
      const rest = <i32>((end - j) >> 2);
      const first = Row.load(dy + j, rest); // absent lanes are 0, and so are their products
      const product = f32x4.mul(first, NormGradient.normal(x + j, mean, inverse, rest));
      NormGradient.add(partial + j, first, rest);
      NormGradient.add(products + j, product, rest);
      if (rest >= 4) {
        a = f32x4.add(a, op.of(first, gamma + j, 4));
        c = f32x4.add(c, op.of(product, gamma + j, 4));
      } else {
        b = f32x4.add(b, op.of(first, gamma + j, rest));
        d = f32x4.add(d, op.of(product, gamma + j, rest));
      }
    }
    const s = f32x4.splat(Vec.sum(f32x4.add(a, b)) / <f32>n);
    const t = f32x4.splat(Vec.sum(f32x4.add(c, d)) / <f32>n);
    for (j = 0; j < whole; j += 16) {
      const g = op.of(v128.load(dy + j), gamma + j, 4);
      NormGradient.through(dx + j, g, NormGradient.normal(x + j, mean, inverse, 4), s, t, inverse, 4);
    }
    if (left) {
      const g = op.of(Lanes.load(dy + j, left), gamma + j, left);
      NormGradient.through(dx + j, g, NormGradient.normal(x + j, mean, inverse, left), s, t, inverse, left);
    }
  }
}

export function layerNormGradientScratch(args: LayerNormGradientArgs, _threads: i32): i32 {
  return (Pieces.count(args.rows, NormGradient.pieceRows(args.columns)) * args.columns) << 3;
}

export function layerNormGradientPhases(_args: LayerNormGradientArgs, _threads: i32): i32 {
  return 2;
}

/** Gradients of layerNorm to x, gamma and beta; sums over rows are taken piece by piece, then added in order. */
export function layerNormGradient(args: LayerNormGradientArgs, task: Task): void {
  const rows = args.rows;
  const columns = args.columns;
  const step = (<usize>columns) << 2;
  const size = NormGradient.pieceRows(columns);
  const pieces = Pieces.count(rows, size);
  const partials = task.scratch; // [pieces, 2, columns]: sums of dy, and of dy (x - mean) inverse
  if (task.phase === 0) {
    for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++, task.beat++) {
      const partial = partials + <usize>piece * 2 * step;
      memory.fill(partial, 0, 2 * step);
      const end = <usize>Pieces.end(piece, size, rows) * step;
      for (let offset = <usize>Pieces.first(piece, size) * step; offset < end; offset += step) {
        const x = args.x + offset;
        const dy = args.dy + offset;
        const dx = args.dx + offset;
        if (args.gamma) NormGradient.row<ByGamma>(args, x, dy, dx, partial);
        else NormGradient.row<ByOne>(args, x, dy, dx, partial);
      }
    }
    return;
  }
  const blocks = Pieces.count(columns, 4);
  for (let block = Pieces.from(task, blocks), last = Pieces.to(task, blocks); block < last; block++, task.beat++) {
    const at = Pieces.first(block, 4);
    const left = columns - at;
    const offset = (<usize>at) << 2;
    let dbeta = f32x4.splat(0);
    let dgamma = dbeta;
    let partial = partials + offset;
    for (let piece = 0; piece < pieces; piece++, partial += 2 * step) {
      dbeta = f32x4.add(dbeta, Row.load(partial, left));
      dgamma = f32x4.add(dgamma, Row.load(partial + step, left));
    }
    Row.store(args.dbeta + offset, dbeta, left);
    Row.store(args.dgamma + offset, dgamma, left);
  }
}

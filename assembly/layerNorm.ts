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
    const gamma = args.gamma;
    const beta = args.beta;
    const whole = ((<usize>n) << 2) & ~15;
    const left = n & 3;
    let j: usize = 0;
    for (; j < whole; j += 16) {
      let y = f32x4.mul(f32x4.sub(v128.load(x + j), mean), inverse);
      if (gamma) y = f32x4.mul(y, v128.load(gamma + j));
      if (beta) y = f32x4.add(y, v128.load(beta + j));
      v128.store(out + j, y);
    }
    if (left) {
      let y = f32x4.mul(f32x4.sub(Lanes.load(x + j, left), mean), inverse);
      if (gamma) y = f32x4.mul(y, Lanes.load(gamma + j, left));
      if (beta) y = f32x4.add(y, Lanes.load(beta + j, left));
      Lanes.store(out + j, y, left);
    }
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
  for (let at = task.thread; at < turns; at += task.threads, task.beat++) {
    const end = <usize>Pieces.end(at, turn, rows) * step;
    for (let offset = <usize>Pieces.first(at, turn) * step; offset < end; offset += step) {
      Norm.row(args, args.x + offset, args.out + offset);
    }
  }
}

/** g times gamma, of whole vectors and of what is left of a row. */
@final
@unmanaged
class ByGamma {
  @inline whole(g: v128, gamma: usize): v128 {
    return f32x4.mul(g, v128.load(gamma));
  }
  @inline rest(g: v128, gamma: usize, left: i32): v128 {
    return f32x4.mul(g, Lanes.load(gamma, left));
  }
}

/** g, where gamma is absent. */
@final
@unmanaged
class ByOne {
  @inline whole(g: v128, _gamma: usize): v128 {
    return g;
  }
  @inline rest(g: v128, _gamma: usize, _left: i32): v128 {
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

  /** (x - mean) inverse */
  @inline static normal(x: v128, mean: v128, inverse: v128): v128 {
    return f32x4.mul(f32x4.sub(x, mean), inverse);
  }

  /** Adds a vector to what lies at an address. */
  @inline static add(at: usize, value: v128): void {
    v128.store(at, f32x4.add(v128.load(at), value));
  }

  /** inverse (g - s - normal t) */
  @inline static through(g: v128, normal: v128, s: v128, t: v128, inverse: v128): v128 {
    return f32x4.mul(f32x4.sub(f32x4.sub(g, s), f32x4.mul(normal, t)), inverse);
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
      const firstProduct = f32x4.mul(first, NormGradient.normal(v128.load(x + j), mean, inverse));
      const secondProduct = f32x4.mul(second, NormGradient.normal(v128.load(x + j, 16), mean, inverse));
      NormGradient.add(partial + j, first);
      NormGradient.add(partial + j + 16, second);
      NormGradient.add(products + j, firstProduct);
      NormGradient.add(products + j + 16, secondProduct);
      a = f32x4.add(a, op.whole(first, gamma + j));
      b = f32x4.add(b, op.whole(second, gamma + j + 16));
      c = f32x4.add(c, op.whole(firstProduct, gamma + j));
      d = f32x4.add(d, op.whole(secondProduct, gamma + j + 16));
    }
    if (j < whole) {
      const first = v128.load(dy + j);
      const product = f32x4.mul(first, NormGradient.normal(v128.load(x + j), mean, inverse));
      NormGradient.add(partial + j, first);
      NormGradient.add(products + j, product);
      a = f32x4.add(a, op.whole(first, gamma + j));
      c = f32x4.add(c, op.whole(product, gamma + j));
      j += 16;
    }
    if (left) {
      const first = Lanes.load(dy + j, left); // absent lanes are 0, and so are their products
      const product = f32x4.mul(first, NormGradient.normal(Lanes.load(x + j, left), mean, inverse));
      Lanes.store(partial + j, f32x4.add(Lanes.load(partial + j, left), first), left);
      Lanes.store(products + j, f32x4.add(Lanes.load(products + j, left), product), left);
      b = f32x4.add(b, op.rest(first, gamma + j, left));
      d = f32x4.add(d, op.rest(product, gamma + j, left));
    }
    const s = f32x4.splat(Vec.sum(f32x4.add(a, b)) / <f32>n);
    const t = f32x4.splat(Vec.sum(f32x4.add(c, d)) / <f32>n);
    for (j = 0; j < whole; j += 16) {
      const normal = NormGradient.normal(v128.load(x + j), mean, inverse);
      v128.store(dx + j, NormGradient.through(op.whole(v128.load(dy + j), gamma + j), normal, s, t, inverse));
    }
    if (left) {
      const normal = NormGradient.normal(Lanes.load(x + j, left), mean, inverse);
      const g = op.rest(Lanes.load(dy + j, left), gamma + j, left);
      Lanes.store(dx + j, NormGradient.through(g, normal, s, t, inverse), left);
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
    for (let piece = task.thread; piece < pieces; piece += task.threads, task.beat++) {
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
  for (let at = task.thread << 2; at < columns; at += task.threads << 2, task.beat++) {
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

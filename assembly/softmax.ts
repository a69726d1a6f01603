// Softmax of rows, its logarithm, and their gradients. A row's maximum is taken off first: no exp overflows.

import { Maths } from "./math";
import { Loops } from "./pointwise/loops";
import { eachRow, expRow, mapRow, maxRow, Row, RowsArgs, rowsScratch, sumRow } from "./rows";
import { InF32, OutF32, Task } from "./task";

@unmanaged
export class SoftmaxArgs {
  rows: i32;
  columns: i32;
  x: InF32; // [rows, columns]
  out: OutF32; // [rows, columns]
}

@unmanaged
export class SoftmaxGradientArgs {
  rows: i32;
  columns: i32;
  /** What the forward kernel gave. */
  y: InF32; // [rows, columns]
  dy: InF32; // [rows, columns]
  dx: OutF32; // [rows, columns]
}

/** a p */
@final
@unmanaged
export class Scaled {
  @inline f(a: v128, _b: v128, p: v128, _q: v128): v128 {
    return f32x4.mul(a, p);
  }
}

/** a */
@final
@unmanaged
export class Plain {
  @inline f(a: v128, _b: v128, _p: v128, _q: v128): v128 {
    return a;
  }
}

/** a b */
@final
@unmanaged
class Product {
  @inline f(a: v128, b: v128, _p: v128, _q: v128): v128 {
    return f32x4.mul(a, b);
  }
}

/** (a - p) - q */
@final
@unmanaged
class Shifted {
  @inline f(a: v128, _b: v128, p: v128, q: v128): v128 {
    return f32x4.sub(f32x4.sub(a, p), q);
  }
}

/** a (b - p) */
@final
@unmanaged
class ProductShifted {
  @inline f(a: v128, b: v128, p: v128, _q: v128): v128 {
    return f32x4.mul(a, f32x4.sub(b, p));
  }
}

/** b - p exp(a) */
@final
@unmanaged
class MinusExp {
  @inline f(a: v128, b: v128, p: v128, _q: v128): v128 {
    return f32x4.sub(b, f32x4.mul(p, Maths.exp(a)));
  }
}

export function softmaxScratch(args: SoftmaxArgs, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function softmaxRows(_args: usize, _row: i32, _count: i32, x: usize, _y: usize, out: usize, n: i32, aside: bool): void {
  const sum = Row.sum(expRow(out, x, n, maxRow(x, n, aside)), aside);
  mapRow<Scaled>(out, out, out, n, f32x4.div(Maths.one(), sum), sum);
}

/** out = exp(x - m) / sum exp(x - m), m the row's maximum */
export function softmax(args: SoftmaxArgs, task: Task): void {
  eachRow(task, changetype<usize>(args), softmaxRows.index, args.x, 0, args.out);
}

export function logSoftmaxScratch(args: SoftmaxArgs, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function logSoftmaxRows(
  _args: usize,
  _row: i32,
  _count: i32,
  x: usize,
  _y: usize,
  out: usize,
  n: i32,
  aside: bool,
): void {
  const most = maxRow(x, n, aside);
  mapRow<Shifted>(out, x, x, n, most, Maths.log(Row.sum(expRow(0, x, n, most), aside)));
}

/** out = (x - m) - log sum exp(x - m), m the row's maximum */
export function logSoftmax(args: SoftmaxArgs, task: Task): void {
  eachRow(task, changetype<usize>(args), logSoftmaxRows.index, args.x, 0, args.out);
}

export function softmaxGradientScratch(args: SoftmaxGradientArgs, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function softmaxGradientRows(
  _args: usize,
  _row: i32,
  _count: i32,
  y: usize,
  dy: usize,
  dx: usize,
  n: i32,
  aside: bool,
): void {
  const dot = Row.sum(sumRow<Product>(y, dy, n, f32x4.splat(0), f32x4.splat(0)), aside);
  mapRow<ProductShifted>(dx, y, dy, n, dot, dot);
}

/** dx = y (dy - sum(y dy)) */
export function softmaxGradient(args: SoftmaxGradientArgs, task: Task): void {
  eachRow(task, changetype<usize>(args), softmaxGradientRows.index, args.y, args.dy, args.dx);
}

export function logSoftmaxGradientScratch(args: SoftmaxGradientArgs, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function logSoftmaxGradientRows(
  _args: usize,
  _row: i32,
  _count: i32,
  y: usize,
  dy: usize,
  dx: usize,
  n: i32,
  aside: bool,
): void {
  const sum = Row.sum(sumRow<Plain>(dy, dy, n, f32x4.splat(0), f32x4.splat(0)), aside);
  Loops.mapGradientLong<MinusExp>(n, y, dy, dx, sum, sum);
}

/** dx = dy - exp(y) sum(dy), y the log-probabilities */
export function logSoftmaxGradient(args: SoftmaxGradientArgs, task: Task): void {
  eachRow(task, changetype<usize>(args), logSoftmaxGradientRows.index, args.y, args.dy, args.dx);
}

// Softmax of rows, its logarithm, and their gradients. A row's maximum is taken off first: no exp overflows.

import { Max, Sum } from "./columns";
import { Maths } from "./math";
import { foldRow } from "./reduce";
import { eachRow, expRow, logOne, mapRow, sumRow } from "./rows";
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

@final
@unmanaged
class SoftmaxRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<SoftmaxArgs>(address);
    const offset = (<usize>row * columns) << 2;
    const x = args.x + offset;
    const out = args.out + offset;
    const sum = expRow(out, x, columns, foldRow<Max>(x, columns));
    mapRow<Scaled>(out, out, out, columns, 1 / sum, 0);
  }
}

/** out = exp(x - m) / sum exp(x - m), m the row's maximum */
export function softmax(args: SoftmaxArgs, task: Task): void {
  eachRow<SoftmaxRow>(task, changetype<usize>(args));
}

@final
@unmanaged
class LogSoftmaxRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<SoftmaxArgs>(address);
    const offset = (<usize>row * columns) << 2;
    const x = args.x + offset;
    const most = foldRow<Max>(x, columns);
    mapRow<Shifted>(args.out + offset, x, x, columns, most, logOne(expRow(0, x, columns, most)));
  }
}

/** out = (x - m) - log sum exp(x - m), m the row's maximum */
export function logSoftmax(args: SoftmaxArgs, task: Task): void {
  eachRow<LogSoftmaxRow>(task, changetype<usize>(args));
}

@final
@unmanaged
class SoftmaxGradientRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<SoftmaxGradientArgs>(address);
    const offset = (<usize>row * columns) << 2;
    const y = args.y + offset;
    const dy = args.dy + offset;
    const dot = sumRow<Product>(y, dy, columns, 0, 0);
    mapRow<ProductShifted>(args.dx + offset, y, dy, columns, dot, 0);
  }
}

/** dx = y (dy - sum(y dy)) */
export function softmaxGradient(args: SoftmaxGradientArgs, task: Task): void {
  eachRow<SoftmaxGradientRow>(task, changetype<usize>(args));
}

@final
@unmanaged
class LogSoftmaxGradientRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<SoftmaxGradientArgs>(address);
    const offset = (<usize>row * columns) << 2;
    const dy = args.dy + offset;
    mapRow<MinusExp>(args.dx + offset, args.y + offset, dy, columns, foldRow<Sum>(dy, columns), 0);
  }
}

/** dx = dy - exp(y) sum(dy), y the log-probabilities */
export function logSoftmaxGradient(args: SoftmaxGradientArgs, task: Task): void {
  eachRow<LogSoftmaxGradientRow>(task, changetype<usize>(args));
}

// Kernels of two operands with broadcasting, and select of three. The host collapses dimensions: what is
// contiguous in all operands becomes one dimension, the innermost last. out is contiguous.

import { Lanes } from "../lanes";
import { Maths } from "../math";
import { Pieces } from "../pieces";
import { InF32, OutF32, Task } from "../task";

const PIECE: i32 = 1 << 14;

/** Sizes d, outermost first; strides of a and b in elements, 0 where broadcast. Where d0 = d1 = d2 = 1 out may be a or b. */
@unmanaged
export class BinaryArgs {
  d0: i32;
  d1: i32;
  d2: i32;
  d3: i32;
  a0: i32;
  a1: i32;
  a2: i32;
  a3: i32;
  b0: i32;
  b1: i32;
  b2: i32;
  b3: i32;
  a: InF32; // [min(1, d0 * d1 * d2 * d3), 1 + (d0 - 1) * a0 + (d1 - 1) * a1 + (d2 - 1) * a2 + (d3 - 1) * a3]
  b: InF32; // [min(1, d0 * d1 * d2 * d3), 1 + (d0 - 1) * b0 + (d1 - 1) * b1 + (d2 - 1) * b2 + (d3 - 1) * b3]
  out: OutF32; // [d0, d1, d2, d3]
}

@final
@unmanaged
class Binary {
  /** Calls a `row` below for the rows of this thread's pieces. One function for all kernels: rows are called by index. */
  static run(args: BinaryArgs, task: Task, row: u32): void {
    const width = args.d3;
    const n = args.d0 * args.d1 * args.d2 * width;
    const count = Pieces.count(n, PIECE);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      let at = Pieces.first(piece, PIECE);
      const end = Pieces.end(piece, PIECE, n);
      while (at < end) {
        const line = at / width;
        let i3 = at - line * width;
        const plane = line / args.d2;
        let i2 = line - plane * args.d2;
        const i0 = plane / args.d1;
        const i1 = plane - i0 * args.d1;
        let a = args.a + ((<usize>(i0 * args.a0 + i1 * args.a1 + i2 * args.a2 + i3 * args.a3)) << 2);
        let b = args.b + ((<usize>(i0 * args.b0 + i1 * args.b1 + i2 * args.b2 + i3 * args.b3)) << 2);
        for (; i2 < args.d2 && at < end; i2++) {
          const length = min(width - i3, end - at);
          call_indirect<void>(row, length, a, args.a3, b, args.b3, args.out + ((<usize>at) << 2));
          at += length;
          a += (<usize>(args.a2 - i3 * args.a3)) << 2;
          b += (<usize>(args.b2 - i3 * args.b3)) << 2;
          i3 = 0;
        }
      }
      task.beat++;
    }
  }

  /** Index of row<F> in the table. */
  @inline static rowIndex<F>(): u32 {
    const row = (n: i32, a: usize, aStep: i32, b: usize, bStep: i32, out: usize): void => {
      Binary.row<F>(n, a, aStep, b, bStep, out);
    };
    return row.index;
  }

  /** out = f(a, b) for n floats, a and b by strides */
  static row<F>(n: i32, a: usize, aStep: i32, b: usize, bStep: i32, out: usize): void {
    const end = out + ((<usize>n) << 2);
    const whole = end - 12; // the next store of four floats must begin below
    let at = out;
    if (aStep === 1 && bStep === 1) {
      const toA = a - out;
      const toB = b - out;
      for (; at < whole; at += 16) v128.store(at, changetype<F>(0).f(v128.load(at + toA), v128.load(at + toB)));
    } else if (aStep === 1 && bStep === 0) {
      const toA = a - out;
      const same = v128.load32_splat(b);
      for (; at < whole; at += 16) v128.store(at, changetype<F>(0).f(v128.load(at + toA), same));
    } else if (aStep === 0 && bStep === 1) {
      const toB = b - out;
      const same = v128.load32_splat(a);
      for (; at < whole; at += 16) v128.store(at, changetype<F>(0).f(same, v128.load(at + toB)));
    }
    // any other strides, and what remains
    for (; at < end; at += 16) {
      const done = at - out;
      const rest = min(4, <i32>((end - at) >> 2));
      const left = Lanes.gather(a + done * <usize>aStep, (<usize>aStep) << 2, rest);
      const right = Lanes.gather(b + done * <usize>bStep, (<usize>bStep) << 2, rest);
      Lanes.write(at, changetype<F>(0).f(left, right), rest);
    }
  }
}

@final
@unmanaged
class Add {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

@final
@unmanaged
class Sub {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}

@final
@unmanaged
class Mul {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

@final
@unmanaged
class Div {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}

@final
@unmanaged
class Maximum {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}

@final
@unmanaged
class Minimum {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}

@final
@unmanaged
class SquaredDifference {
  @inline f(a: v128, b: v128): v128 {
    const d = f32x4.sub(a, b);
    return f32x4.mul(d, d);
  }
}

@final
@unmanaged
class Greater {
  @inline f(a: v128, b: v128): v128 {
    return v128.and(Maths.one(), f32x4.gt(a, b));
  }
}

@final
@unmanaged
class GreaterEqual {
  @inline f(a: v128, b: v128): v128 {
    return v128.and(Maths.one(), f32x4.ge(a, b));
  }
}

@final
@unmanaged
class Less {
  @inline f(a: v128, b: v128): v128 {
    return v128.and(Maths.one(), f32x4.lt(a, b));
  }
}

@final
@unmanaged
class LessEqual {
  @inline f(a: v128, b: v128): v128 {
    return v128.and(Maths.one(), f32x4.le(a, b));
  }
}

@final
@unmanaged
class Equal {
  @inline f(a: v128, b: v128): v128 {
    return v128.and(Maths.one(), f32x4.eq(a, b));
  }
}

@final
@unmanaged
class NotEqual {
  @inline f(a: v128, b: v128): v128 {
    return v128.and(Maths.one(), f32x4.ne(a, b));
  }
}

/** out = a + b */
export function add(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Add>());
}

/** out = a - b */
export function sub(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Sub>());
}

/** out = a b */
export function mul(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Mul>());
}

/** out = a / b */
export function div(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Div>());
}

/** out = max(a, b); NaN where one is NaN */
export function maximum(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Maximum>());
}

/** out = min(a, b); NaN where one is NaN */
export function minimum(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Minimum>());
}

/** out = (a - b)^2 */
export function squaredDifference(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<SquaredDifference>());
}

/** out = 1 where a > b, else 0 */
export function greater(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Greater>());
}

/** out = 1 where a >= b, else 0 */
export function greaterEqual(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<GreaterEqual>());
}

/** out = 1 where a < b, else 0 */
export function less(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Less>());
}

/** out = 1 where a <= b, else 0 */
export function lessEqual(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<LessEqual>());
}

/** out = 1 where a = b, else 0 */
export function equal(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<Equal>());
}

/** out = 1 where a != b, else 0 */
export function notEqual(args: BinaryArgs, task: Task): void {
  Binary.run(args, task, Binary.rowIndex<NotEqual>());
}

/** Like BinaryArgs, with strides c of the condition. */
@unmanaged
export class SelectArgs {
  d0: i32;
  d1: i32;
  d2: i32;
  d3: i32;
  c0: i32;
  c1: i32;
  c2: i32;
  c3: i32;
  a0: i32;
  a1: i32;
  a2: i32;
  a3: i32;
  b0: i32;
  b1: i32;
  b2: i32;
  b3: i32;
  condition: InF32; // [min(1, d0 * d1 * d2 * d3), 1 + (d0 - 1) * c0 + (d1 - 1) * c1 + (d2 - 1) * c2 + (d3 - 1) * c3]
  a: InF32; // [min(1, d0 * d1 * d2 * d3), 1 + (d0 - 1) * a0 + (d1 - 1) * a1 + (d2 - 1) * a2 + (d3 - 1) * a3]
  b: InF32; // [min(1, d0 * d1 * d2 * d3), 1 + (d0 - 1) * b0 + (d1 - 1) * b1 + (d2 - 1) * b2 + (d3 - 1) * b3]
  out: OutF32; // [d0, d1, d2, d3]
}

/** out = a where the condition is not 0, else b */
export function select(args: SelectArgs, task: Task): void {
  const width = args.d3;
  const n = args.d0 * args.d1 * args.d2 * width;
  const count = Pieces.count(n, PIECE);
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
    let at = Pieces.first(piece, PIECE);
    const end = Pieces.end(piece, PIECE, n);
    while (at < end) {
      const row = at / width;
      const i3 = at - row * width;
      const i2 = row % args.d2;
      const plane = row / args.d2;
      const i1 = plane % args.d1;
      const i0 = plane / args.d1;
      const length = min(width - i3, end - at);
      const c = args.condition + ((<usize>(i0 * args.c0 + i1 * args.c1 + i2 * args.c2 + i3 * args.c3)) << 2);
      const a = args.a + ((<usize>(i0 * args.a0 + i1 * args.a1 + i2 * args.a2 + i3 * args.a3)) << 2);
      const b = args.b + ((<usize>(i0 * args.b0 + i1 * args.b1 + i2 * args.b2 + i3 * args.b3)) << 2);
      let i = 0;
      if (args.c3 === 1 && args.a3 === 1 && args.b3 === 1) {
        const out = args.out + ((<usize>at) << 2);
        for (; i + 4 <= length; i += 4) {
          const j = (<usize>i) << 2;
          const given = f32x4.ne(v128.load(c + j), f32x4.splat(0));
          v128.store(out + j, v128.bitselect(v128.load(a + j), v128.load(b + j), given));
        }
      }
      for (; i < length; i += 4) {
        const rest = length - i;
        const given = f32x4.ne(Lanes.strided(c, i, args.c3, rest), f32x4.splat(0));
        const y = v128.bitselect(Lanes.strided(a, i, args.a3, rest), Lanes.strided(b, i, args.b3, rest), given);
        Lanes.write(args.out + ((<usize>(at + i)) << 2), y, rest);
      }
      at += length;
    }
    task.beat++;
  }
}

// Rows by index and back, one-hot rows, and where integers agree. The host checks indices; one that is out of
// range gives a row of NaN, no gradient, a row that is `off` throughout: nothing outside is read or written.

import { Pieces } from "./pieces";
import { mapRow } from "./rows";
import { InF32, InI32, OutF32, Task } from "./task";

/** Elements that are worth a turn of a thread. */
const TURN: i32 = 1 << 12;

/** a + b */
@final
@unmanaged
class Plus {
  @inline f(a: v128, b: v128, _p: v128, _q: v128): v128 {
    return f32x4.add(a, b);
  }
}

/** p */
@final
@unmanaged
class Constant {
  @inline f(_a: v128, _b: v128, p: v128, _q: v128): v128 {
    return p;
  }
}

/** p where integers agree, 0 elsewhere */
@final
@unmanaged
class Same {
  @inline f(a: v128, b: v128, p: v128, _q: v128): v128 {
    return v128.and(i32x4.eq(a, b), p);
  }
}

@unmanaged
export class GatherArgs {
  rows: i32;
  columns: i32;
  count: i32;
  x: InF32; // [rows, columns]
  indices: InI32; // [count]
  out: OutF32; // [count, columns]
}

/** out[i] = x[indices[i]] */
export function gather(args: GatherArgs, task: Task): void {
  const columns = args.columns;
  const bytes = (<usize>columns) << 2;
  const turn = max(1, TURN / max(1, columns));
  const turns = Pieces.count(args.count, turn);
  for (let at = Pieces.from(task, turns), last = Pieces.to(task, turns); at < last; at++, task.beat++) {
    const end = Pieces.end(at, turn, args.count);
    for (let i = Pieces.first(at, turn); i < end; i++) {
      const index = load<u32>(args.indices + ((<usize>i) << 2));
      const out = args.out + <usize>i * bytes;
      if (index < <u32>args.rows) memory.copy(out, args.x + <usize>index * bytes, bytes);
      else mapRow<Constant>(out, out, out, columns, f32x4.splat(NaN), f32x4.splat(0));
    }
  }
}

@unmanaged
export class GatherGradientArgs {
  rows: i32;
  columns: i32;
  count: i32;
  indices: InI32; // [count]
  dy: InF32; // [count, columns]
  dx: OutF32; // [rows, columns]
}

/** dx[r] = the sum of dy[i] over indices[i] = r, in order of i */
export function gatherGradient(args: GatherGradientArgs, task: Task): void {
  const rows = args.rows;
  const columns = args.columns;
  const bytes = (<usize>columns) << 2;
  // a piece is a range of rows of dx: every piece looks through all indices, so there are few
  const size = max(<i32>1, (rows + 7) >> 3);
  for (let piece = Pieces.from(task, 8), last = Pieces.to(task, 8); piece < last; piece++, task.beat++) {
    const first = Pieces.first(piece, size);
    const end = Pieces.end(piece, size, rows);
    if (first >= end) return;
    memory.fill(args.dx + <usize>first * bytes, 0, <usize>(end - first) * bytes);
    for (let i = 0; i < args.count; i++) {
      const index = load<i32>(args.indices + ((<usize>i) << 2));
      if (index < first || index >= end) continue;
      const dx = args.dx + <usize>index * bytes;
      mapRow<Plus>(dx, dx, args.dy + <usize>i * bytes, columns, f32x4.splat(0), f32x4.splat(0));
    }
  }
}

@unmanaged
export class OneHotArgs {
  count: i32;
  columns: i32;
  indices: InI32; // [count]
  on: f32;
  off: f32;
  out: OutF32; // [count, columns]
}

/** out[i][j] = on where j = indices[i], off elsewhere */
export function oneHot(args: OneHotArgs, task: Task): void {
  const columns = args.columns;
  const turn = max(1, TURN / max(1, columns));
  const turns = Pieces.count(args.count, turn);
  for (let at = Pieces.from(task, turns), last = Pieces.to(task, turns); at < last; at++, task.beat++) {
    const first = Pieces.first(at, turn);
    const end = Pieces.end(at, turn, args.count);
    let out = args.out + ((<usize>first * columns) << 2);
    mapRow<Constant>(out, out, out, (end - first) * columns, f32x4.splat(args.off), f32x4.splat(0));
    for (let i = first; i < end; i++, out += (<usize>columns) << 2) {
      const index = load<u32>(args.indices + ((<usize>i) << 2));
      if (index < <u32>columns) store<f32>(out + ((<usize>index) << 2), args.on);
    }
  }
}

@unmanaged
export class EqualInt32Args {
  n: i32;
  a: InI32; // [n]
  b: InI32; // [n]
  out: OutF32; // [n]
}

/** out = 1 where a = b, 0 elsewhere */
export function equalInt32(args: EqualInt32Args, task: Task): void {
  const pieces = Pieces.count(args.n, TURN);
  for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++) {
    const first = Pieces.first(piece, TURN);
    const offset = (<usize>first) << 2;
    const count = Pieces.end(piece, TURN, args.n) - first;
    mapRow<Same>(args.out + offset, args.a + offset, args.b + offset, count, f32x4.splat(1), f32x4.splat(0));
  }
}

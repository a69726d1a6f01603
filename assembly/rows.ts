// Row by row over [rows, columns]: the loops under softmax and cross-entropy. A row's last vector may be short:
// absent lanes are not read, not stored and count nothing in sums.

import { Lanes } from "./lanes";
import { Maths } from "./math";
import { Pieces } from "./pieces";
import { Task } from "./task";
import { Vec } from "./vec";

/** How the operands of every row kernel begin. */
@unmanaged
export class RowsArgs {
  rows: i32;
  columns: i32;
}

/** Elements that are worth a turn of a thread. */
const TURN: i32 = 2048;

@final
@unmanaged
export class Row {
  @inline static load(at: usize, left: i32): v128 {
    return left >= 4 ? v128.load(at) : Lanes.load(at, left);
  }

  @inline static store(at: usize, value: v128, left: i32): void {
    if (left >= 4) v128.store(at, value);
    else Lanes.store(at, value, left);
  }

  /** `value` with lanes from `left` on made 0. */
  @inline static keep(value: v128, left: i32): v128 {
    if (left >= 4) return value;
    return v128.and(value, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(left)));
  }
}

/** Calls op.row(args, row, columns) for each row. */
export function eachRow<OP>(task: Task, args: usize): void {
  const rows = changetype<RowsArgs>(args).rows;
  const columns = changetype<RowsArgs>(args).columns;
  const turn = max(1, TURN / max(1, columns));
  const turns = Pieces.count(rows, turn);
  for (let at = task.thread; at < turns; at += task.threads, task.beat++) {
    const end = Pieces.end(at, turn, rows);
    for (let row = Pieces.first(at, turn); row < end; row++) changetype<OP>(0).row(args, row, columns);
  }
}

/** out = op(a, b, p, q); out may be a or b. */
export function mapRow<OP>(out: usize, a: usize, b: usize, n: i32, p: f32, q: f32): void {
  const ps = f32x4.splat(p);
  const qs = f32x4.splat(q);
  for (let left = n; left > 0; left -= 4) {
    const value = changetype<OP>(0).f(Row.load(a, left), Row.load(b, left), ps, qs);
    Row.store(out, value, left);
    out += 16;
    a += 16;
    b += 16;
  }
}

/** The sum of op(a, b, p, q). */
export function sumRow<OP>(a: usize, b: usize, n: i32, p: f32, q: f32): f32 {
  const ps = f32x4.splat(p);
  const qs = f32x4.splat(q);
  let sum = f32x4.splat(0);
  for (let left = n; left > 0; left -= 4) {
    const value = changetype<OP>(0).f(Row.load(a, left), Row.load(b, left), ps, qs);
    sum = f32x4.add(sum, Row.keep(value, left));
    a += 16;
    b += 16;
  }
  return Vec.sum(sum);
}

/** The sum of exp(x - shift), whose terms go to `out` where that is not 0. */
export function expRow(out: usize, x: usize, n: i32, shift: f32): f32 {
  const shifts = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  for (let left = n; left > 0; left -= 4) {
    const value = Maths.exp(f32x4.sub(Row.load(x, left), shifts));
    if (out) {
      Row.store(out, value, left);
      out += 16;
    }
    sum = f32x4.add(sum, Row.keep(value, left));
    x += 16;
  }
  return Vec.sum(sum);
}

/** log(x) */
export function logOne(x: f32): f32 {
  return f32x4.extract_lane(Maths.log(f32x4.splat(x)), 0);
}

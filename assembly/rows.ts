// Over the rows of [rows, columns]: the loops under softmax and cross-entropy. Wide rows are taken one by one, with
// neighbours in the lanes of a vector. Of narrow ones four are laid side by side, a row a lane, so that nothing is
// folded across lanes and vectors are full whatever the width. The functions below do both: `n` floats are the
// elements of one row, or four times as many of four rows.

import { Lanes } from "./lanes";
import { Maths } from "./math";
import { Own } from "./own";
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
/** Columns of the widest rows that are laid side by side, a multiple of four. */
const NARROW: i32 = 32;
/** Bytes of four such rows. */
const SIDE_BYTES: usize = 16 * 32;

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

  /** What belongs to `count` rows, a value each; lanes beyond repeat the last. */
  @inline static values(at: usize, count: i32): v128 {
    if (count >= 4) return v128.load(at);
    const last = (<usize>(count - 1)) << 2;
    let x = v128.load32_splat(at + last);
    if (count > 1) x = v128.load32_lane(at, x, 0);
    if (count > 2) x = v128.load32_lane(at, x, 1, 4);
    return x;
  }

  /** A row's sum in every lane, where its elements are spread over the lanes. */
  @inline static sum(sums: v128, aside: bool): v128 {
    return aside ? sums : f32x4.splat(Vec.sum(sums));
  }
}

/** Four rows side by side: element j of row k is lane k of vector j. Rows from `count` on repeat the last. */
@final
@unmanaged
class Aside {
  static read(side: usize, x: usize, step: usize, columns: i32, count: i32): void {
    if (columns < 4) {
      Aside.few(side, x, step, columns, count, true);
      return;
    }
    const b = count > 1 ? x + step : x;
    const c = count > 2 ? b + step : b;
    const d = count > 3 ? c + step : c;
    // the last four columns overlap those before
    const last = (<usize>(columns - 4)) << 2;
    for (let j: usize = 0; ; j = min(j + 16, last)) {
      Aside.turn(v128.load(x + j), v128.load(b + j), v128.load(c + j), v128.load(d + j), side + 4 * j, 16, 32, 48);
      if (j === last) break;
    }
  }

  static write(side: usize, out: usize, step: usize, columns: i32, count: i32): void {
    if (columns < 4) {
      Aside.few(side, out, step, columns, count, false);
      return;
    }
    const b = count > 1 ? step : 0;
    const c = count > 2 ? b + step : b;
    const d = count > 3 ? c + step : c;
    const last = (<usize>(columns - 4)) << 2;
    for (let j: usize = 0; ; j = min(j + 16, last)) {
      const x = side + 4 * j;
      Aside.turn(v128.load(x), v128.load(x, 16), v128.load(x, 32), v128.load(x, 48), out + j, b, c, d);
      if (j === last) break;
    }
  }

  /** Stores four vectors turned into columns. */
  @inline private static turn(
    a: v128,
    b: v128,
    c: v128,
    d: v128,
    out: usize,
    second: usize,
    third: usize,
    fourth: usize,
  ): void {
    const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(abLow, cdLow, 0, 1, 4, 5));
    v128.store(out + second, v128.shuffle<f32>(abLow, cdLow, 2, 3, 6, 7));
    v128.store(out + third, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5));
    v128.store(out + fourth, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7));
  }

  /** Both ways for rows shorter than a vector. */
  private static few(side: usize, row: usize, step: usize, columns: i32, count: i32, forth: bool): void {
    for (let k = 0; k < 4; k++) {
      for (let j = 0; j < columns; j++) {
        const there = side + ((<usize>((j << 2) + k)) << 2);
        const here = row + ((<usize>j) << 2);
        if (forth) store<f32>(there, load<f32>(here));
        else store<f32>(here, load<f32>(there));
      }
      if (k + 1 < count) row += step;
    }
  }
}

/** Bytes of scratch that eachRow needs. */
export function rowsScratch(args: RowsArgs, threads: i32): i32 {
  return args.columns <= NARROW ? Own.bytes(0, 2 * SIDE_BYTES, threads) : 0;
}

/**
 * Calls op(args, row, count, x, y, out, n, aside), by index, for each row, or for four at a time. x and y are inputs and
 * out an output [rows, columns], 0 where there is none; out may be an input.
 */
export function eachRow(task: Task, args: usize, op: u32, x: usize, y: usize, out: usize): void {
  const rows = changetype<RowsArgs>(args).rows;
  const columns = changetype<RowsArgs>(args).columns;
  const step = (<usize>columns) << 2;
  const aside = columns <= NARROW;
  const side = Own.at(task, 0, 2 * SIDE_BYTES);
  const height = aside ? 4 : 1;
  const turn = max(1, TURN / max(1, columns * height)) * height;
  const turns = Pieces.count(rows, turn);
  for (let at = Pieces.from(task, turns), last = Pieces.to(task, turns); at < last; at++, task.beat++) {
    const end = Pieces.end(at, turn, rows);
    for (let row = Pieces.first(at, turn); row < end; row += height) {
      const count = min(height, end - row);
      const offset = <usize>row * step;
      let a = x + offset;
      let b = y + offset;
      let to = out + offset;
      if (aside) {
        Aside.read(side, a, step, columns, count);
        if (y) Aside.read(side + SIDE_BYTES, b, step, columns, count);
        a = side;
        b = side + SIDE_BYTES;
        to = side;
      }
      call_indirect<void>(op, args, row, count, a, b, to, columns * height, aside);
      if (aside && out) Aside.write(side, out + offset, step, columns, count);
    }
  }
}

/** out = op(a, b, p, q); out may be a or b. */
export function mapRow<OP>(out: usize, a: usize, b: usize, n: i32, p: v128, q: v128): void {
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(out, changetype<OP>(0).f(v128.load(a), v128.load(b), p, q));
    out += 16;
    a += 16;
    b += 16;
  }
  if (left > 0) Lanes.store(out, changetype<OP>(0).f(Lanes.load(a, left), Lanes.load(b, left), p, q), left);
}

/** The sums of op(a, b, p, q), by lanes. */
export function sumRow<OP>(a: usize, b: usize, n: i32, p: v128, q: v128): v128 {
  let sum = f32x4.splat(0);
  let left = n;
  for (; left >= 4; left -= 4) {
    sum = f32x4.add(sum, changetype<OP>(0).f(v128.load(a), v128.load(b), p, q));
    a += 16;
    b += 16;
  }
  if (left > 0) {
    const value = changetype<OP>(0).f(Lanes.load(a, left), Lanes.load(b, left), p, q);
    sum = f32x4.add(sum, Row.keep(value, left));
  }
  return sum;
}

/** A row's maximum in every lane; where there is a NaN, some number or NaN. */
export function maxRow(x: usize, n: i32, aside: bool): v128 {
  let most = f32x4.splat(-Infinity);
  if (n === 0) return most;
  const last = x + ((<usize>n) << 2) - 16; // a wide row has four elements, and one more time does not matter
  for (; x < last; x += 16) most = f32x4.pmax(most, v128.load(x));
  most = f32x4.pmax(most, v128.load(last));
  if (aside) return most;
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  return f32x4.pmax(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));
}

/** The sums of exp(x - shift), by lanes, whose terms go to `out` where that is not 0. */
export function expRow(out: usize, x: usize, n: i32, shift: v128): v128 {
  let sum = f32x4.splat(0);
  let left = n;
  while (true) {
    // no call in this loop, so that the sum stays in its register
    for (; left >= 4; left -= 4, x += 16) {
      const power = f32x4.sub(v128.load(x), shift);
      if (Maths.far(power)) break;
      const value = Maths.expNear(power);
      sum = f32x4.add(sum, value);
      if (!out) continue;
      v128.store(out, value);
      out += 16;
    }
    if (left <= 0) return sum;
    const value = Maths.expWhole(f32x4.sub(Row.load(x, left), shift));
    if (out) Row.store(out, value, left);
    sum = f32x4.add(sum, Row.keep(value, left));
    left -= 4;
    x += 16;
    out += out ? 16 : 0;
  }
}

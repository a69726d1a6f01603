// Reductions of [outer, size, inner] over `size`, and the index of a row's maximum. inner = 1 reduces rows,
// outer = 1 columns. Long reductions are cut into pieces whose partials a second phase combines in order.
// Nothing reduced gives 0, -Infinity, Infinity; NaN in gives NaN out.

import { Columns, foldColumns, foldGroups, Max, Min, Sum } from "./columns";
import { Lanes } from "./lanes";
import { Pieces } from "./pieces";
import { InF32, OutF32, OutI32, Task } from "./task";

@unmanaged
export class ReduceSumArgs {
  outer: i32;
  size: i32;
  inner: i32;
  x: InF32; // [outer, size, inner]
  out: OutF32; // [outer, inner]
  // last, so that the others stand where ReduceArgs has them
  scale: f32;
}

@unmanaged
export class ReduceArgs {
  outer: i32;
  size: i32;
  inner: i32;
  x: InF32; // [outer, size, inner]
  out: OutF32; // [outer, inner]
}

/** Elements of a row's piece. */
const ROW_PIECE: i32 = 1 << 14;
/** Elements of the longest rows of which four are taken at once, a row a lane. */
const NARROW: i32 = 32;
/** Columns of a piece of a wide matrix. */
const BLOCK: i32 = 1024;
/** Elements that are worth a turn of a thread. */
const TURN: i32 = 1 << 12;

/** The fold of n neighbouring elements. */
export function foldRow<OP>(x: usize, n: i32): f32 {
  const op = changetype<OP>(0);
  let left = n;
  let at = x;
  let result = op.start();
  if (left >= 4) {
    let a = f32x4.splat(result);
    if (left >= 16) {
      let b = a;
      let c = a;
      let d = a;
      for (; left >= 16; left -= 16, at += 64) {
        a = op.gather(a, v128.load(at));
        b = op.gather(b, v128.load(at, 16));
        c = op.gather(c, v128.load(at, 32));
        d = op.gather(d, v128.load(at, 48));
      }
      a = op.combine<v128>(op.combine<v128>(a, b), op.combine<v128>(c, d));
    }
    for (; left >= 4; left -= 4, at += 16) a = op.gather(a, v128.load(at));
    a = op.combine<v128>(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
    result = op.combine<f32>(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1));
  }
  for (; left > 0; left--, at += 4) result = op.combine<f32>(result, load<f32>(at));
  return op.settled(result, x, n);
}

/** The folds of four rows of n > 0, one behind the other, in four lanes. Reads up to 12 bytes before them. */
function foldFour<OP>(x: usize, n: i32): v128 {
  const op = changetype<OP>(0);
  const second = (<usize>n) << 2;
  const third = second << 1;
  const fourth = second + third;
  const end = x + second - 16;
  // of a row's last vector the lanes that no whole one has
  const fresh = i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(4 - (n & 3)));
  const none = f32x4.splat(op.start());
  let a = v128.bitselect(v128.load(end), none, fresh);
  let b = v128.bitselect(v128.load(end + second), none, fresh);
  let c = v128.bitselect(v128.load(end + third), none, fresh);
  let d = v128.bitselect(v128.load(end + fourth), none, fresh);
  for (let at = x; at <= end; at += 16) {
    a = op.combine<v128>(a, v128.load(at));
    b = op.combine<v128>(b, v128.load(at + second));
    c = op.combine<v128>(c, v128.load(at + third));
    d = op.combine<v128>(d, v128.load(at + fourth));
  }
  a = op.combine<v128>(v128.shuffle<f32>(a, b, 0, 4, 2, 6), v128.shuffle<f32>(a, b, 1, 5, 3, 7));
  c = op.combine<v128>(v128.shuffle<f32>(c, d, 0, 4, 2, 6), v128.shuffle<f32>(c, d, 1, 5, 3, 7));
  return op.combine<v128>(v128.shuffle<f32>(a, c, 0, 1, 4, 5), v128.shuffle<f32>(a, c, 2, 3, 6, 7));
}

function reduceRows<OP>(args: ReduceArgs, scale: f32, task: Task): void {
  let x = args.x;
  let out = args.out;
  let size = args.size;
  let pieces = max(1, Pieces.count(size, ROW_PIECE));
  if (pieces > 1) {
    if (task.phase === 0) {
      out = task.scratch; // [outer, pieces]
      scale = 1;
    } else {
      x = task.scratch;
      size = pieces;
      pieces = 1;
    }
  }
  const units = args.outer * pieces;
  const turn = max(1, TURN / max(1, min(size, ROW_PIECE)));
  const turns = Pieces.count(units, turn);
  for (let at = Pieces.from(task, turns), last = Pieces.to(task, turns); at < last; at++, task.beat++) {
    const end = Pieces.end(at, turn, units);
    for (let unit = Pieces.first(at, turn); unit < end; unit++) {
      let row = unit;
      let first = 0;
      if (pieces > 1) {
        row = unit / pieces;
        first = (unit - row * pieces) * ROW_PIECE;
      }
      const from = x + ((<usize>row * size + first) << 2);
      if (size <= NARROW && size > 0 && unit + 4 <= end) {
        v128.store(out + ((<usize>unit) << 2), f32x4.mul(foldFour<OP>(from, size), f32x4.splat(scale)));
        unit += 3;
        continue;
      }
      store<f32>(out + ((<usize>unit) << 2), foldRow<OP>(from, min(ROW_PIECE, size - first)) * scale);
    }
  }
}

function reduceColumns<OP>(args: ReduceArgs, scale: f32, task: Task): void {
  const inner = args.inner;
  const size = args.size;
  let x = args.x;
  let out = args.out;
  let group = Columns.group(size, inner);
  let rows = Columns.pieceRows(group, inner);
  let pieces = max(1, Pieces.count(size, rows));
  let last = size;
  if (pieces > 1 || group > 1) {
    if (task.phase === 0) {
      out = task.scratch; // [outer, pieces, group, inner]
      scale = 1;
    } else {
      x = task.scratch;
      last = pieces * group;
      rows = last;
      pieces = 1;
      group = 1;
    }
  }
  const blocks = Pieces.count(inner, BLOCK);
  const units = args.outer * pieces * blocks;
  const stride = (<usize>inner) << 2;
  for (let unit = Pieces.from(task, units), end = Pieces.to(task, units); unit < end; unit++, task.beat++) {
    const index = unit / blocks;
    const block = unit - index * blocks;
    const row = index / pieces;
    const first = (index - row * pieces) * rows;
    const count = min(rows, last - first);
    const from = x + (<usize>row * last + first) * stride;
    const to = out + <usize>index * group * stride;
    if (group > 1) {
      foldGroups<OP>(to, from, inner, group, count);
    } else {
      const offset = (<usize>Pieces.first(block, BLOCK)) << 2;
      const width = ((<usize>Pieces.end(block, BLOCK, inner)) << 2) - offset;
      foldColumns<OP>(to + offset, from + offset, width, stride, count);
      if (scale !== 1) {
        for (let j = offset; j < offset + width; j += 4) store<f32>(to + j, load<f32>(to + j) * scale);
      }
    }
  }
}

function reduce<OP>(args: ReduceArgs, scale: f32, task: Task): void {
  if (args.inner === 1) reduceRows<OP>(args, scale, task);
  else reduceColumns<OP>(args, scale, task);
}

/** Values that the first phase leaves to the second, 0 where one phase is enough. */
function partials(outer: i32, size: i32, inner: i32): i32 {
  if (inner === 1) {
    const pieces = Pieces.count(size, ROW_PIECE);
    return pieces > 1 ? outer * pieces : 0;
  }
  const group = Columns.group(size, inner);
  const pieces = Pieces.count(size, Columns.pieceRows(group, inner));
  return pieces > 1 || group > 1 ? outer * pieces * group * inner : 0;
}

export function reduceSumScratch(args: ReduceSumArgs, _threads: i32): i32 {
  return partials(args.outer, args.size, args.inner) << 2;
}

export function reduceSumPhases(args: ReduceSumArgs, _threads: i32): i32 {
  return partials(args.outer, args.size, args.inner) > 0 ? 2 : 1;
}

/** out = scale * the sum of x over `size` */
export function reduceSum(args: ReduceSumArgs, task: Task): void {
  reduce<Sum>(changetype<ReduceArgs>(args), args.scale, task);
}

export function reduceMaxScratch(args: ReduceArgs, _threads: i32): i32 {
  return partials(args.outer, args.size, args.inner) << 2;
}

export function reduceMaxPhases(args: ReduceArgs, _threads: i32): i32 {
  return partials(args.outer, args.size, args.inner) > 0 ? 2 : 1;
}

/** out = the greatest x over `size` */
export function reduceMax(args: ReduceArgs, task: Task): void {
  reduce<Max>(args, 1, task);
}

export function reduceMinScratch(args: ReduceArgs, _threads: i32): i32 {
  return partials(args.outer, args.size, args.inner) << 2;
}

export function reduceMinPhases(args: ReduceArgs, _threads: i32): i32 {
  return partials(args.outer, args.size, args.inner) > 0 ? 2 : 1;
}

/** out = the least x over `size` */
export function reduceMin(args: ReduceArgs, task: Task): void {
  reduce<Min>(args, 1, task);
}

@unmanaged
export class ArgMaxArgs {
  rows: i32;
  columns: i32;
  x: InF32; // [rows, columns]
  out: OutI32; // [rows]
}

/** Where the first of n elements that equals `most` or is NaN stands; 0 where there is none. */
function firstOf(x: usize, n: i32, most: v128): i32 {
  for (let i = 0; i < n; i += 4, x += 16) {
    const value = Lanes.read(x, n - i);
    const found = i32x4.bitmask(v128.or(f32x4.eq(value, most), f32x4.ne(value, value)));
    if (found) return i + ctz(found);
  }
  return 0;
}

/** The same for the maxima of `count` (1 to 4) rows of n elements, `stride` bytes apart, a row a lane. */
function firstOfFour(x: usize, n: i32, stride: usize, count: i32): v128 {
  let most = Lanes.gather(x, stride, count);
  let first = i32x4.splat(0);
  let at = first;
  const one = i32x4.splat(1);
  for (let i = 1; i < n; i++) {
    x += 4;
    at = i32x4.add(at, one);
    const value = Lanes.gather(x, stride, count);
    // a NaN compares false and stays
    const stays = v128.or(f32x4.le(value, most), f32x4.ne(most, most));
    most = v128.bitselect(most, value, stays);
    first = v128.bitselect(first, at, stays);
  }
  return first;
}

/** out = the column of each row's first maximum, or of its first NaN; 0 where there are no columns */
export function argMax(args: ArgMaxArgs, task: Task): void {
  const columns = args.columns;
  const turn = max(1, TURN / max(1, columns));
  const turns = Pieces.count(args.rows, turn);
  for (let at = Pieces.from(task, turns), last = Pieces.to(task, turns); at < last; at++, task.beat++) {
    const end = Pieces.end(at, turn, args.rows);
    const height = columns > 0 && columns <= NARROW ? 4 : 1;
    for (let row = Pieces.first(at, turn); row < end; row += height) {
      const x = args.x + ((<usize>row * columns) << 2);
      if (height > 1) {
        const count = min(4, end - row);
        Lanes.write(args.out + ((<usize>row) << 2), firstOfFour(x, columns, (<usize>columns) << 2, count), count);
        continue;
      }
      store<i32>(args.out + ((<usize>row) << 2), firstOf(x, columns, f32x4.splat(foldRow<Max>(x, columns))));
    }
  }
}

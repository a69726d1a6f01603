// Moves bytes: contiguous copies and fills.

import { Lanes } from "./lanes";
import { Pieces } from "./pieces";
import { InF32, InOutF32, OutF32, Task } from "./task";

@unmanaged
export class CopyArgs {
  n: i32;
  x: InF32; // [n]
  out: OutF32; // [n]
}

const COPY_PIECE: i32 = 1 << 16;

/** out = x */
export function copy(args: CopyArgs, task: Task): void {
  const n = args.n;
  const count = Pieces.count(n, COPY_PIECE);
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
    const first = Pieces.first(piece, COPY_PIECE);
    const end = Pieces.end(piece, COPY_PIECE, n);
    memory.copy(args.out + ((<usize>first) << 2), args.x + ((<usize>first) << 2), (<usize>(end - first)) << 2);
  }
}

@unmanaged
export class FillArgs {
  n: i32;
  value: f32;
  out: OutF32; // [n]
}

/** out = value */
export function fill(args: FillArgs, task: Task): void {
  const value = f32x4.splat(args.value);
  const n = args.n;
  const count = Pieces.count(n, COPY_PIECE);
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
    let at = args.out + ((<usize>Pieces.first(piece, COPY_PIECE)) << 2);
    const end = args.out + ((<usize>Pieces.end(piece, COPY_PIECE, n)) << 2);
    for (; at + 64 <= end; at += 64) {
      v128.store(at, value);
      v128.store(at, value, 16);
      v128.store(at, value, 32);
      v128.store(at, value, 48);
    }
    for (; at + 16 <= end; at += 16) v128.store(at, value);
    for (; at < end; at += 4) store<f32>(at, args.value);
  }
}

@unmanaged
export class BlockCopyArgs {
  rows: i32;
  columns: i32;
  xStride: i32;
  xOffset: i32;
  outStride: i32;
  outOffset: i32;
  x: InF32; // [(rows - 1) * xStride + (rows > 0 ? xOffset + columns : 0)]
  out: InOutF32; // [(rows - 1) * outStride + (rows > 0 ? outOffset + columns : 0)]
}

/** out[r][outOffset + c] = x[r][xOffset + c]: rows of `columns` numbers out of and into wider ones. */
export function blockCopy(args: BlockCopyArgs, task: Task): void {
  const rows = args.rows;
  const columns = args.columns;
  const rowsPerPiece = max(1, COPY_PIECE / max(1, columns));
  const count = Pieces.count(rows, rowsPerPiece);
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
    const first = Pieces.first(piece, rowsPerPiece);
    const end = Pieces.end(piece, rowsPerPiece, rows);
    let x = args.x + ((<usize>(args.xOffset + first * args.xStride)) << 2);
    let out = args.out + ((<usize>(args.outOffset + first * args.outStride)) << 2);
    for (let row = first; row < end; row++) {
      // a call of memory.copy costs more than a few numbers
      if (columns < 64) Lanes.copy(x, out, columns);
      else memory.copy(out, x, (<usize>columns) << 2);
      x += (<usize>args.xStride) << 2;
      out += (<usize>args.outStride) << 2;
    }
  }
}

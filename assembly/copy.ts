// Moves bytes: contiguous copies and fills.

import { Pieces } from "./pieces";
import { InF32, OutF32, Task } from "./task";

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
  for (let piece = task.thread; piece < count; piece += task.threads) {
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
  for (let piece = task.thread; piece < count; piece += task.threads) {
    let at = args.out + ((<usize>Pieces.first(piece, COPY_PIECE)) << 2);
    const end = args.out + ((<usize>Pieces.end(piece, COPY_PIECE, n)) << 2);
    for (; at + 16 <= end; at += 16) v128.store(at, value);
    for (; at < end; at += 4) store<f32>(at, args.value);
  }
}

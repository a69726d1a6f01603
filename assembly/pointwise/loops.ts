// The loops over contiguous floats, written once: what is done to an element comes as a functor type with
// f(x, p, q), or f(x, dy, p, q) for gradients and other pairs. p and q are parameters in all lanes, unused by most.
// The long forms hold the functor's code once, for whole and partial vectors; the others are faster for short functors.

import { Lanes } from "../lanes";
import { Pieces } from "../pieces";
import { Task } from "../task";

const PIECE: i32 = 1 << 14;

@final
@unmanaged
export class Loops {
  /** out = f(x) for n floats; out may be x. */
  static map<F>(n: i32, x: usize, out: usize, p: v128, q: v128): void {
    const end = x + ((<usize>n) << 2);
    const offset = out - x;
    let at = x;
    for (; at + 32 <= end; at += 32) {
      const y0 = changetype<F>(0).f(v128.load(at), p, q);
      const y1 = changetype<F>(0).f(v128.load(at, 16), p, q);
      v128.store(at + offset, y0);
      v128.store(at + offset, y1, 16);
    }
    for (; at < end; at += 16) {
      const rest = <i32>((end - at) >> 2);
      Lanes.write(at + offset, changetype<F>(0).f(Lanes.read(at, rest), p, q), rest);
    }
  }

  static mapLong<F>(n: i32, x: usize, out: usize, p: v128, q: v128): void {
    const end = x + ((<usize>n) << 2);
    const offset = out - x;
    for (let at = x; at < end; at += 16) {
      const rest = <i32>((end - at) >> 2);
      Lanes.write(at + offset, changetype<F>(0).f(Lanes.read(at, rest), p, q), rest);
    }
  }

  /** dx = f(x, dy) for n floats; dx may be x or dy. */
  @inline static mapGradient<F>(n: i32, x: usize, dy: usize, dx: usize, p: v128, q: v128): void {
    const end = x + ((<usize>n) << 2);
    const toDy = dy - x;
    const toDx = dx - x;
    let at = x;
    for (; at + 16 <= end; at += 16) {
      v128.store(at + toDx, changetype<F>(0).f(v128.load(at), v128.load(at + toDy), p, q));
    }
    const rest = <i32>((end - at) >> 2);
    if (rest > 0) {
      const tail = changetype<F>(0).f(Lanes.load(at, rest), Lanes.load(at + toDy, rest), p, q);
      Lanes.store(at + toDx, tail, rest);
    }
  }

  @inline static mapGradientLong<F>(n: i32, x: usize, dy: usize, dx: usize, p: v128, q: v128): void {
    const end = x + ((<usize>n) << 2);
    const toDy = dy - x;
    const toDx = dx - x;
    for (let at = x; at < end; at += 16) {
      const rest = <i32>((end - at) >> 2);
      const y = changetype<F>(0).f(Lanes.read(at, rest), Lanes.read(at + toDy, rest), p, q);
      Lanes.write(at + toDx, y, rest);
    }
  }

  /** map over the pieces of this thread */
  @inline static unary<F>(n: i32, x: usize, out: usize, p: v128, q: v128, task: Task): void {
    const count = Pieces.count(n, PIECE);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      const first = Pieces.first(piece, PIECE);
      const at = (<usize>first) << 2;
      Loops.map<F>(Pieces.end(piece, PIECE, n) - first, x + at, out + at, p, q);
      task.beat++;
    }
  }

  @inline static unaryLong<F>(n: i32, x: usize, out: usize, p: v128, q: v128, task: Task): void {
    const count = Pieces.count(n, PIECE);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      const first = Pieces.first(piece, PIECE);
      const at = (<usize>first) << 2;
      Loops.mapLong<F>(Pieces.end(piece, PIECE, n) - first, x + at, out + at, p, q);
      task.beat++;
    }
  }

  /** mapGradient over the pieces of this thread */
  @inline static gradient<F>(n: i32, x: usize, dy: usize, dx: usize, p: v128, q: v128, task: Task): void {
    const count = Pieces.count(n, PIECE);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      const first = Pieces.first(piece, PIECE);
      const at = (<usize>first) << 2;
      Loops.mapGradient<F>(Pieces.end(piece, PIECE, n) - first, x + at, dy + at, dx + at, p, q);
      task.beat++;
    }
  }

  @inline static gradientLong<F>(n: i32, x: usize, dy: usize, dx: usize, p: v128, q: v128, task: Task): void {
    const count = Pieces.count(n, PIECE);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      const first = Pieces.first(piece, PIECE);
      const at = (<usize>first) << 2;
      Loops.mapGradientLong<F>(Pieces.end(piece, PIECE, n) - first, x + at, dy + at, dx + at, p, q);
      task.beat++;
    }
  }
}

// The loops over contiguous floats, written once: what is done to an element comes as a functor type.
// A functor has f(x, p, q) or f(x, dy, p, q); p and q are parameters in all lanes, unused by most.

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
    for (; at + 16 <= end; at += 16) v128.store(at + offset, changetype<F>(0).f(v128.load(at), p, q));
    const rest = <i32>((end - at) >> 2);
    if (rest > 0) Lanes.store(at + offset, changetype<F>(0).f(Lanes.load(at, rest), p, q), rest);
  }

  /** Like map, for functors of many instructions: they stand once in the code, for whole and partial vectors. */
  static mapLong<F>(n: i32, x: usize, out: usize, p: v128, q: v128): void {
    const end = x + ((<usize>n) << 2);
    const offset = out - x;
    for (let at = x; at < end; at += 16) {
      const rest = <i32>((end - at) >> 2);
      const y = changetype<F>(0).f(rest >= 4 ? v128.load(at) : Lanes.load(at, rest), p, q);
      if (rest >= 4) v128.store(at + offset, y);
      else Lanes.store(at + offset, y, rest);
    }
  }
}

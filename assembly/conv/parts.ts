// A long sum of whole arrays, cut into parts by the shape alone: each part is summed into its own copy at the start
// of the scratch, and a second phase adds the copies up in order.

import { Pieces } from "../pieces";
import { Span } from "../span";
import { Task } from "../task";

/** Bytes for all parts, and most parts. */
const PARTS_BYTES: i32 = 1 << 18;
const PARTS_MAX: i32 = 16;
const COMBINE_PIECE: i32 = 1 << 12;

@final
@unmanaged
export class Parts {
  /** Parts of a sum of `terms` arrays of n floats; a single one goes straight to the output. */
  static count(terms: i32, n: i32): i32 {
    return max(1, min(min(terms, PARTS_MAX), PARTS_BYTES / max(1, n << 2)));
  }

  static bytes(parts: i32, n: i32): usize {
    return parts > 1 ? (((<usize>parts * n) << 2) + 15) & ~15 : 0;
  }

  /** out = the sum of `parts` arrays of n floats at the start of the scratch, in index order. */
  static combine(task: Task, out: usize, n: i32, parts: i32): void {
    const count = Pieces.count(n, COMBINE_PIECE);
    const partBytes = (<usize>n) << 2;
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      const end = Pieces.end(piece, COMBINE_PIECE, n);
      for (let i = Pieces.first(piece, COMBINE_PIECE); i < end; i += 4) {
        let at = task.scratch + ((<usize>i) << 2);
        let sum = Span.load(at, end - i);
        for (let part = 1; part < parts; part++) {
          at += partBytes;
          sum = f32x4.add(sum, Span.load(at, end - i));
        }
        Span.store(out + ((<usize>i) << 2), sum, end - i);
      }
    }
  }
}

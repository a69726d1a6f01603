// Work is cut into pieces by the shape alone, and a part of an instruction is a run of neighbouring pieces. So no result depends
// on the number of threads, and where instructions go over the same examples, a thread finds in its cache what it wrote before.

import { Task } from "./task";

@final
@unmanaged
export class Pieces {
  /** Number of pieces of `size` elements that cover `n`. */
  @inline static count(n: i32, size: i32): i32 {
    return (n + size - 1) / size;
  }

  /** First element of a piece. */
  @inline static first(piece: i32, size: i32): i32 {
    return piece * size;
  }

  /** One past the last element of a piece. */
  @inline static end(piece: i32, size: i32, n: i32): i32 {
    return min(piece * size + size, n);
  }

  /** The first of `count` pieces that the task's part is. */
  @inline static from(task: Task, count: i32): i32 {
    return Pieces.before(task.thread, task.threads, count, 0);
  }

  /** One past the last of them. */
  @inline static to(task: Task, count: i32): i32 {
    return Pieces.before(task.thread + 1, task.threads, count, 0);
  }

  /**
   * Pieces of the parts before one: as many for each, and of what is left over the first part has one. Where `earlier` pieces of the same
   * instruction were dealt before, the next part has it, so that in the end all have as many.
   */
  static before(part: i32, parts: i32, count: i32, earlier: i32): i32 {
    if (part === 0) return 0;
    if (part === parts) return count;
    if (part > parts) return Pieces.before(parts, parts, count, 0); // never: what calls itself is not inlined, in a hundred loops
    return <i32>((<i64>count * part + parts - 1 - (earlier % parts)) / parts);
  }
}

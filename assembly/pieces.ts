// Work is cut into pieces by the shape alone, and threads take pieces: thread t takes t, t + threads, ...
// So no result depends on the number of threads.

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
}

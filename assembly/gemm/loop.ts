// The loops round the register tile: C[m, n] (+)= A[m, k] B[k, n] in blocks that fit the caches. What A, B and C
// are is said by three functors, `@unmanaged` classes whose `this` is the address `context` (normally the operands):
//   PackA  fill(to, row, rows, k, depth)       panel[depth][R] of A, rows <= R = TILE_ROWS; see pack.ts
//   PackB  fill(to, column, columns, k, depth) panel[depth][8] of B, columns <= 8
//          inPlace(): bool, at(column, k): usize, stride(): usize   where rows of B may be read where they lie
//   Store  see below; `gemm.ts` has one of each.

import { Pieces } from "../pieces";
import { Task } from "../task";
import { gemmTileRx4, gemmTileRx8, TILE_A, TILE_ROWS } from "./tile";

// Store:
//   oldFactor(): f32                     C's old content counts so many times; 0 does not read it
//   at(row, column): usize               where a whole tile of R x 8 is row-major and may be summed in place, otherwise 0
//   stride(): usize                      bytes from row to row there
//   load(tile, row, rows, column, columns), store(...)   a tile that is not whole, from and to a copy [R, 8]
//   finish(tile, stride, row, rows, column, columns)     once the sum is complete: bias and activation, in place on
//                                        a tile or its copy; all eight columns of the copy may be written
// load is called before the first block only where beta is not 0.

const TILE_COLUMNS: i32 = 8;
const TILE_STRIDE: usize = 32;
/** Greatest blocks: k of a panel, and rows and columns of a piece of C. */
const DEPTH: i32 = 256;
const ROWS: i32 = 192;
const COLUMNS: i32 = 256;

@final
@unmanaged
export class GemmLoop {
  /** Equal blocks of at most `most`, in whole units. */
  @inline static block(total: i32, most: i32, unit: i32): i32 {
    const blocks = max(1, Pieces.count(total, most));
    return max(unit, Pieces.count(Pieces.count(total, blocks), unit) * unit);
  }

  @inline static depth(k: i32): i32 {
    return GemmLoop.block(k, DEPTH, 4);
  }

  /** Rows of a piece: smaller where C is small, so that there is something for each thread. */
  @inline static rows(m: i32, n: i32, k: i32): i32 {
    const small = <f64>m * <f64>n < 131072 && <f64>m * <f64>n * <f64>k > 262144;
    return GemmLoop.block(m, small ? ROWS / 2 : ROWS, TILE_ROWS);
  }

  @inline static columns(m: i32, n: i32, k: i32): i32 {
    const small = <f64>m * <f64>n < 131072 && <f64>m * <f64>n * <f64>k > 262144;
    return GemmLoop.block(n, small ? COLUMNS / 2 : COLUMNS, TILE_COLUMNS);
  }

  /** Bytes of scratch that one thread needs: A of a piece, one panel of B, one tile. At most 205 kB. */
  static scratch(m: i32, n: i32, k: i32): i32 {
    return (GemmLoop.depth(k) * (GemmLoop.rows(m, n, k) + TILE_COLUMNS) + TILE_ROWS * TILE_COLUMNS) << 2;
  }

  /** Pieces that C is cut into. */
  @inline static pieces(m: i32, n: i32, k: i32): i32 {
    return Pieces.count(m, GemmLoop.rows(m, n, k)) * Pieces.count(n, GemmLoop.columns(m, n, k));
  }

  /** One tile of C: in place where it is whole, otherwise through a copy. */
  @inline static tile<STORE>(
    context: usize,
    depth: i32,
    a: usize,
    b: usize,
    bStride: usize,
    copy: usize,
    row: i32,
    rows: i32,
    column: i32,
    columns: i32,
    beta: f32,
    last: bool,
  ): void {
    const out = changetype<STORE>(context);
    let c: usize = 0;
    if (rows === TILE_ROWS && columns === TILE_COLUMNS) c = out.at(row, column);
    if (c) {
      const stride = out.stride();
      gemmTileRx8(depth, a, b, bStride, c, stride, beta);
      if (last) out.finish(c, stride, row, rows, column, columns);
    } else {
      if (beta !== 0) out.load(copy, row, rows, column, columns);
      if (columns > 4) gemmTileRx8(depth, a, b, bStride, copy, TILE_STRIDE, beta);
      else gemmTileRx4(depth, a, b, bStride, copy, TILE_STRIDE, beta);
      if (last) out.finish(copy, TILE_STRIDE, row, rows, column, columns);
      out.store(copy, row, rows, column, columns);
    }
  }

  /**
   * C's pieces `first`, first + task.threads, ... `scratch` holds GemmLoop.scratch bytes for this thread. A sum
   * over k is made by one piece, in order.
   */
  static run<PACKA, PACKB, STORE>(
    context: usize,
    m: i32,
    n: i32,
    k: i32,
    scratch: usize,
    first: i32,
    task: Task,
  ): void {
    const packA = changetype<PACKA>(context);
    const packB = changetype<PACKB>(context);
    const depthMost = GemmLoop.depth(k);
    const rowsMost = GemmLoop.rows(m, n, k);
    const columnsMost = GemmLoop.columns(m, n, k);
    const panelA = <usize>depthMost * TILE_A;
    const aPacked = scratch;
    const bPacked = aPacked + ((<usize>(depthMost * rowsMost)) << 2);
    const copy = bPacked + <usize>depthMost * 32;
    const across = Pieces.count(n, columnsMost);
    const count = Pieces.count(m, rowsMost) * across;
    const inPlace = packB.inPlace();
    for (let piece = first; piece < count; piece += task.threads) {
      const down = piece / across;
      const rowFirst = Pieces.first(down, rowsMost);
      const rowEnd = Pieces.end(down, rowsMost, m);
      const columnFirst = Pieces.first(piece - down * across, columnsMost);
      const columnEnd = Pieces.end(piece - down * across, columnsMost, n);
      let from = 0;
      // once even where k is 0: C = beta C + bias
      do {
        const depth = min(depthMost, k - from);
        const last = from + depth >= k;
        const beta: f32 = from > 0 ? 1 : changetype<STORE>(context).beta;
        let a = aPacked;
        for (let row = rowFirst; row < rowEnd; row += TILE_ROWS, a += panelA) {
          packA.fill(a, row, min(TILE_ROWS, rowEnd - row), from, depth);
        }
        for (let column = columnFirst; column < columnEnd; column += TILE_COLUMNS) {
          const columns = min(TILE_COLUMNS, columnEnd - column);
          let b = bPacked;
          let bStride = TILE_STRIDE;
          if (inPlace && columns === TILE_COLUMNS) {
            b = packB.at(column, from);
            bStride = packB.stride();
          } else {
            packB.fill(b, column, columns, from, depth);
          }
          a = aPacked;
          for (let row = rowFirst; row < rowEnd; row += TILE_ROWS, a += panelA) {
            const rows = min(TILE_ROWS, rowEnd - row);
            GemmLoop.tile<STORE>(context, depth, a, b, bStride, copy, row, rows, column, columns, beta, last);
          }
        }
        task.beat++;
        from += depth;
      } while (from < k);
    }
  }
}

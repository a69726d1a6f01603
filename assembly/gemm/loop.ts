// The loops round the product's tile: C[m, n] = activation(alpha op(A) op(B) + beta C + bias) in blocks that fit the
// caches. Rows of A are read where they lie, so are those of B where too few rows would share a copy.
//   scratch of a thread: Product | tile | rows [ROWS] | ks [depth] | panels of B [depth, columns] | A [depth, rows]?

import { Pieces } from "../pieces";
import { packAcross, packAlong, panelStride } from "../product/pack";
import { Product } from "../product/product";
import { PANEL, PANEL_BYTES, ROW_BYTES, Row, TILE_BYTES, TILE_ROWS } from "../product/tile";
import { Task } from "../task";
import { cacheSets, GemmArgs } from "./args";

/** Greatest blocks: k of a panel, and rows and columns of a piece of C. */
const DEPTH: i32 = 512;
const ROWS: i32 = 192;
const COLUMNS: i32 = 256;
/** Work of so many multiply-adds is cut into at least so many pieces, where they can be this large. */
const WORTH: f64 = 262144;
const PIECES: i32 = 16;
const COLUMNS_LEAST: i32 = 16;
const ROWS_LEAST: i32 = 48;
/** Fewer rows than that read B where it lies; fewer columns do so with A's transpose. */
const PACKED_FROM: i32 = 49;
/** Lines of one set of a first-level cache that B may have; some are left to A and C. */
const WAYS: i32 = 6;

const TILE_AT: i32 = 96;
const ROWS_AT: i32 = TILE_AT + TILE_BYTES;
const KS_AT: i32 = ROWS_AT + ROWS * ROW_BYTES;
/** Bytes of A's panel for one k. */
const A_BYTES: usize = TILE_ROWS << 2;

@final
@unmanaged
export class GemmLoop extends GemmArgs {
  /** Equal blocks of at most `most`, in whole units. */
  @inline private static block(total: i32, most: i32, unit: i32): i32 {
    const blocks = max(1, Pieces.count(total, most));
    return max(unit, Pieces.count(Pieces.count(total, blocks), unit) * unit);
  }

  private get depthMost(): i32 {
    return GemmLoop.block(this.k, DEPTH, 4);
  }

  private get shared(): bool {
    return <f64>this.m * <f64>this.n * <f64>this.k > WORTH;
  }

  /** The largest block of at most `most` that makes `pieces` of `total`, but none smaller than `least`. */
  private static cut(total: i32, most: i32, least: i32, unit: i32, pieces: i32): i32 {
    let size = GemmLoop.block(total, most, unit);
    while (size >= 2 * least && Pieces.count(total, size) < pieces) size = GemmLoop.block(total, size >> 1, unit);
    return size;
  }

  /** Columns of a piece. Narrow ones cost nothing where A is read as it lies. */
  private get columnsMost(): i32 {
    const wanted = this.shared ? PIECES / Pieces.count(this.m, ROWS) : 1;
    return GemmLoop.cut(this.n, COLUMNS, this.transA ? COLUMNS : COLUMNS_LEAST, PANEL, wanted);
  }

  private get rowsMost(): i32 {
    const wanted = this.shared ? PIECES / 2 / Pieces.count(this.n, this.columnsMost) : 1;
    return GemmLoop.cut(this.m, ROWS, ROWS_LEAST, TILE_ROWS, wanted);
  }

  /** A's transpose is worth a copy where its columns serve many of B. */
  private get packsA(): bool {
    return this.transA !== 0 && this.columnsMost >= PACKED_FROM;
  }

  /** Do a panel's lines stay in the first cache where B lies, because they fall on enough sets? */
  private get spread(): bool {
    return this.depthMost <= WAYS * cacheSets(this.ldb);
  }

  /** Bytes of scratch that one thread needs: at most 1 MB. */
  get scratch(): i32 {
    const depth = this.depthMost;
    const a = this.packsA ? depth * this.rowsMost : 0;
    return KS_AT + <i32>panelStride(depth) * (this.columnsMost / PANEL) + ((depth + a) << 2);
  }

  /** Pieces that C is cut into. */
  get pieces(): i32 {
    return Pieces.count(this.m, this.rowsMost) * Pieces.count(this.n, this.columnsMost);
  }

  /**
   * C's pieces from `first` up to `last`, as far as there are so many. `scratch` holds this.scratch bytes for this thread. A sum
   * over k is made by one piece, in order.
   */
  run(scratch: usize, first: i32, last: i32, task: Task): void {
    const rowsMost = this.rowsMost;
    const columnsMost = this.columnsMost;
    const across = Pieces.count(this.n, columnsMost);
    const end = min(last, Pieces.count(this.m, rowsMost) * across);
    if (first >= end) return;
    const depthMost = this.depthMost;
    const product = this.start(scratch, rowsMost, depthMost);
    for (let piece = first; piece < end; piece++) {
      const down = piece / across;
      const column = Pieces.first(piece - down * across, columnsMost);
      const columns = min(columnsMost, this.n - column);
      const row = Pieces.first(down, rowsMost);
      product.rowCount = min(rowsMost, this.m - row);
      this.piece(product, row, column, columns, depthMost, task);
    }
  }

  /** Tables and operands that are the same for all pieces. */
  private start(scratch: usize, rowsMost: i32, depth: i32): Product {
    const product = changetype<Product>(scratch);
    product.buffer = scratch + TILE_AT;
    product.rows = scratch + ROWS_AT;
    product.ks = scratch + KS_AT;
    product.alpha = this.alpha;
    const packed = this.packsA;
    const lda = this.lda << 2;
    for (let r = 0; r < rowsMost; r++) {
      const row = changetype<Row>(product.rows + r * ROW_BYTES);
      if (packed) row.a = (r / TILE_ROWS) * (depth * <i32>A_BYTES) + ((r % TILE_ROWS) << 2);
      else row.a = this.transA ? r << 2 : r * lda;
      row.out = (r * this.ldc) << 2;
      row.kFirst = 0;
    }
    const kStep = packed ? <i32>A_BYTES : this.transA ? lda : 4;
    // blocks of k are multiples of four
    let offsets = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(kStep));
    const step = i32x4.splat(kStep << 2);
    for (let at = product.ks, end = at + ((<usize>depth) << 2); at < end; at += 16) {
      v128.store(at, offsets);
      offsets = i32x4.add(offsets, step);
    }
    return product;
  }

  private piece(product: Product, row: i32, column: i32, columns: i32, depthMost: i32, task: Task): void {
    const panels = product.ks + ((<usize>depthMost) << 2);
    const ldb = (<usize>this.ldb) << 2;
    const out = this.c + ((<usize>row * this.ldc + column) << 2);
    const bias = this.bias ? this.bias + ((<usize>column) << 2) : 0;
    // whole panels of B may be read where they lie
    const inPlace =
      this.transB === 0 &&
      ((product.rowCount < PACKED_FROM && (cacheSets(this.ldb) > 1 || product.rowCount <= TILE_ROWS)) || this.spread);
    const whole = inPlace ? columns & -PANEL : 0;
    let from = 0;
    // once even where k is 0: C = beta C + bias
    do {
      const depth = min(depthMost, this.k - from);
      const last = from + depth >= this.k;
      this.limit(product, depth);
      product.beta = from > 0 ? 1 : this.beta;
      product.activation = last ? this.activation : 0;
      product.a = this.leftSide(product, panels, row, from, depth);
      if (whole > 0) {
        product.panels = this.b + ((<usize>from * this.ldb + column) << 2);
        product.panelBytes = PANEL_BYTES;
        product.kBytes = ldb;
        product.n = whole;
        product.out = out;
        product.biases = last ? bias : 0;
        product.multiply();
      }
      if (whole < columns) {
        const n = columns - whole;
        const at = column + whole;
        product.panels = panels;
        product.panelBytes = panelStride(depth);
        product.kBytes = PANEL_BYTES;
        if (this.transB)
          packAlong(panels, product.panelBytes, this.b + ((<usize>at * this.ldb + from) << 2), ldb, n, depth);
        else packAcross(panels, product.panelBytes, this.b + ((<usize>from * this.ldb + at) << 2), ldb, n, depth);
        product.n = n;
        product.out = out + ((<usize>whole) << 2);
        product.biases = last && bias ? bias + ((<usize>whole) << 2) : 0;
        product.multiply();
      }
      task.beat++;
      from += depth;
    } while (from < this.k);
  }

  /** The rows' sums end at `depth`. */
  private limit(product: Product, depth: i32): void {
    product.kCount = depth;
    let row = product.rows;
    for (let r = product.rowCount; r > 0; r--, row += ROW_BYTES) changetype<Row>(row).kEnd = depth;
  }

  /** Base of A's rows: in place, or a copy of A's transpose, behind B's panels, in panels of as many rows as a tile has. */
  private leftSide(product: Product, panels: usize, row: i32, from: i32, depth: i32): usize {
    const lda = (<usize>this.lda) << 2;
    const a = this.a;
    if (this.transA === 0) return a + <usize>row * lda + ((<usize>from) << 2);
    let at = a + <usize>from * lda + ((<usize>row) << 2);
    if (!this.packsA) return at;
    const depthMost = this.depthMost;
    const packed = panels + panelStride(depthMost) * (this.columnsMost / PANEL);
    const panelBytes = <usize>depthMost * A_BYTES;
    const end = packed + <usize>depth * A_BYTES;
    const rows = product.rowCount;
    for (let to = packed; to < end; to += A_BYTES, at += lda) {
      let line = at;
      let panel = to;
      let left = rows;
      for (; left >= TILE_ROWS; left -= TILE_ROWS, line += A_BYTES, panel += panelBytes) {
        v128.store(panel, v128.load(line));
        if (TILE_ROWS === 6) store<u64>(panel, load<u64>(line, 16), 16);
      }
      for (; left > 0; left--, line += 4, panel += 4) store<f32>(panel, load<f32>(line));
    }
    return packed;
  }
}

// A matrix product whose left side is gathered: C[row, n] = sum over k of at(row.a + ks[k]) * panel[k, n], tile by tile.
// Matrix products, convolutions and their gradients are all this one loop; no matrix of patches is ever written.

import {
  PANEL,
  PANEL_BYTES,
  productTiles,
  ROW_BYTES,
  Size1,
  Size2,
  Size3,
  Size4,
  Size5,
  Size6,
  TILE_ROWS,
  Tiles,
} from "./tile";

/** A record that the caller fills in, in its scratch. */
@final
@unmanaged
export class Product extends Tiles {
  /** Row[rowCount], and how many offsets of k there are. */
  rows: usize;
  rowCount: i32;
  kCount: i32;
  /** The right side: panels so many bytes apart. */
  panels: usize;
  panelBytes: usize;
  /** Columns; base of the outputs; what is added to a row [n], or 0. */
  n: i32;
  out: usize;
  biases: usize;

  /** All rows times all panels. */
  multiply(): void {
    const rowCount = this.rowCount;
    if (rowCount === 0) return;
    // tiles as even as possible: 25 rows are five times 5, not four times 6 and 1
    const tiles = (rowCount + TILE_ROWS - 1) / TILE_ROWS;
    const size = rowCount / tiles;
    const larger = rowCount - size * tiles;
    const smallerRow = this.rows + <usize>(larger * (size + 1)) * ROW_BYTES;
    const full = rowCount / TILE_ROWS;
    const restRow = this.rows + <usize>(full * TILE_ROWS) * ROW_BYTES;
    let panel = this.panels;
    let out = this.out;
    this.bias = this.biases;
    for (let left = this.n; left > 0; left -= PANEL) {
      this.columns = min(PANEL, left);
      if (left > PANEL / 2) {
        this.wide(this.rows, size + 1, larger, panel, out);
        this.wide(smallerRow, size, tiles - larger, panel, out);
      } else {
        // half a panel is worth a tile of its own where it is as high as tiles get
        if (full > 0) {
          if (ASC_FEATURE_RELAXED_SIMD) productTiles<Size6, Size1>(this.rows, full, panel, out, this);
          else productTiles<Size4, Size1>(this.rows, full, panel, out, this);
        }
        this.wide(restRow, rowCount - full * TILE_ROWS, 1, panel, out);
      }
      panel += this.panelBytes;
      out += PANEL_BYTES;
      if (this.bias) this.bias += PANEL_BYTES;
    }
  }

  /** `count` tiles of `size` rows from `row` on. */
  private wide(row: usize, size: i32, count: i32, panel: usize, out: usize): void {
    if (count === 0) return;
    if (ASC_FEATURE_RELAXED_SIMD) {
      if (size === 6) productTiles<Size6, Size2>(row, count, panel, out, this);
      else if (size === 5) productTiles<Size5, Size2>(row, count, panel, out, this);
    }
    if (size === 4) productTiles<Size4, Size2>(row, count, panel, out, this);
    else if (size === 3) productTiles<Size3, Size2>(row, count, panel, out, this);
    else if (size === 2) productTiles<Size2, Size2>(row, count, panel, out, this);
    else if (size === 1) productTiles<Size1, Size2>(row, count, panel, out, this);
  }
}

// A matrix product whose left side is gathered: C[row, n] = sum over k of at(row.a + ks[k]) * panel[k, n].
// Offsets of rows and of k are given as tables, so pixels by taps (forward, gradient to the input) and taps by
// pixels (gradient to the kernel) are one loop, and no matrix of patches is ever written.

import { Activation } from "../activation";
import { Vec } from "../vec";
import { Span } from "./span";

/**
 * Columns of a panel, and most rows of a register tile. Fused: 12 sums, two columns, one broadcast value fill the 15
 * registers that V8 gives. A product of its own needs one more and must not spill: eight sums, also for Node 20.
 */
export const PANEL: i32 = 8;
export const PANEL_BYTES: i32 = 32;
const TILE_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Bytes of the buffer that a tile leaves its sums in. */
export const TILE_BYTES: i32 = TILE_ROWS * PANEL_BYTES;

/** The activation that is worth no call (its code in the epilogue of GEMM). */
const RELU: i32 = 1;

/** A row of the product. Its terms outside [kFirst, kEnd) are zero; both fall, or both rise, with the row. */
@unmanaged
export class Row {
  /** Bytes from the base of the left side, and of the output. */
  a: i32;
  out: i32;
  kFirst: i32;
  kEnd: i32;
}
export const ROW_BYTES: i32 = 16;

/** What a product adds to: nothing, the bias, or what the output holds. */
export const ONTO_ZERO: i32 = 0;
export const ONTO_BIAS: i32 = 1;
export const ONTO_OUT: i32 = 2;

// Classes whose size in bytes is a number known to the compiler.
@unmanaged
class Rows1 {
  a: u8;
}
@unmanaged
class Rows2 {
  a: u16;
}
@unmanaged
class Rows3 {
  a: u16;
  b: u8;
}
@unmanaged
class Rows4 {
  a: u32;
}
@unmanaged
class Rows5 {
  a: u32;
  b: u8;
}
@unmanaged
class Rows6 {
  a: u32;
  b: u16;
}

@final
@unmanaged
export class Product {
  /**
   * All rows times all panels. `panels` holds ceil(n / 8) panels [kCount, 8], the last one filled up with zeros; `bias`
   * holds n values, `buffer` TILE_BYTES.
   */
  static multiply(
    rows: usize,
    rowCount: i32,
    ks: usize,
    kCount: i32,
    a: usize,
    panels: usize,
    n: i32,
    out: usize,
    onto: i32,
    bias: usize,
    activation: i32,
    buffer: usize,
  ): void {
    if (rowCount === 0) return;
    // tiles as even as possible: 25 rows are five times 5, not four times 6 and 1
    const tiles = (rowCount + TILE_ROWS - 1) / TILE_ROWS;
    const size = rowCount / tiles;
    const larger = rowCount - size * tiles;
    for (let column = 0; column < n; column += PANEL) {
      let row = rows;
      for (let tile = 0; tile < tiles; tile++) {
        const count = tile < larger ? size + 1 : size;
        const top = changetype<Row>(row);
        const bottom = changetype<Row>(row + <usize>(count - 1) * ROW_BYTES);
        const kFirst = min(top.kFirst, bottom.kFirst);
        const kEnd = max(top.kEnd, bottom.kEnd);
        const from = ks + ((<usize>kFirst) << 2);
        const end = ks + ((<usize>kEnd) << 2);
        const b = panels + <usize>kFirst * PANEL_BYTES;
        if (ASC_FEATURE_RELAXED_SIMD) {
          if (count === 6) Product.tile<Rows6>(row, from, end, a, b, buffer);
          else if (count === 5) Product.tile<Rows5>(row, from, end, a, b, buffer);
        }
        if (count === 4) Product.tile<Rows4>(row, from, end, a, b, buffer);
        else if (count === 3) Product.tile<Rows3>(row, from, end, a, b, buffer);
        else if (count === 2) Product.tile<Rows2>(row, from, end, a, b, buffer);
        else if (count === 1) Product.tile<Rows1>(row, from, end, a, b, buffer);
        Product.finish(row, count, out, n - column, onto, bias, activation, buffer);
        row += <usize>count * ROW_BYTES;
      }
      panels += <usize>kCount * PANEL_BYTES;
      out += PANEL_BYTES;
      bias += PANEL_BYTES;
    }
  }

  /** Sums of one to six rows by one panel, left in `buffer`: [rows, 8]. Reads nothing where ks is `end` already. */
  static tile<R>(row: usize, ks: usize, end: usize, a: usize, b: usize, buffer: usize): void {
    const zero = i32x4.splat(0);
    const a0: usize = a + changetype<Row>(row).a;
    let a1: usize = 0;
    let a2: usize = 0;
    let a3: usize = 0;
    let a4: usize = 0;
    let a5: usize = 0;
    if (offsetof<R>() > 1) a1 = a + changetype<Row>(row + ROW_BYTES).a;
    if (offsetof<R>() > 2) a2 = a + changetype<Row>(row + 2 * ROW_BYTES).a;
    if (offsetof<R>() > 3) a3 = a + changetype<Row>(row + 3 * ROW_BYTES).a;
    if (offsetof<R>() > 4) a4 = a + changetype<Row>(row + 4 * ROW_BYTES).a;
    if (offsetof<R>() > 5) a5 = a + changetype<Row>(row + 5 * ROW_BYTES).a;
    let c00 = zero;
    let c01 = zero;
    let c10 = zero;
    let c11 = zero;
    let c20 = zero;
    let c21 = zero;
    let c30 = zero;
    let c31 = zero;
    let c40 = zero;
    let c41 = zero;
    let c50 = zero;
    let c51 = zero;
    while (ks < end) {
      const at: usize = load<u32>(ks);
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let x = v128.load32_splat(a0 + at);
      c00 = Vec.madd(x, b0, c00);
      c01 = Vec.madd(x, b1, c01);
      if (offsetof<R>() > 1) {
        x = v128.load32_splat(a1 + at);
        c10 = Vec.madd(x, b0, c10);
        c11 = Vec.madd(x, b1, c11);
      }
      if (offsetof<R>() > 2) {
        x = v128.load32_splat(a2 + at);
        c20 = Vec.madd(x, b0, c20);
        c21 = Vec.madd(x, b1, c21);
      }
      if (offsetof<R>() > 3) {
        x = v128.load32_splat(a3 + at);
        c30 = Vec.madd(x, b0, c30);
        c31 = Vec.madd(x, b1, c31);
      }
      if (offsetof<R>() > 4) {
        x = v128.load32_splat(a4 + at);
        c40 = Vec.madd(x, b0, c40);
        c41 = Vec.madd(x, b1, c41);
      }
      if (offsetof<R>() > 5) {
        x = v128.load32_splat(a5 + at);
        c50 = Vec.madd(x, b0, c50);
        c51 = Vec.madd(x, b1, c51);
      }
      ks += 4;
      b += PANEL_BYTES;
    }
    v128.store(buffer, c00);
    v128.store(buffer, c01, 16);
    if (offsetof<R>() > 1) {
      v128.store(buffer, c10, 32);
      v128.store(buffer, c11, 48);
    }
    if (offsetof<R>() > 2) {
      v128.store(buffer, c20, 64);
      v128.store(buffer, c21, 80);
    }
    if (offsetof<R>() > 3) {
      v128.store(buffer, c30, 96);
      v128.store(buffer, c31, 112);
    }
    if (offsetof<R>() > 4) {
      v128.store(buffer, c40, 128);
      v128.store(buffer, c41, 144);
    }
    if (offsetof<R>() > 5) {
      v128.store(buffer, c50, 160);
      v128.store(buffer, c51, 176);
    }
  }

  /** Adds a tile to bias, output or nothing and stores its first n columns. */
  static finish(
    row: usize,
    count: i32,
    out: usize,
    n: i32,
    onto: i32,
    bias: usize,
    activation: i32,
    buffer: usize,
  ): void {
    const zero = i32x4.splat(0);
    let prior0 = zero;
    let prior1 = zero;
    if (onto === ONTO_BIAS) {
      prior0 = Span.load(bias, n);
      prior1 = Span.load(bias + 16, n - 4);
    }
    for (let i = 0; i < count; i++, row += ROW_BYTES, buffer += PANEL_BYTES) {
      let to: usize = out + changetype<Row>(row).out;
      if (onto === ONTO_OUT) {
        prior0 = Span.load(to, n);
        prior1 = Span.load(to + 16, n - 4);
      }
      let v0 = f32x4.add(v128.load(buffer), prior0);
      let v1 = f32x4.add(v128.load(buffer, 16), prior1);
      if (activation === RELU) {
        v0 = v128.andnot(v0, f32x4.lt(v0, zero)); // keeps NaN
        v1 = v128.andnot(v1, f32x4.lt(v1, zero));
      } else if (activation !== 0) {
        v128.store(buffer, v0);
        v128.store(buffer, v1, 16);
        Activation.applyRange(buffer, PANEL, activation);
        v0 = v128.load(buffer);
        v1 = v128.load(buffer, 16);
      }
      if (n >= PANEL) {
        v128.store(to, v0);
        v128.store(to, v1, 16);
        continue;
      }
      let rest = v0;
      if (n >= 4) {
        v128.store(to, v0);
        to += 16;
        rest = v1;
      }
      if (n & 2) {
        v128.store64_lane(to, rest, 0);
        to += 8;
        rest = v128.shuffle<i32>(rest, rest, 2, 3, 2, 3);
      }
      if (n & 1) v128.store32_lane(to, rest, 0);
    }
  }

  /** Rows of `n` values, `rowBytes` apart, become rows [kFirst, kFirst + rows) of the panels. */
  static packRows(panels: usize, kCount: i32, kFirst: i32, from: usize, rows: i32, rowBytes: i32, n: i32): void {
    const panelBytes = <usize>kCount * PANEL_BYTES;
    let first = panels + <usize>kFirst * PANEL_BYTES;
    for (let row = 0; row < rows; row++) {
      let to = first;
      let at = from;
      for (let left = n; left > 0; left -= PANEL) {
        v128.store(to, Span.load(at, left));
        v128.store(to, Span.load(at + 16, left - 4), 16);
        to += panelBytes;
        at += PANEL_BYTES;
      }
      first += PANEL_BYTES;
      from += rowBytes;
    }
  }

  /** The same from the transpose: n rows, `rowBytes` apart, of `columns` values each. */
  static packColumns(panels: usize, kCount: i32, kFirst: i32, from: usize, columns: i32, rowBytes: i32, n: i32): void {
    const panelBytes = <usize>kCount * PANEL_BYTES;
    let first = panels + <usize>kFirst * PANEL_BYTES;
    for (let left = n; left > 0; left -= PANEL) {
      for (let lane = 0; lane < PANEL; lane++) {
        let to = first + ((<usize>lane) << 2);
        for (let k = 0; k < columns; k++, to += PANEL_BYTES) {
          store<f32>(to, lane < left ? load<f32>(from + ((<usize>k) << 2)) : 0);
        }
        if (lane < left) from += rowBytes;
      }
      first += panelBytes;
    }
  }
}

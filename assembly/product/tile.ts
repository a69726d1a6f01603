// The register tile of every product: up to six rows by eight or four columns of
//   C[row, n] = sum over k of at(row.a + ks[k]) * panel[k, n]
// The left side is read where it lies, through tables of offsets, so matrices, their transposes and pixels by taps are
// one loop. It runs at 0.97 of what registers alone reach; what surrounds it is in product.ts.

import { Activation } from "../activation";
import { Span } from "../span";
import { Vec } from "../vec";

/**
 * Most rows of a tile. Fused, 12 sums, two columns and one broadcast value fill the 15 registers that V8 gives. A product
 * apart from its sum needs one more and must not spill: eight sums.
 */
export const TILE_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Columns of a panel, and bytes of its line. */
export const PANEL: i32 = 8;
export const PANEL_BYTES: i32 = 32;
/** Bytes of the buffer that a tile may leave its sums in: [rows, 8]. */
export const TILE_BYTES: i32 = TILE_ROWS * PANEL_BYTES;

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
/** Offset of Row.out. */
const OUT: i32 = 4;

// Classes whose size in bytes is a number known to the compiler: rows, and vectors of columns, of a tile.
@unmanaged
export class Size1 {
  a: u8;
}
@unmanaged
export class Size2 {
  a: u16;
}
@unmanaged
export class Size3 {
  a: u16;
  b: u8;
}
@unmanaged
export class Size4 {
  a: u32;
}
@unmanaged
export class Size5 {
  a: u32;
  b: u8;
}
@unmanaged
export class Size6 {
  a: u32;
  b: u16;
}

/** The activation that is worth no call (activation.ts has the codes). */
export const RELU: i32 = 1;

/** What tiles of one panel share. */
@unmanaged
export class Tiles {
  /** Base of the left side, table of the offsets of k. */
  a: usize;
  ks: usize;
  /** From line to line of the panel. */
  kBytes: usize;
  /** C = activation(alpha sums + beta C + bias); the bias is an address or 0. */
  alpha: f32;
  beta: f32;
  bias: usize;
  activation: i32;
  /** Columns that count, at most eight. */
  columns: i32;
  /** Where sums go that a tile cannot finish itself [rows, 8]. */
  buffer: usize;

  /** Can a tile of so many vectors finish its sums itself? It writes as many columns as it has. */
  simple(vectors: i32): bool {
    if (this.columns !== vectors << 2) return false;
    return this.alpha === 1 && (this.beta === 0 || this.beta === 1) && this.activation <= RELU;
  }

  /** The columns of a buffered tile that count go where they belong. */
  finish(row: usize, rows: i32, out: usize): void {
    const n = this.columns;
    const bias0 = this.bias ? Span.load(this.bias, n) : i32x4.splat(0);
    const bias1 = this.bias ? Span.load(this.bias + 16, n - 4) : bias0;
    const alpha = f32x4.splat(this.alpha);
    const beta = f32x4.splat(this.beta);
    // pmax(x, 0) is relu and keeps NaN; nothing is less than -infinity
    const least = f32x4.splat(this.activation === RELU ? 0 : -Infinity);
    let buffer = this.buffer;
    for (; rows > 0; rows--, row += ROW_BYTES, buffer += PANEL_BYTES) {
      const to: usize = out + changetype<Row>(row).out;
      let x = f32x4.mul(v128.load(buffer), alpha);
      let y = f32x4.mul(v128.load(buffer, 16), alpha);
      if (this.beta !== 0) {
        x = f32x4.add(x, f32x4.mul(Span.load(to, n), beta));
        y = f32x4.add(y, f32x4.mul(Span.load(to + 16, n - 4), beta));
      }
      x = f32x4.pmax(f32x4.add(x, bias0), least);
      y = f32x4.pmax(f32x4.add(y, bias1), least);
      if (this.activation > RELU) {
        v128.store(buffer, x);
        v128.store(buffer, y, 16);
        Activation.applyRange(buffer, PANEL, this.activation);
        x = v128.load(buffer);
        y = v128.load(buffer, 16);
      }
      Span.store(to, x, n);
      Span.store(to + 16, y, n - 4);
    }
  }
}

/**
 * `count` tiles of R rows by V vectors of a panel, whose rows begin at `row`. `out` is the base of the rows' outputs.
 * Nothing is read where a row has no terms.
 */
export function productTiles<R, V>(row: usize, count: i32, panel: usize, out: usize, tiles: Tiles): void {
  const bottom = <usize>((offsetof<R>() - 1) * ROW_BYTES);
  const buffered = !tiles.simple(offsetof<V>());
  const zero = i32x4.splat(0);
  for (; count > 0; count--) {
    const kFirst = min(changetype<Row>(row).kFirst, changetype<Row>(row + bottom).kFirst);
    const kEnd = max(changetype<Row>(row).kEnd, changetype<Row>(row + bottom).kEnd);
    const kBytes = tiles.kBytes;
    let b = panel + <usize>kFirst * kBytes;
    let ks = tiles.ks + ((<usize>kFirst) << 2);
    const ksEnd = tiles.ks + ((<usize>kEnd) << 2);
    const a = tiles.a;
    const a0: usize = a + load<i32>(row);
    let a1: usize = 0;
    let a2: usize = 0;
    let a3: usize = 0;
    let a4: usize = 0;
    let a5: usize = 0;
    if (offsetof<R>() > 1) a1 = a + load<i32>(row, ROW_BYTES);
    if (offsetof<R>() > 2) a2 = a + load<i32>(row, 2 * ROW_BYTES);
    if (offsetof<R>() > 3) a3 = a + load<i32>(row, 3 * ROW_BYTES);
    if (offsetof<R>() > 4) a4 = a + load<i32>(row, 4 * ROW_BYTES);
    if (offsetof<R>() > 5) a5 = a + load<i32>(row, 5 * ROW_BYTES);
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
    while (ks < ksEnd) {
      const at: usize = load<u32>(ks);
      const b0 = v128.load(b);
      let b1 = b0;
      if (offsetof<V>() > 1) b1 = v128.load(b, 16);
      let x = v128.load32_splat(a0 + at);
      c00 = Vec.madd(x, b0, c00);
      if (offsetof<V>() > 1) c01 = Vec.madd(x, b1, c01);
      if (offsetof<R>() > 1) {
        x = v128.load32_splat(a1 + at);
        c10 = Vec.madd(x, b0, c10);
        if (offsetof<V>() > 1) c11 = Vec.madd(x, b1, c11);
      }
      if (offsetof<R>() > 2) {
        x = v128.load32_splat(a2 + at);
        c20 = Vec.madd(x, b0, c20);
        if (offsetof<V>() > 1) c21 = Vec.madd(x, b1, c21);
      }
      if (offsetof<R>() > 3) {
        x = v128.load32_splat(a3 + at);
        c30 = Vec.madd(x, b0, c30);
        if (offsetof<V>() > 1) c31 = Vec.madd(x, b1, c31);
      }
      if (offsetof<R>() > 4) {
        x = v128.load32_splat(a4 + at);
        c40 = Vec.madd(x, b0, c40);
        if (offsetof<V>() > 1) c41 = Vec.madd(x, b1, c41);
      }
      if (offsetof<R>() > 5) {
        x = v128.load32_splat(a5 + at);
        c50 = Vec.madd(x, b0, c50);
        if (offsetof<V>() > 1) c51 = Vec.madd(x, b1, c51);
      }
      ks += 4;
      b += kBytes;
    }
    if (buffered) {
      const to = tiles.buffer;
      v128.store(to, c00);
      if (offsetof<V>() > 1) v128.store(to, c01, 16);
      if (offsetof<R>() > 1) {
        v128.store(to, c10, 32);
        if (offsetof<V>() > 1) v128.store(to, c11, 48);
      }
      if (offsetof<R>() > 2) {
        v128.store(to, c20, 64);
        if (offsetof<V>() > 1) v128.store(to, c21, 80);
      }
      if (offsetof<R>() > 3) {
        v128.store(to, c30, 96);
        if (offsetof<V>() > 1) v128.store(to, c31, 112);
      }
      if (offsetof<R>() > 4) {
        v128.store(to, c40, 128);
        if (offsetof<V>() > 1) v128.store(to, c41, 144);
      }
      if (offsetof<R>() > 5) {
        v128.store(to, c50, 160);
        if (offsetof<V>() > 1) v128.store(to, c51, 176);
      }
      tiles.finish(row, offsetof<R>(), out);
      row += offsetof<R>() * ROW_BYTES;
      continue;
    }
    const o0: usize = out + load<i32>(row, OUT);
    let o1: usize = 0;
    let o2: usize = 0;
    let o3: usize = 0;
    let o4: usize = 0;
    let o5: usize = 0;
    if (offsetof<R>() > 1) o1 = out + load<i32>(row, ROW_BYTES + OUT);
    if (offsetof<R>() > 2) o2 = out + load<i32>(row, 2 * ROW_BYTES + OUT);
    if (offsetof<R>() > 3) o3 = out + load<i32>(row, 3 * ROW_BYTES + OUT);
    if (offsetof<R>() > 4) o4 = out + load<i32>(row, 4 * ROW_BYTES + OUT);
    if (offsetof<R>() > 5) o5 = out + load<i32>(row, 5 * ROW_BYTES + OUT);
    if (tiles.beta !== 0) {
      c00 = f32x4.add(c00, v128.load(o0));
      if (offsetof<V>() > 1) c01 = f32x4.add(c01, v128.load(o0, 16));
      if (offsetof<R>() > 1) {
        c10 = f32x4.add(c10, v128.load(o1));
        if (offsetof<V>() > 1) c11 = f32x4.add(c11, v128.load(o1, 16));
      }
      if (offsetof<R>() > 2) {
        c20 = f32x4.add(c20, v128.load(o2));
        if (offsetof<V>() > 1) c21 = f32x4.add(c21, v128.load(o2, 16));
      }
      if (offsetof<R>() > 3) {
        c30 = f32x4.add(c30, v128.load(o3));
        if (offsetof<V>() > 1) c31 = f32x4.add(c31, v128.load(o3, 16));
      }
      if (offsetof<R>() > 4) {
        c40 = f32x4.add(c40, v128.load(o4));
        if (offsetof<V>() > 1) c41 = f32x4.add(c41, v128.load(o4, 16));
      }
      if (offsetof<R>() > 5) {
        c50 = f32x4.add(c50, v128.load(o5));
        if (offsetof<V>() > 1) c51 = f32x4.add(c51, v128.load(o5, 16));
      }
    }
    const bias = tiles.bias;
    if (bias !== 0 || tiles.activation) {
      let b0 = zero;
      let b1 = zero;
      if (bias) {
        b0 = v128.load(bias);
        if (offsetof<V>() > 1) b1 = v128.load(bias, 16);
      }
      const least = f32x4.splat(tiles.activation ? 0 : -Infinity);
      c00 = f32x4.pmax(f32x4.add(c00, b0), least);
      if (offsetof<V>() > 1) c01 = f32x4.pmax(f32x4.add(c01, b1), least);
      if (offsetof<R>() > 1) {
        c10 = f32x4.pmax(f32x4.add(c10, b0), least);
        if (offsetof<V>() > 1) c11 = f32x4.pmax(f32x4.add(c11, b1), least);
      }
      if (offsetof<R>() > 2) {
        c20 = f32x4.pmax(f32x4.add(c20, b0), least);
        if (offsetof<V>() > 1) c21 = f32x4.pmax(f32x4.add(c21, b1), least);
      }
      if (offsetof<R>() > 3) {
        c30 = f32x4.pmax(f32x4.add(c30, b0), least);
        if (offsetof<V>() > 1) c31 = f32x4.pmax(f32x4.add(c31, b1), least);
      }
      if (offsetof<R>() > 4) {
        c40 = f32x4.pmax(f32x4.add(c40, b0), least);
        if (offsetof<V>() > 1) c41 = f32x4.pmax(f32x4.add(c41, b1), least);
      }
      if (offsetof<R>() > 5) {
        c50 = f32x4.pmax(f32x4.add(c50, b0), least);
        if (offsetof<V>() > 1) c51 = f32x4.pmax(f32x4.add(c51, b1), least);
      }
    }
    v128.store(o0, c00);
    if (offsetof<V>() > 1) v128.store(o0, c01, 16);
    if (offsetof<R>() > 1) {
      v128.store(o1, c10);
      if (offsetof<V>() > 1) v128.store(o1, c11, 16);
    }
    if (offsetof<R>() > 2) {
      v128.store(o2, c20);
      if (offsetof<V>() > 1) v128.store(o2, c21, 16);
    }
    if (offsetof<R>() > 3) {
      v128.store(o3, c30);
      if (offsetof<V>() > 1) v128.store(o3, c31, 16);
    }
    if (offsetof<R>() > 4) {
      v128.store(o4, c40);
      if (offsetof<V>() > 1) v128.store(o4, c41, 16);
    }
    if (offsetof<R>() > 5) {
      v128.store(o5, c50);
      if (offsetof<V>() > 1) v128.store(o5, c51, 16);
    }
    row += offsetof<R>() * ROW_BYTES;
  }
}

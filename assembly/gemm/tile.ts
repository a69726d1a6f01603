// The register tiles of matrix products: 6 or 4 rows by 8 or 4 columns of C. With fused multiply-add 12 sums,
// 2 vectors of B and 1 broadcast of A fill the 15 vector registers that V8 gives; without, a product needs one
// more, and six rows would spill: four are twice as fast.

import { Vec } from "../vec";

export const TILE_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Bytes of A's panel for one k. */
export const TILE_A: usize = TILE_ROWS << 2;

/**
 * C = beta C + A B of one tile, in registers over the whole depth; beta 0 does not read C.
 *   a [depth, R]  packed; R = TILE_ROWS
 *   b [depth, 8]  packed, or rows of B in place, `bStride` bytes apart
 *   c [R, 8]      `cStride` bytes from row to row
 * All rows and eight columns are read and written.
 */
export function gemmTileRx8(depth: i32, a: usize, b: usize, bStride: usize, c: usize, cStride: usize, beta: f32): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  const c1 = c + cStride;
  const c2 = c1 + cStride;
  const c3 = c2 + cStride;
  const c4 = c3 + cStride;
  const c5 = c4 + cStride;
  if (beta !== 0) {
    const scale = f32x4.splat(beta);
    c00 = f32x4.mul(v128.load(c), scale);
    c01 = f32x4.mul(v128.load(c, 16), scale);
    c10 = f32x4.mul(v128.load(c1), scale);
    c11 = f32x4.mul(v128.load(c1, 16), scale);
    c20 = f32x4.mul(v128.load(c2), scale);
    c21 = f32x4.mul(v128.load(c2, 16), scale);
    c30 = f32x4.mul(v128.load(c3), scale);
    c31 = f32x4.mul(v128.load(c3, 16), scale);
    if (TILE_ROWS === 6) {
      c40 = f32x4.mul(v128.load(c4), scale);
      c41 = f32x4.mul(v128.load(c4, 16), scale);
      c50 = f32x4.mul(v128.load(c5), scale);
      c51 = f32x4.mul(v128.load(c5, 16), scale);
    }
  }
  const end = a + <usize>depth * TILE_A;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = Vec.madd(x, b0, c00);
    c01 = Vec.madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = Vec.madd(x, b0, c10);
    c11 = Vec.madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = Vec.madd(x, b0, c20);
    c21 = Vec.madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = Vec.madd(x, b0, c30);
    c31 = Vec.madd(x, b1, c31);
    if (TILE_ROWS === 6) {
      x = v128.load32_splat(a, 16);
      c40 = Vec.madd(x, b0, c40);
      c41 = Vec.madd(x, b1, c41);
      x = v128.load32_splat(a, 20);
      c50 = Vec.madd(x, b0, c50);
      c51 = Vec.madd(x, b1, c51);
    }
    a += TILE_A;
    b += bStride;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c1, c10);
  v128.store(c1, c11, 16);
  v128.store(c2, c20);
  v128.store(c2, c21, 16);
  v128.store(c3, c30);
  v128.store(c3, c31, 16);
  if (TILE_ROWS === 6) {
    v128.store(c4, c40);
    v128.store(c4, c41, 16);
    v128.store(c5, c50);
    v128.store(c5, c51, 16);
  }
}

/** The same with the left four of the eight columns; the others are left alone. */
export function gemmTileRx4(depth: i32, a: usize, b: usize, bStride: usize, c: usize, cStride: usize, beta: f32): void {
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let c4 = c0;
  let c5 = c0;
  if (beta !== 0) {
    const scale = f32x4.splat(beta);
    c0 = f32x4.mul(v128.load(c), scale);
    c1 = f32x4.mul(v128.load(c + cStride), scale);
    c2 = f32x4.mul(v128.load(c + cStride * 2), scale);
    c3 = f32x4.mul(v128.load(c + cStride * 3), scale);
    if (TILE_ROWS === 6) {
      c4 = f32x4.mul(v128.load(c + cStride * 4), scale);
      c5 = f32x4.mul(v128.load(c + cStride * 5), scale);
    }
  }
  const end = a + <usize>depth * TILE_A;
  while (a < end) {
    const b0 = v128.load(b);
    c0 = Vec.madd(v128.load32_splat(a), b0, c0);
    c1 = Vec.madd(v128.load32_splat(a, 4), b0, c1);
    c2 = Vec.madd(v128.load32_splat(a, 8), b0, c2);
    c3 = Vec.madd(v128.load32_splat(a, 12), b0, c3);
    if (TILE_ROWS === 6) {
      c4 = Vec.madd(v128.load32_splat(a, 16), b0, c4);
      c5 = Vec.madd(v128.load32_splat(a, 20), b0, c5);
    }
    a += TILE_A;
    b += bStride;
  }
  v128.store(c, c0);
  v128.store(c + cStride, c1);
  v128.store(c + cStride * 2, c2);
  v128.store(c + cStride * 3, c3);
  if (TILE_ROWS === 6) {
    v128.store(c + cStride * 4, c4);
    v128.store(c + cStride * 5, c5);
  }
}

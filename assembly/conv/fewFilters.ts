// Convolutions of one channel with six filters, such as the first layer of LeNet-5: a panel of eight columns would leave
// a quarter of the lanes idle. Here neighbouring pixels are the lanes and the six filters the rows of the tile.
// Fused build only: with a product of its own the twelve sums would spill.

import { Product } from "../product/product";
import { PANEL_BYTES, RELU, ROW_BYTES, Row } from "../product/tile";
import { Vec } from "../vec";
import { Plan } from "./plan";

/** Filters: as many as a tile has rows. */
const SIX: i32 = 6;
/** Pixels of a vector: a tile of the forward pass takes two, which need not be neighbours. */
const PIXELS: i32 = 4;

@final
@unmanaged
class Square {
  /** Lane i of four vectors as one vector. */
  @inline static row(a: v128, b: v128, c: v128, d: v128, i: i32): v128 {
    const upper = i > 1;
    const ab = upper ? v128.shuffle<f32>(a, b, 2, 6, 3, 7) : v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = upper ? v128.shuffle<f32>(c, d, 2, 6, 3, 7) : v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    return i & 1 ? v128.shuffle<f64>(ab, cd, 1, 3) : v128.shuffle<f64>(ab, cd, 0, 2);
  }

  /** The sums of the lanes of four vectors, (0 + 1) + (2 + 3). */
  @inline static sums(a: v128, b: v128, c: v128, d: v128): v128 {
    return f32x4.add(
      f32x4.add(Square.row(a, b, c, d, 0), Square.row(a, b, c, d, 1)),
      f32x4.add(Square.row(a, b, c, d, 2), Square.row(a, b, c, d, 3)),
    );
  }
}

@final
@unmanaged
export class FewFilters {
  /** Are neighbouring pixels neighbours in memory, and are there six filters? */
  private static fits(plan: Plan, n: i32): bool {
    if (!ASC_FEATURE_RELAXED_SIMD) return false;
    return n === SIX && plan.pixelBytes === 4 && plan.x.step === 1;
  }

  /** For the forward pass: whole rows of pixels, sums that are finished at once. */
  static fitsForward(plan: Plan, n: i32): bool {
    const product = plan.product;
    if (product.beta !== 0 || product.activation > RELU || plan.tileWidth < PIXELS) return false;
    return FewFilters.fits(plan, n) && plan.x.outStep === 1;
  }

  /** The product of the plan's tile: the rows of its table are pixels. */
  static forward(plan: Plan, pitch: usize): void {
    const product = plan.product;
    const width = plan.tileWidth;
    const last = product.rows + <usize>(plan.tileHeight * width - PIXELS) * ROW_BYTES;
    let first: usize = 0;
    for (let i = 0; i < plan.tileHeight; i++) {
      for (let j = 0; j < width; j += PIXELS) {
        // the last pixels of a row are computed twice where they do not fill a vector, and so is an odd last vector
        const row = product.rows + <usize>(i * width + min(j, width - PIXELS)) * ROW_BYTES;
        if (!first) {
          first = row;
          if (row < last) continue;
        }
        FewFilters.pixelTile(product, changetype<Row>(first), changetype<Row>(row), pitch);
        first = 0;
      }
    }
  }

  /** Two vectors of pixels by six filters, from the panel [k, 8]. Where they have no terms strips hold zeros. */
  private static pixelTile(product: Product, first: Row, second: Row, pitch: usize): void {
    let c00: v128 = i32x4.splat(0);
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
    let b = product.panels;
    let ks = product.ks;
    const end = ks + ((<usize>product.kCount) << 2);
    const a0 = product.a + first.a;
    const a1 = product.a + second.a;
    for (; ks < end; ks += 4, b += PANEL_BYTES) {
      const at = <usize>load<u32>(ks);
      const x0 = v128.load(a0 + at);
      const x1 = v128.load(a1 + at);
      let w = v128.load32_splat(b);
      c00 = Vec.madd(w, x0, c00);
      c01 = Vec.madd(w, x1, c01);
      w = v128.load32_splat(b, 4);
      c10 = Vec.madd(w, x0, c10);
      c11 = Vec.madd(w, x1, c11);
      w = v128.load32_splat(b, 8);
      c20 = Vec.madd(w, x0, c20);
      c21 = Vec.madd(w, x1, c21);
      w = v128.load32_splat(b, 12);
      c30 = Vec.madd(w, x0, c30);
      c31 = Vec.madd(w, x1, c31);
      w = v128.load32_splat(b, 16);
      c40 = Vec.madd(w, x0, c40);
      c41 = Vec.madd(w, x1, c41);
      w = v128.load32_splat(b, 20);
      c50 = Vec.madd(w, x0, c50);
      c51 = Vec.madd(w, x1, c51);
    }
    FewFilters.store4(product, product.out + first.out, pitch, c00, c10, c20, c30, c40, c50);
    FewFilters.store4(product, product.out + second.out, pitch, c01, c11, c21, c31, c41, c51);
  }

  /** Four pixels of sums, a vector a filter: with bias and relu, pixel by pixel. */
  private static store4(
    product: Product,
    out: usize,
    pitch: usize,
    a: v128,
    b: v128,
    c: v128,
    d: v128,
    e: v128,
    f: v128,
  ): void {
    // pmax(x, 0) is relu and keeps NaN; nothing is less than -infinity
    const least = f32x4.splat(product.activation === RELU ? 0 : -Infinity);
    let bias: v128 = i32x4.splat(0);
    let rest = bias;
    if (product.biases) {
      bias = v128.load(product.biases);
      rest = v128.load64_splat(product.biases, 16);
    }
    v128.store(out, f32x4.pmax(f32x4.add(Square.row(a, b, c, d, 0), bias), least));
    v128.store(out + pitch, f32x4.pmax(f32x4.add(Square.row(a, b, c, d, 1), bias), least));
    v128.store(out + pitch * 2, f32x4.pmax(f32x4.add(Square.row(a, b, c, d, 2), bias), least));
    v128.store(out + pitch * 3, f32x4.pmax(f32x4.add(Square.row(a, b, c, d, 3), bias), least));
    const low = f32x4.pmax(f32x4.add(v128.shuffle<f32>(e, f, 0, 4, 1, 5), rest), least);
    const high = f32x4.pmax(f32x4.add(v128.shuffle<f32>(e, f, 2, 6, 3, 7), rest), least);
    const to = out + 16;
    v128.store64_lane(to, low, 0);
    v128.store64_lane(to + pitch, low, 1);
    v128.store64_lane(to + pitch * 2, high, 0);
    v128.store64_lane(to + pitch * 3, high, 1);
  }

  /** For the gradient to the kernel: rows of whole vectors of pixels. */
  static fitsKernel(plan: Plan, n: i32): bool {
    return FewFilters.fits(plan, n) && (plan.tileWidth & 3) === 0;
  }

  /** `count` pixels of six filters, `pixel` bytes apart, as rows of pixels from `to` on, `stride` bytes apart. */
  static packPlanes(to: usize, stride: usize, from: usize, pixel: usize, count: i32): void {
    for (; count > 0; count -= 4, to += 16, from += pixel << 2) {
      const a = v128.load(from);
      const b = v128.load(from + pixel);
      const c = v128.load(from + pixel * 2);
      const d = v128.load(from + pixel * 3);
      v128.store(to, Square.row(a, b, c, d, 0));
      v128.store(to + stride, Square.row(a, b, c, d, 1));
      v128.store(to + stride * 2, Square.row(a, b, c, d, 2));
      v128.store(to + stride * 3, Square.row(a, b, c, d, 3));
      // the last two filters of two pixels are one vector
      const ab = v128.load64_lane(from + pixel, v128.load64_zero(from, 16), 1, 16);
      const cd = v128.load64_lane(from + pixel * 3, v128.load64_zero(from + pixel * 2, 16), 1, 16);
      v128.store(to + stride * 4, v128.shuffle<f32>(ab, cd, 0, 2, 4, 6));
      v128.store(to + stride * 5, v128.shuffle<f32>(ab, cd, 1, 3, 5, 7));
    }
  }

  /** The product of the plan's tile, with planes of dy for panels: the rows of its table are taps, two at a time. */
  static kernel(plan: Plan, stride: usize): void {
    const product = plan.product;
    const last = product.rows + <usize>(product.rowCount - 1) * ROW_BYTES;
    for (let row = product.rows; row <= last; row += 2 * ROW_BYTES) {
      // an odd last row is computed twice and stored once
      const second = min(row + ROW_BYTES, last);
      FewFilters.tapTile(product, changetype<Row>(row), changetype<Row>(second), stride);
    }
  }

  /** Two taps by six filters; lanes are pixels, summed at the end. */
  private static tapTile(product: Product, top: Row, bottom: Row, stride: usize): void {
    let c00: v128 = i32x4.splat(0);
    let c01 = c00;
    let c02 = c00;
    let c03 = c00;
    let c04 = c00;
    let c05 = c00;
    let c10 = c00;
    let c11 = c00;
    let c12 = c00;
    let c13 = c00;
    let c14 = c00;
    let c15 = c00;
    const kFirst = min(top.kFirst, bottom.kFirst);
    let ks = product.ks + ((<usize>kFirst) << 2);
    const end = product.ks + ((<usize>max(top.kEnd, bottom.kEnd)) << 2);
    let dy = product.panels + ((<usize>kFirst) << 2);
    const a0 = product.a + top.a;
    const a1 = product.a + bottom.a;
    const s2 = stride * 2;
    const s4 = stride * 4;
    for (; ks < end; ks += 16, dy += 16) {
      const at = <usize>load<u32>(ks);
      const x0 = v128.load(a0 + at);
      const x1 = v128.load(a1 + at);
      let d = v128.load(dy);
      c00 = Vec.madd(d, x0, c00);
      c10 = Vec.madd(d, x1, c10);
      d = v128.load(dy + stride);
      c01 = Vec.madd(d, x0, c01);
      c11 = Vec.madd(d, x1, c11);
      d = v128.load(dy + s2);
      c02 = Vec.madd(d, x0, c02);
      c12 = Vec.madd(d, x1, c12);
      d = v128.load(dy + s2 + stride);
      c03 = Vec.madd(d, x0, c03);
      c13 = Vec.madd(d, x1, c13);
      d = v128.load(dy + s4);
      c04 = Vec.madd(d, x0, c04);
      c14 = Vec.madd(d, x1, c14);
      d = v128.load(dy + s4 + stride);
      c05 = Vec.madd(d, x0, c05);
      c15 = Vec.madd(d, x1, c15);
    }
    FewFilters.storeTap(product, top, c00, c01, c02, c03, c04, c05);
    if (bottom !== top) FewFilters.storeTap(product, bottom, c10, c11, c12, c13, c14, c15);
  }

  private static storeTap(product: Product, row: Row, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128): void {
    const to = product.out + row.out;
    const four = Square.sums(a, b, c, d);
    const two = Square.sums(e, f, e, f);
    const onto = product.beta !== 0;
    v128.store(to, onto ? f32x4.add(four, v128.load(to)) : four);
    v128.store64_lane(to, onto ? f32x4.add(two, v128.load64_zero(to, 16)) : two, 0, 16);
  }
}

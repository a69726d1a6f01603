// Winograd's F(2x2, 3x3): a convolution with 3x3 kernels and stride 1 by 16 products instead of 36 for each 2x2 outputs.
// S. Winograd 1980; A. Lavin, S. Gray, arXiv 1509.09308. The products over channels are 16 matrix products
// V[i] [tiles, channels] U[i] [channels, filters], a block of tiles at a time.
//   scratch: U, shared | for each thread: Winograd | Product | tile | rows [TILES] | ks | patch | V | M, or taps
// The first phase makes U, the second everything else. Sums have a ninth of the direct algorithm's terms: with up to
// some 100 channels the error is smaller, with 512 up to twice as large (docs/numbers.md).

import { Activation } from "../activation";
import { Own } from "../own";
import { Pieces } from "../pieces";
import { packAcross, packAlong, panelStride } from "../product/pack";
import { Product } from "../product/product";
import { PANEL, PANEL_BYTES, ROW_BYTES, Row, TILE_BYTES } from "../product/tile";
import { Span } from "../span";
import { InF32, OutF32, Task } from "../task";

@unmanaged
export class Conv2dWinogradArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filters: i32;
  padTop: i32;
  padLeft: i32;
  activation: i32; // as in activation.ts
  x: InF32; // [batch, height, width, channels]
  kernel: InF32; // [3, 3, channels, filters]
  bias: InF32; // [filters]?
  out: OutF32; // [batch, outHeight, outWidth, filters]
}

@unmanaged
export class Conv2dWinogradInputGradientArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filters: i32;
  padTop: i32;
  padLeft: i32;
  dy: InF32; // [batch, outHeight, outWidth, filters]
  kernel: InF32; // [3, 3, channels, filters]
  dx: OutF32; // [batch, height, width, channels]
}

/** Elements of a patch, so many products. */
const PATCH: i32 = 16;
const TAPS: i32 = 9;
/** Bytes of V and M of a block, and its least and most tiles. */
const BLOCK_BYTES: i32 = 1 << 20;
const TILES_LEAST: i32 = 48;
const TILES_MOST: i32 = 96;

const WINOGRAD_BYTES: i32 = 96;
const PRODUCT_BYTES: i32 = 96;
const ROWS_AT: i32 = WINOGRAD_BYTES + PRODUCT_BYTES + TILE_BYTES;
const KS_AT: i32 = ROWS_AT + TILES_MOST * ROW_BYTES;

/**
 * A convolution of `source` with 3x3 kernels; the gradient to the input is one of dy.
 *   out = A' [ (G g G') * (B' d B) ] A       for each patch d [4, 4] and kernel g [3, 3], * elementwise over channels
 *   B' = |1  0 -1  0|   G = | 1   0   0 |   A' = |1  1  1  0|
 *        |0  1  1  0|       | 1/2 1/2 1/2|        |0  1 -1 -1|
 *        |0 -1  1  0|       | 1/2 -1/2 1/2|
 *        |0  1  0 -1|       | 0   0   1 |
 */
@final
@unmanaged
class Winograd {
  batch: i32;
  /** The source [batch, height, width, depth] and the result [batch, outHeight, outWidth, n]. */
  depth: i32;
  n: i32;
  height: i32;
  width: i32;
  outHeight: i32;
  outWidth: i32;
  /** Rows and columns of zeros before the source. */
  top: i32;
  left: i32;
  /** The kernel is used backwards, with its channels and filters exchanged. */
  backwards: bool;
  activation: i32;
  source: usize;
  kernel: usize;
  bias: usize;
  out: usize;

  forward(args: Conv2dWinogradArgs): void {
    this.batch = args.batch;
    this.height = args.height;
    this.width = args.width;
    this.outHeight = args.outHeight;
    this.outWidth = args.outWidth;
    this.top = args.padTop;
    this.left = args.padLeft;
    this.backwards = false;
    this.activation = args.activation;
    this.source = args.x;
    this.kernel = args.kernel;
    this.bias = args.bias;
    this.out = args.out;
  }

  inputGradient(args: Conv2dWinogradInputGradientArgs): void {
    this.batch = args.batch;
    this.height = args.outHeight;
    this.width = args.outWidth;
    this.outHeight = args.height;
    this.outWidth = args.width;
    this.top = 2 - args.padTop;
    this.left = 2 - args.padLeft;
    this.backwards = true;
    this.activation = 0;
    this.source = args.dy;
    this.kernel = args.kernel;
    this.bias = 0;
    this.out = args.dx;
  }

  /** Floats of a tile's row of `channels`, in V and in M. */
  @inline private static pitch(channels: i32): i32 {
    return (channels + 3) & ~3;
  }

  /** Tiles of a block: by the shape alone. */
  private static block(depth: i32, n: i32): i32 {
    const fits = BLOCK_BYTES / (PATCH * 4) / max(1, Winograd.pitch(depth) + Winograd.pitch(n));
    return max(TILES_LEAST, min(TILES_MOST, fits));
  }

  /** Bytes of one of the 16 matrices of V, or of M. All 16 are used at once, and would meet in one set of the cache. */
  @inline private static slab(tiles: i32, channels: i32): usize {
    return ((<usize>(tiles * Winograd.pitch(channels))) << 2) + 64;
  }

  /** Bytes of one of the 16 matrices of U. */
  @inline private static uBytes(depth: i32, n: i32): usize {
    return <usize>Pieces.count(n, PANEL) * panelStride(depth);
  }

  @inline private static patchAt(depth: i32): i32 {
    return KS_AT + Winograd.pitch(depth) * 4;
  }

  @inline private static blockAt(depth: i32): i32 {
    return Winograd.patchAt(depth) + PATCH * Winograd.pitch(depth) * 4;
  }

  /** Bytes that each thread needs. */
  private static threadBytes(depth: i32, n: i32): usize {
    const tiles = Winograd.block(depth, n);
    const block = PATCH * (Winograd.slab(tiles, depth) + Winograd.slab(tiles, n));
    return <usize>Winograd.blockAt(depth) + max(block, TAPS * panelStride(depth));
  }

  /** Bytes of scratch. */
  static scratch(depth: i32, n: i32, threads: i32): i32 {
    const u = <u64>PATCH * (<u64>Pieces.count(n, PANEL) * <u64>panelStride(depth));
    return Own.bytes(u, Winograd.threadBytes(depth, n), threads);
  }

  /** The record of a thread; behind it lies what it works with. */
  static open(task: Task, depth: i32, n: i32): Winograd {
    const winograd = changetype<Winograd>(
      Own.at(task, PATCH * Winograd.uBytes(depth, n), Winograd.threadBytes(depth, n)),
    );
    winograd.depth = depth;
    winograd.n = n;
    return winograd;
  }

  /** This thread's part of a phase. */
  run(task: Task): void {
    if (task.phase === 0) this.transformKernel(task);
    else this.convolve(task);
  }

  /** U for the panels of this thread. */
  private transformKernel(task: Task): void {
    const depth = this.depth;
    const stride = panelStride(depth);
    const uBytes = Winograd.uBytes(depth, this.n);
    const taps = changetype<usize>(this) + <usize>Winograd.blockAt(depth);
    const panels = Pieces.count(this.n, PANEL);
    for (let panel = Pieces.from(task, panels), last = Pieces.to(task, panels); panel < last; panel++, task.beat++) {
      this.packTaps(taps, panel);
      let to = task.scratch + <usize>panel * stride;
      const end = taps + <usize>depth * PANEL_BYTES;
      for (let at = taps; at < end; at += 16, to += 16) Winograd.kernelTile(at, stride, to, uBytes);
    }
  }

  /** The nine taps of eight columns, each a panel. */
  private packTaps(taps: usize, panel: i32): void {
    const depth = this.depth;
    const stride = panelStride(depth);
    const columns = min(PANEL, this.n - panel * PANEL);
    // the kernel is [3, 3, depth, n], or [3, 3, n, depth] and used backwards
    const line = (<usize>(this.backwards ? depth : this.n)) << 2;
    const tapBytes = (<usize>depth * this.n) << 2;
    for (let tap = 0; tap < TAPS; tap++) {
      const from = this.kernel + <usize>(this.backwards ? TAPS - 1 - tap : tap) * tapBytes;
      const to = taps + <usize>tap * stride;
      if (this.backwards) packAlong(to, stride, from + <usize>(panel * PANEL) * line, line, columns, depth);
      else packAcross(to, stride, from + ((<usize>(panel * PANEL)) << 2), line, columns, depth);
    }
  }

  /** G g G' of four columns; elements of g lie `tap` bytes apart. */
  private static kernelTile(g: usize, tap: usize, to: usize, uBytes: usize): void {
    const half = f32x4.splat(0.5);
    const g2 = g + tap * 6;
    // rows 1 and 2 of G g: half of the outer rows of g, plus or minus half of the middle one
    const a = f32x4.mul(f32x4.add(v128.load(g), v128.load(g2)), half);
    const b = f32x4.mul(f32x4.add(v128.load(g + tap), v128.load(g2 + tap)), half);
    const c = f32x4.mul(f32x4.add(v128.load(g + tap * 2), v128.load(g2 + tap * 2)), half);
    const d = f32x4.mul(v128.load(g + tap * 3), half);
    const e = f32x4.mul(v128.load(g + tap * 4), half);
    const f = f32x4.mul(v128.load(g + tap * 5), half);
    const row = uBytes << 2;
    Winograd.kernelRow(to, uBytes, v128.load(g), v128.load(g + tap), v128.load(g + tap * 2), half);
    Winograd.kernelRow(to + row, uBytes, f32x4.add(a, d), f32x4.add(b, e), f32x4.add(c, f), half);
    Winograd.kernelRow(to + row * 2, uBytes, f32x4.sub(a, d), f32x4.sub(b, e), f32x4.sub(c, f), half);
    Winograd.kernelRow(to + row * 3, uBytes, v128.load(g2), v128.load(g2 + tap), v128.load(g2 + tap * 2), half);
  }

  /** A row of G g times G'. */
  @inline private static kernelRow(to: usize, uBytes: usize, a: v128, b: v128, c: v128, half: v128): void {
    const ends = f32x4.mul(f32x4.add(a, c), half);
    const middle = f32x4.mul(b, half);
    v128.store(to, a);
    v128.store(to + uBytes, f32x4.add(ends, middle));
    v128.store(to + uBytes * 2, f32x4.sub(ends, middle));
    v128.store(to + uBytes * 3, c);
  }

  /** The blocks of tiles of this thread. */
  private convolve(task: Task): void {
    const depth = this.depth;
    const tilesX = (this.outWidth + 1) >> 1;
    const perImage = ((this.outHeight + 1) >> 1) * tilesX;
    const tiles = this.batch * perImage;
    const block = Winograd.block(depth, this.n);
    const uBytes = Winograd.uBytes(depth, this.n);
    const vPitch = (<usize>Winograd.pitch(depth)) << 2;
    const mPitch = (<usize>Winograd.pitch(this.n)) << 2;
    const v = changetype<usize>(this) + <usize>Winograd.blockAt(depth);
    const vBytes = Winograd.slab(block, depth);
    const m = v + PATCH * vBytes;
    const mBytes = Winograd.slab(block, this.n);
    const product = this.product(block, <i32>vPitch, <i32>mPitch);
    const count = Pieces.count(tiles, block);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      const first = Pieces.first(piece, block);
      const end = Pieces.end(piece, block, tiles);
      for (let tile = first; tile < end; tile++) {
        const image = tile / perImage;
        const row = (tile - image * perImage) / tilesX;
        const column = tile - image * perImage - row * tilesX;
        this.sourceTile(image, row << 1, column << 1, v + <usize>(tile - first) * vPitch, vBytes);
      }
      product.rowCount = end - first;
      for (let i = 0; i < PATCH; i++, task.beat++) {
        product.a = v + <usize>i * vBytes;
        product.panels = task.scratch + <usize>i * uBytes;
        product.out = m + <usize>i * mBytes;
        product.multiply();
      }
      for (let tile = first; tile < end; tile++) {
        const image = tile / perImage;
        const row = (tile - image * perImage) / tilesX;
        const column = tile - image * perImage - row * tilesX;
        this.outTile(image, row << 1, column << 1, m + <usize>(tile - first) * mPitch, mBytes);
      }
    }
  }

  /** One of the 16 products: tiles are rows, channels terms. */
  private product(block: i32, vPitch: i32, mPitch: i32): Product {
    const scratch = changetype<usize>(this);
    const product = changetype<Product>(scratch + WINOGRAD_BYTES);
    product.alpha = 1;
    product.beta = 0;
    product.biases = 0;
    product.activation = 0;
    product.buffer = scratch + WINOGRAD_BYTES + PRODUCT_BYTES;
    product.rows = scratch + ROWS_AT;
    product.ks = scratch + KS_AT;
    product.kCount = this.depth;
    product.kBytes = PANEL_BYTES;
    product.panelBytes = panelStride(this.depth);
    product.n = this.n;
    for (let r = 0; r < block; r++) {
      const row = changetype<Row>(product.rows + r * ROW_BYTES);
      row.a = r * vPitch;
      row.out = r * mPitch;
      row.kFirst = 0;
      row.kEnd = this.depth;
    }
    for (let k = 0; k < this.depth; k++) store<i32>(product.ks + ((<usize>k) << 2), k << 2);
    return product;
  }

  /** B' d B of the patch of outputs (y, x) and their right and lower neighbours, into 16 rows `vBytes` apart. */
  private sourceTile(image: i32, y: i32, x: i32, to: usize, vBytes: usize): void {
    const depth = this.depth;
    const top = y - this.top;
    const left = x - this.left;
    const pixel = (<usize>depth) << 2;
    const line = <usize>this.width * pixel;
    const origin = this.source + <usize>(image * this.height) * line;
    const inside = top >= 0 && left >= 0 && top + 4 <= this.height && left + 4 <= this.width;
    if (inside && (depth & 3) === 0) {
      Winograd.transformSource(origin + <usize>top * line + <usize>left * pixel, line, pixel, to, vBytes, depth);
      return;
    }
    // at the border: a copy with its zeros, of whole vectors
    const patch = changetype<usize>(this) + <usize>Winograd.patchAt(depth);
    const pitch = (<usize>Winograd.pitch(depth)) << 2;
    let at = patch;
    for (let i = top; i < top + 4; i++) {
      for (let j = left; j < left + 4; j++, at += pitch) {
        if (i >= 0 && j >= 0 && i < this.height && j < this.width) {
          Span.copy(at, origin + <usize>i * line + <usize>j * pixel, depth);
        } else Span.clear(at, depth);
      }
    }
    Winograd.transformSource(patch, pitch << 2, pitch, to, vBytes, depth);
  }

  private static transformSource(d: usize, line: usize, pixel: usize, to: usize, vBytes: usize, n: i32): void {
    for (; n > 0; n -= 4, d += 16, to += 16) {
      // row i of B' d is one row of d with another
      Winograd.sourceRow(d, d + line * 2, false, pixel, to, vBytes);
      Winograd.sourceRow(d + line, d + line * 2, true, pixel, to + vBytes * 4, vBytes);
      Winograd.sourceRow(d + line * 2, d + line, false, pixel, to + vBytes * 8, vBytes);
      Winograd.sourceRow(d + line, d + line * 3, false, pixel, to + vBytes * 12, vBytes);
    }
  }

  /** (p + q) B, or (p - q) B. */
  @inline private static sourceRow(p: usize, q: usize, plus: bool, pixel: usize, to: usize, vBytes: usize): void {
    const a = Winograd.both(p, q, plus);
    const b = Winograd.both(p + pixel, q + pixel, plus);
    const c = Winograd.both(p + pixel * 2, q + pixel * 2, plus);
    const d = Winograd.both(p + pixel * 3, q + pixel * 3, plus);
    v128.store(to, f32x4.sub(a, c));
    v128.store(to + vBytes, f32x4.add(b, c));
    v128.store(to + vBytes * 2, f32x4.sub(c, b));
    v128.store(to + vBytes * 3, f32x4.sub(b, d));
  }

  @inline private static both(p: usize, q: usize, plus: bool): v128 {
    return plus ? f32x4.add(v128.load(p), v128.load(q)) : f32x4.sub(v128.load(p), v128.load(q));
  }

  /** activation(A' m A + bias) at output (y, x) and its right and lower neighbours, as far as they exist. */
  private outTile(image: i32, y: i32, x: i32, from: usize, mBytes: usize): void {
    const n = this.n;
    const pixel = (<usize>n) << 2;
    const line = <usize>this.outWidth * pixel;
    const out = this.out + <usize>(image * this.outHeight + y) * line + <usize>x * pixel;
    const right = x + 1 < this.outWidth;
    this.outRow(from, mBytes, true, out, right);
    if (y + 1 < this.outHeight) this.outRow(from + mBytes * 4, mBytes, false, out + line, right);
  }

  /** Two outputs of a row: rows 0, 1 and 2 of m added, or rows 2 and 3 taken from row 1, which is the first given. */
  private outRow(m: usize, mBytes: usize, plus: bool, out: usize, right: bool): void {
    const relu = this.activation === 1;
    const least = f32x4.splat(relu ? 0 : -Infinity);
    const pixel = (<usize>this.n) << 2;
    let bias = this.bias;
    let to = out;
    for (let n = this.n; n > 0; n -= 4, m += 16, to += 16) {
      const a = Winograd.three(m, mBytes, plus);
      const b = Winograd.three(m + mBytes, mBytes, plus);
      const c = Winograd.three(m + mBytes * 2, mBytes, plus);
      const d = Winograd.three(m + mBytes * 3, mBytes, plus);
      let add: v128 = f32x4.splat(0);
      if (bias) {
        add = Span.load(bias, n);
        bias += 16;
      }
      const first = f32x4.add(f32x4.add(f32x4.add(a, b), c), add);
      // pmax(x, 0) is relu and keeps NaN
      Span.store(to, f32x4.pmax(first, least), n);
      if (right) {
        const second = f32x4.add(f32x4.sub(f32x4.sub(b, c), d), add);
        Span.store(to + pixel, f32x4.pmax(second, least), n);
      }
    }
    if (this.activation > 1) Activation.applyRange(out, right ? this.n << 1 : this.n, this.activation);
  }

  @inline private static three(m: usize, mBytes: usize, plus: bool): v128 {
    const next = v128.load(m + mBytes * 4);
    const last = v128.load(m + mBytes * 8);
    if (plus) return f32x4.add(f32x4.add(v128.load(m), next), last);
    return f32x4.sub(f32x4.sub(v128.load(m), next), last);
  }
}

/** out = activation(x * kernel + bias), stride 1, kernels 3x3 */
export function conv2dWinograd(args: Conv2dWinogradArgs, task: Task): void {
  const winograd = Winograd.open(task, args.channels, args.filters);
  winograd.forward(args);
  winograd.run(task);
}

export function conv2dWinogradScratch(args: Conv2dWinogradArgs, threads: i32): i32 {
  return Winograd.scratch(args.channels, args.filters, threads);
}

export function conv2dWinogradPhases(_args: Conv2dWinogradArgs, _threads: i32): i32 {
  return 2;
}

/** dx = the sum, over the outputs that an input went into, of dy times the kernel; stride 1, kernels 3x3 */
export function conv2dWinogradInputGradient(args: Conv2dWinogradInputGradientArgs, task: Task): void {
  const winograd = Winograd.open(task, args.filters, args.channels);
  winograd.inputGradient(args);
  winograd.run(task);
}

export function conv2dWinogradInputGradientScratch(args: Conv2dWinogradInputGradientArgs, threads: i32): i32 {
  return Winograd.scratch(args.filters, args.channels, threads);
}

export function conv2dWinogradInputGradientPhases(_args: Conv2dWinogradInputGradientArgs, _threads: i32): i32 {
  return 2;
}

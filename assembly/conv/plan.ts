// How a thread goes through a convolution or one of its gradients: blocks, tables and strips, kept in its scratch.
//   scratch of a thread: Plan | Axis y | Axis x | Product | tile | rows [1024] | ks [1024] | panels | strip
// A strip is the part of a source image that a tile meets, with the zeros around it; without padding the image
// itself is read.

import { cacheSets } from "../gemm/args";
import { Pieces } from "../pieces";
import { panelStride } from "../product/pack";
import { Product } from "../product/product";
import { PANEL, PANEL_BYTES, ROW_BYTES, Row, TILE_BYTES } from "../product/tile";
import { Span } from "../span";
import { Axis } from "./axis";

/** Most rows, and most terms, of one product. */
export const ROWS_MAX: i32 = 1024;
const K_MAX: i32 = 1024;
/** Lines that a second-level cache holds for each set of a first-level one: 16 times as many sets of 16 lines. */
const SET_LINES: i32 = 256;
const PANELS_FLOATS: i32 = 1 << 16;
const STRIP_FLOATS: i32 = 1 << 16;

const PLAN_BYTES: i32 = 256;
const AXIS_BYTES: i32 = 64;
const PRODUCT_AT: i32 = PLAN_BYTES + 2 * AXIS_BYTES;
const PRODUCT_BYTES: i32 = 96;
const TILE_AT: i32 = PRODUCT_AT + PRODUCT_BYTES;
const TABLES_AT: i32 = TILE_AT + TILE_BYTES;
const KS_AT: i32 = TABLES_AT + ROWS_MAX * ROW_BYTES;
const PANELS_AT: i32 = KS_AT + K_MAX * 4;
const STRIP_AT: i32 = PANELS_AT + PANELS_FLOATS * 4;
/** Scratch of one thread. */
export const PLAN_SCRATCH: i32 = STRIP_AT + STRIP_FLOATS * 4;
/** Work is cut into at least so many pieces where the shape allows. */
const PIECES: i32 = 16;

/** The operands that every kernel of this family begins with. */
@unmanaged
export class ConvShape {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filters: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  groups: i32;
}

@unmanaged
export class Plan {
  y: Axis;
  x: Axis;
  /** The source: images of [y.size, x.size, pitch] floats, of which a group reads `channels`. */
  source: usize;
  pitch: i32;
  channels: i32;
  /** Columns of the product in a group. */
  n: i32;
  batch: i32;
  groups: i32;
  strips: bool;
  /** Channels, and columns, of a block. */
  channelBlock: i32;
  columnBlock: i32;
  // where the current tile lies
  y0: i32;
  x0: i32;
  tileHeight: i32;
  tileWidth: i32;
  // the current block of taps and channels
  tapY: i32;
  tapX: i32;
  tapsY: i32;
  tapsX: i32;
  c0: i32;
  c: i32;
  // the left side: bytes between its rows and pixels
  rowBytes: i32;
  pixelBytes: i32;

  static at(scratch: usize): Plan {
    const plan = changetype<Plan>(scratch);
    plan.y = changetype<Axis>(scratch + PLAN_BYTES);
    plan.x = changetype<Axis>(scratch + PLAN_BYTES + AXIS_BYTES);
    const product = plan.product;
    product.buffer = scratch + TILE_AT;
    product.rows = scratch + TABLES_AT;
    product.ks = scratch + KS_AT;
    product.panels = scratch + PANELS_AT;
    product.kBytes = PANEL_BYTES;
    product.alpha = 1;
    product.biases = 0;
    product.activation = 0;
    return plan;
  }

  /** The product of tile and block: tables, panels, base of the left side. */
  @inline get product(): Product {
    return changetype<Product>(changetype<usize>(this) + PRODUCT_AT);
  }
  @inline get strip(): usize {
    return changetype<usize>(this) + STRIP_AT;
  }
  @inline get tilesX(): i32 {
    return Pieces.count(this.x.grid, this.x.tile);
  }
  @inline get tiles(): i32 {
    return Pieces.count(this.y.grid, this.y.tile) * this.tilesX;
  }
  @inline get tapBlocksX(): i32 {
    return max(1, Pieces.count(this.x.taps, this.x.block));
  }
  @inline get tapBlocks(): i32 {
    return max(1, Pieces.count(this.y.taps, this.y.block)) * this.tapBlocksX;
  }
  /** Blocks of channels and taps: into so many products the sum over them falls. */
  @inline get blocks(): i32 {
    return max(1, Pieces.count(this.channels, this.channelBlock)) * this.tapBlocks;
  }
  @inline get columnBlocks(): i32 {
    return Pieces.count(this.n, this.columnBlock);
  }

  /** The source is x, a grid index an output pixel. */
  forward(shape: ConvShape, x: usize, n: i32): void {
    this.y.forward(
      shape.height,
      shape.outHeight,
      shape.kernelHeight,
      shape.strideHeight,
      shape.padTop,
      shape.dilationHeight,
    );
    this.x.forward(
      shape.width,
      shape.outWidth,
      shape.kernelWidth,
      shape.strideWidth,
      shape.padLeft,
      shape.dilationWidth,
    );
    this.source = x;
    this.pitch = shape.channels;
    this.channels = shape.channels / shape.groups;
    this.n = n;
    this.batch = shape.batch;
    this.groups = shape.groups;
  }

  /** The source is dy, a grid index an input pixel of one phase of the strides. */
  inputGradient(shape: ConvShape, dy: usize, phaseY: i32, phaseX: i32): void {
    this.y.inputGradient(
      shape.outHeight,
      shape.height,
      shape.kernelHeight,
      shape.strideHeight,
      shape.padTop,
      shape.dilationHeight,
      phaseY,
    );
    this.x.inputGradient(
      shape.outWidth,
      shape.width,
      shape.kernelWidth,
      shape.strideWidth,
      shape.padLeft,
      shape.dilationWidth,
      phaseX,
    );
    this.source = dy;
    this.pitch = shape.filters;
    this.channels = shape.filters / shape.groups;
    this.n = shape.channels / shape.groups;
    this.batch = shape.batch;
    this.groups = shape.groups;
  }

  /** The source is dy, a grid index an output column of an input row of one phase; columns are taps by channels. */
  inputGradientRows(shape: ConvShape, dy: usize, phaseY: i32): void {
    this.inputGradient(shape, dy, phaseY, 0);
    this.x.forward(shape.outWidth, shape.outWidth, 1, 1, 0, 1);
    this.n = shape.kernelWidth * (shape.channels / shape.groups);
  }

  /**
   * Axes and shapes are known: chooses the blocks. `kIsPixels` says which of taps and pixels are the terms, `wholeRows`
   * that a tile must be as wide as the grid.
   */
  cut(kIsPixels: bool, wholeRows: bool): void {
    const y = this.y;
    const x = this.x;
    x.block = max(1, min(x.taps, K_MAX));
    y.block = max(1, min(y.taps, K_MAX / x.block));
    this.channelBlock = max(1, min(this.channels, K_MAX / (x.block * y.block)));
    // even blocks, of whole vectors
    const blocks = max(1, Pieces.count(this.channels, this.channelBlock));
    this.channelBlock = max(1, min(this.channelBlock, (Pieces.count(this.channels, blocks) + 3) & ~3));
    x.tile = max(1, min(x.grid, ROWS_MAX));
    this.strips = y.padded || x.padded;
    const pixels = kIsPixels && !this.strips ? min(ROWS_MAX, this.spread) : ROWS_MAX;
    y.tile = max(1, min(y.grid, pixels / x.tile));
    while (this.strips && this.stripFloats > STRIP_FLOATS) {
      const wide = !wholeRows && x.tile > 1;
      if (y.tile * x.tile > 64 && (y.tile > 1 || wide)) {
        if (y.tile > 1) y.tile = (y.tile + 1) >> 1;
        else x.tile = (x.tile + 1) >> 1;
      } else if (this.channelBlock > 16) this.channelBlock = ((this.channelBlock >> 1) + 3) & ~3;
      else if (y.tile > 1) y.tile = (y.tile + 1) >> 1;
      else if (wide) x.tile = (x.tile + 1) >> 1;
      else if (this.channelBlock > 1) this.channelBlock >>= 1;
      else if (y.block > 1) y.block = (y.block + 1) >> 1;
      else x.block = (x.block + 1) >> 1;
    }
    const k = kIsPixels ? y.tile * x.tile : y.block * x.block * this.channelBlock;
    const columns = (this.n + PANEL - 1) & -PANEL;
    this.columnBlock = max(PANEL, min(columns, ((PANELS_FLOATS << 2) / <i32>panelStride(k)) * PANEL));
    const others = this.groups * (kIsPixels ? this.blocks : this.batch * this.tiles);
    while (this.columnBlock > 4 * PANEL && others * this.columnBlocks < PIECES) {
      this.columnBlock = ((this.columnBlock >> 1) + PANEL - 1) & -PANEL;
    }
  }

  private get stripFloats(): i32 {
    const rows = this.y.span(this.y.tile, this.y.block);
    const columns = this.x.span(this.x.tile, this.x.block);
    const floats = <i64>rows * <i64>columns * <i64>this.channelBlock;
    return <i32>min(floats, <i64>i32.MAX_VALUE);
  }

  /** Goes to a tile of the grid. */
  toTile(tile: i32): void {
    const tilesX = this.tilesX;
    const row = tile / tilesX;
    this.y0 = row * this.y.tile;
    this.x0 = (tile - row * tilesX) * this.x.tile;
    this.tileHeight = min(this.y.tile, this.y.grid - this.y0);
    this.tileWidth = min(this.x.tile, this.x.grid - this.x0);
  }

  /** Goes to a block of channels and taps. */
  toBlock(block: i32): void {
    const channelBlock = block / this.tapBlocks;
    const taps = block - channelBlock * this.tapBlocks;
    const row = taps / this.tapBlocksX;
    this.c0 = channelBlock * this.channelBlock;
    this.c = min(this.channelBlock, this.channels - this.c0);
    this.tapY = row * this.y.block;
    this.tapX = (taps - row * this.tapBlocksX) * this.x.block;
    this.tapsY = min(this.y.block, this.y.taps - this.tapY);
    this.tapsX = min(this.x.block, this.x.taps - this.tapX);
    if (this.strips) {
      this.pixelBytes = this.c << 2;
      this.rowBytes = this.x.span(this.x.tile, this.tapsX) * this.pixelBytes;
    } else {
      this.pixelBytes = this.pitch << 2;
      this.rowBytes = this.x.size * this.pixelBytes;
    }
  }

  /** Makes the part of an image that tile and block meet the left side of the product. */
  gather(image: i32, group: i32): void {
    const y = this.y;
    const x = this.x;
    const top = this.y0 * y.step + y.first + this.tapY * y.tapStep;
    const left = this.x0 * x.step + x.first + this.tapX * x.tapStep;
    const pitch = this.pitch;
    const origin =
      this.source + ((<usize>image * y.size * x.size * pitch + <usize>(group * this.channels + this.c0)) << 2);
    if (!this.strips) {
      this.product.a = origin + ((<usize>((top * x.size + left) * pitch)) << 2);
      return;
    }
    const c = this.c;
    const rows = y.span(this.tileHeight, this.tapsY);
    const columns = x.span(this.tileWidth, this.tapsX);
    // columns [before, end) of the strip lie inside the image
    const before = min(columns, max(0, -left));
    const end = max(before, min(columns, x.size - left));
    let to = this.strip;
    this.product.a = to;
    for (let r = 0; r < rows; r++, to += this.rowBytes) {
      const row = top + r;
      if (row < 0 || row >= y.size) {
        Span.clear(to, columns * c);
        continue;
      }
      Span.clear(to, before * c);
      let inside = to + ((<usize>(before * c)) << 2);
      let from = origin + (((<usize>row * x.size + (left + before)) * pitch) << 2);
      if (c === pitch) Span.copy(inside, from, (end - before) * c);
      else {
        for (let column = before; column < end; column++) {
          Span.copy(inside, from, c);
          inside += (<usize>c) << 2;
          from += (<usize>pitch) << 2;
        }
      }
      Span.clear(to + ((<usize>(end * c)) << 2), (columns - end) * c);
    }
  }

  /** Pixels are rows, taps and channels are terms. Outputs are `outPitch` floats a pixel, `outWidth` pixels a row. */
  pixelRows(outWidth: i32, outPitch: i32): void {
    const y = this.y;
    const x = this.x;
    const terms = this.tapsX * this.c;
    this.product.rowCount = this.tileHeight * this.tileWidth;
    let at = this.product.rows;
    for (let i = 0; i < this.tileHeight; i++) {
      const base = (this.y0 + i) * y.step + y.first + this.tapY * y.tapStep;
      const kFirst = Axis.below(0, base, y.tapStep, this.tapsY) * terms;
      const kEnd = Axis.below(y.size, base, y.tapStep, this.tapsY) * terms;
      let a = i * y.step * this.rowBytes;
      let out = ((y.outFirst + (this.y0 + i) * y.outStep) * outWidth + x.outFirst + this.x0 * x.outStep) * outPitch * 4;
      for (let j = 0; j < this.tileWidth; j++) {
        const row = changetype<Row>(at);
        row.a = a;
        row.out = out;
        row.kFirst = kFirst;
        row.kEnd = kEnd;
        at += ROW_BYTES;
        a += x.step * this.pixelBytes;
        out += x.outStep * outPitch * 4;
      }
    }
  }
  /** So many terms has the product now. */
  private terms(k: i32): void {
    this.product.kCount = k;
    this.product.panelBytes = panelStride(k);
  }

  tapTerms(): void {
    this.terms(this.tapsY * this.tapsX * this.c);
    let at = this.product.ks;
    for (let i = 0; i < this.tapsY; i++) {
      for (let j = 0; j < this.tapsX; j++) {
        let a = i * this.y.tapStep * this.rowBytes + j * this.x.tapStep * this.pixelBytes;
        for (let c = 0; c < this.c; c++, at += 4, a += 4) store<i32>(at, a);
      }
    }
  }

  /** So many pixels of the source stay in a second-level cache from one tile of the product to the next. */
  private get spread(): i32 {
    return SET_LINES * cacheSets(this.pitch * this.x.step);
  }

  /** Taps and channels are rows, pixels are terms. Outputs are `outPitch` floats a row, `outTap` a tap. */
  tapRows(outPitch: i32, outTap: i32): void {
    const y = this.y;
    const x = this.x;
    this.product.rowCount = this.tapsY * this.tapsX * this.c;
    let at = this.product.rows;
    for (let i = 0; i < this.tapsY; i++) {
      const base = this.y0 * y.step + y.first + (this.tapY + i) * y.tapStep;
      const kFirst = Axis.below(0, base, y.step, this.tileHeight) * this.tileWidth;
      const kEnd = Axis.below(y.size, base, y.step, this.tileHeight) * this.tileWidth;
      for (let j = 0; j < this.tapsX; j++) {
        let a = i * y.tapStep * this.rowBytes + j * x.tapStep * this.pixelBytes;
        let out = ((this.tapY + i) * x.taps + this.tapX + j) * outTap * 4 + this.c0 * outPitch * 4;
        for (let c = 0; c < this.c; c++) {
          const row = changetype<Row>(at);
          row.a = a;
          row.out = out;
          row.kFirst = kFirst;
          row.kEnd = kEnd;
          at += ROW_BYTES;
          a += 4;
          out += outPitch * 4;
        }
      }
    }
  }
  pixelTerms(): void {
    this.terms(this.tileHeight * this.tileWidth);
    let at = this.product.ks;
    for (let i = 0; i < this.tileHeight; i++) {
      let a = i * this.y.step * this.rowBytes;
      for (let j = 0; j < this.tileWidth; j++, at += 4, a += this.x.step * this.pixelBytes) store<i32>(at, a);
    }
  }
}

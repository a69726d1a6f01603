// Gradient of a convolution to its input, in one of two forms: as a convolution of dy, or, where the input has few
// channels, row by row of dx with taps beside channels in the lanes, whose sums are then added up pixel by pixel.

import { Own } from "../own";
import { Pieces } from "../pieces";
import { PANEL } from "../product/tile";
import { Span } from "../span";
import { InF32, OutF32, Task } from "../task";
import { Axis } from "./axis";
import { Correlation } from "./correlation";
import { ConvShape, PLAN_SCRATCH, Plan } from "./plan";

/** Floats for the sums of a tile, and those behind them that a vector of the last sum reaches. */
const SUMS_FLOATS: i32 = 1 << 14;
const BEHIND: i32 = 8;
const THREAD_SCRATCH: i32 = PLAN_SCRATCH + (SUMS_FLOATS + BEHIND) * 4;

@unmanaged
export class Conv2dInputGradientArgs {
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
  dy: InF32; // [batch, outHeight, outWidth, filters]
  kernel: InF32; // [kernelHeight, kernelWidth, channels / groups, filters]
  dx: OutF32; // [batch, height, width, channels]
}

/** dx = the sum, over the outputs that an input went into, of dy times the kernel */
export function conv2dInputGradient(args: Conv2dInputGradientArgs, task: Task): void {
  const shape = changetype<ConvShape>(args);
  const plan = Plan.at(Own.at(task, 0, THREAD_SCRATCH));
  const byRows = RowGradient.pays(shape);
  let pieces = 0;
  for (let i = 0; i < shape.strideHeight; i++) {
    if (byRows) {
      plan.inputGradientRows(shape, args.dy, i);
      plan.cut(false, true);
      pieces = RowGradient.run(plan, task, pieces, args.kernel, shape, args.dx);
      continue;
    }
    // a phase of both strides is a convolution of stride 1 with its own part of the kernel
    for (let j = 0; j < shape.strideWidth; j++) {
      plan.inputGradient(shape, args.dy, i, j);
      plan.cut(false, false);
      pieces = Correlation.run(plan, task, pieces, args.kernel, true, shape, 0, 0, args.dx);
    }
  }
}

export function conv2dInputGradientScratch(_args: Conv2dInputGradientArgs, threads: i32): i32 {
  return Own.bytes(0, THREAD_SCRATCH, threads);
}

/**
 *   sums[ox, (kx, c)] = sum over ky, o of dy[(h + padTop - ky dilation) / stride, ox, o] kernel[ky, kx, c, o]
 *   dx[h, w, c] = sum over kx of sums[(w + padLeft - kx dilation) / stride, (kx, c)]
 * A row of sums has zeros on both sides for those ox that are no output.
 */
@final
@unmanaged
class RowGradient {
  /** Zeros before a row of sums, and the width of all: ox from where the last tap meets the first input. */
  @inline static before(shape: ConvShape): i32 {
    return Pieces.count((shape.kernelWidth - 1) * shape.dilationWidth, shape.strideWidth);
  }
  @inline static width(shape: ConvShape): i32 {
    const last = (shape.width + shape.padLeft) / shape.strideWidth + 1;
    return RowGradient.before(shape) + max(shape.outWidth, last);
  }

  /** Are fewer lanes idle than in the other form? Adding up the taps costs about a tenth. */
  static pays(shape: ConvShape): bool {
    const channels = shape.channels / shape.groups;
    const n = shape.kernelWidth * channels;
    if (n < 1 || n > 256 || shape.outWidth < 1 || shape.outWidth > 256) return false;
    if (RowGradient.width(shape) > SUMS_FLOATS / ((n + 3) & ~3)) return false;
    const rows = ((n + PANEL - 1) & -PANEL) * shape.outWidth * shape.strideWidth;
    const direct = ((channels + PANEL - 1) & -PANEL) * shape.kernelWidth * shape.width;
    return rows * 8 < direct * 7;
  }

  /** As Correlation.run. */
  static run(plan: Plan, task: Task, before: i32, kernel: usize, shape: ConvShape, dx: usize): i32 {
    const y = plan.y;
    const phase = y.outFirst;
    const n = plan.n;
    const pitch = (n + 3) & ~3;
    const width = RowGradient.width(shape);
    const rowFloats = pitch * width;
    // the product leaves the tile in `sums`, rows of it one behind the other
    y.outFirst = 0;
    y.outStep = 1;
    y.tile = min(y.tile, SUMS_FLOATS / rowFloats);
    plan.x.outFirst = RowGradient.before(shape);
    const sums = changetype<usize>(plan) + PLAN_SCRATCH;
    Span.clear(sums, y.tile * rowFloats);
    const tiles = plan.tiles;
    const blocks = plan.blocks;
    const columnBlocks = plan.columnBlocks;
    const pieces = plan.groups * plan.batch * tiles;
    // with a single block and tile, tables serve all pieces, as a packed kernel does
    let tabled = false;
    let packed = -1;
    const behind = Pieces.before(task.thread + 1, task.threads, pieces, before);
    for (let piece = Pieces.before(task.thread, task.threads, pieces, before); piece < behind; piece++) {
      const group = piece / (plan.batch * tiles);
      const rest = piece - group * plan.batch * tiles;
      const image = rest / tiles;
      plan.toTile(rest - image * tiles);
      const out = sums - ((<usize>(plan.y0 * rowFloats)) << 2);
      for (let block = 0; block < blocks; block++) {
        task.beat++;
        plan.toBlock(block);
        if (!tabled) {
          plan.pixelRows(width, pitch);
          plan.tapTerms();
          tabled = blocks * tiles === 1;
        }
        plan.gather(image, group);
        for (let n0 = 0; n0 < n; n0 += plan.columnBlock) {
          const columns = min(plan.columnBlock, n - n0);
          if (packed !== group) {
            Correlation.pack(plan, kernel, true, shape, group, n0, columns);
            packed = blocks * columnBlocks === 1 ? group : -1;
          }
          const product = plan.product;
          // panels are filled up with zeros, and so are the columns up to the pitch
          product.n = n0 + columns === n ? pitch - n0 : columns;
          product.out = out + ((<usize>n0) << 2);
          product.beta = block > 0 ? 1 : 0;
          product.multiply();
        }
      }
      const pixel = (<usize>shape.channels) << 2;
      const line = <usize>(image * shape.height + phase + plan.y0 * shape.strideHeight) * shape.width;
      const to = dx + line * pixel + ((<usize>(group * (shape.channels / shape.groups))) << 2);
      for (let j = 0; j < shape.strideWidth; j++) RowGradient.add(plan, shape, sums, to, j);
    }
    return before + pieces;
  }

  /** Adds up the taps for the pixels of one phase of the strides in all rows of the tile; `dx` is its first pixel. */
  private static add(plan: Plan, shape: ConvShape, sums: usize, dx: usize, phase: i32): void {
    const x = changetype<Axis>(plan.product.buffer);
    const stride = shape.strideWidth;
    const kernel = shape.kernelWidth;
    x.inputGradient(shape.outWidth, shape.width, kernel, stride, shape.padLeft, shape.dilationWidth, phase);
    const channels = shape.channels / shape.groups;
    const pitch = (plan.n + 3) & ~3;
    const first = (x.first + RowGradient.before(shape)) * pitch + x.kernelFirst * channels;
    const tapStep = (<usize>(x.tapStep * pitch + x.kernelStep * channels)) << 2;
    const rowBytes = (<usize>(RowGradient.width(shape) * pitch)) << 2;
    const step = (<usize>pitch) << 2;
    const pixel = (<usize>shape.channels) << 2;
    let row = sums + ((<usize>first) << 2);
    dx += <usize>phase * pixel;
    for (
      let i = plan.tileHeight;
      i > 0;
      i--, row += rowBytes, dx += <usize>(shape.strideHeight * shape.width) * pixel
    ) {
      // eight channels at a time
      for (let c = 0; c < channels; c += 8) {
        let from = row + ((<usize>c) << 2);
        let to = dx + ((<usize>c) << 2);
        for (let w = x.grid; w > 0; w--, from += step, to += <usize>stride * pixel) {
          let a: v128 = i32x4.splat(0);
          let b = a;
          let at = from;
          for (let tap = x.taps; tap > 0; tap--, at += tapStep) {
            a = f32x4.add(a, v128.load(at));
            b = f32x4.add(b, v128.load(at, 16));
          }
          Span.store(to, a, channels - c);
          Span.store(to + 16, b, channels - c - 4);
        }
      }
    }
  }
}

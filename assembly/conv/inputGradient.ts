// Gradient of a convolution to its input, in one of two forms: as a convolution of dy, or, where the input has few
// channels, row by row of dx with taps beside channels in the lanes, whose sums are then laid onto the row.

import { PANEL } from "../product/tile";
import { Span } from "../span";
import { InF32, OutF32, Task } from "../task";
import { Correlation } from "./correlation";
import { ConvShape, PLAN_SCRATCH, Plan } from "./plan";

/** Floats for the sums of a tile, and for one row of dx with its padding. */
const SUMS_FLOATS: i32 = 1 << 14;
const LINE_FLOATS: i32 = 1 << 14;
const THREAD_SCRATCH: i32 = PLAN_SCRATCH + SUMS_FLOATS * 4 + LINE_FLOATS * 4;

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
  const plan = Plan.at(task.scratch + <usize>task.thread * THREAD_SCRATCH);
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
  return threads * THREAD_SCRATCH;
}

/**
 *   sums[ox, (kx, c)] = sum over ky, o of dy[(h + padTop - ky dilation) / stride, ox, o] kernel[ky, kx, c, o]
 *   dx[h, ox stride + kx dilation - padLeft, c] += sums[ox, (kx, c)]
 */
@final
@unmanaged
class RowGradient {
  /** Pixels of a row and its padding, as the taps reach. */
  @inline static lineWidth(shape: ConvShape): i32 {
    const reach = (shape.outWidth - 1) * shape.strideWidth + (shape.kernelWidth - 1) * shape.dilationWidth + 1;
    return max(reach, shape.padLeft + shape.width);
  }

  /** Are fewer lanes idle than in the other form? Laying the sums onto the row costs about a tenth. */
  static pays(shape: ConvShape): bool {
    const channels = shape.channels / shape.groups;
    const n = shape.kernelWidth * channels;
    if (n > 256 || shape.outWidth < 1 || shape.outWidth > 256) return false;
    if (shape.outWidth * ((n + 3) & ~3) > SUMS_FLOATS || RowGradient.lineWidth(shape) * channels + 4 > LINE_FLOATS)
      return false;
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
    const rowFloats = pitch * shape.outWidth;
    // the product leaves the tile in `sums`, rows of it side by side
    y.outFirst = 0;
    y.outStep = 1;
    y.tile = min(y.tile, SUMS_FLOATS / rowFloats);
    const sums = changetype<usize>(plan) + PLAN_SCRATCH;
    const line = sums + SUMS_FLOATS * 4;
    const tiles = plan.tiles;
    const blocks = plan.blocks;
    const columnBlocks = plan.columnBlocks;
    const pieces = plan.groups * plan.batch * tiles;
    const threads = task.threads;
    // with a single block and tile, tables serve all pieces, as a packed kernel does
    let tabled = false;
    let packed = -1;
    for (let piece = (task.thread + threads - (before % threads)) % threads; piece < pieces; piece += threads) {
      const group = piece / (plan.batch * tiles);
      const rest = piece - group * plan.batch * tiles;
      const image = rest / tiles;
      plan.toTile(rest - image * tiles);
      const out = sums - ((<usize>(plan.y0 * rowFloats)) << 2);
      for (let block = 0; block < blocks; block++) {
        task.beat++;
        plan.toBlock(block);
        if (!tabled) {
          plan.pixelRows(shape.outWidth, pitch);
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
      for (let i = 0; i < plan.tileHeight; i++) {
        const h = phase + (plan.y0 + i) * shape.strideHeight;
        const from = sums + ((<usize>(i * rowFloats)) << 2);
        RowGradient.lay(shape, from, pitch, line, dx, image * shape.height + h, group);
      }
    }
    return before + pieces;
  }

  /** Lays the sums of one row onto a line, and the line without its padding into row `row` of dx. */
  static lay(shape: ConvShape, sums: usize, pitch: i32, line: usize, dx: usize, row: i32, group: i32): void {
    const channels = shape.channels / shape.groups;
    const step = (<usize>(shape.strideWidth * channels)) << 2;
    const tapStep = (<usize>(shape.dilationWidth * channels)) << 2;
    const tapBytes = (<usize>channels) << 2;
    // behind the last tap a row of sums holds zeros, or NaN where dy is not finite
    const last = (<usize>(pitch - 4)) << 2;
    const lastLanes = Span.mask(shape.kernelWidth * channels - (pitch - 4));
    Span.clear(line, RowGradient.lineWidth(shape) * channels + 3);
    let at = line;
    for (let ox = 0; ox < shape.outWidth; ox++, at += step, sums += (<usize>pitch) << 2) {
      if (shape.dilationWidth === 1) {
        let i: usize = 0;
        for (; i < last; i += 16) v128.store(at + i, f32x4.add(v128.load(at + i), v128.load(sums + i)));
        v128.store(at + i, f32x4.add(v128.load(at + i), v128.and(v128.load(sums + i), lastLanes)));
      } else {
        for (let kx = 0; kx < shape.kernelWidth; kx++) {
          let to = at + <usize>kx * tapStep;
          let from = sums + <usize>kx * tapBytes;
          for (let c = channels; c > 0; c -= 4, to += 16, from += 16) {
            Span.store(to, f32x4.add(Span.load(to, c), Span.load(from, c)), c);
          }
        }
      }
    }
    let from = line + <usize>shape.padLeft * tapBytes;
    let to = dx + ((<usize>row * shape.width * shape.channels + <usize>(group * channels)) << 2);
    if (shape.groups === 1) {
      Span.copy(to, from, shape.width * channels);
      return;
    }
    for (let w = 0; w < shape.width; w++, from += tapBytes, to += (<usize>shape.channels) << 2) {
      Span.copy(to, from, channels);
    }
  }
}

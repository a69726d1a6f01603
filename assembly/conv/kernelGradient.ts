// Gradient of a convolution to its kernel: taps and channels are rows, pixels are the terms of the sum. The sum over
// the batch is long: where the kernel is small it falls into parts, which a second phase adds up in order.

import { Own } from "../own";
import { Pieces } from "../pieces";
import { packAcross } from "../product/pack";
import { PANEL_BYTES } from "../product/tile";
import { InF32, OutF32, Task } from "../task";
import { FewFilters } from "./fewFilters";
import { Parts } from "./parts";
import { ConvShape, PLAN_SCRATCH, Plan, ROWS_MAX } from "./plan";

/** Least multiply-adds of a part. */
const WORTH: f64 = 262144;

@unmanaged
export class Conv2dKernelGradientArgs {
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
  x: InF32; // [batch, height, width, channels]
  dy: InF32; // [batch, outHeight, outWidth, filters]
  dkernel: OutF32; // [kernelHeight, kernelWidth, channels / groups, filters]
}

/** dkernel = the sum over all outputs of x where a tap met it, times dy */
export function conv2dKernelGradient(args: Conv2dKernelGradientArgs, task: Task): void {
  const shape = changetype<ConvShape>(args);
  const floats = KernelGradient.floats(shape);
  const parts = KernelGradient.parts(shape);
  if (task.phase === 1) {
    Parts.combine(task, args.dkernel, floats, parts);
    return;
  }
  const plan = Plan.at(Own.at(task, Parts.bytes(parts, floats), PLAN_SCRATCH));
  plan.forward(shape, args.x, shape.filters / shape.groups);
  plan.cut(true, false);
  const blocks = plan.blocks;
  const columnBlocks = plan.columnBlocks;
  const perPart = plan.groups * columnBlocks * blocks;
  for (let piece = Pieces.from(task, parts * perPart), last = Pieces.to(task, parts * perPart); piece < last; piece++) {
    const part = piece / perPart;
    const rest = piece - part * perPart;
    const columns = rest / blocks;
    const group = columns / columnBlocks;
    const n0 = (columns - group * columnBlocks) * plan.columnBlock;
    plan.toBlock(rest - columns * blocks);
    const out = parts > 1 ? task.scratch + <usize>part * ((<usize>floats) << 2) : args.dkernel;
    KernelGradient.piece(plan, task, shape, args.dy, out, part, parts, group, n0);
  }
}

export function conv2dKernelGradientScratch(args: Conv2dKernelGradientArgs, threads: i32): i32 {
  const shape = changetype<ConvShape>(args);
  return Own.bytes(Parts.bytes(KernelGradient.parts(shape), KernelGradient.floats(shape)), PLAN_SCRATCH, threads);
}

export function conv2dKernelGradientPhases(args: Conv2dKernelGradientArgs, _threads: i32): i32 {
  return KernelGradient.parts(changetype<ConvShape>(args)) > 1 ? 2 : 1;
}

@final
@unmanaged
class KernelGradient {
  static floats(shape: ConvShape): i32 {
    return shape.kernelHeight * shape.kernelWidth * (shape.channels / shape.groups) * shape.filters;
  }

  /** Parts that the sum falls into: no more than there are tiles, as far as the shape tells, nor than are worth adding. */
  static parts(shape: ConvShape): i32 {
    const floats = KernelGradient.floats(shape);
    const pixels = shape.outHeight * shape.outWidth;
    const worth = (<f64>shape.batch * <f64>pixels * <f64>floats) / WORTH;
    const tiles = shape.batch * Pieces.count(pixels, ROWS_MAX);
    return Parts.count(<i32>min<f64>(tiles, worth), floats);
  }

  /** The plan's block of taps and channels by columns from n0 on, summed over one part of the tiles of all images. */
  static piece(
    plan: Plan,
    task: Task,
    shape: ConvShape,
    dy: usize,
    out: usize,
    part: i32,
    parts: i32,
    group: i32,
    n0: i32,
  ): void {
    const tiles = plan.tiles;
    const n = min(plan.columnBlock, plan.n - n0);
    const filters = shape.filters;
    const first = group * plan.n + n0;
    const to = out + ((<usize>first) << 2);
    const size = Pieces.count(plan.batch * tiles, parts);
    const end = Pieces.end(part, size, plan.batch * tiles);
    const product = plan.product;
    product.n = n;
    product.out = to;
    product.beta = 0;
    let tabled = false;
    for (let unit = Pieces.first(part, size); unit < end; unit++) {
      const image = unit / tiles;
      plan.toTile(unit - image * tiles);
      if (!tabled) {
        plan.tapRows(filters, (shape.channels / shape.groups) * filters);
        plan.pixelTerms();
        tabled = tiles === 1;
      }
      plan.gather(image, group);
      const above = <usize>(image * shape.outHeight + plan.y0) * shape.outWidth + <usize>plan.x0;
      const from = dy + ((above * filters + <usize>first) << 2);
      if (FewFilters.fitsKernel(plan, n)) {
        KernelGradient.packPlanes(plan, from, shape);
        FewFilters.kernel(plan, (<usize>product.kCount) << 2);
      } else {
        KernelGradient.pack(plan, from, shape, n);
        product.multiply();
      }
      product.beta = 1;
      task.beat++;
    }
    if (product.beta !== 0) return;
    // a part without a tile, or no pixel at all
    plan.tileHeight = plan.tileWidth = 0;
    plan.tapRows(filters, (shape.channels / shape.groups) * filters);
    plan.pixelTerms();
    product.multiply();
  }

  /** The tile of dy as one row of pixels a filter. */
  private static packPlanes(plan: Plan, from: usize, shape: ConvShape): void {
    const pixel = (<usize>shape.filters) << 2;
    const stride = (<usize>plan.product.kCount) << 2;
    let to = plan.product.panels;
    for (let i = plan.tileHeight; i > 0; i--, from += <usize>shape.outWidth * pixel) {
      FewFilters.packPlanes(to, stride, from, pixel, plan.tileWidth);
      to += (<usize>plan.tileWidth) << 2;
    }
  }

  /** The tile of dy as panels; `from` is the address of its first pixel. */
  private static pack(plan: Plan, from: usize, shape: ConvShape, n: i32): void {
    const pixel = (<usize>shape.filters) << 2;
    const product = plan.product;
    let to = product.panels;
    for (let i = plan.tileHeight; i > 0; i--, from += <usize>shape.outWidth * pixel) {
      packAcross(to, product.panelBytes, from, pixel, n, plan.tileWidth);
      to += <usize>plan.tileWidth * PANEL_BYTES;
    }
  }
}

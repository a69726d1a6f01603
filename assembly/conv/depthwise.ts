// Depthwise convolution and its gradients: output channel j = c * multiplier + q sees input channel c alone. Sums of
// kernelHeight * kernelWidth products, lanes over the output channels (input channels in the gradient to the input).

import { Pieces } from "../pieces";
import { InF32, OutF32, Task } from "../task";
import { Vec } from "../vec";
import { DepthwiseCorrelation } from "./depthwiseCorrelation";
import { DepthwisePlan, DepthwiseShape, TERM_BYTES, TILE } from "./depthwisePlan";
import { Parts } from "./parts";
import { Span } from "./span";

@unmanaged
export class DepthwiseConv2dArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  multiplier: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  activation: i32;
  x: InF32; // [batch, height, width, channels]
  kernel: InF32; // [kernelHeight, kernelWidth, channels, multiplier]
  bias: InF32; // [channels, multiplier]?
  out: OutF32; // [batch, outHeight, outWidth, channels, multiplier]
}

/** out = activation(x * kernel + bias), channel by channel */
export function depthwiseConv2d(args: DepthwiseConv2dArgs, task: Task): void {
  const plan = DepthwisePlan.of(changetype<DepthwiseShape>(args), false, task);
  plan.begin(args.x, 16);
  DepthwiseCorrelation.run(plan, task, args.kernel, args.bias, args.activation, args.out);
}

export function depthwiseConv2dScratch(args: DepthwiseConv2dArgs, threads: i32): i32 {
  return threads * DepthwisePlan.bytes(changetype<DepthwiseShape>(args), false);
}

@unmanaged
export class DepthwiseConv2dInputGradientArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  multiplier: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  dy: InF32; // [batch, outHeight, outWidth, channels, multiplier]
  kernel: InF32; // [kernelHeight, kernelWidth, channels, multiplier]
  dx: OutF32; // [batch, height, width, channels]
}

/** dx = the sum, over the outputs that an input went into, of dy times the kernel */
export function depthwiseConv2dInputGradient(args: DepthwiseConv2dInputGradientArgs, task: Task): void {
  const plan = DepthwisePlan.of(changetype<DepthwiseShape>(args), true, task);
  plan.begin(args.dy, 16);
  DepthwiseCorrelation.run(plan, task, args.kernel, 0, 0, args.dx);
}

export function depthwiseConv2dInputGradientScratch(args: DepthwiseConv2dInputGradientArgs, threads: i32): i32 {
  return threads * DepthwisePlan.bytes(changetype<DepthwiseShape>(args), true);
}

@unmanaged
export class DepthwiseConv2dKernelGradientArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  multiplier: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  x: InF32; // [batch, height, width, channels]
  dy: InF32; // [batch, outHeight, outWidth, channels, multiplier]
  dkernel: OutF32; // [kernelHeight, kernelWidth, channels, multiplier]
}

/** dkernel = the sum over all outputs of x where a tap met it, times dy */
export function depthwiseConv2dKernelGradient(args: DepthwiseConv2dKernelGradientArgs, task: Task): void {
  const floats = args.kernelHeight * args.kernelWidth * args.channels * args.multiplier;
  const parts = DepthwiseKernel.parts(args);
  if (task.phase === 1) {
    Parts.combine(task, args.dkernel, floats, parts);
    return;
  }
  const plan = DepthwisePlan.of(changetype<DepthwiseShape>(args), false, task, Parts.bytes(parts, floats));
  plan.begin(args.x, plan.outs << 2);
  const rows = args.batch * args.outHeight;
  const size = Pieces.count(rows, parts);
  for (let piece = task.thread; piece < parts * plan.groups; piece += task.threads) {
    const group = piece / parts;
    const part = piece - group * parts;
    plan.toGroup(group);
    const to = parts > 1 ? task.scratch + ((<usize>part * floats) << 2) : args.dkernel;
    DepthwiseKernel.clear(plan, to);
    const end = Pieces.end(part, size, rows);
    for (let row = Pieces.first(part, size); row < end; row++, task.beat++) {
      const image = row / args.outHeight;
      plan.toRow(plan.yAxis(0), row - image * args.outHeight, image, plan.outs << 2);
      DepthwiseKernel.addRow(plan, args.dy + ((<usize>row * args.outWidth * plan.outs) << 2), to);
    }
  }
}

export function depthwiseConv2dKernelGradientScratch(args: DepthwiseConv2dKernelGradientArgs, threads: i32): i32 {
  const floats = args.kernelHeight * args.kernelWidth * args.channels * args.multiplier;
  const parts = <i32>Parts.bytes(DepthwiseKernel.parts(args), floats);
  return parts + threads * DepthwisePlan.bytes(changetype<DepthwiseShape>(args), false);
}

export function depthwiseConv2dKernelGradientPhases(args: DepthwiseConv2dKernelGradientArgs, _threads: i32): i32 {
  return DepthwiseKernel.parts(args) > 1 ? 2 : 1;
}

/** Rows of outputs that are worth a part of the sum: each begins with an empty ring. */
const PART_ROWS: i32 = 8;

@final
@unmanaged
class DepthwiseKernel {
  static parts(args: DepthwiseConv2dKernelGradientArgs): i32 {
    const floats = args.kernelHeight * args.kernelWidth * args.channels * args.multiplier;
    return Parts.count(Pieces.count(args.batch * args.outHeight, PART_ROWS), floats);
  }

  /** Clears the taps of the blocks of the group. */
  static clear(plan: DepthwisePlan, to: usize): void {
    const first = plan.firstBlock << 2;
    const count = min(plan.blockCount << 2, plan.outs - first);
    to += (<usize>first) << 2;
    for (let tap = 0; tap < plan.tapCount; tap++, to += (<usize>plan.outs) << 2) Span.clear(to, count);
  }

  /** Adds the products of one row of dy and the rows of x that it meets. */
  static addRow(plan: DepthwisePlan, dy: usize, to: usize): void {
    const width = plan.shape.outWidth;
    const pixel = (<usize>plan.outs) << 2;
    for (let block = 0; block < plan.blockCount; block++) {
      const out = (plan.firstBlock + block) << 2;
      const lanes = plan.outs - out;
      const offset = (<usize>out) << 2;
      let x = plan.ring + <usize>block * plan.blockBytes;
      let at = dy + offset;
      for (let left = width; left > 0; left -= TILE, at += pixel * TILE, x += TILE * 16) {
        if (left >= TILE && lanes >= 4) DepthwiseKernel.addTile(plan, at, pixel, x, to + offset);
        else DepthwiseKernel.addPart(plan, at, pixel, x, to + offset, min(left, TILE), lanes);
      }
    }
  }

  static addTile(plan: DepthwisePlan, dy: usize, pixel: usize, x: usize, to: usize): void {
    const d0 = v128.load(dy);
    dy += pixel;
    const d1 = v128.load(dy);
    dy += pixel;
    const d2 = v128.load(dy);
    dy += pixel;
    const d3 = v128.load(dy);
    dy += pixel;
    const d4 = v128.load(dy);
    dy += pixel;
    const d5 = v128.load(dy);
    dy += pixel;
    const d6 = v128.load(dy);
    dy += pixel;
    const d7 = v128.load(dy);
    const rowsEnd = plan.rowTerms + plan.rowTermCount * TERM_BYTES;
    const columns = plan.columnTermsOf(0);
    const columnsEnd = columns + plan.shape.kernelWidth * TERM_BYTES;
    for (let row = plan.rowTerms; row < rowsEnd; row += TERM_BYTES) {
      const xRow: usize = x + load<i32>(row);
      const toRow: usize = to + load<i32>(row, 4);
      for (let column = columns; column < columnsEnd; column += TERM_BYTES) {
        const at = xRow + load<i32>(column);
        const tap = toRow + load<i32>(column, 4);
        let s0 = f32x4.mul(d0, v128.load(at));
        let s1 = f32x4.mul(d1, v128.load(at, 16));
        let s2 = f32x4.mul(d2, v128.load(at, 32));
        let s3 = f32x4.mul(d3, v128.load(at, 48));
        s0 = Vec.madd(d4, v128.load(at, 64), s0);
        s1 = Vec.madd(d5, v128.load(at, 80), s1);
        s2 = Vec.madd(d6, v128.load(at, 96), s2);
        s3 = Vec.madd(d7, v128.load(at, 112), s3);
        const sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
        v128.store(tap, f32x4.add(v128.load(tap), sum));
      }
    }
  }

  /** The same for a tile of fewer outputs or channels: nothing else is read, an infinity there would count. */
  static addPart(plan: DepthwisePlan, dy: usize, pixel: usize, x: usize, to: usize, count: i32, lanes: i32): void {
    const d0 = Span.load(dy, lanes);
    const d1 = count > 1 ? Span.load(dy + pixel, lanes) : d0;
    const d2 = count > 2 ? Span.load(dy + pixel * 2, lanes) : d0;
    const d3 = count > 3 ? Span.load(dy + pixel * 3, lanes) : d0;
    const d4 = count > 4 ? Span.load(dy + pixel * 4, lanes) : d0;
    const d5 = count > 5 ? Span.load(dy + pixel * 5, lanes) : d0;
    const d6 = count > 6 ? Span.load(dy + pixel * 6, lanes) : d0;
    const d7 = count > 7 ? Span.load(dy + pixel * 7, lanes) : d0;
    const rowsEnd = plan.rowTerms + plan.rowTermCount * TERM_BYTES;
    const columns = plan.columnTermsOf(0);
    const columnsEnd = columns + plan.shape.kernelWidth * TERM_BYTES;
    for (let row = plan.rowTerms; row < rowsEnd; row += TERM_BYTES) {
      const xRow: usize = x + load<i32>(row);
      const toRow: usize = to + load<i32>(row, 4);
      for (let column = columns; column < columnsEnd; column += TERM_BYTES) {
        const at = xRow + load<i32>(column);
        const tap = toRow + load<i32>(column, 4);
        let s0 = f32x4.mul(d0, v128.load(at));
        let s1 = i32x4.splat(0);
        if (count > 1) s1 = f32x4.mul(d1, v128.load(at, 16));
        if (count > 2) s0 = Vec.madd(d2, v128.load(at, 32), s0);
        if (count > 3) s1 = Vec.madd(d3, v128.load(at, 48), s1);
        if (count > 4) s0 = Vec.madd(d4, v128.load(at, 64), s0);
        if (count > 5) s1 = Vec.madd(d5, v128.load(at, 80), s1);
        if (count > 6) s0 = Vec.madd(d6, v128.load(at, 96), s0);
        if (count > 7) s1 = Vec.madd(d7, v128.load(at, 112), s1);
        Span.store(tap, f32x4.add(Span.load(tap, lanes), f32x4.add(s0, s1)), lanes);
      }
    }
  }
}

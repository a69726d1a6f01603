// Depthwise convolution and its gradients: output channel j = c * multiplier + q sees input channel c alone. Sums of
// kernelHeight * kernelWidth products, lanes over the output channels (input channels in the gradient to the input).

import { Own } from "../own";
import { Pieces } from "../pieces";
import { Span } from "../span";
import { InF32, OutF32, Task } from "../task";
import { Vec } from "../vec";
import { DepthwiseCorrelation } from "./depthwiseCorrelation";
import { DepthwisePlan, DepthwiseShape, TERM_BYTES } from "./depthwisePlan";
import { Parts } from "./parts";

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
  const plan = DepthwisePlan.of(changetype<DepthwiseShape>(args), false, task, 0);
  plan.begin(args.x);
  DepthwiseCorrelation.run(plan, task, args.kernel, args.bias, args.activation, args.out);
}

export function depthwiseConv2dScratch(args: DepthwiseConv2dArgs, threads: i32): i32 {
  return Own.bytes(0, DepthwisePlan.bytes(changetype<DepthwiseShape>(args), false), threads);
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
  const plan = DepthwisePlan.of(changetype<DepthwiseShape>(args), true, task, 0);
  plan.begin(args.dy);
  DepthwiseCorrelation.run(plan, task, args.kernel, 0, 0, args.dx);
}

export function depthwiseConv2dInputGradientScratch(args: DepthwiseConv2dInputGradientArgs, threads: i32): i32 {
  return Own.bytes(0, DepthwisePlan.bytes(changetype<DepthwiseShape>(args), true), threads);
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
  plan.begin(args.x);
  const rows = args.batch * args.outHeight;
  const size = Pieces.count(rows, parts);
  for (
    let piece = Pieces.from(task, parts * plan.groups), last = Pieces.to(task, parts * plan.groups);
    piece < last;
    piece++
  ) {
    const group = piece / parts;
    const part = piece - group * parts;
    plan.toGroup(group);
    const to = parts > 1 ? task.scratch + ((<usize>part * floats) << 2) : args.dkernel;
    memory.fill(plan.taps, 0, plan.groupBlocks * plan.tapsBytes);
    const end = Pieces.end(part, size, rows);
    for (let row = Pieces.first(part, size); row < end; row++, task.beat++) {
      const image = row / args.outHeight;
      plan.toRow(plan.yAxis(0), row - image * args.outHeight, image);
      DepthwiseKernel.addRow(plan, args.dy + ((<usize>row * args.outWidth * plan.outs) << 2));
    }
    DepthwiseKernel.put(plan, to);
  }
}

export function depthwiseConv2dKernelGradientScratch(args: DepthwiseConv2dKernelGradientArgs, threads: i32): i32 {
  const floats = args.kernelHeight * args.kernelWidth * args.channels * args.multiplier;
  const parts = Parts.bytes(DepthwiseKernel.parts(args), floats);
  return Own.bytes(parts, DepthwisePlan.bytes(changetype<DepthwiseShape>(args), false), threads);
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

  /** Adds the products of one row of dy and the rows of x that it meets to the taps of the plan. */
  static addRow(plan: DepthwisePlan, dy: usize): void {
    const columns = plan.columnTermsOf(0);
    const width = plan.shape.outWidth;
    const pixel = (<usize>plan.outs) << 2;
    let taps = plan.taps + 16;
    let strips = plan.ring;
    let lanes = plan.outs - (plan.firstBlock << 2);
    dy += (<usize>plan.firstBlock) << 4;
    for (let block = 0; block < plan.blockCount; block++) {
      for (let term = plan.rowTerms; term < plan.rowTermsEnd; term += TERM_BYTES) {
        const x: usize = strips + load<i32>(term);
        const to: usize = taps + load<i32>(term, 4);
        let column = columns.threes;
        for (; column + 2 * TERM_BYTES < columns.end; column += 3 * TERM_BYTES) {
          DepthwiseKernel.addThree(column, x, to, dy, pixel, width, lanes);
        }
        for (; column < columns.end; column += TERM_BYTES) {
          DepthwiseKernel.addOne(column, x, to, dy, pixel, width, lanes);
        }
      }
      taps += plan.tapsBytes;
      strips += plan.blockBytes;
      dy += 16;
      lanes -= 4;
    }
  }

  /**
   * Whole vectors of three pixels are read while more than so many are left: a load may reach into the next pixels,
   * whose lanes are not used, but not behind the last one.
   */
  @inline static pixelsLeft(pixel: usize): i32 {
    return pixel > 4 ? 3 : 5;
  }

  /** Three taps of a row: nine sums side by side, since each addition waits for the one before. */
  @inline static addThree(column: usize, x: usize, to: usize, dy: usize, pixel: usize, count: i32, lanes: i32): void {
    const zero = i32x4.splat(0);
    let a0 = zero;
    let a1 = zero;
    let a2 = zero;
    let b0 = zero;
    let b1 = zero;
    let b2 = zero;
    let c0 = zero;
    let c1 = zero;
    let c2 = zero;
    let xa = x + load<i32>(column);
    let xb = x + load<i32>(column, TERM_BYTES);
    let xc = x + load<i32>(column, 2 * TERM_BYTES);
    const least = DepthwiseKernel.pixelsLeft(pixel);
    for (; count > least; count -= 3, xa += 48, xb += 48, xc += 48, dy += 3 * pixel) {
      let d = v128.load(dy);
      a0 = Vec.madd(d, v128.load(xa), a0);
      b0 = Vec.madd(d, v128.load(xb), b0);
      c0 = Vec.madd(d, v128.load(xc), c0);
      d = v128.load(dy + pixel);
      a1 = Vec.madd(d, v128.load(xa, 16), a1);
      b1 = Vec.madd(d, v128.load(xb, 16), b1);
      c1 = Vec.madd(d, v128.load(xc, 16), c1);
      d = v128.load(dy + 2 * pixel);
      a2 = Vec.madd(d, v128.load(xa, 32), a2);
      b2 = Vec.madd(d, v128.load(xb, 32), b2);
      c2 = Vec.madd(d, v128.load(xc, 32), c2);
    }
    for (; count > 0; count--, xa += 16, xb += 16, xc += 16, dy += pixel) {
      const d = Span.load(dy, lanes);
      a0 = Vec.madd(d, v128.load(xa), a0);
      b0 = Vec.madd(d, v128.load(xb), b0);
      c0 = Vec.madd(d, v128.load(xc), c0);
    }
    DepthwiseKernel.add(to + load<i32>(column, 4), a0, a1, a2);
    DepthwiseKernel.add(to + load<i32>(column, 4 + TERM_BYTES), b0, b1, b2);
    DepthwiseKernel.add(to + load<i32>(column, 4 + 2 * TERM_BYTES), c0, c1, c2);
  }

  @inline static addOne(column: usize, x: usize, to: usize, dy: usize, pixel: usize, count: i32, lanes: i32): void {
    const zero = i32x4.splat(0);
    let a0 = zero;
    let a1 = zero;
    let a2 = zero;
    let xa = x + load<i32>(column);
    const least = DepthwiseKernel.pixelsLeft(pixel);
    for (; count > least; count -= 3, xa += 48, dy += 3 * pixel) {
      a0 = Vec.madd(v128.load(dy), v128.load(xa), a0);
      a1 = Vec.madd(v128.load(dy + pixel), v128.load(xa, 16), a1);
      a2 = Vec.madd(v128.load(dy + 2 * pixel), v128.load(xa, 32), a2);
    }
    for (; count > 0; count--, xa += 16, dy += pixel) a0 = Vec.madd(Span.load(dy, lanes), v128.load(xa), a0);
    DepthwiseKernel.add(to + load<i32>(column, 4), a0, a1, a2);
  }

  @inline static add(to: usize, a: v128, b: v128, c: v128): void {
    v128.store(to, f32x4.add(v128.load(to), f32x4.add(f32x4.add(a, b), c)));
  }

  /** The sums of the group go to their places. */
  static put(plan: DepthwisePlan, to: usize): void {
    const taps = plan.shape.kernelHeight * plan.shape.kernelWidth;
    for (let tap = 0; tap < taps; tap++, to += (<usize>plan.outs) << 2) {
      for (let block = 0; block < plan.blockCount; block++) {
        const out = (plan.firstBlock + block) << 2;
        const sum = v128.load(plan.taps + <usize>(block * plan.tapsBytes + (tap << 4)), 16);
        Span.store(to + ((<usize>out) << 2), sum, plan.outs - out);
      }
    }
  }
}

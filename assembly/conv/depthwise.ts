// Depthwise convolution and its gradients: output channel j = c * multiplier + q sees input channel c alone. Sums of
// kernelHeight * kernelWidth products, lanes over the output channels (input channels in the gradient to the input).

import { Pieces } from "../pieces";
import { InF32, OutF32, Task } from "../task";
import { Vec } from "../vec";
import { DepthwiseCorrelation } from "./depthwiseCorrelation";
import { DepthwisePlan, DepthwiseShape, TERM_BYTES, TILE, TILE_BYTES } from "./depthwisePlan";
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
  const plan = DepthwisePlan.of(changetype<DepthwiseShape>(args), false, task, 0);
  plan.begin(args.x);
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
  const plan = DepthwisePlan.of(changetype<DepthwiseShape>(args), true, task, 0);
  plan.begin(args.dy);
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
  plan.begin(args.x);
  const rows = args.batch * args.outHeight;
  const size = Pieces.count(rows, parts);
  for (let piece = task.thread; piece < parts * plan.groups; piece += task.threads) {
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

  /** Adds the products of one row of dy and the rows of x that it meets to the taps of the plan. */
  static addRow(plan: DepthwisePlan, dy: usize): void {
    const pixel = (<usize>plan.outs) << 2;
    for (let block = 0; block < plan.blockCount; block++) {
      const out = (plan.firstBlock + block) << 2;
      const lanes = plan.outs - out;
      const taps = plan.taps + <usize>(block * plan.tapsBytes);
      let strips = plan.ring + <usize>(block * plan.blockBytes);
      let at = dy + ((<usize>out) << 2);
      for (let left = plan.shape.outWidth; left > 0; left -= TILE, at += pixel * TILE, strips += TILE_BYTES) {
        if (left >= TILE && lanes >= 4) DepthwiseKernel.addTile(plan, at, pixel, TILE, strips, taps);
        else {
          const tile = plan.tiles;
          for (let i = 0; i < TILE; i++) {
            v128.store(tile + ((<usize>i) << 4), Span.load(at + <usize>i * pixel, i < left ? lanes : 0));
          }
          DepthwiseKernel.addTile(plan, tile, 16, min(left, TILE), strips, taps);
        }
      }
    }
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

  /** Adds the products of `count` outputs. What is in x behind them is not touched: an infinity there would count. */
  static addTile(plan: DepthwisePlan, dy: usize, pixel: usize, count: i32, x: usize, taps: usize): void {
    const columns = plan.columnTermsOf(0);
    const threes = columns.threes;
    const singles = columns.singles;
    const end = columns.end;
    const d0 = v128.load(dy);
    const d1 = v128.load((dy += pixel));
    const d2 = v128.load((dy += pixel));
    const d3 = v128.load((dy += pixel));
    const d4 = v128.load((dy += pixel));
    const d5 = v128.load((dy += pixel));
    const d6 = v128.load((dy += pixel));
    const d7 = v128.load((dy += pixel));
    const rowsEnd = plan.rowTermsEnd;
    for (let row = plan.rowTerms; row < rowsEnd; row += TERM_BYTES) {
      const strip: usize = x + load<i32>(row);
      const tapRow: usize = taps + load<i32>(row, 4);
      let column = threes;
      if (count === TILE) {
        for (; column < singles; column += 3 * TERM_BYTES) {
          const at = strip + load<i32>(column);
          const tap0 = tapRow + load<i32>(column, 4);
          const tap1 = tapRow + load<i32>(column, 12);
          const tap2 = tapRow + load<i32>(column, 20);
          let x = v128.load(at, 16);
          let s0 = f32x4.mul(v128.load(at), d0);
          let s1 = f32x4.mul(x, d0);
          s0 = Vec.madd(x, d1, s0);
          x = v128.load(at, 32);
          let s2 = f32x4.mul(x, d0);
          s1 = Vec.madd(x, d1, s1);
          s0 = Vec.madd(x, d2, s0);
          x = v128.load(at, 48);
          s2 = Vec.madd(x, d1, s2);
          s1 = Vec.madd(x, d2, s1);
          s0 = Vec.madd(x, d3, s0);
          x = v128.load(at, 64);
          s2 = Vec.madd(x, d2, s2);
          s1 = Vec.madd(x, d3, s1);
          s0 = Vec.madd(x, d4, s0);
          x = v128.load(at, 80);
          s2 = Vec.madd(x, d3, s2);
          s1 = Vec.madd(x, d4, s1);
          s0 = Vec.madd(x, d5, s0);
          x = v128.load(at, 96);
          s2 = Vec.madd(x, d4, s2);
          s1 = Vec.madd(x, d5, s1);
          s0 = Vec.madd(x, d6, s0);
          x = v128.load(at, 112);
          s2 = Vec.madd(x, d5, s2);
          s1 = Vec.madd(x, d6, s1);
          s0 = Vec.madd(x, d7, s0);
          x = v128.load(at, 128);
          s2 = Vec.madd(x, d6, s2);
          s1 = Vec.madd(x, d7, s1);
          s2 = Vec.madd(v128.load(at, 144), d7, s2);
          v128.store(tap0, f32x4.add(v128.load(tap0, 16), s0), 16);
          v128.store(tap1, f32x4.add(v128.load(tap1, 16), s1), 16);
          v128.store(tap2, f32x4.add(v128.load(tap2, 16), s2), 16);
        }
      }
      for (; column < end; column += TERM_BYTES) {
        const at = strip + load<i32>(column);
        const tap = tapRow + load<i32>(column, 4);
        let s0 = f32x4.mul(d0, v128.load(at));
        let s1 = i32x4.splat(0);
        if (count > 1) s1 = f32x4.mul(d1, v128.load(at, 16));
        if (count > 2) s0 = Vec.madd(d2, v128.load(at, 32), s0);
        if (count > 3) s1 = Vec.madd(d3, v128.load(at, 48), s1);
        if (count > 4) s0 = Vec.madd(d4, v128.load(at, 64), s0);
        if (count > 5) s1 = Vec.madd(d5, v128.load(at, 80), s1);
        if (count > 6) s0 = Vec.madd(d6, v128.load(at, 96), s0);
        if (count > 7) s1 = Vec.madd(d7, v128.load(at, 112), s1);
        v128.store(tap, f32x4.add(v128.load(tap, 16), f32x4.add(s0, s1)), 16);
      }
    }
  }
}

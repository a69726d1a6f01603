// Depthwise convolution and its gradients: output channel j = c * multiplier + q sees input channel c alone. Sums of
// kernelHeight * kernelWidth products, lanes over the output channels (input channels in the gradient to the input).

import { Activation } from "../activation";
import { Pieces } from "../pieces";
import { Span } from "../span";
import { InF32, OutF32, Task } from "../task";
import { Vec } from "../vec";
import { Axis } from "./axis";
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
  const multiplier = args.multiplier;
  const filters = args.channels * multiplier;
  const rows = args.batch * args.outHeight;
  for (let row = task.thread; row < rows; row += task.threads) {
    const image = row / args.outHeight;
    const top = (row - image * args.outHeight) * args.strideHeight - args.padTop;
    const ky0 = Axis.below(0, top, args.dilationHeight, args.kernelHeight);
    const ky1 = Axis.below(args.height, top, args.dilationHeight, args.kernelHeight);
    const firstRow = image * args.height + top + ky0 * args.dilationHeight;
    const rowStep = (<usize>args.dilationHeight * args.width * args.channels) << 2;
    const columnStep = (<usize>args.dilationWidth * args.channels) << 2;
    let out = args.out + ((<usize>row * args.outWidth * filters) << 2);
    const start = out;
    for (let ox = 0; ox < args.outWidth; ox++) {
      const left = ox * args.strideWidth - args.padLeft;
      const kx0 = Axis.below(0, left, args.dilationWidth, args.kernelWidth);
      const kx1 = Axis.below(args.width, left, args.dilationWidth, args.kernelWidth);
      const pixel = firstRow * args.width + left + kx0 * args.dilationWidth;
      if (args.bias) Span.copy(out, args.bias, filters);
      else Span.clear(out, filters);
      let xRow = args.x + ((<usize>pixel * args.channels) << 2);
      for (let ky = ky0; ky < ky1; ky++, xRow += rowStep) {
        let x = xRow;
        let kernel = args.kernel + ((<usize>(ky * args.kernelWidth + kx0) * filters) << 2);
        for (let kx = kx0; kx < kx1; kx++, x += columnStep, kernel += (<usize>filters) << 2) {
          Depthwise.add(out, x, multiplier, kernel, filters);
        }
      }
      out += (<usize>filters) << 2;
    }
    if (args.activation) Activation.applyRange(start, args.outWidth * filters, args.activation);
    task.beat++;
  }
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
  const multiplier = args.multiplier;
  const channels = args.channels;
  const filters = channels * multiplier;
  const rows = args.batch * args.height;
  for (let row = task.thread; row < rows; row += task.threads) {
    const image = row / args.height;
    const top = row - image * args.height + args.padTop;
    let dx = args.dx + ((<usize>row * args.width * channels) << 2);
    for (let w = 0; w < args.width; w++, dx += (<usize>channels) << 2) {
      Span.clear(dx, channels);
      for (let ky = 0; ky < args.kernelHeight; ky++) {
        const oy = Depthwise.output(top - ky * args.dilationHeight, args.strideHeight, args.outHeight);
        if (oy < 0) continue;
        for (let kx = 0; kx < args.kernelWidth; kx++) {
          const ox = Depthwise.output(w + args.padLeft - kx * args.dilationWidth, args.strideWidth, args.outWidth);
          if (ox < 0) continue;
          const pixel = <usize>(image * args.outHeight + oy) * args.outWidth + <usize>ox;
          const dy = args.dy + ((pixel * filters) << 2);
          const kernel = args.kernel + ((<usize>(ky * args.kernelWidth + kx) * filters) << 2);
          if (multiplier === 1) Depthwise.add(dx, dy, 1, kernel, filters);
          else Depthwise.addSums(dx, dy, kernel, channels, multiplier);
        }
      }
    }
    task.beat++;
  }
}

@final
@unmanaged
class Depthwise {
  /** to[j] += x[j / multiplier] * y[j] for j < n */
  static add(to: usize, x: usize, multiplier: i32, y: usize, n: i32): void {
    if (multiplier !== 1) {
      for (let j = 0; j < n; j += 4, to += 16, y += 16) {
        const sum = Vec.madd(Span.spread(x, j, multiplier, n - j), Span.load(y, n - j), Span.load(to, n - j));
        Span.store(to, sum, n - j);
      }
      return;
    }
    for (; n >= 8; n -= 8, to += 32, x += 32, y += 32) {
      v128.store(to, Vec.madd(v128.load(x), v128.load(y), v128.load(to)));
      v128.store(to, Vec.madd(v128.load(x, 16), v128.load(y, 16), v128.load(to, 16)), 16);
    }
    for (; n > 0; n -= 4, to += 16, x += 16, y += 16) {
      Span.store(to, Vec.madd(Span.load(x, n), Span.load(y, n), Span.load(to, n)), n);
    }
  }

  /** to[c] += sum over q of x[c, q] * y[c, q] for c < n, q < multiplier */
  static addSums(to: usize, x: usize, y: usize, n: i32, multiplier: i32): void {
    const apart = (<usize>multiplier) << 2;
    for (let c = 0; c < n; c += 4, to += 16, x += 4 * apart, y += 4 * apart) {
      let sum = Span.load(to, n - c);
      for (let q: usize = 0; q < apart; q += 4) {
        sum = Vec.madd(Span.gather(x + q, apart, n - c), Span.gather(y + q, apart, n - c), sum);
      }
      Span.store(to, sum, n - c);
    }
  }

  /** The output index `distance` / stride where that is one, or -1. */
  @inline static output(distance: i32, stride: i32, limit: i32): i32 {
    if (distance < 0) return -1;
    if (stride === 1) return distance < limit ? distance : -1;
    const index = distance / stride;
    return index * stride === distance && index < limit ? index : -1;
  }
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
  const filters = args.channels * args.multiplier;
  const floats = args.kernelHeight * args.kernelWidth * filters;
  const rows = args.batch * args.outHeight;
  const parts = Parts.count(rows, floats);
  if (task.phase === 1) {
    Parts.combine(task, args.dkernel, floats, parts);
    return;
  }
  const size = Pieces.count(rows, parts);
  // a piece is a part of the rows by one row of taps
  for (let piece = task.thread; piece < parts * args.kernelHeight; piece += task.threads) {
    const part = piece / args.kernelHeight;
    const ky = piece - part * args.kernelHeight;
    const rowFloats = args.kernelWidth * filters;
    const to =
      (parts > 1 ? task.scratch + ((<usize>part * floats) << 2) : args.dkernel) + ((<usize>ky * rowFloats) << 2);
    Span.clear(to, rowFloats);
    const end = Pieces.end(part, size, rows);
    for (let row = Pieces.first(part, size); row < end; row++) {
      const image = row / args.outHeight;
      const y = (row - image * args.outHeight) * args.strideHeight - args.padTop + ky * args.dilationHeight;
      if (y < 0 || y >= args.height) continue;
      const dy = args.dy + ((<usize>row * args.outWidth * filters) << 2);
      const x = args.x + ((<usize>(image * args.height + y) * args.width * args.channels) << 2);
      depthwiseRow(args, x, dy, to, filters);
      task.beat++;
    }
  }
}

/** Adds the products of one row of x and one of dy to a row of taps. */
function depthwiseRow(args: DepthwiseConv2dKernelGradientArgs, x: usize, dy: usize, to: usize, filters: i32): void {
  const xStep = (<usize>args.strideWidth * args.channels) << 2;
  for (let kx = 0; kx < args.kernelWidth; kx++, to += (<usize>filters) << 2) {
    const left = kx * args.dilationWidth - args.padLeft;
    const first = Axis.below(0, left, args.strideWidth, args.outWidth);
    const end = Axis.below(args.width, left, args.strideWidth, args.outWidth);
    let xAt = x + ((<usize>((left + first * args.strideWidth) * args.channels)) << 2);
    let dyAt = dy + ((<usize>(first * filters)) << 2);
    for (let ox = first; ox < end; ox++, xAt += xStep, dyAt += (<usize>filters) << 2) {
      Depthwise.add(to, xAt, args.multiplier, dyAt, filters);
    }
  }
}

export function depthwiseConv2dKernelGradientScratch(args: DepthwiseConv2dKernelGradientArgs, _threads: i32): i32 {
  const floats = args.kernelHeight * args.kernelWidth * args.channels * args.multiplier;
  return <i32>Parts.bytes(Parts.count(args.batch * args.outHeight, floats), floats);
}

export function depthwiseConv2dKernelGradientPhases(args: DepthwiseConv2dKernelGradientArgs, _threads: i32): i32 {
  const floats = args.kernelHeight * args.kernelWidth * args.channels * args.multiplier;
  return Parts.count(args.batch * args.outHeight, floats) > 1 ? 2 : 1;
}

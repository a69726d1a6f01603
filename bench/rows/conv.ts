// Convolutions of networks that people train: VGG, ResNet, LeNet-5, first layers, depthwise layers of MobileNet.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { GroupName } from "../goals.ts";
import { fillScalars } from "../operands.ts";
import type { Row } from "../row.ts";
import { smallest } from "../row.ts";

interface Shape {
  readonly batch: number;
  /** Height and width. */
  readonly size: number;
  readonly channels: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** Before the first row and column. */
  readonly pad: number;
  readonly quick?: boolean;
}

/** Multiply-adds of what the twin is given where a row has more. */
const REDUCED = 2e6;

const pass = {
  conv2d: "forward",
  conv2dInputGradient: "input gradient",
  conv2dKernelGradient: "kernel gradient",
  conv2dWinograd: "forward",
  conv2dWinogradInputGradient: "input gradient",
  depthwiseConv2d: "forward",
  depthwiseConv2dInputGradient: "input gradient",
  depthwiseConv2dKernelGradient: "kernel gradient",
} as const satisfies Partial<Record<KernelName, string>>;
type ConvKernel = keyof typeof pass;

/** From so many channels on the transforms are small beside the products, and the goal beyond the roof counts. */
const MANY_CHANNELS = 32;

const isWinograd = (kernel: ConvKernel) => kernel.startsWith("conv2dWinograd");

function groupOf(kernel: ConvKernel, s: Shape): GroupName {
  if (kernel.startsWith("depthwise")) return "depthwise";
  if (s.channels <= 3) return "firstLayer";
  if (Math.min(s.channels, s.filters) < 16) return "other";
  if (!isWinograd(kernel)) return "conv";
  return Math.min(s.channels, s.filters) >= MANY_CHANNELS ? "winograd" : "other";
}

function convRow(kernel: ConvKernel, s: Shape): Row {
  const depthwise = kernel.startsWith("depthwise");
  const outSize = Math.floor((s.size + 2 * s.pad - s.kernel) / s.stride) + 1;
  const window = { kernelHeight: s.kernel, kernelWidth: s.kernel, strideHeight: s.stride, strideWidth: s.stride };
  const scalars = fillScalars(kernel, {
    batch: s.batch,
    height: s.size,
    width: s.size,
    channels: s.channels,
    ...(depthwise ? { multiplier: 1 } : { filters: s.filters }),
    ...(isWinograd(kernel) ? {} : window),
    padTop: s.pad,
    padLeft: s.pad,
  });
  const taps = usefulTaps(s, outSize) ** 2;
  const work = s.batch * taps * s.channels * (depthwise ? 1 : s.filters);
  const smaller = shrink(s);
  return {
    group: groupOf(kernel, s),
    kernel,
    shape: `${s.batch}x${s.size}x${s.size}x${s.channels} ${s.kernel}x${s.kernel}${depthwise ? "" : `x${s.filters}`}/${s.stride}`,
    scalars,
    present: [],
    flops: 2 * work,
    ...(work > REDUCED && smaller ? { reduced: smallest(convRow(kernel, smaller)) } : {}),
    quick: (s.quick ?? false) && (pass[kernel] === "forward" || s.kernel === 3), // gradients of one size
  };
}

/** Products of outputs with pixels that are not padding, along one axis. */
function usefulTaps(s: Shape, outSize: number): number {
  let count = 0;
  for (let o = 0; o < outSize; o++) {
    for (let k = 0; k < s.kernel; k++) {
      const at = o * s.stride + k - s.pad;
      if (at >= 0 && at < s.size) count++;
    }
  }
  return count;
}

/** The same on less, or null where nothing is left to take. */
function shrink(s: Shape): Shape | null {
  if (s.batch > 1) return { ...s, batch: 1 };
  if (s.channels > 16 || s.filters > 16) {
    return { ...s, channels: Math.min(s.channels, 16), filters: Math.min(s.filters, 16) };
  }
  return s.size > 28 ? { ...s, size: 28 } : null;
}

const networks: readonly Shape[] = [
  // VGG: image, channels, filters
  ...(
    [
      [112, 64, 64],
      [56, 128, 128],
      [28, 256, 256],
      [14, 512, 512],
    ] as const
  ).map(([size, channels, filters]) => same(1, size, channels, filters, 3, 1)),
  same(8, 32, 32, 32, 3, 1), // VGG on small images
  same(8, 32, 16, 16, 3, 1), // ResNet on small images
  { ...same(8, 16, 64, 64, 3, 1), quick: true },
  same(8, 32, 16, 32, 3, 2),
  same(8, 16, 32, 64, 1, 2),
  // ResNet-50
  same(1, 56, 64, 64, 1, 1),
  { ...same(1, 56, 64, 256, 1, 1), quick: true },
  same(1, 28, 512, 128, 1, 1),
  same(1, 14, 256, 512, 1, 1),
  same(1, 7, 512, 512, 3, 1),
  same(1, 56, 128, 128, 3, 2),
  same(1, 28, 256, 256, 3, 2),
  same(1, 56, 256, 512, 1, 2),
  { batch: 64, size: 14, channels: 6, filters: 16, kernel: 5, stride: 1, pad: 0, quick: true }, // LeNet-5
  // odd ones
  same(2, 17, 24, 40, 3, 1),
  same(2, 19, 20, 36, 3, 2),
  same(3, 13, 5, 7, 3, 1),
];

const firstLayers: readonly Shape[] = [
  { ...same(64, 28, 1, 6, 5, 1), quick: true }, // LeNet-5
  same(64, 28, 1, 16, 3, 1),
  same(64, 28, 1, 32, 3, 1),
  same(16, 32, 3, 16, 3, 1),
  same(16, 32, 3, 32, 3, 1),
  same(1, 112, 3, 64, 3, 1), // VGG
  same(16, 32, 3, 6, 5, 1),
  same(16, 32, 3, 32, 5, 1),
  same(1, 224, 3, 64, 7, 2), // ResNet-50
  same(16, 28, 1, 8, 7, 1),
];

const depthwise: readonly Shape[] = [
  { ...same(1, 112, 32, 32, 3, 1), quick: true }, // MobileNet
  same(1, 112, 64, 64, 3, 2),
  same(1, 56, 128, 128, 3, 1),
  same(1, 14, 512, 512, 3, 1),
  same(1, 28, 120, 120, 5, 1),
  same(1, 28, 96, 96, 5, 2),
  same(8, 16, 17, 17, 3, 1),
];

function same(batch: number, size: number, channels: number, filters: number, kernel: number, stride: number): Shape {
  return { batch, size, channels, filters, kernel, stride, pad: (kernel - 1) >> 1 };
}

export const convRows: readonly Row[] = [
  ...networks.flatMap((shape) => [
    convRow("conv2d", shape),
    convRow("conv2dInputGradient", shape),
    convRow("conv2dKernelGradient", shape),
  ]),
  ...networks
    .filter(({ kernel, stride }) => kernel === 3 && stride === 1)
    .flatMap((shape) => [convRow("conv2dWinograd", shape), convRow("conv2dWinogradInputGradient", shape)]),
  ...firstLayers.flatMap((shape) => [convRow("conv2d", shape), convRow("conv2dKernelGradient", shape)]),
  ...depthwise.flatMap((shape) => [
    convRow("depthwiseConv2d", shape),
    convRow("depthwiseConv2dInputGradient", shape),
    convRow("depthwiseConv2dKernelGradient", shape),
  ]),
];

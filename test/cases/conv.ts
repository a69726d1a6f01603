// Records of assembly/conv/: kernel sizes, strides, padding, dilation, groups, few and many channels and filters.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { integers, normal } from "../values.ts";

interface Shape {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  kernel: readonly [number, number];
  strides: readonly [number, number];
  /** top, left, bottom, right */
  pads: readonly [number, number, number, number];
  dilation: readonly [number, number];
  groups: number;
}

const plain: Shape = {
  batch: 2,
  height: 7,
  width: 6,
  channels: 3,
  filters: 6,
  kernel: [3, 3],
  strides: [1, 1],
  pads: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
};

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** A shape of random settings; the image is as large as a few outputs need. */
function randomShape(seed: number): Shape {
  const next = integers(seed);
  const pick = <T>(values: readonly T[]): T => values[next() % values.length] as T;
  const groups = pick([1, 1, 1, 2, 3, 5]);
  const kernel = [pick([1, 2, 3, 5, 7]), pick([1, 2, 3, 5, 7])] as const;
  const dilation = [pick([1, 1, 2]), pick([1, 1, 2, 3])] as const;
  return {
    batch: pick([1, 1, 2, 3]),
    height: (kernel[0] - 1) * dilation[0] + pick([1, 2, 4, 9]),
    width: (kernel[1] - 1) * dilation[1] + pick([1, 2, 4, 9]),
    channels: groups === 1 ? pick([1, 2, 3, 4, 5, 8, 17]) : groups * pick([1, 2, 4]),
    filters: groups === 1 ? pick([1, 3, 6, 8, 17]) : groups * pick([1, 3, 9]),
    kernel,
    strides: [pick([1, 1, 2, 3]), pick([1, 1, 2, 3])],
    pads: [pick([0, 0, 1, 2, 3]), pick([0, 0, 1, 2, 3]), pick([0, 1, 2, 3]), pick([0, 1, 2, 3])],
    dilation,
    groups,
  };
}

/** Depthwise: channels that fill vectors and do not, rows shorter and longer than a tile, pads that no tap crosses. */
function depthwiseShape(seed: number): Shape {
  const next = integers(seed);
  const pick = <T>(values: readonly T[]): T => values[next() % values.length] as T;
  const kernel = [pick([1, 2, 3, 5]), pick([1, 2, 3, 3, 5, 7])] as const;
  const dilation = [pick([1, 1, 2, 3]), pick([1, 1, 2, 3])] as const;
  const pads = [pick([0, 1, 2, 9]), pick([0, 1, 2, 9]), pick([0, 1, 2, 9]), pick([0, 1, 2, 9])] as const;
  const reach = [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1] as const;
  const channels = pick([1, 3, 4, 5, 8, 9, 16, 17]);
  return {
    batch: pick([1, 2]),
    height: Math.max(1, reach[0] - pads[0] - pads[2] + pick([0, 1, 3, 9])),
    width: Math.max(1, reach[1] - pads[1] - pads[3] + pick([0, 1, 3, 6, 7, 8, 16, 19])),
    channels,
    filters: channels * pick([1, 1, 1, 2, 3]),
    kernel,
    strides: [pick([1, 1, 2, 3]), pick([1, 1, 2, 3])],
    pads,
    dilation,
    groups: channels,
  };
}

const shapes: readonly Shape[] = [
  plain,
  { ...plain, batch: 0 },
  { ...plain, batch: 1, height: 1, width: 1, kernel: [1, 1], pads: [0, 0, 0, 0] },
  { ...plain, height: 3, width: 3, pads: [0, 0, 0, 0] }, // one output pixel
  { ...plain, height: 2, width: 2, kernel: [1, 1], pads: [3, 3, 3, 3] }, // outputs that meet padding only
  { ...plain, kernel: [1, 1], strides: [2, 3], pads: [0, 0, 0, 0] }, // inputs that go nowhere
  { ...plain, strides: [3, 1], dilation: [3, 2], pads: [2, 2, 2, 2] }, // phases without a tap
  { ...plain, strides: [2, 2], dilation: [2, 2], pads: [2, 1, 2, 1] },
  { ...plain, channels: 0 },
  { ...plain, filters: 0 },
  { ...plain, channels: 1, height: 12, width: 12, kernel: [5, 5], pads: [2, 2, 2, 2], batch: 3 },
  { ...plain, channels: 6, filters: 16, height: 9, width: 9, kernel: [5, 5], pads: [0, 0, 0, 0] },
  { ...plain, channels: 8, filters: 8, groups: 8 },
  { ...plain, channels: 8, filters: 24, groups: 8, strides: [2, 1], pads: [0, 1, 1, 1] },
  // more rows, terms or columns than a block holds; strips of several tiles
  { ...plain, batch: 1, height: 40, width: 37, channels: 2, filters: 3 },
  { ...plain, batch: 1, height: 3, width: 1300, channels: 1, filters: 2 },
  { ...plain, batch: 1, height: 4, width: 4, channels: 250, filters: 9 },
  { ...plain, batch: 1, height: 4, width: 4, channels: 9, filters: 250 },
  { ...plain, batch: 1, height: 3, width: 3, channels: 130, filters: 130 },
  { ...plain, batch: 1, height: 20, width: 20, channels: 200, filters: 2, kernel: [1, 1], pads: [2, 0, 0, 0] },
  { ...plain, batch: 1, height: 34, width: 35, channels: 1, filters: 1, kernel: [34, 33], pads: [1, 1, 0, 1] },
  {
    ...plain,
    batch: 1,
    height: 2,
    width: 2,
    channels: 2,
    filters: 2,
    kernel: [2, 2],
    dilation: [300, 300],
    pads: [300, 300, 2, 2],
  },
  { ...plain, channels: 3, filters: 0, groups: 3 }, // a multiplier of 0
  { ...plain, batch: 1, height: 2, width: 200, channels: 3, filters: 300 }, // rows that a strip holds only in few channels
  // one channel of its own filters: a vector reaches into the next pixels
  ...[1, 2, 3, 4, 5, 6, 7, 9, 13].map((width) => ({
    ...plain,
    batch: 1,
    width,
    channels: 1,
    filters: 1,
    kernel: [3, 3] as const,
  })),
  // one channel, six filters (and five): pixels in the lanes
  ...[5, 6].flatMap((filters) =>
    [8, 9, 12, 17, 28].map((width) => ({
      ...plain,
      channels: 1,
      filters,
      width,
      height: 5,
      pads: [1, 1, 1, 1] as const,
    })),
  ),
  { ...plain, channels: 1, filters: 6, width: 20, height: 9, kernel: [5, 5], pads: [2, 2, 2, 2], batch: 3 },
  { ...plain, channels: 1, filters: 6, width: 19, height: 70, kernel: [2, 4], pads: [0, 0, 0, 0], dilation: [2, 1] },
  { ...plain, channels: 2, filters: 12, groups: 2, width: 20, height: 6, kernel: [3, 5] },
  { ...plain, channels: 1, filters: 6, width: 12, height: 6, strides: [2, 1] },
  // blocks and tiles of Winograd's algorithm: odd sizes, one row, more than one block, many channels
  ...[1, 2, 3, 4, 5, 8].map((size, i) => ({
    ...plain,
    height: size + 2,
    width: 7 - size + 2,
    channels: 1 + 3 * i,
    filters: 9 - i,
  })),
  { ...plain, batch: 3, height: 17, width: 15, channels: 5, filters: 9 },
  { ...plain, batch: 1, height: 12, width: 13, channels: 36, filters: 44, pads: [0, 0, 0, 0] as const },
  { ...plain, batch: 1, height: 5, width: 6, channels: 530, filters: 4 },
  { ...plain, batch: 1, height: 5, width: 6, channels: 4, filters: 530, pads: [2, 2, 2, 2] as const },
  { ...plain, batch: 1, height: 3, width: 3, pads: [3, 4, 3, 3] as const },
  // depthwise: more channels than a ring of strips holds at once, several parts of the sums over pixels
  { ...plain, batch: 1, height: 12, width: 30, channels: 261, filters: 261, groups: 261, kernel: [5, 5] },
  { ...plain, batch: 1, height: 12, width: 9, channels: 260, filters: 520, groups: 260, strides: [2, 2] },
  ...range(120).map(randomShape),
  ...range(120).map(depthwiseShape),
];

const largest = (x: Float32Array) => x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

function casesOf(shape: Shape, seed: number): KernelCase[] {
  const { batch, height, width, channels, filters, groups } = shape;
  const [kernelHeight, kernelWidth] = shape.kernel;
  const [strideHeight, strideWidth] = shape.strides;
  const [dilationHeight, dilationWidth] = shape.dilation;
  const [padTop, padLeft, padBottom, padRight] = shape.pads;
  const out = (size: number, pads: number, kernel: number, dilation: number, stride: number) =>
    Math.floor((size + pads - (kernel - 1) * dilation - 1) / stride) + 1;
  const outHeight = out(height, padTop + padBottom, kernelHeight, dilationHeight, strideHeight);
  const outWidth = out(width, padLeft + padRight, kernelWidth, dilationWidth, strideWidth);
  const operands = {
    batch,
    height,
    width,
    channels,
    outHeight,
    outWidth,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
    dilationHeight,
    dilationWidth,
  };
  const x = normal(batch * height * width * channels, 3 * seed);
  const kernel = normal(kernelHeight * kernelWidth * (channels / groups) * filters, 3 * seed + 1);
  const dy = normal(batch * outHeight * outWidth * filters, 3 * seed + 2);
  const bias = seed % 3 === 0 ? null : normal(filters, seed);
  const activation = seed % 9;
  const bound = (terms: number, a: Float32Array, b: Float32Array) => {
    const error = (4 * Math.sqrt(terms) + 4) * 2 ** -24 * Math.max(1, largest(a) * largest(b));
    return () => error;
  };
  // products of sums of up to four inputs: one may be four times as large as the largest input would make it
  const times = (factor: number, bounded: () => number) => () => factor * bounded();
  const taps = kernelHeight * kernelWidth;
  const name = JSON.stringify(shape);
  const forward = { activation, x, kernel, bias, out: new Float32Array(dy.length) };
  const toInput = { dy, kernel, dx: new Float32Array(x.length) };
  const toKernel = { x, dy, dkernel: new Float32Array(kernel.length) };
  // 1.13 is the steepest slope of an activation (gelu)
  const forwardBound = bound(1.3 * taps * (channels / groups) + 4, x, kernel);
  const toInputBound = bound(taps * (filters / groups), dy, kernel);
  const toKernelBound = bound(batch * outHeight * outWidth, x, dy);
  const general = { ...operands, filters, groups };
  const cases = [
    kernelCase("conv2d", `${name}, activation ${activation}`, { ...general, ...forward }, forwardBound),
    kernelCase("conv2dInputGradient", name, { ...general, ...toInput }, toInputBound),
    kernelCase("conv2dKernelGradient", name, { ...general, ...toKernel }, toKernelBound),
  ];
  const plainWindow = [...shape.kernel, ...shape.strides, ...shape.dilation, groups].join() === "3,3,1,1,1,1,1";
  if (plainWindow) {
    const { kernelHeight: _h, kernelWidth: _w, strideHeight: _sh, strideWidth: _sw, ...rest } = operands;
    const { dilationHeight: _dh, dilationWidth: _dw, ...sizes } = rest;
    const winograd = { ...sizes, filters };
    cases.push(
      kernelCase(
        "conv2dWinograd",
        `${name}, activation ${activation}`,
        { ...winograd, ...forward },
        times(4, forwardBound),
      ),
      kernelCase("conv2dWinogradInputGradient", name, { ...winograd, ...toInput }, times(4, toInputBound)),
    );
  }
  if (groups !== channels || channels === 0) return cases;
  const depthwise = { ...operands, multiplier: filters / channels };
  return [
    ...cases,
    kernelCase("depthwiseConv2d", `${name}, activation ${activation}`, { ...depthwise, ...forward }, forwardBound),
    kernelCase("depthwiseConv2dInputGradient", name, { ...depthwise, ...toInput }, toInputBound),
    kernelCase("depthwiseConv2dKernelGradient", name, { ...depthwise, ...toKernel }, toKernelBound),
  ];
}

export const convCases: readonly KernelCase[] = shapes.flatMap(casesOf);

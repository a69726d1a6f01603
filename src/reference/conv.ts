// Twins of assembly/conv/. A depthwise convolution is one with as many groups as channels.

import { activationOf } from "./activation.ts";
import type { Twin } from "./twin.ts";

interface Shape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly groups: number;
}

/** Visits every product of a convolution: out[outAt] is the sum of x[xAt] * kernel[kernelAt]. */
function eachProduct(s: Shape, visit: (xAt: number, kernelAt: number, outAt: number) => void): void {
  const channels = s.channels / s.groups;
  const filters = s.filters / s.groups;
  for (let b = 0; b < s.batch; b++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++) {
        for (let ky = 0; ky < s.kernelHeight; ky++) {
          const y = oy * s.strideHeight + ky * s.dilationHeight - s.padTop;
          if (y < 0 || y >= s.height) continue;
          for (let kx = 0; kx < s.kernelWidth; kx++) {
            const x = ox * s.strideWidth + kx * s.dilationWidth - s.padLeft;
            if (x < 0 || x >= s.width) continue;
            for (let o = 0; o < s.filters; o++) {
              const group = Math.floor(o / filters);
              for (let c = 0; c < channels; c++) {
                visit(
                  ((b * s.height + y) * s.width + x) * s.channels + group * channels + c,
                  ((ky * s.kernelWidth + kx) * channels + c) * s.filters + o,
                  ((b * s.outHeight + oy) * s.outWidth + ox) * s.filters + o,
                );
              }
            }
          }
        }
      }
    }
  }
}

export const conv2d: Twin<"conv2d"> = ({ x, kernel, bias, out, activation, ...shape }) => {
  const { batch, outHeight, outWidth, filters } = shape;
  const sums = new Float64Array(batch * outHeight * outWidth * filters);
  eachProduct(shape, (xAt, kernelAt, outAt) => {
    (sums[outAt] as number) += (x[xAt] as number) * (kernel[kernelAt] as number);
  });
  const f = activationOf(activation);
  sums.forEach((sum, i) => {
    out[i] = f(sum + (bias ? (bias[i % filters] as number) : 0));
  });
};

export const conv2dInputGradient: Twin<"conv2dInputGradient"> = ({ dy, kernel, dx, ...shape }) => {
  const sums = new Float64Array(shape.batch * shape.height * shape.width * shape.channels);
  eachProduct(shape, (xAt, kernelAt, outAt) => {
    (sums[xAt] as number) += (dy[outAt] as number) * (kernel[kernelAt] as number);
  });
  dx.set(sums);
};

export const conv2dKernelGradient: Twin<"conv2dKernelGradient"> = ({ x, dy, dkernel, ...shape }) => {
  const { kernelHeight, kernelWidth, channels, groups, filters } = shape;
  const sums = new Float64Array(kernelHeight * kernelWidth * (channels / groups) * filters);
  eachProduct(shape, (xAt, kernelAt, outAt) => {
    (sums[kernelAt] as number) += (x[xAt] as number) * (dy[outAt] as number);
  });
  dkernel.set(sums);
};

export const depthwiseConv2d: Twin<"depthwiseConv2d"> = ({ multiplier, ...operands }) =>
  conv2d({ ...operands, groups: operands.channels, filters: operands.channels * multiplier });

export const depthwiseConv2dInputGradient: Twin<"depthwiseConv2dInputGradient"> = ({ multiplier, ...operands }) =>
  conv2dInputGradient({ ...operands, groups: operands.channels, filters: operands.channels * multiplier });

export const depthwiseConv2dKernelGradient: Twin<"depthwiseConv2dKernelGradient"> = ({ multiplier, ...operands }) =>
  conv2dKernelGradient({ ...operands, groups: operands.channels, filters: operands.channels * multiplier });

/** What Winograd's kernels are made for. */
const threeByThree = {
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
} as const;

export const conv2dWinograd: Twin<"conv2dWinograd"> = (operands) => conv2d({ ...operands, ...threeByThree });

export const conv2dWinogradInputGradient: Twin<"conv2dWinogradInputGradient"> = (operands) =>
  conv2dInputGradient({ ...operands, ...threeByThree });

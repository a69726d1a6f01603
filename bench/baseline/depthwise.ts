// Baselines of the depthwise convolutions: four channels in local variables, over all taps of a pixel.

import type { Operands } from "../../bindings/generated/kernels.ts";
import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";

type Shape = Omit<Operands<unknown, unknown>["depthwiseConv2dInputGradient"], "dy" | "kernel" | "dx">;

const plain = (s: Shape): void =>
  expect(s.multiplier === 1 && s.dilationHeight === 1 && s.dilationWidth === 1, "one multiplier, no dilation");

/** Taps [first, end) of an axis that fall on a pixel and not on padding. */
const firstTap = (start: number): number => (start < 0 ? -start : 0);
const endTap = (start: number, kernel: number, size: number): number => Math.min(kernel, size - start);

export const depthwiseConv2d: Baseline<"depthwiseConv2d"> = (o) => {
  plain(o);
  expect(o.activation === 0 && !o.bias, "plain convolutions");
  const { channels, height, width, kernelWidth, x, kernel, out } = o;
  let to = 0;
  for (let image = 0; image < o.batch; image++) {
    for (let oy = 0; oy < o.outHeight; oy++) {
      const top = oy * o.strideHeight - o.padTop;
      const [y0, y1] = [firstTap(top), endTap(top, o.kernelHeight, height)];
      for (let ox = 0; ox < o.outWidth; ox++, to += channels) {
        const left = ox * o.strideWidth - o.padLeft;
        const [x0, x1] = [firstTap(left), endTap(left, kernelWidth, width)];
        const pixel = ((image * height + top) * width + left) * channels;
        let c = 0;
        for (; c + 4 <= channels; c += 4) {
          let [s0, s1, s2, s3] = [0, 0, 0, 0];
          for (let ky = y0; ky < y1; ky++) {
            let p = pixel + (ky * width + x0) * channels + c;
            let q = (ky * kernelWidth + x0) * channels + c;
            for (let kx = x0; kx < x1; kx++, p += channels, q += channels) {
              s0 += (x[p] as number) * (kernel[q] as number);
              s1 += (x[p + 1] as number) * (kernel[q + 1] as number);
              s2 += (x[p + 2] as number) * (kernel[q + 2] as number);
              s3 += (x[p + 3] as number) * (kernel[q + 3] as number);
            }
          }
          out[to + c] = s0;
          out[to + c + 1] = s1;
          out[to + c + 2] = s2;
          out[to + c + 3] = s3;
        }
        for (; c < channels; c++) {
          let sum = 0;
          for (let ky = y0; ky < y1; ky++) {
            for (let kx = x0; kx < x1; kx++) {
              const p = pixel + (ky * width + kx) * channels + c;
              sum += (x[p] as number) * (kernel[(ky * kernelWidth + kx) * channels + c] as number);
            }
          }
          out[to + c] = sum;
        }
      }
    }
  }
};

/** Calls `visit` for each pair of an output pixel and a tap that meet a pixel of the image. */
function eachTap(s: Shape, visit: (xAt: number, kernelAt: number, outAt: number) => void): void {
  const { channels, height, width, kernelWidth } = s;
  let out = 0;
  for (let image = 0; image < s.batch; image++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      const top = oy * s.strideHeight - s.padTop;
      const [y0, y1] = [firstTap(top), endTap(top, s.kernelHeight, height)];
      for (let ox = 0; ox < s.outWidth; ox++, out += channels) {
        const left = ox * s.strideWidth - s.padLeft;
        const [x0, x1] = [firstTap(left), endTap(left, kernelWidth, width)];
        for (let ky = y0; ky < y1; ky++) {
          for (let kx = x0; kx < x1; kx++) {
            const pixel = (image * height + top + ky) * width + left + kx;
            visit(pixel * channels, (ky * kernelWidth + kx) * channels, out);
          }
        }
      }
    }
  }
}

export const depthwiseConv2dInputGradient: Baseline<"depthwiseConv2dInputGradient"> = (o) => {
  plain(o);
  const { channels, dy, kernel, dx } = o;
  dx.fill(0, 0, o.batch * o.height * o.width * channels);
  eachTap(o, (xAt, kernelAt, outAt) => {
    for (let c = 0; c < channels; c++) {
      dx[xAt + c] = (dx[xAt + c] as number) + (dy[outAt + c] as number) * (kernel[kernelAt + c] as number);
    }
  });
};

export const depthwiseConv2dKernelGradient: Baseline<"depthwiseConv2dKernelGradient"> = (o) => {
  plain(o);
  const { channels, x, dy, dkernel } = o;
  dkernel.fill(0, 0, o.kernelHeight * o.kernelWidth * channels);
  eachTap(o, (xAt, kernelAt, outAt) => {
    for (let c = 0; c < channels; c++) {
      dkernel[kernelAt + c] = (dkernel[kernelAt + c] as number) + (x[xAt + c] as number) * (dy[outAt + c] as number);
    }
  });
};

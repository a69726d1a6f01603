// The geometry of sliding windows, shared by convolution and pooling.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { invalid, isPairOf, SIZE_MAX } from "../check.ts";
import { formatShape } from "../shape.ts";

/** "valid", "same" by TensorFlow's rule, a number for all sides, or [[top, bottom], [left, right]]. */
export type Padding = "valid" | "same" | number | readonly [readonly [number, number], readonly [number, number]];

export interface Window {
  readonly outHeight: number;
  readonly outWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly strides: readonly [number, number];
}

export const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === "number" ? [value, value] : [value[0], value[1]];

const isPad = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 20;
const isPadPair = (p: unknown): p is readonly [number, number] => isPairOf(p, isPad);

export const paddingOption: Checker<Padding> = (value, name, where) => {
  const ok = value === "valid" || value === "same" || isPad(value) || isPairOf(value, isPadPair);
  if (!ok) {
    throw invalid(where, name, '"valid", "same", a non-negative integer or [[top, bottom], [left, right]]', value);
  }
  return value as Padding;
};

interface WindowOptions {
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilation?: readonly [number, number];
}

/** One axis: output size and padding before. */
function along(
  size: number,
  window: number,
  stride: number,
  padding: "valid" | "same" | readonly [number, number],
): [out: number, before: number, padded: number] {
  if (padding === "same") {
    // out = ceil(size / stride); what is missing is padded, the odd one behind
    const out = Math.ceil(size / stride);
    const total = Math.max(0, (out - 1) * stride + window - size);
    return [out, Math.floor(total / 2), size + total];
  }
  const [before, after] = padding === "valid" ? [0, 0] : padding;
  const padded = size + before + after;
  return [Math.floor((padded - window) / stride) + 1, before, padded];
}

/** Output size and padding of a window over x [B, H, W, C]; throws where the window is larger than the padded input. */
export function windowOf(
  what: string,
  where: string,
  x: readonly number[],
  size: readonly [number, number],
  options: WindowOptions,
): Window {
  const { strides, padding, dilation = [1, 1] } = options;
  const [, height, width] = x as [number, number, number];
  const spanHeight = (size[0] - 1) * dilation[0] + 1;
  const spanWidth = (size[1] - 1) * dilation[1] + 1;
  const side = (axis: 0 | 1) =>
    typeof padding === "string" ? padding : typeof padding === "number" ? ([padding, padding] as const) : padding[axis];
  const [outHeight, padTop, paddedHeight] = along(height, spanHeight, strides[0], side(0));
  const [outWidth, padLeft, paddedWidth] = along(width, spanWidth, strides[1], side(1));
  if (Math.max(paddedHeight, paddedWidth) > SIZE_MAX) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: window, padding and dilation make an input of ${paddedHeight}x${paddedWidth}; at most ${SIZE_MAX} can be counted.`,
    );
  }
  if (spanHeight > paddedHeight || spanWidth > paddedWidth) {
    const name = what.includes("Pool") || what.includes("pool") ? "pool" : "kernel";
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: ${name} ${spanHeight}x${spanWidth} exceeds the padded input ${paddedHeight}x${paddedWidth} (${formatShape(x)}). Use padding "same" or a smaller ${name}.`,
    );
  }
  return { outHeight, outWidth, padTop, padLeft, strides };
}

/** Operands of the kernels. */
export function windowOperands(x: readonly number[], window: Window): Record<string, number> {
  const [batch, height, width, channels] = x as [number, number, number, number];
  return {
    batch,
    height,
    width,
    channels,
    outHeight: window.outHeight,
    outWidth: window.outWidth,
    strideHeight: window.strides[0],
    strideWidth: window.strides[1],
    padTop: window.padTop,
    padLeft: window.padLeft,
  };
}

// Baselines of the elementwise kernels. Each process runs one of them, so the engine inlines the function into the loop.
// What depends on the sign of a number is written without a branch: a branch that nobody can predict takes ten times as
// long as the rest, and Math.max, Math.min and Math.sign branch too.

import type { Operands } from "../../bindings/generated/kernels.ts";
import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";

interface Unary {
  readonly n: number;
  readonly x: Float32Array;
  readonly out: Float32Array;
}

const unary =
  (f: (x: number) => number) =>
  ({ n, x, out }: Unary): void => {
    for (let i = 0; i < n; i++) out[i] = f(x[i] as number);
  };

/** The greater and the lesser of two finite numbers. */
const greaterOf = (a: number, b: number): number => (a + b + Math.abs(a - b)) * 0.5;
const lesserOf = (a: number, b: number): number => (a + b - Math.abs(a - b)) * 0.5;
/** max(x, 0), min(x, 0) */
const above = (x: number): number => (x + Math.abs(x)) * 0.5;
const below = (x: number): number => (x - Math.abs(x)) * 0.5;

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** erf by Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7: as much as float32 shows. */
function errorFunction(x: number): number {
  const a = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * a);
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return (1 - polynomial * Math.exp(-a * a)) * (2 * Number(x > 0) - 1);
}

const normalCdf = (x: number): number => (1 + errorFunction(x * Math.SQRT1_2)) / 2;

export const negate: Baseline<"negate"> = unary((x) => -x);
export const absolute: Baseline<"absolute"> = unary((x) => Math.abs(x));
export const square: Baseline<"square"> = unary((x) => x * x);
export const sqrt: Baseline<"sqrt"> = unary(Math.sqrt);
export const reciprocal: Baseline<"reciprocal"> = unary((x) => 1 / x);
export const sign: Baseline<"sign"> = unary((x) => Number(x > 0) - Number(x < 0));
export const exp: Baseline<"exp"> = unary((x) => Math.exp(x));
export const log: Baseline<"log"> = unary((x) => Math.log(x));
export const erf: Baseline<"erf"> = unary(errorFunction);
export const relu: Baseline<"relu"> = unary(above);
export const sigmoid: Baseline<"sigmoid"> = unary(logistic);
export const tanh: Baseline<"tanh"> = unary((x) => Math.tanh(x));
export const softplus: Baseline<"softplus"> = unary((x) => above(x) + Math.log1p(Math.exp(-Math.abs(x))));
export const gelu: Baseline<"gelu"> = unary((x) => x * normalCdf(x));
export const silu: Baseline<"silu"> = unary((x) => x * logistic(x));

export const leakyRelu: Baseline<"leakyRelu"> = ({ n, slope, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = above(x[i] as number) + slope * below(x[i] as number);
};

export const elu: Baseline<"elu"> = ({ n, alpha, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = above(x[i] as number) + alpha * (Math.exp(below(x[i] as number)) - 1);
};

export const affine: Baseline<"affine"> = ({ n, alpha, beta, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = alpha * (x[i] as number) + beta;
};

export const clip: Baseline<"clip"> = ({ n, low, high, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = lesserOf(greaterOf(x[i] as number, low), high);
};

export const int32ToFloat32: Baseline<"int32ToFloat32"> = ({ n, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = x[i] as number;
};

export const float32ToInt32: Baseline<"float32ToInt32"> = ({ n, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = x[i] as number;
};

interface FromY {
  readonly n: number;
  readonly y: Float32Array;
  readonly dy: Float32Array;
  readonly dx: Float32Array;
}
interface FromX {
  readonly n: number;
  readonly x: Float32Array;
  readonly dy: Float32Array;
  readonly dx: Float32Array;
}

const gradientFromY =
  (slope: (y: number) => number) =>
  ({ n, y, dy, dx }: FromY): void => {
    for (let i = 0; i < n; i++) dx[i] = slope(y[i] as number) * (dy[i] as number);
  };

const gradientFromX =
  (slope: (x: number) => number) =>
  ({ n, x, dy, dx }: FromX): void => {
    for (let i = 0; i < n; i++) dx[i] = slope(x[i] as number) * (dy[i] as number);
  };

export const reluGradient: Baseline<"reluGradient"> = gradientFromY((y) => Number(y > 0));

export const leakyReluGradient: Baseline<"leakyReluGradient"> = ({ n, slope, y, dy, dx }) => {
  for (let i = 0; i < n; i++) dx[i] = (slope + (1 - slope) * Number((y[i] as number) > 0)) * (dy[i] as number);
};

export const eluGradient: Baseline<"eluGradient"> = ({ n, alpha, y, dy, dx }) => {
  for (let i = 0; i < n; i++) {
    const value = y[i] as number;
    const positive = Number(value > 0);
    dx[i] = (positive + (1 - positive) * (value + alpha)) * (dy[i] as number);
  }
};

export const sigmoidGradient: Baseline<"sigmoidGradient"> = gradientFromY((y) => y * (1 - y));
export const tanhGradient: Baseline<"tanhGradient"> = gradientFromY((y) => 1 - y * y);
export const softplusGradient: Baseline<"softplusGradient"> = gradientFromX(logistic);
export const geluGradient: Baseline<"geluGradient"> = gradientFromX((x) => {
  const density = Math.exp(-0.5 * x * x) * 0.3989422804014327; // 1 / sqrt(2 pi)
  return normalCdf(x) + x * density;
});
export const siluGradient: Baseline<"siluGradient"> = gradientFromX((x) => {
  const s = logistic(x);
  return s + x * s * (1 - s);
});

type Binary = Operands<Float32Array, Int32Array>["add"];

/** Whether strides of axes 1 to 3 are those of a contiguous array; axis 0 counts where it has a size. */
const contiguous = (o: Binary, s0: number, s1: number, s2: number, s3: number): boolean =>
  (o.d3 === 1 || s3 === 1) &&
  (o.d2 === 1 || s2 === o.d3) &&
  (o.d1 === 1 || s1 === o.d2 * o.d3) &&
  (o.d0 === 1 || s0 === o.d1 * o.d2 * o.d3);

const binary =
  (f: (a: number, b: number) => number) =>
  (o: Binary): void => {
    const { a, b, out } = o;
    const n = o.d0 * o.d1 * o.d2 * o.d3;
    expect(contiguous(o, o.a0, o.a1, o.a2, o.a3), "a contiguous first operand");
    if (contiguous(o, o.b0, o.b1, o.b2, o.b3)) {
      for (let i = 0; i < n; i++) out[i] = f(a[i] as number, b[i] as number);
      return;
    }
    expect(o.d0 === 1 && o.d1 === 1 && o.b2 === 0 && o.b3 === 1, "a second operand that is one row");
    for (let i = 0; i < n; i += o.d3) {
      for (let j = 0; j < o.d3; j++) out[i + j] = f(a[i + j] as number, b[j] as number);
    }
  };

export const add: Baseline<"add"> = binary((a, b) => a + b);
export const sub: Baseline<"sub"> = binary((a, b) => a - b);
export const mul: Baseline<"mul"> = binary((a, b) => a * b);
export const div: Baseline<"div"> = binary((a, b) => a / b);
export const maximum: Baseline<"maximum"> = binary(greaterOf);
export const minimum: Baseline<"minimum"> = binary(lesserOf);
export const squaredDifference: Baseline<"squaredDifference"> = binary((a, b) => (a - b) * (a - b));
export const greater: Baseline<"greater"> = binary((a, b) => Number(a > b));
export const greaterEqual: Baseline<"greaterEqual"> = binary((a, b) => Number(a >= b));
export const less: Baseline<"less"> = binary((a, b) => Number(a < b));
export const lessEqual: Baseline<"lessEqual"> = binary((a, b) => Number(a <= b));
export const equal: Baseline<"equal"> = binary((a, b) => Number(a === b));
export const notEqual: Baseline<"notEqual"> = binary((a, b) => Number(a !== b));

export const select: Baseline<"select"> = (o) => {
  const { condition, a, b, out } = o;
  const n = o.d0 * o.d1 * o.d2 * o.d3;
  expect(o.d0 === 1 && o.d1 === 1 && o.d2 === 1 && o.c3 === 1 && o.a3 === 1 && o.b3 === 1, "one contiguous axis");
  for (let i = 0; i < n; i++) {
    const first = Number((condition[i] as number) !== 0);
    out[i] = first * (a[i] as number) + (1 - first) * (b[i] as number);
  }
};

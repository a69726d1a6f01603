// Twins of assembly/pointwise/.

import type { Floats } from "../../bindings/engine.ts";
import type { Operands } from "../../bindings/generated/kernels.ts";
import type { Twin } from "./twin.ts";

interface Unary {
  readonly n: number;
  readonly x: Floats;
  readonly out: Floats;
}

const unary =
  (f: (x: number) => number) =>
  ({ n, x, out }: Unary): void => {
    for (let i = 0; i < n; i++) out[i] = f(x[i] as number);
  };

/** 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
function errorFunction(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) < 2.5) {
    // x - x^3 / 3 + x^5 / (2! 5) - ...
    let power = x;
    let sum = x;
    for (let k = 1; Math.abs(power) > 1e-17 * Math.abs(sum); k++) {
      power *= (-x * x) / k;
      sum += power / (2 * k + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  return Math.sign(x) * (1 - tail(Math.abs(x)));
}

/** 1 - erf(x) for x >= 2.5, by Laplace's continued fraction. */
function tail(x: number): number {
  let below = x;
  for (let k = 60; k > 0; k--) below = x + k / 2 / below;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / below;
}

/** Integral of the normal distribution up to x. */
function normalCdf(x: number): number {
  const z = x / Math.SQRT2;
  return z < -2.5 ? tail(-z) / 2 : (1 + errorFunction(z)) / 2;
}

const logistic = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
/** A factor that is 0 wins over one that is infinite. */
const times = (x: number, y: number): number => (y === 0 && !Number.isNaN(x) ? 0 * Math.sign(x) : x * y);

export const negate: Twin<"negate"> = unary((x) => -x);
export const absolute: Twin<"absolute"> = unary(Math.abs);
export const square: Twin<"square"> = unary((x) => x * x);
export const sqrt: Twin<"sqrt"> = unary(Math.sqrt);
export const reciprocal: Twin<"reciprocal"> = unary((x) => 1 / x);
export const sign: Twin<"sign"> = unary(Math.sign);
export const exp: Twin<"exp"> = unary(Math.exp);
export const log: Twin<"log"> = unary(Math.log);
export const erf: Twin<"erf"> = unary(errorFunction);
export const relu: Twin<"relu"> = unary((x) => {
  if (x < 0) return 0;
  return x; // -0 stays -0, which Math.max would not keep
});
export const sigmoid: Twin<"sigmoid"> = unary(logistic);
export const tanh: Twin<"tanh"> = unary(Math.tanh);
export const softplus: Twin<"softplus"> = unary((x) =>
  x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)),
);
export const gelu: Twin<"gelu"> = unary((x) => times(x, normalCdf(x)));
export const silu: Twin<"silu"> = unary((x) => times(x, logistic(x)));

export const leakyRelu: Twin<"leakyRelu"> = ({ n, slope, x, out }) =>
  unary((x) => (x < 0 ? slope * x : x))({ n, x, out });
export const elu: Twin<"elu"> = ({ n, alpha, x, out }) =>
  unary((x) => (x < 0 ? alpha * Math.expm1(x) : x))({ n, x, out });
export const affine: Twin<"affine"> = ({ n, alpha, beta, x, out }) => unary((x) => alpha * x + beta)({ n, x, out });
export const clip: Twin<"clip"> = ({ n, low, high, x, out }) =>
  unary((x) => {
    if (x < low) return low;
    if (x > high) return high;
    return x;
  })({ n, x, out });

export const int32ToFloat32: Twin<"int32ToFloat32"> = ({ n, x, out }) => {
  for (let i = 0; i < n; i++) out[i] = x[i] as number;
};

export const float32ToInt32: Twin<"float32ToInt32"> = ({ n, x, out }) => {
  // toward zero, NaN to 0
  for (let i = 0; i < n; i++) out[i] = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x[i] as number) || 0));
};

/** dx = slope(y or x) dy */
function gradient(n: number, from: Floats, dy: Floats, dx: Floats, slope: (v: number) => number): void {
  for (let i = 0; i < n; i++) dx[i] = slope(from[i] as number) * (dy[i] as number);
}

/** dx = dy where it passes, else 0, even where dy is not finite */
function gate(n: number, from: Floats, dy: Floats, dx: Floats, passes: (v: number) => boolean): void {
  for (let i = 0; i < n; i++) dx[i] = passes(from[i] as number) ? (dy[i] as number) : 0;
}

export const reluGradient: Twin<"reluGradient"> = ({ n, y, dy, dx }) => gate(n, y, dy, dx, (y) => !(y <= 0));
export const leakyReluGradient: Twin<"leakyReluGradient"> = ({ n, slope, y, dy, dx }) =>
  gradient(n, y, dy, dx, (y) => (y <= 0 ? slope : 1));
export const sigmoidGradient: Twin<"sigmoidGradient"> = ({ n, y, dy, dx }) =>
  gradient(n, y, dy, dx, (y) => y * (1 - y));
export const tanhGradient: Twin<"tanhGradient"> = ({ n, y, dy, dx }) =>
  gradient(n, y, dy, dx, (y) => (1 - y) * (1 + y));
export const eluGradient: Twin<"eluGradient"> = ({ n, alpha, y, dy, dx }) =>
  gradient(n, y, dy, dx, (y) => (y <= 0 ? y + alpha : 1));
export const softplusGradient: Twin<"softplusGradient"> = ({ n, x, dy, dx }) => gradient(n, x, dy, dx, logistic);
export const geluGradient: Twin<"geluGradient"> = ({ n, x, dy, dx }) =>
  gradient(n, x, dy, dx, (x) => normalCdf(x) + times(x, Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)));
export const siluGradient: Twin<"siluGradient"> = ({ n, x, dy, dx }) =>
  gradient(n, x, dy, dx, (x) => logistic(x) + times(times(x, logistic(x)), logistic(-x)));

const binary =
  (f: (a: number, b: number) => number) =>
  (o: Operands<Floats, Int32Array>["add"]): void => {
    let at = 0;
    for (let i0 = 0; i0 < o.d0; i0++)
      for (let i1 = 0; i1 < o.d1; i1++)
        for (let i2 = 0; i2 < o.d2; i2++)
          for (let i3 = 0; i3 < o.d3; i3++) {
            const a = o.a[i0 * o.a0 + i1 * o.a1 + i2 * o.a2 + i3 * o.a3] as number;
            const b = o.b[i0 * o.b0 + i1 * o.b1 + i2 * o.b2 + i3 * o.b3] as number;
            o.out[at++] = f(a, b);
          }
  };

export const add: Twin<"add"> = binary((a, b) => a + b);
export const sub: Twin<"sub"> = binary((a, b) => a - b);
export const mul: Twin<"mul"> = binary((a, b) => a * b);
export const div: Twin<"div"> = binary((a, b) => a / b);
export const maximum: Twin<"maximum"> = binary(Math.max);
export const minimum: Twin<"minimum"> = binary(Math.min);
export const squaredDifference: Twin<"squaredDifference"> = binary((a, b) => (a - b) * (a - b));
export const greater: Twin<"greater"> = binary((a, b) => (a > b ? 1 : 0));
export const greaterEqual: Twin<"greaterEqual"> = binary((a, b) => (a >= b ? 1 : 0));
export const less: Twin<"less"> = binary((a, b) => (a < b ? 1 : 0));
export const lessEqual: Twin<"lessEqual"> = binary((a, b) => (a <= b ? 1 : 0));
export const equal: Twin<"equal"> = binary((a, b) => (a === b ? 1 : 0));
export const notEqual: Twin<"notEqual"> = binary((a, b) => (a !== b ? 1 : 0));

export const select: Twin<"select"> = (o) => {
  let at = 0;
  for (let i0 = 0; i0 < o.d0; i0++)
    for (let i1 = 0; i1 < o.d1; i1++)
      for (let i2 = 0; i2 < o.d2; i2++)
        for (let i3 = 0; i3 < o.d3; i3++) {
          const condition = o.condition[i0 * o.c0 + i1 * o.c1 + i2 * o.c2 + i3 * o.c3] as number;
          const a = o.a[i0 * o.a0 + i1 * o.a1 + i2 * o.a2 + i3 * o.a3] as number;
          const b = o.b[i0 * o.b0 + i1 * o.b1 + i2 * o.b2 + i3 * o.b3] as number;
          o.out[at++] = condition !== 0 ? a : b;
        }
};

/** Calls `visit` with the place by strides and the place in row-major order of every element. */
function walk(
  o: Pick<Operands<unknown, unknown>["stridedCopy"], `${"d" | "s"}${0 | 1 | 2 | 3 | 4 | 5}`>,
  visit: (strided: number, dense: number) => void,
): void {
  let dense = 0;
  for (let i0 = 0; i0 < o.d0; i0++)
    for (let i1 = 0; i1 < o.d1; i1++)
      for (let i2 = 0; i2 < o.d2; i2++)
        for (let i3 = 0; i3 < o.d3; i3++)
          for (let i4 = 0; i4 < o.d4; i4++)
            for (let i5 = 0; i5 < o.d5; i5++)
              visit(i0 * o.s0 + i1 * o.s1 + i2 * o.s2 + i3 * o.s3 + i4 * o.s4 + i5 * o.s5, dense++);
}

export const stridedCopy: Twin<"stridedCopy"> = (o) =>
  walk(o, (strided, dense) => {
    o.out[dense] = o.x[strided] as number;
  });

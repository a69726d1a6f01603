// Records of assembly/random.ts. Words are compared exactly through randomUniform, where no rounding occurs.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes } from "../values.ts";

const stream = 5;
const control = Int32Array.of(0x12345678, 0x1abcde, 7, 0);

function uniformCase(n: number, low: number, high: number, keys = control): KernelCase {
  const absolute = 2 ** -23 * (Math.abs(low) + Math.abs(high));
  return kernelCase(
    "randomUniform",
    `[${low}, ${high}), n = ${n}, seed ${keys[0]}`,
    { n, low, high, stream, control: keys, out: new Float32Array(n) },
    low === 0 && high === 1 ? { ulp: 0 } : () => absolute,
  );
}

function normalCase(n: number, kernel: "randomNormal" | "randomTruncatedNormal", mean: number, deviation: number) {
  const absolute = 2 ** -22 * (Math.abs(mean) + 4 * Math.abs(deviation));
  return kernelCase(
    kernel,
    `mean ${mean}, deviation ${deviation}, n = ${n}`,
    { n, mean, deviation, stream, control, out: new Float32Array(n) },
    () => absolute,
  );
}

function dropoutCase(n: number, rate: number, x = normal(n, 1)): KernelCase {
  return kernelCase(
    "dropout",
    `rate ${rate}, n = ${n}`,
    { n, rate, stream, control, x, out: new Float32Array(n) },
    { ulp: rate === 0 ? 0 : 2 },
  );
}

const special = Float32Array.from({ length: 67 }, (_, i) => {
  return [Number.NaN, Infinity, -Infinity, -0, 0, 1e-40, 3.4e38][i % 7] as number;
});

export const randomCases: readonly KernelCase[] = [
  // two pieces and more: 1024 elements a piece
  ...[...sizes, 1023, 1024, 1025, 1041, 3001].flatMap((n) => [
    uniformCase(n, 0, 1),
    normalCase(n, "randomNormal", 0, 1),
    normalCase(n, "randomTruncatedNormal", 0, 1),
    dropoutCase(n, 0.3),
  ]),
  uniformCase(1000, -0.05, 0.05),
  uniformCase(1000, -3, -1),
  uniformCase(1000, -1, 0),
  uniformCase(1000, 0, 1, Int32Array.of(-1, -1, -1, 0)),
  uniformCase(1000, 0, 1, Int32Array.of(0, 0, 0, 0)),
  normalCase(1000, "randomNormal", 10, 0.1),
  normalCase(1000, "randomTruncatedNormal", -1, 3),
  normalCase(100, "randomNormal", 2, 0),
  dropoutCase(1000, 0),
  dropoutCase(1000, 0.5),
  dropoutCase(1000, 1 - 2 ** -24),
  dropoutCase(1000, 1e-9),
  dropoutCase(67, 0, special),
  dropoutCase(67, 0.5, special),
];

// Records of assembly/batchNorm.ts: narrow and wide, one piece and many, means far from zero, absent parameters.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes, uniform } from "../values.ts";

const EPSILON = 2 ** -24;

const shapes: readonly (readonly [rows: number, channels: number])[] = [
  ...sizes.filter((n) => n > 0).map((rows) => [rows, 6] as const),
  ...sizes.map((channels) => [7, channels] as const),
  ...[1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 33, 63, 64, 65].map((channels) => [600, channels] as const),
  [40000, 1],
  [9001, 6],
  [3001, 16],
  [200, 300],
];

function casesOf(rows: number, channels: number, center: number, i: number): KernelCase[] {
  const shape = { rows, channels };
  const name = `[${rows}, ${channels}] about ${center}`;
  const n = rows * channels;
  const x = normal(n, i).map((value) => value + center);
  const dy = normal(n, i + 1);
  const column = (c: number) => Array.from({ length: rows }, (_, r) => x[r * channels + c] as number);
  const mean = Float32Array.from(
    { length: channels },
    (_, c) => column(c).reduce((a, b) => a + b, 0) / Math.max(1, rows),
  );
  const variance = uniform(channels, i + 2, 0.5, 2);
  const gamma = normal(channels, i + 3);
  const beta = normal(channels, i + 4);
  const inputs = { ...shape, epsilon: 1e-3, x, mean, variance };
  const many = 4 * Math.sqrt(rows) + 4;
  const largest = 5 + Math.abs(center);
  const moments = (operand: string) =>
    operand === "mean"
      ? (many * EPSILON * largest) / Math.max(1, Math.sqrt(rows / 16))
      : 20 * EPSILON * Math.max(1, largest);
  // x - mean is at most 5, whatever the center
  const close = () => 40 * EPSILON * 5;
  const outputs = () => ({
    dx: new Float32Array(n),
    dgamma: new Float32Array(channels),
    dbeta: new Float32Array(channels),
  });
  const sums = (operand: string) => (operand === "dx" ? 100 * EPSILON * 5 : 2 * many * EPSILON * 20);
  return [
    kernelCase(
      "batchNormStatistics",
      name,
      { ...shape, x, mean: new Float32Array(channels), variance: new Float32Array(channels) },
      moments,
    ),
    kernelCase("batchNorm", name, { ...inputs, gamma, beta, out: new Float32Array(n) }, close),
    kernelCase("batchNorm", `${name}, no gamma`, { ...inputs, gamma: null, beta, out: new Float32Array(n) }, close),
    kernelCase("batchNorm", `${name}, no beta`, { ...inputs, gamma, beta: null, out: new Float32Array(n) }, close),
    kernelCase("batchNormGradient", name, { ...inputs, gamma, dy, ...outputs() }, sums),
    kernelCase("batchNormGradient", `${name}, no gamma`, { ...inputs, gamma: null, dy, ...outputs() }, sums),
    kernelCase("batchNormInferenceGradient", name, { ...inputs, gamma, dy, ...outputs() }, sums),
  ];
}

export const batchNormCases: readonly KernelCase[] = [
  ...shapes.flatMap(([rows, channels], i) => casesOf(rows, channels, i % 2 ? 0 : 100, i)),
  ...sizes.map((n) =>
    kernelCase(
      "movingAverage",
      `n = ${n}`,
      { n, momentum: 0.99, value: normal(n, 1), moving: normal(n, 2) },
      () => 4 * EPSILON * 5,
    ),
  ),
];

// Records of assembly/layerNorm.ts: narrow and wide rows, one piece and many, means far from zero, absent parameters.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes } from "../values.ts";

const EPSILON = 2 ** -24;

const shapes: readonly (readonly [rows: number, columns: number])[] = [
  ...sizes.map((columns) => [3, columns] as const),
  ...sizes.filter((rows) => rows < 200).map((rows) => [rows, 6] as const),
  [0, 5],
  [9, 4095],
  [700, 10],
  [40, 513],
];

function casesOf(rows: number, columns: number, center: number, i: number): KernelCase[] {
  const n = rows * columns;
  const shape = { rows, columns, epsilon: 1e-3 };
  const name = `[${rows}, ${columns}] about ${center}`;
  const x = normal(n, i).map((value) => value + center);
  const [gamma, beta, dy] = [normal(columns, i + 1), normal(columns, i + 2), normal(n, i + 3)];
  // the mean of numbers about c is rounded to c EPSILON, more where there are more of them; a row of equal numbers divides by
  // sqrt(epsilon) = 1 / 32
  const many = 4 + Math.sqrt(columns) / 4;
  const steep = columns < 4 ? 32 : 8;
  const close = () => steep * many * EPSILON * 5 * (1 + Math.abs(center) / 5);
  const outputs = () => ({
    dx: new Float32Array(n),
    dgamma: new Float32Array(columns),
    dbeta: new Float32Array(columns),
  });
  const sums = (operand: string) => close() * (operand === "dx" ? 3 * steep : 4 * Math.sqrt(rows + 1));
  return [
    kernelCase("layerNorm", name, { ...shape, x, gamma, beta, out: new Float32Array(n) }, close),
    kernelCase("layerNorm", `${name}, no gamma`, { ...shape, x, gamma: null, beta, out: new Float32Array(n) }, close),
    kernelCase("layerNorm", `${name}, no beta`, { ...shape, x, gamma, beta: null, out: new Float32Array(n) }, close),
    kernelCase("layerNormGradient", name, { ...shape, x, gamma, dy, ...outputs() }, sums),
    kernelCase("layerNormGradient", `${name}, no gamma`, { ...shape, x, gamma: null, dy, ...outputs() }, sums),
  ];
}

export const layerNormCases: readonly KernelCase[] = shapes.flatMap(([rows, columns], i) =>
  casesOf(rows, columns, i % 2 ? 0 : 10, i),
);

// Elementwise kernels and copies, each inside the cache and outside.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { GroupName } from "../goals.ts";
import type { Row } from "../row.ts";
import { plainRow } from "./plain.ts";

/** Elements that stay in the first-level cache, and elements that no cache holds. */
export const INSIDE = 4096;
export const OUTSIDE = 8_000_000;
/** Elements for the twin where there are more. */
const REDUCED = 100_000;

const fewInstructions: readonly KernelName[] = [
  ...(["add", "sub", "mul", "div", "maximum", "minimum", "squaredDifference"] as const),
  ...(["greater", "greaterEqual", "less", "lessEqual", "equal", "notEqual", "select"] as const),
  ...(["negate", "absolute", "square", "sqrt", "reciprocal", "sign", "relu", "leakyRelu", "affine", "clip"] as const),
  ...(["reluGradient", "leakyReluGradient", "sigmoidGradient", "tanhGradient", "eluGradient"] as const),
  ...(["copy", "fill", "guard", "int32ToFloat32", "float32ToInt32", "equalInt32", "movingAverage"] as const),
];

const transcendental: readonly KernelName[] = [
  ...(["exp", "log", "tanh", "erf", "sigmoid", "softplus", "gelu", "silu", "elu"] as const),
  ...(["softplusGradient", "geluGradient", "siluGradient"] as const),
  ...(["sigmoidCrossEntropy", "sigmoidCrossEntropyGradient"] as const),
];

const quick: readonly KernelName[] = ["add", "exp"];

/** Scalars that have no default, or whose default does nothing. */
const settings: { readonly [K in KernelName]?: Readonly<Record<string, number>> } = {
  fill: { value: 1 },
  elu: { alpha: 1 },
  eluGradient: { alpha: 1 },
  affine: { alpha: 0.5, beta: 0.25 },
  clip: { low: -0.5, high: 0.5 },
};

function both(kernel: KernelName, group: "streaming" | "transcendental"): Row[] {
  const row = (where: GroupName, n: number, more: { readonly reduced?: Row } = {}) =>
    plainRow(where, kernel, `${n}`, { n, ...settings[kernel] }, { quick: quick.includes(kernel), ...more });
  return [row(`${group}Inside`, INSIDE), row(group, OUTSIDE, { reduced: row(group, REDUCED) })];
}

/** A row of `columns` added to each row of a matrix. */
const biasRow = (rows: number, columns: number, group: "streaming" | "streamingInside"): Row =>
  plainRow(group, "add", `${rows}x${columns} + ${columns}`, { d2: rows, d3: columns, b2: 0 });

/** A matrix transposed: read along columns, written along rows. */
const transpose = (rows: number, columns: number): Row =>
  plainRow("other", "stridedCopy", `${rows}x${columns} transposed`, { d4: columns, d5: rows, s4: 1, s5: columns });

/** The middle columns of a matrix, into the middle of another. */
const block = (rows: number, columns: number): Row =>
  plainRow("other", "blockCopy", `${rows}x${columns} into ${rows}x${2 * columns}`, {
    ...{ rows, columns, xStride: columns, xOffset: 0, outStride: 2 * columns, outOffset: columns },
  });

export const pointwiseRows: readonly Row[] = [
  ...fewInstructions.flatMap((kernel) => both(kernel, "streaming")),
  biasRow(64, 64, "streamingInside"),
  biasRow(31250, 256, "streaming"),
  ...transcendental.flatMap((kernel) => both(kernel, "transcendental")),
  transpose(64, 64),
  transpose(1000, 1000),
  block(1000, 64),
];

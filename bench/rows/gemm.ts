// Products: squares, the layers of perceptrons with their gradients (the transposes), and thin matrices.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { GroupName } from "../goals.ts";
import { fillScalars } from "../operands.ts";
import type { Row } from "../row.ts";
import { smallest } from "../row.ts";

interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Which of a and b are transposed: n or t each. */
  readonly trans?: string;
  readonly batches?: number;
  readonly quick?: boolean;
  readonly label?: string;
}

/** Multiply-adds of what the twin is given where a row has more. */
const REDUCED = 2e6;

function gemmRow({ m, n, k, trans = "nn", batches = 0, quick = false, label = "" }: Shape): Row {
  const kernel: KernelName = batches ? "gemmBatch" : "gemm";
  const transposed = { transA: trans[0] === "t", transB: trans[1] === "t" };
  const work = m * n * k * Math.max(1, batches);
  const halved = (size: number) => Math.max(Math.min(size, 16), size >> 1);
  const group: GroupName = Math.min(m, n) <= 32 || k <= 32 ? "thinGemm" : "gemm";
  const smaller = [halved(m), halved(n), halved(k)] as const;
  const canShrink = smaller.some((size, i) => size < ([m, n, k][i] as number));
  return {
    group,
    kernel,
    shape: `${label ? `${label}, ` : ""}${batches ? `${batches}x` : ""}${m}x${n}x${k} ${trans}`,
    scalars: fillScalars(kernel, { m, n, k, ...transposed, ...(batches ? { batches } : {}) }),
    present: [],
    flops: 2 * work,
    ...(work > REDUCED && canShrink
      ? { reduced: smallest(gemmRow({ m: smaller[0], n: smaller[1], k: smaller[2], trans, batches })) }
      : {}),
    quick,
  };
}

const square = (size: number, quick = false): Shape => ({ m: size, n: size, k: size, quick });

/** A dense layer: forward, gradient of the input, gradient of the weights. */
const layer = (batch: number, inputs: number, units: number): Shape[] => [
  { m: batch, n: units, k: inputs, trans: "nn" },
  { m: batch, n: inputs, k: units, trans: "nt" },
  { m: inputs, n: units, k: batch, trans: "tn" },
];

/** Multiplied with 64, 256 and 1,024. */
const thin = [1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32];

export const gemmRows: readonly Row[] = [
  ...[192, 240, 256, 384, 480, 512, 768, 1024].map((size) => square(size, size === 240 || size === 512)),
  ...["nt", "tn", "tt"].map((trans) => ({ ...square(480), trans })),
  { m: 333, n: 257, k: 129 },
  { m: 129, n: 333, k: 257, trans: "tt" },
  { m: 65, n: 67, k: 71 },
  { m: 96, n: 96, k: 96 },
  { m: 64, n: 64, k: 64, quick: true },
  ...layer(128, 784, 128),
  ...layer(128, 784, 512),
  ...layer(128, 512, 512),
  ...layer(64, 400, 120), // LeNet-5
  ...layer(64, 120, 84),
  ...layer(64, 4096, 1000), // VGG's classifier
  { m: 32, n: 96, k: 128, batches: 8 },
  { m: 128, n: 128, k: 64, batches: 8, trans: "nt" },
  // the last layers of classifiers, and a small perceptron
  ...layer(128, 128, 10),
  ...layer(64, 84, 10),
  ...layer(32, 64, 32),
  ...layer(32, 32, 10),
  ...thin.flatMap((size): Shape[] => [
    { m: size, n: 256, k: 256, quick: size === 1 },
    { m: 256, n: size, k: 256, quick: size === 10 },
  ]),
  ...thin.flatMap((size): Shape[] => [
    { m: 256, n: 256, k: size },
    { m: size, n: size, k: 128 },
  ]),
  ...[1, 4, 10].flatMap((size): Shape[] => [
    { m: size, n: 64, k: 64 },
    { m: 64, n: size, k: 64 },
    { m: size, n: 1024, k: 1024 },
    { m: 1024, n: size, k: 1024 },
    { m: size, n: 256, k: 256, trans: "nt" },
    { m: 256, n: size, k: 256, trans: "tn" },
    { m: size, n: 256, k: 256, trans: "tt" },
  ]),
  { m: 1, n: 4096, k: 4096 },
  { m: 1, n: 1, k: 1_000_000, quick: true, label: "dot product" },
].map(gemmRow);

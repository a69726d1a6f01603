// Reductions over the last axis, over the first and over all; softmax and the cross-entropies, a row of logits each.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { GroupName } from "../goals.ts";
import type { Row } from "../row.ts";
import { plainRow } from "./plain.ts";

type Reduction = readonly [outer: number, size: number, inner: number];

const inside: readonly Reduction[] = [
  [64, 64, 1],
  [1, 64, 64],
  [1, 4096, 1],
];
const outside: readonly Reduction[] = [
  [8000, 1000, 1],
  [800_000, 10, 1], // short rows
  [1, 8000, 1000],
  [1, 8_000_000, 1],
  [64, 3136, 40], // of an image, for each channel
];

/** What the twin is given of the shapes outside the cache. */
const SHARE = 1 / 64;

function reduction(group: GroupName, kernel: KernelName, [outer, size, inner]: Reduction, quick: boolean): Row {
  const less: Reduction = outer > 1 ? [Math.ceil(outer * SHARE), size, inner] : [1, Math.ceil(size * SHARE), inner];
  const more = group === "streaming" ? { reduced: reduction("streamingInside", kernel, less, false) } : {};
  return plainRow(group, kernel, `${outer}x(${size})x${inner}`, { outer, size, inner }, { quick, ...more });
}

/** The first shape of each kind is quick for the sum. */
const rowsOf = (kernel: KernelName): Row[] => [
  ...inside.map((shape, i) => reduction("streamingInside", kernel, shape, kernel === "reduceSum" && i === 0)),
  ...outside.map((shape, i) => reduction("streaming", kernel, shape, kernel === "reduceSum" && i === 0)),
];

function matrix(group: GroupName, kernel: KernelName, rows: number, columns: number, quick = false): Row {
  const inside = group === "streamingInside" || group === "transcendentalInside";
  const more = inside ? {} : { reduced: matrix("streamingInside", kernel, Math.ceil(rows * SHARE), columns) };
  return plainRow(group, kernel, `${rows}x${columns}`, { rows, columns }, { quick, ...more });
}

const softmaxKernels = [
  ...(["softmax", "logSoftmax", "softmaxGradient", "logSoftmaxGradient"] as const),
  ...(["crossEntropy", "crossEntropyGradient", "crossEntropyInt32", "crossEntropyInt32Gradient"] as const),
] as const;

export const reduceRows: readonly Row[] = [
  ...(["reduceSum", "reduceMax", "reduceMin"] as const).flatMap(rowsOf),
  matrix("streamingInside", "argMax", 64, 64),
  matrix("streamingInside", "argMax", 128, 10),
  matrix("streaming", "argMax", 8000, 1000),
  ...softmaxKernels.flatMap((kernel) => [
    matrix("transcendentalInside", kernel, 128, 10, kernel === "softmax"),
    matrix("transcendentalInside", kernel, 4, 1000),
    matrix("transcendental", kernel, 8000, 1000),
    matrix("transcendental", kernel, 800_000, 10),
  ]),
];

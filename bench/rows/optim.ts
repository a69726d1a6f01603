// Optimizers, clipping and averages over 100,000 and 10 million parameters, random numbers, dropout, gathering.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { Row, Traffic } from "../row.ts";
import { plainRow } from "./plain.ts";

const optimizer = (
  kernel: KernelName,
  name: string,
  given: Readonly<Record<string, number>>,
  present: readonly string[] = [],
): Row[] => {
  const more = (n: number) => ({ present, quick: kernel === "adam" && name === "", ...trafficOf(kernel, n * 4) });
  const few = plainRow("optimizerInside", kernel, `100000${name}`, { n: 100_000, ...given }, more(100_000));
  const many = { n: 10_000_000, ...given };
  return [few, plainRow("optimizer", kernel, `10000000${name}`, many, { ...more(10_000_000), reduced: few })];
};

/** Where a kernel may write what it reads, or read what it writes, and in these rows does not. */
function trafficOf(kernel: KernelName, bytes: number): { traffic?: Traffic } {
  if (kernel === "keep") return { traffic: [{ reads: [bytes], updates: [], writes: [bytes] }] };
  if (kernel === "weightAverage") return { traffic: [{ reads: [bytes], updates: [bytes], writes: [] }] };
  return {};
}

/** Rows of a table, as an embedding reads and updates them. */
function gathering(kernel: KernelName, rows: number, columns: number, count: number): Row {
  const bytes = count * columns * 4;
  const traffic = [{ reads: [bytes], updates: [], writes: [bytes] }];
  return plainRow(
    "other",
    kernel,
    `${count} of ${rows}x${columns}`,
    { rows, columns, count },
    kernel === "gather" ? { traffic } : {},
  );
}

const randomKernels = ["randomUniform", "randomNormal", "randomTruncatedNormal"] as const;

export const optimRows: readonly Row[] = [
  ...optimizer("adam", "", {}),
  ...optimizer("adam", " amsgrad", {}, ["vMax"]),
  ...optimizer("rmsprop", "", {}),
  ...optimizer("rmsprop", " centered", {}, ["average"]),
  ...optimizer("rmsprop", " momentum", { momentum: 0.9 }, ["velocity"]),
  ...optimizer("sgd", " momentum", { momentum: 0.9 }, ["velocity"]),
  ...optimizer("sgd", " nesterov", { momentum: 0.9, nesterov: 1 }, ["velocity"]),
  ...optimizer("sgd", "", {}),
  ...optimizer("adagrad", "", {}),
  ...optimizer("adadelta", "", {}),
  ...optimizer("adamax", "", {}),
  ...optimizer("nadam", "", {}),
  ...optimizer("lion", "", {}),
  ...optimizer("norm", "", {}),
  ...optimizer("scaleBy", "", {}),
  ...optimizer("accumulate", "", { steps: 4 }),
  ...optimizer("keep", "", {}),
  ...optimizer("weightAverage", "", {}),
  plainRow("other", "clipFactor", "100", { n: 100, limit: 1 }),
];

export const otherRows: readonly Row[] = [
  ...randomKernels.flatMap((kernel) => [4096, 1_000_000].map((n) => plainRow("other", kernel, `${n}`, { n }))),
  ...[4096, 1_000_000].map((n) => plainRow("other", "dropout", `${n}`, { n, rate: 0.5 })),
  gathering("gather", 10_000, 64, 10_000),
  gathering("gatherGradient", 10_000, 64, 10_000),
  plainRow("other", "oneHot", "10000x10", { count: 10_000, columns: 10 }),
];

// Optimizers over 100,000 and 10 million parameters, random numbers, dropout, gathering.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { Row } from "../row.ts";
import { plainRow } from "./plain.ts";

const optimizer = (
  kernel: KernelName,
  name: string,
  given: Readonly<Record<string, number>>,
  present: readonly string[] = [],
): Row[] => {
  const more = { present, quick: kernel === "adam" };
  const few = plainRow("optimizerInside", kernel, `100000${name}`, { n: 100_000, ...given }, more);
  const many = { n: 10_000_000, ...given };
  return [few, plainRow("optimizer", kernel, `10000000${name}`, many, { ...more, reduced: few })];
};

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
  ...optimizer("rmsprop", "", {}),
  ...optimizer("sgd", " momentum", { momentum: 0.9 }, ["velocity"]),
  ...optimizer("sgd", "", {}),
];

export const otherRows: readonly Row[] = [
  ...randomKernels.flatMap((kernel) => [4096, 1_000_000].map((n) => plainRow("other", kernel, `${n}`, { n }))),
  ...[4096, 1_000_000].map((n) => plainRow("other", "dropout", `${n}`, { n, rate: 0.5 })),
  gathering("gather", 10_000, 64, 10_000),
  gathering("gatherGradient", 10_000, 64, 10_000),
  plainRow("other", "oneHot", "10000x10", { count: 10_000, columns: 10 }),
];

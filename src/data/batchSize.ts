// How many examples a step should have.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { either, oneOf, positiveInteger } from "../check.ts";

/** A number; "full": all examples; "auto": what `suggestBatchSize` says. */
export type BatchSize = number | "auto" | "full";

export const batchSizeOption: Checker<BatchSize> = either(
  positiveInteger,
  oneOf("auto", "full"),
  'an integer from 1 to 2147483647, "auto" or "full"',
);

/** The number that the option stands for. */
export function batchSizeOf(option: BatchSize, examples: number): number {
  if (typeof option === "number") return option;
  return option === "full" ? examples : suggestBatchSize(examples);
}

/** Up to it all examples are one batch. */
const WHOLE_MAX = 2000;

/**
 * A usual batch size for so many training examples: all of them up to 2,000; 64 up to 10,000; 128 up to 100,000; 256 up to
 * 1,000,000; 512 above (Ng, Improving Deep Neural Networks, week 2: a power of two from 64 to 512). What `fit` takes for
 * `batchSize: "auto"`.
 */
export function suggestBatchSize(examples: number): number {
  positiveInteger(examples, "examples", "suggestBatchSize");
  if (examples <= WHOLE_MAX) return examples;
  if (examples <= 10_000) return 64;
  if (examples <= 100_000) return 128;
  return examples <= 1_000_000 ? 256 : 512;
}

/** What `dropRemainder` is refused with where nothing would be left. */
export const noWholeBatch = (where: string, batchSize: number, count: number): LanewiseError =>
  new LanewiseError(
    "empty-data",
    `${where}: with dropRemainder no batch of ${batchSize} is left of ${count} examples. Use a smaller batchSize.`,
  );

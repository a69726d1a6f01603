// What a baseline is: the work of a kernel in the best plain JavaScript that we can write. Baselines do what the rows of
// the benchmark ask for, no more: no bias, no activation, no dilation.

import type { KernelName, Operands } from "../../bindings/generated/kernels.ts";

export type Baseline<K extends KernelName> = (operands: Operands<Float32Array, Int32Array>[K]) => void;

/** Refuses a row that a baseline was not written for. */
export function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the baseline is for ${what}`);
}

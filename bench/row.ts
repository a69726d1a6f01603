// What a row of the benchmark is: a kernel, its scalars, and what the work is worth. Rows are data; they travel to the
// process that measures the baseline as they are.

import type { KernelName } from "../bindings/generated/kernels.ts";
import type { GroupName } from "./goals.ts";

export interface Row {
  readonly group: GroupName;
  readonly kernel: KernelName;
  /** What tells it from other rows of the kernel: the shape. */
  readonly shape: string;
  /** All scalars of the kernel, by the names of its operands. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Optional operands that are given. */
  readonly present: readonly string[];
  /** Useful floating-point operations; 0 where the bytes are what counts. */
  readonly flops: number;
  /** Bytes that have to be moved, where they are not each operand once. */
  readonly traffic?: Traffic;
  /** The same work on less, for the twin and for checking, where the row is too much for that. */
  readonly reduced?: Row;
  /** Is one of the few rows of a quick run. */
  readonly quick: boolean;
}

/** Bytes of each operand by how it is used, pass by pass over the memory. */
export type Traffic = readonly Pass[];

export interface Pass {
  readonly reads: readonly number[];
  /** Read and written in place. */
  readonly updates: readonly number[];
  readonly writes: readonly number[];
}

export function nameOf(row: Row): string {
  return `${row.kernel} ${row.shape}`;
}

/** A row or, where it is too much for the twin, the same on less. */
export const smallest = (row: Row): Row => row.reduced ?? row;

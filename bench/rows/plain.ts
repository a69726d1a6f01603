// Rows of kernels whose bytes are what counts.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { GroupName } from "../goals.ts";
import { fillScalars } from "../operands.ts";
import type { Row, Traffic } from "../row.ts";

interface More {
  /** Optional operands that are given. */
  readonly present?: readonly string[];
  readonly traffic?: Traffic;
  readonly quick?: boolean;
  /** The same on less, for the twin. */
  readonly reduced?: Row;
}

/** `given` are scalars as people write them; the rest has defaults. */
export function plainRow(
  group: GroupName,
  kernel: KernelName,
  shape: string,
  given: Readonly<Record<string, number>>,
  { present = [], traffic, quick = false, reduced }: More = {},
): Row {
  return {
    ...{ group, kernel, shape, present, quick },
    scalars: fillScalars(kernel, { ...given, ...Object.fromEntries(present.map((name) => [name, true])) }),
    flops: 0,
    ...(traffic ? { traffic } : {}),
    ...(reduced ? { reduced } : {}),
  };
}

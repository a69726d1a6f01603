// The public variable(): numbers of one's own that programs read and optimizers change.

import { LanewiseError } from "../bindings/errors.ts";
import { bool, checkOptions, nonEmptyString, show } from "./check.ts";
import type { Values } from "./data/arrays.ts";
import { flattenArray } from "./data/arrays.ts";
import { requireOutside } from "./graph/trace.ts";
import type { Variable } from "./graph/variable.ts";
import { createVariable } from "./graph/variable.ts";

/**
 * A variable of one's own: numbers that programs read and optimizers change.
 * `values` is `{ data, shape }` or nested numbers, or a typed array with `shape` beside it.
 * Throws `shape-mismatch` where data and shape do not fit, `invalid-argument` for anything else.
 */
export function variable(values: Values, options: { name?: string; trainable?: boolean } = {}): Variable {
  requireOutside("variable");
  checkOptions("variable", options, { name: nonEmptyString, trainable: bool });
  const { name = "variable", trainable = true } = options;
  const { data, shape } = flattenArray(`variable "${name}"`, values);
  if (data.length === 0) throw new LanewiseError("empty-data", `variable "${name}": no values, got ${show(values)}.`);
  return createVariable(shape ?? [data.length], { kind: "data", data: Float32Array.from(data) }, { name, trainable });
}

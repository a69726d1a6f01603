// customGradient: functions on tensors whose gradient is the user's own.

import { LanewiseError } from "../../bindings/errors.ts";
import { anyFunction, checkOptions, invalid, isRecord, nonEmptyString } from "../check.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import { apply, isTensor } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { requireFloat } from "./broadcasting.ts";

/** What a function given to `customGradient` returns. */
export interface ValueAndGradient {
  readonly value: Tensor;
  /**
   * The gradient with respect to each input, of its shape, from that with respect to the value: one tensor, or an array where
   * there are several inputs; null where none flows.
   */
  readonly gradient: (upstream: Tensor) => Tensor | null | readonly (Tensor | null)[];
}

type CustomFunction = (...inputs: Tensor[]) => ValueAndGradient;

/** Inputs: the value, which the output is another name of, then what the function was given. */
interface CustomAttributes {
  readonly gradient: ValueAndGradient["gradient"];
}

const functions = new WeakMap<object, CustomFunction>();

/** The function that a node is a call of, where its gradient is the user's own. */
export function customFunctionOf({ op }: Node): CustomFunction | null {
  return functions.get(op) ?? null;
}

/**
 * A function on tensors with a gradient of one's own: `f` gives the value and, from the gradient with respect to it, that with
 * respect to each input. `const clipped = ops.customGradient((x) => ({ value: x, gradient: (dy) => ops.clip(dy, -1, 1) }))`,
 * then `clipped(x)`. `name` stands in messages. What `f` uses beside its inputs gets no gradient. `gradientCheck` compares
 * both. Throws `invalid-argument` where `f` returns something else.
 */
export function customGradient(
  f: (...inputs: Tensor[]) => ValueAndGradient,
  options: { readonly name?: string } = {},
): (...inputs: TensorLike[]) => Tensor {
  anyFunction(f, "f", "ops.customGradient");
  checkOptions("ops.customGradient", options, { name: nonEmptyString });
  const name = options.name ?? (f.name || "customGradient");
  const where = `ops.customGradient "${name}"`;

  const call = (inputs: readonly Tensor[]): Tensor => {
    const result: unknown = f(...inputs);
    if (!isRecord(result) || !isTensor(result.value) || typeof result.gradient !== "function")
      throw invalid(where, "what f returns", "{ value: a tensor, gradient: a function }", result);
    const value = result.value;
    requireFloat(where, value, "value");
    const gradient = result.gradient as ValueAndGradient["gradient"];
    return apply(op, [value, ...inputs], { gradient });
  };
  const op: Op<CustomAttributes> = {
    name,
    view: true,
    infer: ([value]) => [{ shape: (value as Tensor).dims, dtype: "float32" }],
    gradient({ inputs, upstream: [dy], attributes }) {
      const given: unknown = attributes.gradient(dy as Tensor);
      const list: readonly unknown[] = Array.isArray(given) ? given : [given];
      if (list.length !== inputs.length - 1)
        throw new LanewiseError(
          "invalid-argument",
          `${where}: gradient must return one tensor for each of ${inputs.length - 1} inputs, got ${list.length}.`,
        );
      return [null, ...list.map((each) => requireGradient(where, each))];
    },
    // the function is called again on the tensors of the new batch size
    replay: ([, ...inputs]) => [call(inputs)],
  };
  functions.set(op, f);
  return (...given) => {
    if (given.length === 0) throw invalid(where, "inputs", "at least one tensor", given);
    return call(given.map((each, i) => toTensor(where, each, `input ${i}`)));
  };
}

function requireGradient(where: string, value: unknown): Tensor | null {
  if (value === null) return null;
  if (isTensor(value)) return value;
  throw invalid(where, "what gradient returns", "a tensor of the input's shape", value);
}

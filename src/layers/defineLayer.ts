// Layers of one's own.

import { anyFunction, bool, checkOptions, invalid, nonEmptyString, oneOf, requireRecord } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import { constraintOption } from "../constraints.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Initializer, InitializerName } from "../initializers.ts";
import { resolveInitializer } from "../initializers.ts";
import type { Regularizer } from "../regularizers.ts";
import { regularizerOption } from "../regularizers.ts";
import type { Shape } from "../shape.ts";
import type { CallContext, Layer, LayerOptions, WeightSpec } from "./layer.ts";
import { makeLayer } from "./layer.ts";

/** A weight as `build` describes it; `shape` must be given. */
export interface WeightDescription {
  readonly shape: readonly number[];
  /** By default "glorotUniform". */
  readonly initializer?: Initializer | InitializerName;
  readonly regularizer?: Regularizer;
  readonly constraint?: Constraint;
  /** "statistics" for what is kept but not trained. */
  readonly role?: "parameters" | "statistics";
}

/** What `defineLayer` makes layers from. */
export interface LayerRecipe<O, W extends string> {
  /** The layer's type; instances are named by it and counted. */
  readonly name: string;
  /** "many" for layers called with an array of tensors; `x` and `inputShape` are arrays then. By default "one". */
  readonly inputs?: "one" | "many";
  /** The weights, given the input's shape: [batch, ...], the batch size unknown (null). */
  build?(inputShape: readonly (number | null)[], options: O): Readonly<Record<W, WeightDescription>>;
  /** The output, as ops on tensors. */
  call(x: Tensor, weights: Readonly<Record<W, Tensor>>, context: CallContext & { readonly options: O }): Tensor;
}

/**
 * Makes a kind of layer: `const scale = defineLayer({ name, build, call })`, then `scale(options)` is a layer
 * like the library's own. `options` may hold `name` and `trainable` beside what the recipe reads. Throws
 * `invalid-argument` or `unknown-option` for what is wrong in the recipe, and later for what build and call return.
 */
export function defineLayer<O extends object = LayerOptions, W extends string = string>(
  recipe: LayerRecipe<O, W>,
): (options?: O & LayerOptions) => Layer {
  checkOptions(
    "defineLayer",
    recipe,
    {
      name: nonEmptyString,
      inputs: oneOf("one", "many"),
      build: anyFunction,
      call: anyFunction,
    },
    ["name", "call"],
  );
  const { name: type } = recipe;
  return (given) => {
    const options = (given === undefined ? {} : given) as O & LayerOptions;
    requireRecord(type, options);
    // what the recipe reads beside these is its own affair
    if (options.name !== undefined) nonEmptyString(options.name, "name", type);
    if (options.trainable !== undefined) bool(options.trainable, "trainable", type);
    return makeLayer({
      type,
      options,
      inputs: recipe.inputs ?? "one",
      ...(recipe.build && {
        build(shapes: readonly Shape[], where: string) {
          const unknown = shapes.map((shape) => [null, ...shape.slice(1)]);
          const shape = recipe.inputs === "many" ? unknown : unknown[0];
          const described = recipe.build?.(shape as (number | null)[], options) as Record<string, WeightDescription>;
          if (typeof described !== "object" || described === null)
            throw invalid(where, "what build returns", "a record of weights", described);
          return Object.fromEntries(
            Object.entries(described).map(([key, weight]) => [key, checkedWeight(`${where}, weight "${key}"`, weight)]),
          );
        },
      }),
      call(inputs, weights, context) {
        const x = recipe.inputs === "many" ? inputs : inputs[0];
        return recipe.call(x as Tensor, weights as Record<W, Tensor>, { ...context, options });
      },
    });
  };
}

function checkedWeight(where: string, weight: WeightDescription): WeightSpec {
  checkOptions(
    where,
    weight,
    {
      shape: (v) => v,
      initializer: (v) => v,
      regularizer: regularizerOption,
      constraint: constraintOption,
      role: oneOf("parameters", "statistics"),
    },
    ["shape"],
  );
  const { shape, initializer = "glorotUniform", regularizer, constraint, role = "parameters" } = weight;
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 1)) {
    throw invalid(where, "shape", "an array of positive integers", shape);
  }
  return {
    shape: [...shape],
    initializer: resolveInitializer(where, "initializer", initializer),
    regularizer,
    constraint,
    role,
  };
}

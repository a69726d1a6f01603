// Fully connected layer.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, positiveInteger } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import { constraintOption } from "../constraints.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Initializer, InitializerName } from "../initializers.ts";
import { initializerOption, resolveInitializer } from "../initializers.ts";
import { timesMatrix } from "../ops/matmul.ts";
import type { Regularizer } from "../regularizers.ts";
import { regularizerOption } from "../regularizers.ts";
import { formatShape } from "../shape.ts";
import type { BiasOptions } from "./bias.ts";
import { biasCheckers, biasOf } from "./bias.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `dense`; `units` must be given. */
export interface DenseOptions extends LayerOptions, BiasOptions {
  /** Size of the output's last axis. */
  readonly units: number;
  /** By default "glorotUniform". */
  readonly kernelInitializer?: Initializer | InitializerName;
  readonly kernelRegularizer?: Regularizer;
  readonly kernelConstraint?: Constraint;
}

/**
 * activation(x kernel + bias) with x [..., in], kernel [in, units], bias [units]; gives [..., units]. Wrong options throw `invalid-argument` or
 * `unknown-option`, an input that does not fit `shape-mismatch` when the layer is called.
 */
export function dense(options: DenseOptions): Layer {
  checkOptions(
    "dense",
    options,
    {
      ...layerOptions,
      ...biasCheckers,
      units: positiveInteger,
      kernelInitializer: initializerOption,
      kernelRegularizer: regularizerOption,
      kernelConstraint: constraintOption,
    },
    ["units"],
  );
  const { units, activityRegularizer, kernelRegularizer: regularizer, kernelConstraint: constraint } = options;
  const initializer = resolveInitializer("dense", "kernelInitializer", options.kernelInitializer ?? "glorotUniform");
  const bias = biasOf("dense", options);
  return makeLayer({
    type: "dense",
    options,
    activityRegularizer,
    build([shape = []], where) {
      if (shape.length < 2) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: x must be [batch, ..., in], got ${formatShape(shape)}. Use flatten() or reshape() before it.`,
        );
      }
      const kernel = { shape: [shape.at(-1) as number, units], initializer, regularizer, constraint };
      return { kernel, ...bias.weights(units) };
    },
    call: ([x], weights) => bias.finish(timesMatrix(x as Tensor, weights.kernel as Tensor), weights.bias),
  });
}

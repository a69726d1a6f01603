// Fully connected layer.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions, oneOf, positiveInteger } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import { constraintOption } from "../constraints.ts";
import type { Initializer, InitializerName } from "../initializers.ts";
import { initializerOption, resolveInitializer } from "../initializers.ts";
import type { ActivationName } from "../ops/activation.ts";
import { activationNames, activations } from "../ops/activation.ts";
import { matmul } from "../ops/matmul.ts";
import { add } from "../ops/pointwise.ts";
import type { Regularizer } from "../regularizers.ts";
import { regularizerOption } from "../regularizers.ts";
import { formatShape } from "../shape.ts";
import type { Layer, LayerOptions, WeightSpec } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `dense`; `units` must be given. */
export interface DenseOptions extends LayerOptions {
  /** Size of the output's last axis. */
  readonly units: number;
  /** By default "linear". */
  readonly activation?: ActivationName;
  /** By default true. */
  readonly useBias?: boolean;
  /** By default "glorotUniform". */
  readonly kernelInitializer?: Initializer | InitializerName;
  /** By default "zeros". */
  readonly biasInitializer?: Initializer | InitializerName;
  readonly kernelRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
  /** Of the layer's output, after the activation. */
  readonly activityRegularizer?: Regularizer;
  readonly kernelConstraint?: Constraint;
  readonly biasConstraint?: Constraint;
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
      units: positiveInteger,
      activation: oneOf(...activationNames),
      useBias: bool,
      kernelInitializer: initializerOption,
      biasInitializer: initializerOption,
      kernelRegularizer: regularizerOption,
      biasRegularizer: regularizerOption,
      activityRegularizer: regularizerOption,
      kernelConstraint: constraintOption,
      biasConstraint: constraintOption,
    },
    ["units"],
  );
  const { units, activation = "linear", useBias = true, activityRegularizer } = options;
  const { kernelRegularizer, biasRegularizer, kernelConstraint, biasConstraint } = options;
  const kernelInitializer = resolveInitializer(
    "dense",
    "kernelInitializer",
    options.kernelInitializer ?? "glorotUniform",
  );
  const biasInitializer = resolveInitializer("dense", "biasInitializer", options.biasInitializer ?? "zeros");
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
      const weights: Record<string, WeightSpec> = {
        kernel: {
          shape: [shape.at(-1) as number, units],
          initializer: kernelInitializer,
          regularizer: kernelRegularizer,
          constraint: kernelConstraint,
        },
      };
      if (useBias)
        weights.bias = {
          shape: [units],
          initializer: biasInitializer,
          regularizer: biasRegularizer,
          constraint: biasConstraint,
        };
      return weights;
    },
    call([x], { kernel, bias }) {
      const product = matmul(x as NonNullable<typeof x>, kernel as NonNullable<typeof kernel>);
      return activations[activation](bias ? add(product, bias) : product);
    },
  });
}

// What follows the product in dense and convolution layers: a bias for each channel, and the activation.

import type { Checker } from "../check.ts";
import { bool, oneOf } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import { constraintOption } from "../constraints.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Initializer, InitializerName } from "../initializers.ts";
import { initializerOption, resolveInitializer } from "../initializers.ts";
import type { ActivationName } from "../ops/activation.ts";
import { activationNames, activations } from "../ops/activation.ts";
import { add } from "../ops/pointwise.ts";
import type { Regularizer } from "../regularizers.ts";
import { regularizerOption } from "../regularizers.ts";
import type { WeightSpec } from "./layer.ts";

/** Options of bias and activation. */
export interface BiasOptions {
  /** By default "linear". */
  readonly activation?: ActivationName;
  /** By default true. */
  readonly useBias?: boolean;
  /** By default "zeros". */
  readonly biasInitializer?: Initializer | InitializerName;
  readonly biasRegularizer?: Regularizer;
  /** Of the layer's output, after the activation. */
  readonly activityRegularizer?: Regularizer;
  readonly biasConstraint?: Constraint;
}

export const biasCheckers: Readonly<Record<string, Checker>> = {
  activation: oneOf(...activationNames),
  useBias: bool,
  biasInitializer: initializerOption,
  biasRegularizer: regularizerOption,
  activityRegularizer: regularizerOption,
  biasConstraint: constraintOption,
};

export interface Bias {
  /** The bias of so many channels, as far as it is wanted. */
  weights(channels: number): Readonly<Record<string, WeightSpec>>;
  /** activation(product + bias). */
  finish(product: Tensor, bias: Tensor | undefined): Tensor;
}

/** What the options ask for; `where` is the layer's type. */
export function biasOf(where: string, options: BiasOptions): Bias {
  const { activation = "linear", useBias = true, biasRegularizer: regularizer, biasConstraint: constraint } = options;
  const initializer = resolveInitializer(where, "biasInitializer", options.biasInitializer ?? "zeros");
  return {
    weights: (channels) => (useBias ? { bias: { shape: [channels], initializer, regularizer, constraint } } : {}),
    finish: (product, bias) => activations[activation](bias ? add(product, bias) : product),
  };
}

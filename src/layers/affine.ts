// gamma and beta of the layers that normalise: their options, and the weights that they are.

import type { Checker } from "../check.ts";
import { bool } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import { constraintOption } from "../constraints.ts";
import type { Initializer, InitializerName } from "../initializers.ts";
import { initializerOption, resolveInitializer } from "../initializers.ts";
import type { Regularizer } from "../regularizers.ts";
import { regularizerOption } from "../regularizers.ts";
import type { Shape } from "../shape.ts";
import type { WeightSpec } from "./layer.ts";

/** Options of gamma and beta. */
export interface AffineOptions {
  /** Whether to add beta, by default true. */
  readonly center?: boolean;
  /** Whether to multiply by gamma, by default true. */
  readonly scale?: boolean;
  /** By default "zeros". */
  readonly betaInitializer?: Initializer | InitializerName;
  /** By default "ones". */
  readonly gammaInitializer?: Initializer | InitializerName;
  readonly betaRegularizer?: Regularizer;
  readonly gammaRegularizer?: Regularizer;
  readonly betaConstraint?: Constraint;
  readonly gammaConstraint?: Constraint;
}

export const affineCheckers: Readonly<Record<string, Checker>> = {
  center: bool,
  scale: bool,
  betaInitializer: initializerOption,
  gammaInitializer: initializerOption,
  betaRegularizer: regularizerOption,
  gammaRegularizer: regularizerOption,
  betaConstraint: constraintOption,
  gammaConstraint: constraintOption,
};

/** gamma and beta of a shape, as far as they are wanted; `where` is the layer's type. */
export function affineWeights(where: string, options: AffineOptions): (shape: Shape) => Record<string, WeightSpec> {
  const { center = true, scale = true } = options;
  const gamma = resolveInitializer(where, "gammaInitializer", options.gammaInitializer ?? "ones");
  const beta = resolveInitializer(where, "betaInitializer", options.betaInitializer ?? "zeros");
  return (shape) => {
    const weights: Record<string, WeightSpec> = {};
    if (scale) {
      const { gammaRegularizer: regularizer, gammaConstraint: constraint } = options;
      weights.gamma = { shape, initializer: gamma, regularizer, constraint };
    }
    if (center) {
      const { betaRegularizer: regularizer, betaConstraint: constraint } = options;
      weights.beta = { shape, initializer: beta, regularizer, constraint };
    }
    return weights;
  };
}

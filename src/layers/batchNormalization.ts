// Batch normalisation.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions, fraction, integer, positive } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Variable } from "../graph/variable.ts";
import type { Initializer, InitializerName } from "../initializers.ts";
import { initializerOption, resolveInitializer } from "../initializers.ts";
import { updateMovingAverage } from "../ops/effects.ts";
import { batchNorm, batchStatistics } from "../ops/norm.ts";
import type { Regularizer } from "../regularizers.ts";
import { regularizerOption } from "../regularizers.ts";
import { formatShape } from "../shape.ts";
import type { Layer, LayerOptions, WeightSpec } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `batchNormalization`. */
export interface BatchNormalizationOptions extends LayerOptions {
  /** Axis of the features: the last, -1. */
  readonly axis?: number;
  /** Of the moving statistics, by default 0.99. */
  readonly momentum?: number;
  /** By default 1e-3. */
  readonly epsilon?: number;
  /** Whether to add beta, by default true. */
  readonly center?: boolean;
  /** Whether to multiply by gamma, by default true. */
  readonly scale?: boolean;
  readonly betaInitializer?: Initializer | InitializerName;
  readonly gammaInitializer?: Initializer | InitializerName;
  readonly betaRegularizer?: Regularizer;
  readonly gammaRegularizer?: Regularizer;
}

/**
 * gamma (x - mean) / sqrt(variance + epsilon) + beta for each feature of the last axis (Ioffe and Szegedy 2015):
 * with the batch's mean and population variance while training, with their moving averages
 * (moving = momentum moving + (1 - momentum) batch) at inference and when the layer is not trainable.
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): Layer {
  checkOptions("batchNormalization", options, {
    ...layerOptions,
    axis: integer,
    momentum: fraction,
    epsilon: positive,
    center: bool,
    scale: bool,
    betaInitializer: initializerOption,
    gammaInitializer: initializerOption,
    betaRegularizer: regularizerOption,
    gammaRegularizer: regularizerOption,
  });
  const { axis = -1, momentum = 0.99, epsilon = 1e-3, center = true, scale = true } = options;
  const where = "batchNormalization";
  const gammaInitializer = resolveInitializer(where, "gammaInitializer", options.gammaInitializer ?? "ones");
  const betaInitializer = resolveInitializer(where, "betaInitializer", options.betaInitializer ?? "zeros");
  const zeros = resolveInitializer(where, "initializer", "zeros");
  const ones = resolveInitializer(where, "initializer", "ones");
  const layer: Layer = makeLayer({
    type: where,
    options,
    build([shape = []], name) {
      if (shape.length < 2 || (axis !== -1 && axis !== shape.length - 1)) {
        throw new LanewiseError(
          "shape-mismatch",
          `${name}: normalises the last axis of [batch, ..., features], got ${formatShape(shape)} and axis ${axis}.`,
        );
      }
      const features = [shape.at(-1) as number];
      const weights: Record<string, WeightSpec> = {};
      if (scale)
        weights.gamma = { shape: features, initializer: gammaInitializer, regularizer: options.gammaRegularizer };
      if (center)
        weights.beta = { shape: features, initializer: betaInitializer, regularizer: options.betaRegularizer };
      weights.movingMean = { shape: features, initializer: zeros, role: "statistics" };
      weights.movingVariance = { shape: features, initializer: ones, role: "statistics" };
      return weights;
    },
    call([input], { gamma, beta, movingMean, movingVariance }, { training, variables }) {
      const x = input as Tensor;
      if (!training || !layer.trainable) {
        const moving = { mean: movingMean as Tensor, variance: movingVariance as Tensor };
        return batchNorm(x, moving, { gamma, beta, epsilon, ofBatch: false });
      }
      const batch = batchStatistics(x);
      updateMovingAverage(variables.movingMean as Variable, batch.mean, momentum);
      updateMovingAverage(variables.movingVariance as Variable, batch.variance, momentum);
      return batchNorm(x, batch, { gamma, beta, epsilon, ofBatch: true });
    },
  });
  return layer;
}

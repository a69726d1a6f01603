// Batch normalisation over the features of one axis.

import { checkOptions, fraction, integer, positive } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Variable } from "../graph/variable.ts";
import { resolveInitializer } from "../initializers.ts";
import { updateMovingAverage } from "../ops/effects.ts";
import { batchNorm, batchStatistics } from "../ops/norm.ts";
import type { AffineOptions } from "./affine.ts";
import { affineCheckers, affineWeights } from "./affine.ts";
import { featureAxes, onLastAxes } from "./axes.ts";
import { biasNotes } from "./biasNotes.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `batchNormalization`. */
export interface BatchNormalizationOptions extends LayerOptions, AffineOptions {
  /** Axis of the features, by default the last, -1; another one is moved there and back. */
  readonly axis?: number;
  /** Of the moving statistics, by default 0.99. */
  readonly momentum?: number;
  /** By default 1e-3. */
  readonly epsilon?: number;
}

/**
 * gamma (x - mean) / sqrt(variance + epsilon) + beta for each feature of the axis (Ioffe and Szegedy 2015): with the batch's
 * mean and population variance while training, with their moving averages (moving = momentum moving + (1 - momentum) batch) at
 * inference, in calls with `{ training: false }`, and when the layer is not trainable: then they stay as they are. Of a batch
 * of one example [1, features] the output is beta and no gradient passes. A bias just before has no effect: `model.summary()`
 * says so. `recalibrate` takes exact statistics over a whole set. Throws `shape-mismatch` for the batch's axis.
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): Layer {
  const type = "batchNormalization";
  checkOptions(type, options, {
    ...layerOptions,
    ...affineCheckers,
    axis: integer,
    momentum: fraction,
    epsilon: positive,
  });
  const { axis = -1, momentum = 0.99, epsilon = 1e-3 } = options;
  const affine = affineWeights(type, options);
  const zeros = resolveInitializer(type, "initializer", "zeros");
  const ones = resolveInitializer(type, "initializer", "ones");
  const layer: Layer = makeLayer({
    type,
    options,
    notes: biasNotes,
    build([shape = []], where) {
      const features = [shape[featureAxes(where, axis, shape)[0] as number] as number];
      return {
        ...affine(features),
        movingMean: { shape: features, initializer: zeros, role: "statistics" },
        movingVariance: { shape: features, initializer: ones, role: "statistics" },
      };
    },
    call([input], { gamma, beta, movingMean, movingVariance }, { training, variables, where }) {
      const axes = featureAxes(where, axis, (input as Tensor).dims);
      return onLastAxes(input as Tensor, axes, (x) => {
        if (!training || !layer.trainable) {
          const moving = { mean: movingMean as Tensor, variance: movingVariance as Tensor };
          return batchNorm(x, moving, { gamma, beta, epsilon, ofBatch: false });
        }
        const batch = batchStatistics(x);
        updateMovingAverage(variables.movingMean as Variable, batch.mean, momentum);
        updateMovingAverage(variables.movingVariance as Variable, batch.variance, momentum);
        return batchNorm(x, batch, { gamma, beta, epsilon, ofBatch: true });
      });
    },
  });
  return layer;
}

// Normalisation of single examples: of all their features, or of groups of channels.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { checkOptions, integer, invalid, isPositiveInteger, positive } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { reshape } from "../ops/broadcasting.ts";
import { layerNorm } from "../ops/layerNorm.ts";
import { add, mul } from "../ops/pointwise.ts";
import { transpose } from "../ops/shaping.ts";
import { formatShape, sizeOf } from "../shape.ts";
import type { AffineOptions } from "./affine.ts";
import { affineCheckers, affineWeights } from "./affine.ts";
import { axesOption, featureAxes, onLastAxes } from "./axes.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `layerNormalization`. */
export interface LayerNormalizationOptions extends LayerOptions, AffineOptions {
  /** The axis, or axes, that are normalised together, by default the last, -1; never the batch's. */
  readonly axis?: number | readonly number[];
  /** By default 1e-3. */
  readonly epsilon?: number;
}

/**
 * gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and population variance over `axis` of each example, gamma and beta of the
 * axes' shape (Ba, Kiros and Hinton 2016). The same while training and at inference. Throws `invalid-argument` for wrong
 * options, `shape-mismatch` for the batch's axis.
 */
export function layerNormalization(options: LayerNormalizationOptions = {}): Layer {
  const type = "layerNormalization";
  checkOptions(type, options, { ...layerOptions, ...affineCheckers, axis: axesOption, epsilon: positive });
  const { axis = -1, epsilon = 1e-3 } = options;
  const affine = affineWeights(type, options);
  return makeLayer({
    type,
    options,
    build: ([shape = []], where) => affine(featureAxes(where, axis, shape).map((i) => shape[i] as number)),
    call([input], { gamma, beta }, { where }) {
      const { dims } = input as Tensor;
      const axes = featureAxes(where, axis, dims);
      const columns = sizeOf(axes.map((i) => dims[i] as number));
      return onLastAxes(input as Tensor, axes, (x) => layerNorm(x, columns, { gamma, beta, epsilon }));
    },
  });
}

/** Options of `groupNormalization`. */
export interface GroupNormalizationOptions extends LayerOptions, AffineOptions {
  /** Groups of neighbouring channels, by default 32; -1: as many as channels (instance normalisation), 1: all together. */
  readonly groups?: number;
  /** Axis of the channels, by default the last, -1. */
  readonly axis?: number;
  /** By default 1e-3. */
  readonly epsilon?: number;
}

const groupsOption: Checker<number> = (value, name, where) => {
  if (isPositiveInteger(value) || value === -1) return value as number;
  throw invalid(where, name, "a positive integer, or -1 for as many as channels", value);
};

/**
 * gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and population variance over each group of channels and all positions of an
 * example, gamma and beta [channels] (Wu and He 2018; with groups -1 instance normalisation, Ulyanov et al. 2016). The same
 * while training and at inference. Throws `invalid-argument` for wrong options, `shape-mismatch` where the groups do not divide the channels.
 */
export function groupNormalization(options: GroupNormalizationOptions = {}): Layer {
  const type = "groupNormalization";
  checkOptions(type, options, {
    ...layerOptions,
    ...affineCheckers,
    groups: groupsOption,
    axis: integer,
    epsilon: positive,
  });
  const { groups: wanted = 32, axis = -1, epsilon = 1e-3 } = options;
  const affine = affineWeights(type, options);
  return makeLayer({
    type,
    options,
    build([shape = []], where) {
      const channels = shape[featureAxes(where, axis, shape)[0] as number] as number;
      if (wanted !== -1 && channels % wanted !== 0) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: ${wanted} groups do not divide ${channels} channels of ${formatShape(shape)}. Choose groups that do, or -1.`,
        );
      }
      return affine([channels]);
    },
    call([input], { gamma, beta }, { where }) {
      return onLastAxes(input as Tensor, featureAxes(where, axis, (input as Tensor).dims), (x) => {
        const batch = x.dims[0] as number;
        const channels = x.dims.at(-1) as number;
        const groups = wanted === -1 ? channels : wanted;
        const positions = sizeOf(x.dims.slice(1, -1));
        const members = channels / groups;
        // [B, positions, groups, members] with a group's numbers side by side: [B, groups, positions, members]
        const apart = positions > 1 && groups > 1;
        const turn = (t: Tensor): Tensor => (apart ? transpose(t, [0, 2, 1, 3]) : t);
        const grouped = turn(reshape(x, [batch, positions, groups, members]));
        const flat = reshape(turn(layerNorm(grouped, positions * members, { epsilon })), x.dims);
        const scaled = gamma ? mul(flat, gamma) : flat;
        return beta ? add(scaled, beta) : scaled;
      });
    },
  });
}

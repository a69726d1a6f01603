// Layers without weights that change one tensor: shape, scale, activation.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, finite, invalid, nonNegative, oneOf, positive } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import type { ActivationName } from "../ops/activation.ts";
import { activationNames, activations } from "../ops/activation.ts";
import { reshaped } from "../ops/broadcasting.ts";
import { add, elu as eluOp, leakyRelu as leakyReluOp, mul } from "../ops/pointwise.ts";
import { formatShape, sizeOf } from "../shape.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** [batch, ...] to [batch, everything else]. */
export function flatten(options: LayerOptions = {}): Layer {
  checkOptions("flatten", options, layerOptions);
  return makeLayer({
    type: "flatten",
    options,
    call: ([input]) => {
      const x = input as Tensor;
      return reshaped(x, [x.dims[0] as number, sizeOf(x.dims.slice(1))]);
    },
  });
}

/** Options of `reshape`. */
export interface ReshapeOptions extends LayerOptions {
  /** Shape of one example; one size may be -1 and is computed. */
  readonly targetShape: readonly number[];
}

const targetShape = (value: unknown, name: string, where: string): readonly number[] => {
  const ok =
    Array.isArray(value) &&
    value.every((n) => Number.isInteger(n) && (n === -1 || (n >= 1 && n < 2 ** 31))) &&
    value.filter((n) => n === -1).length <= 1;
  if (!ok) throw invalid(where, name, "an array of positive integers, at most one of them -1", value);
  return value;
};

/** Each example under another shape, in row-major order. */
export function reshape(options: ReshapeOptions): Layer {
  checkOptions("reshape", options, { ...layerOptions, targetShape }, ["targetShape"]);
  const target = [...options.targetShape];
  return makeLayer({
    type: "reshape",
    options,
    call([input], _, { where }) {
      const x = input as Tensor;
      const example = x.dims.slice(1);
      const known = target.reduce((product, n) => (n === -1 ? product : product * n), 1);
      const sizes = target.map((n) => (n === -1 ? sizeOf(example) / known : n));
      if (sizeOf(sizes) !== sizeOf(example) || !sizes.every(Number.isInteger)) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: an example ${formatShape(example)} does not fit into ${formatShape(target)}.`,
        );
      }
      return reshaped(x, [x.dims[0] as number, ...sizes]);
    },
  });
}

/** Options of `rescaling`. */
export interface RescalingOptions extends LayerOptions {
  readonly scale: number;
  /** By default 0. */
  readonly offset?: number;
}

/** scale x + offset, e.g. 1 / 255 for bytes. */
export function rescaling(options: RescalingOptions): Layer {
  checkOptions("rescaling", options, { ...layerOptions, scale: finite, offset: finite }, ["scale"]);
  const { scale, offset = 0 } = options;
  return makeLayer({
    type: "rescaling",
    options,
    call: ([x]) => (offset === 0 ? mul(x as Tensor, scale) : add(mul(x as Tensor, scale), offset)),
  });
}

/** Options of `activation`. */
export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationName;
}

/** An activation by name, as a layer; the name alone may be given. */
export function activation(options: ActivationOptions | ActivationName): Layer {
  const given = typeof options === "string" ? { activation: options } : options;
  checkOptions("activation", given, { ...layerOptions, activation: oneOf(...activationNames) }, ["activation"]);
  return makeLayer({ type: "activation", options: given, call: ([x]) => activations[given.activation](x as Tensor) });
}

/** Options of `leakyRelu`. */
export interface LeakyReluOptions extends LayerOptions {
  /** By default 0.01. */
  readonly negativeSlope?: number;
}

/** x where x > 0, negativeSlope x elsewhere. */
export function leakyRelu(options: LeakyReluOptions = {}): Layer {
  checkOptions("leakyRelu", options, { ...layerOptions, negativeSlope: nonNegative });
  const { negativeSlope = 0.01 } = options;
  return makeLayer({ type: "leakyRelu", options, call: ([x]) => leakyReluOp(x as Tensor, negativeSlope) });
}

/** Options of `elu`. */
export interface EluOptions extends LayerOptions {
  /** By default 1. */
  readonly alpha?: number;
}

/** x where x > 0, alpha (e^x - 1) elsewhere. */
export function elu(options: EluOptions = {}): Layer {
  checkOptions("elu", options, { ...layerOptions, alpha: positive });
  const { alpha = 1 } = options;
  return makeLayer({ type: "elu", options, call: ([x]) => eluOp(x as Tensor, alpha) });
}

const named = (name: ActivationName, options: LayerOptions): Layer => {
  checkOptions(name, options, layerOptions);
  return makeLayer({ type: name, options, call: ([x]) => activations[name](x as Tensor) });
};

/** max(x, 0) */
export const relu = (options: LayerOptions = {}): Layer => named("relu", options);
/** e^x / sum e^x over the last axis */
export const softmax = (options: LayerOptions = {}): Layer => named("softmax", options);

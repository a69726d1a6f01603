// Layers.

import type { Tensor } from "../../src/index.ts";
import * as lanewise from "../../src/index.ts";
import type { Call } from "./kinds.ts";
import {
  callable,
  choice,
  constraint,
  finite,
  flag,
  fraction,
  kind,
  made,
  maker,
  must,
  nonNegative,
  padding,
  pair,
  positive,
  record,
  seed,
  size,
  text,
} from "./kinds.ts";

const layerKinds = { name: text, trainable: flag };
const windowKinds = { ...layerKinds, strides: pair, padding };
const convKinds = {
  ...windowKinds,
  kernelSize: must(pair),
  dilationRate: pair,
  activation: choice,
  useBias: flag,
  biasInitializer: made,
  biasRegularizer: made,
  activityRegularizer: made,
  biasConstraint: constraint,
};
const rateKinds = { ...layerKinds, rate: fraction, keepProb: kind([], 1.5, 1e-10, 1.0001), seed };
const affineKinds = {
  ...{ center: flag, scale: flag, betaInitializer: made, gammaInitializer: made },
  ...{ betaRegularizer: made, gammaRegularizer: made, betaConstraint: constraint, gammaConstraint: constraint },
};

export const calls: readonly Call[] = [
  maker(
    "dense",
    lanewise.dense,
    {
      ...layerKinds,
      units: must(size),
      activation: choice,
      useBias: flag,
      kernelInitializer: made,
      biasInitializer: made,
      kernelRegularizer: made,
      biasRegularizer: made,
      activityRegularizer: made,
      kernelConstraint: constraint,
      biasConstraint: constraint,
    },
    { units: 3 },
  ),
  maker(
    "conv2d",
    lanewise.conv2d,
    {
      ...{ ...convKinds, filters: must(size), groups: size, kernelInitializer: made, kernelRegularizer: made },
      kernelConstraint: constraint,
    },
    { filters: 2, kernelSize: 3 },
  ),
  maker(
    "depthwiseConv2d",
    lanewise.depthwiseConv2d,
    {
      ...{ ...convKinds, depthMultiplier: size, depthwiseInitializer: made, depthwiseRegularizer: made },
      depthwiseConstraint: constraint,
    },
    { kernelSize: 3 },
  ),
  maker("maxPooling2d", lanewise.maxPooling2d, { ...windowKinds, poolSize: pair }),
  maker("averagePooling2d", lanewise.averagePooling2d, { ...windowKinds, poolSize: pair }),
  maker("globalAveragePooling2d", lanewise.globalAveragePooling2d, { ...layerKinds, keepDims: flag }),
  maker("batchNormalization", lanewise.batchNormalization, {
    ...layerKinds,
    ...affineKinds,
    axis: kind(["-1", "0"]),
    momentum: fraction,
    epsilon: positive,
  }),
  maker("layerNormalization", lanewise.layerNormalization, {
    ...{ ...layerKinds, ...affineKinds, axis: kind(["-1", "0"], [1.5], ["1"]), epsilon: positive },
  }),
  maker("groupNormalization", lanewise.groupNormalization, {
    ...{ ...layerKinds, ...affineKinds, axis: kind(["-1", "0"]), epsilon: positive },
    groups: kind(["-1"], -2, "2"),
  }),
  maker(
    "dropout",
    lanewise.dropout,
    { ...rateKinds, rate: must(fraction), noiseShape: kind([], [0], [1.5], "1", [undefined]) },
    { rate: 0.5 },
  ),
  maker("spatialDropout2d", lanewise.spatialDropout2d, { ...rateKinds, rate: must(fraction) }, { rate: 0.5 }),
  maker("gaussianDropout", lanewise.gaussianDropout, { ...rateKinds, rate: must(fraction) }, { rate: 0.5 }),
  maker("alphaDropout", lanewise.alphaDropout, { ...rateKinds, rate: must(fraction) }, { rate: 0.5 }),
  maker("gaussianNoise", lanewise.gaussianNoise, { ...layerKinds, stddev: must(nonNegative), seed }, { stddev: 1 }),
  maker("flatten", lanewise.flatten, layerKinds),
  maker(
    "reshape",
    lanewise.reshape,
    { ...layerKinds, targetShape: must(kind(["[]"], [0], [-2], [-1, -1], ["1"], [null], [1.5])) },
    { targetShape: [2] },
  ),
  maker("rescaling", lanewise.rescaling, { ...layerKinds, scale: must(finite), offset: finite }, { scale: 2 }),
  maker("activation", lanewise.activation, { ...layerKinds, activation: must(choice) }, { activation: "relu" }),
  maker("relu", lanewise.relu, layerKinds),
  maker("softmax", lanewise.softmax, layerKinds),
  maker("leakyRelu", lanewise.leakyRelu, { ...layerKinds, negativeSlope: nonNegative }),
  maker("elu", lanewise.elu, { ...layerKinds, alpha: positive }),
  maker("add", lanewise.add, layerKinds),
  maker("concatenate", lanewise.concatenate, { ...layerKinds, axis: kind(["-1", "0"]) }),
  {
    name: "defineLayer",
    args: [record({ name: "scale", call: (x: Tensor) => x })],
    options: { name: must(text), inputs: choice, build: callable, call: must(callable) },
    run: lanewise.defineLayer as never,
  },
];

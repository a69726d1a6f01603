// Layers: with each activation, without bias, in training and at inference.

import * as lanewise from "../../src/index.ts";
import { activationNames } from "../../src/ops/activation.ts";
import type { CaseInput, OpCase } from "../opCase.ts";
import { real } from "../opCase.ts";

const record = (
  of: string,
  name: string,
  layer: () => lanewise.Layer,
  x: CaseInput | readonly CaseInput[],
  more: Partial<OpCase> = {},
): OpCase => ({
  of,
  name,
  layer,
  inputs: Object.fromEntries((Array.isArray(x) ? x : [x]).map((each: CaseInput, i) => [`x${i}`, each])),
  tolerance: { sum: 32 },
  gradientSum: 64,
  ...more,
});

const image = (): CaseInput => real([2, 5, 6, 3]);

export const layerCases: readonly OpCase[] = [
  ...activationNames.map((activation) =>
    record("dense", activation, () => lanewise.dense({ units: 5, activation }), real([3, 7])),
  ),
  record("dense", "without bias", () => lanewise.dense({ units: 4, useBias: false }), real([3, 7])),
  record("dense", "one unit", () => lanewise.dense({ units: 1 }), real([9, 2])),
  record("dense", "rank 3", () => lanewise.dense({ units: 3, activation: "tanh" }), real([2, 4, 5])),
  ...activationNames.map((activation) =>
    record("conv2d", activation, () => lanewise.conv2d({ filters: 4, kernelSize: 3, activation }), image()),
  ),
  record(
    "conv2d",
    "same, strides",
    () => lanewise.conv2d({ filters: 3, kernelSize: [3, 2], strides: 2, padding: "same" }),
    image(),
  ),
  record(
    "conv2d",
    "groups, dilation, no bias",
    () => lanewise.conv2d({ filters: 6, kernelSize: 2, groups: 3, dilationRate: 2, useBias: false }),
    image(),
  ),
  ...(["linear", "relu", "gelu"] as const).map((activation) =>
    record(
      "depthwiseConv2d",
      activation,
      () => lanewise.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation }),
      image(),
    ),
  ),
  record("maxPooling2d", "2x2", () => lanewise.maxPooling2d(), image()),
  record(
    "averagePooling2d",
    "same",
    () => lanewise.averagePooling2d({ poolSize: 2, strides: 2, padding: "same" }),
    image(),
  ),
  record("globalAveragePooling2d", "plain", () => lanewise.globalAveragePooling2d(), image()),
  record("globalAveragePooling2d", "keepDims", () => lanewise.globalAveragePooling2d({ keepDims: true }), image()),
  record("flatten", "an image", () => lanewise.flatten(), image()),
  record("reshape", "[3, -1]", () => lanewise.reshape({ targetShape: [3, -1] }), image()),
  ...activationNames.map((name) => record("activation", name, () => lanewise.activation(name), real([3, 7]))),
  record("relu", "plain", () => lanewise.relu(), real([3, 7])),
  record("leakyRelu", "negativeSlope 0.2", () => lanewise.leakyRelu({ negativeSlope: 0.2 }), real([3, 7])),
  record("elu", "alpha 0.5", () => lanewise.elu({ alpha: 0.5 }), real([3, 7])),
  record("softmax", "plain", () => lanewise.softmax(), real([3, 7])),
  record("rescaling", "scale", () => lanewise.rescaling({ scale: 1 / 255 }), real([3, 7], 0, 255)),
  record(
    "rescaling",
    "scale and offset",
    () => lanewise.rescaling({ scale: 1 / 127.5, offset: -1 }),
    real([3, 7], 0, 255),
  ),
  record("dropout", "at inference", () => lanewise.dropout({ rate: 0.5 }), real([9, 7])),
  record("dropout", "while training", () => lanewise.dropout({ rate: 0.4 }), real([9, 7]), { training: true }),
  record(
    "dropout",
    "noiseShape",
    () => lanewise.dropout({ keepProb: 0.6, noiseShape: [null, 1, 7] }),
    real([4, 5, 7]),
    {
      training: true,
    },
  ),
  record("spatialDropout2d", "while training", () => lanewise.spatialDropout2d({ rate: 0.4 }), image(), {
    training: true,
  }),
  // polynomials of the normal numbers differ in their last bits
  record("gaussianNoise", "while training", () => lanewise.gaussianNoise({ stddev: 0.1 }), real([9, 7]), {
    training: true,
    tolerance: { sum: 64 },
  }),
  record("gaussianDropout", "while training", () => lanewise.gaussianDropout({ rate: 0.2 }), real([9, 7]), {
    training: true,
    tolerance: { sum: 64 },
  }),
  record("alphaDropout", "while training", () => lanewise.alphaDropout({ rate: 0.2 }), real([9, 7]), {
    training: true,
  }),
  ...[true, false].flatMap((training) => [
    record(
      "batchNormalization",
      `rows${training ? ", training" : ""}`,
      () => lanewise.batchNormalization(),
      real([17, 5]),
      { training },
    ),
    record(
      "batchNormalization",
      `images${training ? ", training" : ""}`,
      () => lanewise.batchNormalization({ epsilon: 1e-2 }),
      image(),
      { training },
    ),
    record(
      "batchNormalization",
      `one channel${training ? ", training" : ""}`,
      () => lanewise.batchNormalization(),
      real([5, 1]),
      { training },
    ),
    record(
      "batchNormalization",
      `without gamma${training ? ", training" : ""}`,
      () => lanewise.batchNormalization({ scale: false }),
      real([9, 3]),
      { training },
    ),
    record(
      "batchNormalization",
      `without beta${training ? ", training" : ""}`,
      () => lanewise.batchNormalization({ center: false }),
      real([9, 3]),
      { training },
    ),
    record(
      "batchNormalization",
      `without both${training ? ", training" : ""}`,
      () => lanewise.batchNormalization({ center: false, scale: false }),
      real([9, 3]),
      { training },
    ),
  ]),
  record(
    "batchNormalization",
    "frozen, training",
    () => lanewise.batchNormalization({ trainable: false }),
    real([9, 3]),
    { training: true, differentiable: ["x0"] },
  ),
  ...[true, false].map((training) =>
    record(
      "batchNormalization",
      `axis 1 of three${training ? ", training" : ""}`,
      () => lanewise.batchNormalization({ axis: 1 }),
      real([4, 3, 5]),
      { training },
    ),
  ),
  ...[{}, { scale: false }, { center: false }, { center: false, scale: false }, { epsilon: 0.1 }].map((options) =>
    record("layerNormalization", JSON.stringify(options), () => lanewise.layerNormalization(options), real([5, 9])),
  ),
  record("layerNormalization", "last two axes", () => lanewise.layerNormalization({ axis: [-2, -1] }), image()),
  record("layerNormalization", "axis 1", () => lanewise.layerNormalization({ axis: 1 }), image()),
  record("layerNormalization", "axes 1 and 3", () => lanewise.layerNormalization({ axis: [3, 1] }), image()),
  ...[{}, { scale: false }, { center: false }].map((options) =>
    record(
      "groupNormalization",
      `2 groups ${JSON.stringify(options)}`,
      () => lanewise.groupNormalization({ groups: 2, ...options }),
      real([2, 3, 4, 6]),
    ),
  ),
  record("groupNormalization", "1 group", () => lanewise.groupNormalization({ groups: 1 }), image()),
  record("groupNormalization", "instances", () => lanewise.groupNormalization({ groups: -1 }), image()),
  record("groupNormalization", "rows", () => lanewise.groupNormalization({ groups: 3 }), real([4, 12])),
  record(
    "groupNormalization",
    "channels first",
    () => lanewise.groupNormalization({ groups: 2, axis: 1 }),
    real([2, 6, 3, 4]),
  ),
  record("add", "three", () => lanewise.add(), [real([3, 5]), real([3, 5]), real([1, 5])]),
  record("concatenate", "last axis", () => lanewise.concatenate(), [real([3, 5]), real([3, 2])]),
  record("concatenate", "axis 1 of images", () => lanewise.concatenate({ axis: 1 }), [image(), image()]),
];

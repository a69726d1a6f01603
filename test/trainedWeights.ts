// Networks trained for twenty steps each, with everything in them that is random or sums much: what the tests of
// determinism compare bit for bit.

import type { Model } from "../src/index.ts";
import {
  adam,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  depthwiseConv2d,
  dropout,
  globalAveragePooling2d,
  maxPooling2d,
  rmsprop,
  sequential,
} from "../src/index.ts";
import { integers, normal } from "./values.ts";

const EXAMPLES = 160;
const BATCH = 16;
const EPOCHS = 2; // 2 * 160 / 16 steps

const labels = (classes: number): Int32Array => {
  const next = integers(3);
  return Int32Array.from({ length: EXAMPLES }, () => next() % classes);
};

export function denseNetwork(seed: number): Model {
  const model = sequential(
    [
      dense({ units: 33, activation: "relu", kernelInitializer: "heNormal" }),
      dropout({ rate: 0.3 }),
      dense({ units: 17, activation: "gelu" }),
      dropout({ rate: 0.2 }),
      dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [70], seed },
  );
  model.compile({
    optimizer: adam({ learningRate: (step) => 0.01 / (1 + step / 10) }),
    loss: "sparseCategoricalCrossentropy",
  });
  return model;
}

export function imageNetwork(seed: number): Model {
  const model = sequential(
    [
      conv2d({ filters: 5, kernelSize: 3, padding: "same", kernelInitializer: "leCunNormal" }),
      batchNormalization({ momentum: 0.9 }),
      maxPooling2d(),
      depthwiseConv2d({ kernelSize: 3, padding: "same", activation: "tanh" }),
      conv2d({ filters: 9, kernelSize: 3, strides: 2, activation: "silu" }),
      batchNormalization(),
      averagePooling2d({ poolSize: 2, strides: 1 }),
      globalAveragePooling2d(),
      dense({ units: 3, activation: "softmax", kernelInitializer: "truncatedNormal" }),
    ],
    { inputShape: [11, 13, 2], seed },
  );
  model.compile({
    optimizer: rmsprop({ learningRate: 0.01, momentum: 0.9, centered: true }),
    loss: "sparseCategoricalCrossentropy",
  });
  return model;
}

/** Channels enough that convolutions go by Winograd's algorithm. */
export function wideNetwork(seed: number): Model {
  const model = sequential(
    [
      conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
      conv2d({ filters: 18, kernelSize: 3, padding: "same", activation: "relu" }),
      globalAveragePooling2d(),
      dense({ units: 3, activation: "softmax" }),
    ],
    { inputShape: [11, 13, 2], seed },
  );
  model.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy" });
  return model;
}

/** Initial and trained weights, losses and predictions as one row of numbers. */
export async function train(model: Model): Promise<Float32Array> {
  const [elements, classes] = model.layers[0]?.type === "dense" ? [70, 10] : [11 * 13 * 2, 3];
  const x = normal(EXAMPLES * elements, 5);
  const y = labels(classes);
  const parts: ArrayLike<number>[] = [];
  const keep = () => parts.push(...model.variables.map((variable) => variable.read().data));
  await model.save(); // draws the initial weights
  keep();
  const history = await model.fit({ x, y }, { epochs: EPOCHS, batchSize: BATCH });
  keep();
  parts.push(history.metrics.loss as number[]);
  parts.push(((await model.predict(x.subarray(0, elements * 21))) as { data: Float32Array }).data);
  return Float32Array.from(parts.flatMap((part) => Array.from(part)));
}

/** SHA-256 of the bits, in hexadecimal digits. */
export async function hashOf(values: Float32Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", values.slice().buffer);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

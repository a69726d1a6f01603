// Activations by name: which op computes each, and its number in the epilogues of GEMM and convolution.

import type { Tensor } from "../graph/graph.ts";
import { activationCodes } from "./activationCodes.ts";
import { unaryOf } from "./pointwise.ts";
import { softmaxOfRows } from "./softmax.ts";

export { activationCodes };

/** Activations by name; softmax over the last axis. */
export type ActivationName = keyof typeof activationCodes | "softmax";

/** The function of each activation's name. */
export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  relu: unaryOf("relu"),
  sigmoid: unaryOf("sigmoid"),
  tanh: unaryOf("tanh"),
  elu: unaryOf("elu", 1),
  softplus: unaryOf("softplus"),
  gelu: unaryOf("gelu"),
  silu: unaryOf("silu"),
  leakyRelu: unaryOf("leakyRelu", 0.01),
  softmax: softmaxOfRows,
};

export const activationNames: readonly ActivationName[] = Object.keys(activations) as ActivationName[];

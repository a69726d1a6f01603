// Activations by name: which op computes each, and its number in the epilogues of GEMM and convolution.

import type { Tensor } from "../graph/graph.ts";
import { activationCodes } from "./activationCodes.ts";
import * as pointwise from "./pointwise.ts";
import { softmaxOfRows } from "./softmax.ts";

export { activationCodes };

/** Activations by name; softmax over the last axis. */
export type ActivationName = keyof typeof activationCodes | "softmax";

/** The function of each activation's name. */
export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  relu: pointwise.relu,
  sigmoid: pointwise.sigmoid,
  tanh: pointwise.tanh,
  elu: (x) => pointwise.elu(x),
  softplus: pointwise.softplus,
  gelu: pointwise.gelu,
  silu: pointwise.silu,
  leakyRelu: (x) => pointwise.leakyRelu(x),
  softmax: softmaxOfRows,
};

export const activationNames: readonly ActivationName[] = Object.keys(activations) as ActivationName[];

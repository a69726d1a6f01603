// LeNet-5 for MNIST: the model, its rate and its training, the same in Node and in a page.

import type { Callback, History, Model } from "lanewise";
import { adam, conv2d, dense, flatten, maxPooling2d, rescaling, sequential } from "lanewise";
import type { Digits } from "./digits.ts";

export const BATCH_SIZE = 64;
export const EPOCHS = 4;

/**
 * From `peak` down to 2 % of it, in a straight line over `steps` steps. Arithmetic alone: Math.exp and Math.cos differ between
 * engines, and one seed shall give the same weights in all of them.
 */
export const rampDown =
  (peak: number, steps: number) =>
  (step: number): number =>
    peak * Math.max(1 - step / steps, 0.02);

/** The compiled model; its rate decays over `epochs` epochs of `examples` examples. */
export function lenet5(options: { seed: number; epochs: number; examples: number }): Model {
  const { seed, epochs, examples } = options;
  const model = sequential(
    [
      rescaling({ scale: 1 / 255 }), // x holds bytes, 0 to 255
      conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 120, activation: "relu" }),
      dense({ units: 84, activation: "relu" }),
      dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28, 1], seed },
  );
  model.compile({
    optimizer: adam({ learningRate: rampDown(2e-3, epochs * Math.ceil(examples / BATCH_SIZE)) }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

export interface TrainOptions {
  readonly epochs: number;
  /** The epoch to go on with after a stop. */
  readonly initialEpoch?: number;
  readonly callbacks?: readonly Callback[];
  readonly signal?: AbortSignal;
}

/** Trains up to epoch `epochs`. Stopped by the signal, it rejects and the model keeps what it learned. */
export function train(model: Model, data: Digits, options: TrainOptions): Promise<History> {
  const { epochs, initialEpoch = 0, ...rest } = options;
  return model.fit(data, { epochs: epochs - initialEpoch, initialEpoch, batchSize: BATCH_SIZE, ...rest });
}

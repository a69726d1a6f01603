// A small classifier with examples for it, and what tests look at in a model.

import type { Layer, Model, Variable } from "../src/index.ts";
import { adam, dense, dropout, sequential } from "../src/index.ts";

/** Numbers between -1 and 1. */
export const spread = (n: number, salt = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((((i + salt * 1009) * 7919) % 10007) / 10007) * 2 - 1);

export const classesOf = (n: number, classes: number): Int32Array =>
  Int32Array.from({ length: n }, (_, i) => (i * 7) % classes);

/** `n` examples of four numbers in three classes. */
export const examples = (n: number, salt = 0): { x: Float32Array; y: Int32Array } => ({
  x: spread(n * 4, salt),
  y: classesOf(n, 3),
});

export const crossentropy: "sparseCategoricalCrossentropy" = "sparseCategoricalCrossentropy";

/** A small classifier; `seed` settles its weights. */
export function classifier(options: { seed?: number; learningRate?: number; dropoutRate?: number } = {}): Model {
  const { seed = 1, learningRate = 0.01, dropoutRate } = options;
  const model = sequential(
    [
      dense({ units: 8, activation: "tanh" }),
      ...(dropoutRate === undefined ? [] : [dropout({ rate: dropoutRate })]),
      dense({ units: 3, activation: "softmax" }),
    ],
    { inputShape: [4], seed },
  );
  model.compile({ optimizer: adam({ learningRate }), loss: crossentropy, metrics: ["accuracy"] });
  return model;
}

export const weightsOf = (model: Model): number[] => model.variables.flatMap((variable) => [...variable.read().data]);

/** Values of a layer's first variable. */
export const firstOf = (layer: Layer): Float32Array => (layer.variables[0] as Variable).read().data;

/** A turn of the event loop. */
export const turn = (milliseconds = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

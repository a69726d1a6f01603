// Optimizers compared: the same network from the same weights over the same mini-batches, with gradient descent, momentum, RMSprop
// and Adam.

import { adam, dense, drawCurves, type Optimizer, rescaling, rmsprop, sequential, sgd } from "lanewise";
import type { Found, Given } from "../example.ts";
import { readDigits } from "../example.ts";

const EPOCHS = 20;

const ways: Readonly<Record<"sgd" | "momentum" | "rmsprop" | "adam", () => Optimizer>> = {
  sgd: () => sgd({ learningRate: 0.01 }),
  momentum: () => sgd({ learningRate: 0.01, momentum: 0.9 }),
  rmsprop: () => rmsprop({ learningRate: 1e-3 }),
  adam: () => adam({ learningRate: 1e-3 }),
};

export async function optimizers(given: Given): Promise<Found> {
  const { train, test } = await readDigits(given);
  const figures: Record<string, number> = {};
  const curves: Record<string, readonly number[]> = {};
  for (const [name, make] of Object.entries(ways)) {
    const model = sequential(
      [
        rescaling({ scale: 1 / 16 }),
        dense({ units: 64, activation: "relu", kernelInitializer: "heNormal" }),
        dense({ units: 10, activation: "softmax" }),
      ],
      { inputShape: [64], seed: given.seed },
    );
    model.compile({ optimizer: make(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
    const { metrics } = await model.fit(train, { epochs: EPOCHS, batchSize: 32 });
    const { accuracy } = await model.evaluate(test);
    curves[name] = metrics.loss as number[];
    figures[`${name}Loss`] = metrics.loss?.at(-1) as number;
    figures[`${name}Accuracy`] = accuracy as number;
    given.log(`${name.padEnd(9)} loss ${figures[`${name}Loss`]?.toFixed(4)}, test accuracy ${accuracy?.toFixed(4)}`);
  }
  const title = "Training loss by optimizer";
  return {
    figures,
    pictures: { curves: drawCurves(curves, { title, xLabel: "epoch", yLabel: "loss", scale: "log" }) },
  };
}

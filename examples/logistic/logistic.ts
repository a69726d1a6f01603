// Logistic regression: one unit, sigmoid(w x + b), learns which digits are even, by gradient descent over the whole training set.
// The cost must fall with every step; the weights, laid out as an image, show what the unit looks for.

import { dense, drawHistory, drawImages, historyChart, monotoneCost, sequential, sgd, standardize } from "lanewise";
import type { Found, Given } from "../example.ts";
import { readDigits } from "../example.ts";

export async function logistic(given: Given): Promise<Found> {
  const digits = await readDigits(given);
  const isEven = (labels: Uint8Array) => ({
    data: Float32Array.from(labels, (label) => 1 - (label % 2)),
    shape: [labels.length, 1],
  });
  const train = { x: digits.train.x, y: isEven(digits.train.y) };
  const test = { x: digits.test.x, y: isEven(digits.test.y) };

  const scaled = standardize();
  scaled.adapt(train.x); // of the training part alone
  const unit = dense({ units: 1, activation: "sigmoid", kernelInitializer: "zeros" });
  const model = sequential([scaled, unit], { inputShape: [64], seed: given.seed });
  model.compile({
    optimizer: sgd({ learningRate: 0.5 }),
    loss: "binaryCrossentropy",
    metrics: ["accuracy"],
  });
  const cost = monotoneCost({ write: given.log });
  const history = await model.fit(train, { epochs: 300, batchSize: "full", callbacks: cost });
  given.log(historyChart(history, { metrics: ["loss"] }));

  const { accuracy: trainAccuracy } = await model.evaluate(train);
  const { accuracy: testAccuracy } = await model.evaluate(test);
  const weights = unit.variables[0]?.read().data as Float32Array;
  return {
    figures: {
      trainAccuracy: trainAccuracy as number,
      testAccuracy: testAccuracy as number,
      firstCost: history.metrics.loss?.[0] as number,
      lastCost: history.metrics.loss?.at(-1) as number,
      rises: cost.rises.length,
    },
    pictures: {
      cost: drawHistory(history, { title: "Logistic regression: even digits" }),
      weights: drawImages({ data: weights, shape: [1, 8, 8] }, { title: "Weights of the unit", width: 320 }),
    },
  };
}

// Batch normalisation's effect: a network of eight sigmoid layers, whose gradients vanish on the way back, learns nothing in some
// epochs. With batch normalisation before each activation the same network does.

import {
  activation,
  adam,
  batchNormalization,
  dense,
  drawCurves,
  drawLayerReport,
  layerReport,
  rescaling,
  sequential,
} from "lanewise";
import type { Found, Given } from "../example.ts";
import { readDigits } from "../example.ts";

const DEPTH = 8;
const EPOCHS = 15;

function network(normalized: boolean, seed: number) {
  const block = () => [
    dense({ units: 32, useBias: !normalized }), // the normalisation's beta is a bias
    ...(normalized ? [batchNormalization({ momentum: 0.9 })] : []),
    activation({ activation: "sigmoid" }),
  ];
  return sequential(
    [
      rescaling({ scale: 1 / 16 }),
      ...Array.from({ length: DEPTH }, block).flat(),
      dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [64], seed },
  );
}

export async function normalization(given: Given): Promise<Found> {
  const { train, test } = await readDigits(given);
  const figures: Record<string, number> = {};
  const pictures: Record<string, string> = {};
  const curves: Record<string, readonly number[]> = {};
  for (const normalized of [false, true]) {
    const name = normalized ? "normalized" : "plain";
    const model = network(normalized, given.seed);
    model.compile({
      optimizer: adam({ learningRate: 3e-3 }),
      loss: "sparseCategoricalCrossentropy",
      metrics: ["accuracy"],
    });
    const report = await layerReport(model, train);
    given.log(`${name}, before training:\n${report}`);
    pictures[`${name}Layers`] = drawLayerReport(report, { title: `Layers of the ${name} network, before training` });
    const { metrics } = await model.fit(train, { epochs: EPOCHS, batchSize: 32 });
    const { accuracy } = await model.evaluate(test);
    curves[name] = metrics.loss as number[];
    figures[`${name}Loss`] = metrics.loss?.at(-1) as number;
    figures[`${name}Accuracy`] = accuracy as number;
    given.log(`${name}: test accuracy ${accuracy?.toFixed(4)}`);
  }
  pictures.loss = drawCurves(curves, { title: "Training loss, eight sigmoid layers", xLabel: "epoch", yLabel: "loss" });
  return { figures, pictures };
}

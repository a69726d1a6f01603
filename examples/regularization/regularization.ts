// Regularisation compared: a network too large for few and noisy points, without anything, with L2 and with dropout. Without,
// it learns wrong labels by heart: more of the training part is right, and less of the test part.

import {
  adam,
  dense,
  drawCurves,
  drawDecisionBoundary,
  dropout,
  type History,
  l2,
  type Model,
  type Regularizer,
  sequential,
} from "lanewise";
import type { Found, Given } from "../example.ts";
import { numbersOf } from "../example.ts";

/** Two half circles that reach into each other; of every eight points one has the wrong label. */
function moons(count: number, seed: number) {
  const next = numbersOf(seed);
  const noise = () => (next() + next() + next() - 1.5) * 0.45;
  const x = new Float32Array(2 * count);
  const y = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const label = i % 2;
    const angle = Math.PI * next();
    x[2 * i] = (label ? 1 - Math.cos(angle) : Math.cos(angle)) + noise();
    x[2 * i + 1] = (label ? 0.5 - Math.sin(angle) : Math.sin(angle)) + noise();
    y[i] = next() < 1 / 8 ? 1 - label : label;
  }
  return { x, y };
}

interface Way {
  readonly kernelRegularizer?: Regularizer;
  readonly keepProb: number;
}

const ways: Readonly<Record<"none" | "l2" | "dropout", Way>> = {
  none: { keepProb: 1 },
  l2: { kernelRegularizer: l2({ lambda: 0.7 }), keepProb: 1 }, // lambda/(2m) ||W||^2, m the examples of the batch
  dropout: { keepProb: 0.7 },
};

function network({ keepProb, ...regularized }: Way, seed: number): Model {
  const hidden = () => dense({ units: 100, activation: "relu", kernelInitializer: "heNormal", ...regularized });
  return sequential(
    [
      hidden(),
      dropout({ keepProb }),
      hidden(),
      dropout({ keepProb }),
      dense({ units: 2, activation: "softmax", ...regularized }),
    ],
    { inputShape: [2], seed },
  );
}

export async function regularization(given: Given): Promise<Found> {
  const train = moons(120, given.seed);
  const test = moons(2000, given.seed + 1);
  const figures: Record<string, number> = {};
  const pictures: Record<string, string> = {};
  const curves: Record<string, readonly number[]> = {};
  for (const [name, way] of Object.entries(ways)) {
    const model = network(way, given.seed);
    model.compile({
      optimizer: adam({ learningRate: 5e-3 }),
      loss: "sparseCategoricalCrossentropy",
      metrics: ["accuracy"],
    });
    const history: History = await model.fit(train, { epochs: 300, batchSize: "full", validation: test });
    const [seen, unseen] = [await model.evaluate(train), await model.evaluate(test)];
    figures[`${name}Train`] = seen.accuracy as number;
    figures[`${name}Test`] = unseen.accuracy as number;
    curves[name] = history.metrics.val_loss as number[];
    const percent = (value: unknown) => `${((value as number) * 100).toFixed(1)} %`;
    given.log(`${name.padEnd(8)} training ${percent(seen.accuracy)}, test ${percent(unseen.accuracy)}`);
    pictures[name] = await drawDecisionBoundary(model, train, {
      title: `${name}: training ${percent(seen.accuracy)}, test ${percent(unseen.accuracy)}`,
    });
  }
  pictures.loss = drawCurves(curves, { title: "Loss of the test part", xLabel: "epoch", yLabel: "loss" });
  return { figures, pictures };
}

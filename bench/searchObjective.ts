// What bench/search.ts searches for: the loss of a small network on two spirals.

import type { TrialContext } from "../src/index.ts";
import { adam, dense, sequential } from "../src/index.ts";
import { createRandom } from "../src/randomNumbers.ts";

export interface Hyperparameters {
  readonly learningRate: number;
  readonly beta1: number;
  readonly units: number;
}

const EXAMPLES = 512;

/** Two spirals of one turn, with noise. */
function spirals(): { x: { data: Float32Array; shape: number[] }; y: Uint8Array } {
  const random = createRandom(1);
  const data = new Float32Array(2 * EXAMPLES);
  const y = new Uint8Array(EXAMPLES);
  for (let i = 0; i < EXAMPLES; i++) {
    const radius = random.uniform();
    const angle = 2 * Math.PI * radius + (i % 2) * Math.PI;
    data[2 * i] = radius * Math.cos(angle) + 0.03 * random.normal();
    data[2 * i + 1] = radius * Math.sin(angle) + 0.03 * random.normal();
    y[i] = i % 2;
  }
  return { x: { data, shape: [EXAMPLES, 2] }, y };
}

const data = spirals();

export async function objective(parameters: Hyperparameters, context: TrialContext<Hyperparameters>): Promise<number> {
  const { learningRate, beta1, units } = parameters;
  const { seed, budget, signal } = context;
  const layers = [
    dense({ units, activation: "tanh" }),
    dense({ units, activation: "tanh" }),
    dense({ units: 2, activation: "softmax" }),
  ];
  const model = sequential(layers, { inputShape: [2], seed });
  model.compile({ optimizer: adam({ learningRate, beta1 }), loss: "sparseCategoricalCrossentropy" });
  await model.fit(data, { epochs: budget, batchSize: 32, signal });
  const { loss } = await model.evaluate(data);
  model.dispose();
  return loss as number;
}

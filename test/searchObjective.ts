// Objectives that train, as a module for workers (searchThreads.node.test.ts bundles it) and for searches here.

import type { Model, TrialContext } from "../src/index.ts";
import { adam, dense, init, sequential } from "../src/index.ts";

export interface Hyperparameters {
  readonly learningRate: number;
  readonly units: number;
}

/** Two half circles that reach into each other. */
function moons(count: number): { x: { data: Float32Array; shape: number[] }; y: Uint8Array } {
  const data = new Float32Array(2 * count);
  const y = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const angle = (Math.PI * (i >> 1)) / (count / 2);
    y[i] = i % 2;
    data[2 * i] = i % 2 ? 1 - Math.cos(angle) : Math.cos(angle);
    data[2 * i + 1] = i % 2 ? 0.5 - Math.sin(angle) : Math.sin(angle);
  }
  return { x: { data, shape: [count, 2] }, y };
}

export const data: ReturnType<typeof moons> = moons(64);

export function createModel({ learningRate, units }: Hyperparameters, seed: number): Model {
  const layers = [dense({ units, activation: "tanh" }), dense({ units: 2, activation: "softmax" })];
  const model = sequential(layers, { inputShape: [2], seed });
  const metrics = ["accuracy"] as const;
  model.compile({ optimizer: adam({ learningRate }), loss: "sparseCategoricalCrossentropy", metrics: [...metrics] });
  return model;
}

/** The loss after `budget` epochs, going on from the state where there is one. */
export async function objective(
  parameters: Hyperparameters,
  { seed, budget, budgetBefore, state, signal, watch }: TrialContext<Hyperparameters>,
): Promise<{ value: number; state: Uint8Array }> {
  const model = createModel(parameters, seed);
  if (state) await model.load(state);
  const epochs = budget - budgetBefore;
  await model.fit(data, { epochs, initialEpoch: budgetBefore, batchSize: 16, signal, callbacks: watch("loss") });
  const { loss } = await model.evaluate(data);
  const bytes = await model.save();
  model.dispose();
  return { value: loss as number, state: bytes };
}

/** How many threads the library of a worker computes on. */
export const threads = async (): Promise<number> => (await init({ threads: "auto" })).threads;

// Two spirals, a network that tells them apart, and what is searched for: the accuracy on the development set.

import type { Model, Parameter, TrialContext } from "lanewise";
import { adam, dense, sequential, spaces } from "lanewise";

interface Points {
  readonly x: { readonly data: Float32Array; readonly shape: number[] };
  readonly y: Uint8Array;
}

const POINTS = 400; // of each spiral
/** Cosine and sine of one and a half turns in so many steps: Math.cos and Math.sin are not the same in every engine. */
const COS = 0.9997224302180006;
const SIN = 0.02355976483361015;
const NOISE = 0.04;

/** Numbers from -1 to 1, always the same. */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Points 0, 4, 8, ... of each spiral are of part 0, and so on. */
function part(wanted: readonly number[]): Points {
  const rows: number[] = [];
  const labels: number[] = [];
  const random = noise();
  let [cos, sin] = [1, 0];
  for (let i = 0; i < POINTS; i++) {
    [cos, sin] = [cos * COS - sin * SIN, sin * COS + cos * SIN];
    const radius = (i + 20) / POINTS;
    for (const label of [0, 1]) {
      const side = label ? -radius : radius;
      const point = [side * cos + NOISE * random(), side * sin + NOISE * random()];
      if (!wanted.includes(i % 4)) continue;
      rows.push(...point);
      labels.push(label);
    }
  }
  return { x: { data: Float32Array.from(rows), shape: [labels.length, 2] }, y: Uint8Array.from(labels) };
}

export const train: Points = part([0, 2]);
export const dev: Points = part([1]);
export const test: Points = part([3]);

const units: Parameter<number> = spaces.integer(4, 32, { log: true });
export interface Hyperparameters {
  readonly learningRate: number;
  readonly beta1: number;
  readonly batchSize: 16 | 32 | 64;
  /** Units of each hidden layer: one or two. */
  readonly hidden: readonly number[];
}
export const space: { readonly [K in keyof Hyperparameters]: Parameter<Hyperparameters[K]> } = {
  learningRate: spaces.logUniform(1e-4, 1),
  beta1: spaces.oneMinusLogUniform(0.5, 0.999),
  batchSize: spaces.choice([16, 32, 64]),
  hidden: spaces.choice([[units], [units, units]]),
};

/** A trained model. */
export async function trained(
  { learningRate, beta1, batchSize, hidden }: Hyperparameters,
  { seed, epochs, signal }: { readonly seed: number; readonly epochs: number; readonly signal?: AbortSignal },
): Promise<Model> {
  const layers = hidden.map((units) => dense({ units, activation: "tanh" }));
  const model = sequential([...layers, dense({ units: 1, activation: "sigmoid" })], { inputShape: [2], seed });
  model.compile({ optimizer: adam({ learningRate, beta1 }), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  await model.fit(train, { epochs, batchSize, ...(signal && { signal }) });
  return model;
}

/** The loss on the development set: it still tells models apart whose accuracy is the same. */
export async function objective(
  parameters: Hyperparameters,
  { seed, budget, signal }: TrialContext<Hyperparameters>,
): Promise<{ value: number; metrics: { accuracy: number } }> {
  const model = await trained(parameters, { seed, epochs: budget, signal });
  const { loss, accuracy } = await model.evaluate(dev);
  model.dispose();
  return { value: loss as number, metrics: { accuracy: accuracy as number } };
}

/** What the example asks of the search; 24 trials in three stages, each around the best so far. */
export const options = {
  direction: "minimize",
  method: "coarseToFine",
  trials: 24,
  stages: 3,
  budget: 40, // epochs
  seed: 1,
} as const;

/** Accuracy on the test set of the best, trained again for longer. */
export async function testAccuracy(parameters: Hyperparameters, seed: number): Promise<number> {
  const model = await trained(parameters, { seed, epochs: 120 });
  const { accuracy } = await model.evaluate(test);
  return accuracy as number;
}

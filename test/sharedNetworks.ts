// Networks trained for a hundred steps with everything shared among threads that can be: what tests of threads compare bit
// for bit, and whether all threads took part.

import { taskAddress, taskWord } from "../bindings/layout.ts";
import { usualThreadCosts } from "../src/compile/threads.ts";
import type { Model, Optimizer } from "../src/index.ts";
import {
  adam,
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  init,
  maxPooling2d,
  nadam,
  rmsprop,
  sequential,
} from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { integers, normal } from "./values.ts";

export const EXAMPLES = 160;
export const BATCH = 16;
export const EPOCHS = 10;
const STEPS = (EPOCHS * EXAMPLES) / BATCH;

/** Instructions are shared that are far too small to gain by it. */
export function shareEverything(): void {
  Object.assign(usualThreadCosts, { share: 0, program: 0 });
}

const optimizers = {
  adam: (): Optimizer => adam({ learningRate: 0.003 }),
  rmsprop: (): Optimizer => rmsprop({ learningRate: 0.003 }),
  clipped: (): Optimizer =>
    nadam({ learningRate: 0.003, globalClipNorm: 0.5, gradientAccumulationSteps: 2, useEma: true, weightDecay: 0.01 }),
};
/** Those that all tests of threads train with. */
export const optimizerNames = ["adam", "rmsprop"] as const;
export type OptimizerName = keyof typeof optimizers;
export const networkNames = ["dense", "images"] as const;
export type NetworkName = (typeof networkNames)[number];

const layers = {
  dense: () => [
    dense({ units: 37, activation: "relu" }),
    dropout({ rate: 0.3 }),
    dense({ units: 18, activation: "tanh" }),
    dense({ units: 3, activation: "softmax" }),
  ],
  images: () => [
    conv2d({ filters: 7, kernelSize: 3, padding: "same" }),
    batchNormalization({ momentum: 0.9 }),
    maxPooling2d(),
    conv2d({ filters: 9, kernelSize: 3, activation: "relu" }),
    batchNormalization({ momentum: 0.9 }),
    flatten(),
    dropout({ rate: 0.25 }),
    dense({ units: 3, activation: "softmax" }),
  ],
} as const;

const inputs = { dense: [71], images: [10, 11, 2] } as const;

export function network(name: NetworkName, optimizer: OptimizerName): Model {
  const model = sequential(layers[name](), { inputShape: [...inputs[name]], seed: 11 });
  model.compile({ optimizer: optimizers[optimizer](), loss: "sparseCategoricalCrossentropy" });
  return model;
}

export function examples(name: NetworkName): { x: Float32Array; y: Int32Array } {
  const next = integers(3);
  const elements = inputs[name].reduce((product: number, n) => product * n, 1);
  return { x: normal(EXAMPLES * elements, 5), y: Int32Array.from({ length: EXAMPLES }, () => next() % 3) };
}

export const weightsOf = (model: Model): Float32Array =>
  Float32Array.from(model.variables.flatMap((variable) => Array.from(variable.read().data)));

/** Calls of kernels and pieces of work that the threads have counted: a page's own thread, slot 0, leaves them to the others. */
async function beats(threads: number): Promise<number[]> {
  const { engine } = await defaultMachine();
  return Array.from({ length: threads + 1 }, (_, slot) => engine.int32(taskAddress(slot), 16)[taskWord.beat] as number);
}

export interface Trained {
  readonly threads: number;
  readonly weights: Float32Array;
  /** Threads that called kernels in all of the steps. */
  readonly took: number;
}

/** Trains on so many threads. */
export async function trainOn(threads: number, name: NetworkName, optimizer: OptimizerName): Promise<Trained> {
  const chosen = await init({ threads });
  const model = network(name, optimizer);
  await model.save(); // draws the initial weights
  const before = await beats(threads);
  await model.fit(examples(name), { epochs: EPOCHS, batchSize: BATCH });
  const after = await beats(threads);
  const weights = weightsOf(model);
  model.dispose();
  const took = after.filter((count, slot) => count - (before[slot] as number) >= STEPS).length;
  return { threads: chosen.threads, weights, took };
}

// What the pages and workers of threads.browser.test.ts do, as functions that the tests call by name. Everything that can be
// shared among threads is, however small.

import { wordOf } from "../bindings/layout.ts";
import { usualThreadCosts } from "../src/compile/threads.ts";
import type { Chosen, InitOptions, Model } from "../src/index.ts";
import { adam, conv2d, dense, globalAveragePooling2d, init, LanewiseError, sequential } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { denseNetwork, hashOf, imageNetwork, train, wideNetwork } from "./trainedWeights.ts";
import { normal } from "./values.ts";

Object.assign(usualThreadCosts, { share: 0, program: 0 });

/** Beats of the page's own record, and of so many workers. */
async function beats(workers: number): Promise<number[]> {
  const { engine } = await defaultMachine();
  return Array.from({ length: workers + 1 }, (_, slot) => engine.int32(wordOf(slot, "beat") * 4, 1)[0] as number);
}

const IMAGE = 11 * 13 * 2;
const COUNT = 40;
const x = normal(COUNT * IMAGE, 5);
const y = Int32Array.from({ length: COUNT }, (_, i) => i % 3);

/** What each way to compute with a model gives, as one hash, and how far the beats moved meanwhile. */
async function callAll(workers: number): Promise<{ hash: string; moved: Record<string, number[]> }> {
  const model = imageNetwork(7);
  await model.save(); // draws the initial weights
  const numbers: number[] = [];
  const moved: Record<string, number[]> = {};
  const calls: Record<string, () => Promise<unknown>> = {
    fit: () => model.fit({ x, y }, { epochs: 2, batchSize: 16 }),
    trainOnBatch: () => model.trainOnBatch(x.subarray(0, 8 * IMAGE), y.subarray(0, 8)),
    evaluate: () => model.evaluate({ x, y }, { batchSize: 16 }),
    predict: async () => numbers.push(...(await model.predict(x, { batchSize: 16 })).data),
  };
  for (const [name, call] of Object.entries(calls)) {
    const before = await beats(workers);
    numbers.push(
      ...JSON.stringify(await call())
        .split("")
        .map((letter) => letter.charCodeAt(0)),
    );
    moved[name] = (await beats(workers)).map((beat, slot) => beat - (before[slot] as number));
  }
  numbers.push(...model.variables.flatMap((variable) => Array.from(variable.read().data)));
  return { hash: await hashOf(Float32Array.from(numbers)), moved };
}

const networks: Readonly<Record<"dense" | "image" | "wide", (seed: number) => Model>> = {
  dense: denseNetwork,
  image: imageNetwork,
  wide: wideNetwork,
};

/** The hash of what training a network of trainedWeights.ts gives. */
const trained = async (name: keyof typeof networks): Promise<string> => hashOf(await train(networks[name](7)));

let slow: Model | null = null;
const SLOW_BATCH = 16;
const SLOW_SIZE = 32 * 32 * 64;

/** Steps of a network of big convolutions; milliseconds of the quickest. */
async function slowSteps(steps: number): Promise<number> {
  if (!slow) {
    const big = () => conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu" });
    slow = sequential([big(), big(), globalAveragePooling2d(), dense({ units: 3, activation: "softmax" })], {
      inputShape: [32, 32, 64],
      seed: 7,
    });
    slow.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy" });
  }
  const images = new Float32Array(SLOW_BATCH * SLOW_SIZE).fill(0.5);
  const labels = Int32Array.from({ length: SLOW_BATCH }, (_, i) => i % 3);
  let quickest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    await slow.trainOnBatch(images, labels);
    quickest = Math.min(quickest, performance.now() - start);
  }
  return quickest;
}

/** The first step of a network of so many weights that drawing them takes long, and one whose loss is not finite. */
async function largeSteps(): Promise<string> {
  const large = sequential([dense({ units: 2000 }), dense({ units: 2 })], { inputShape: [2000], seed: 1 });
  large.compile({ optimizer: adam(), loss: "mse" });
  const batch = new Float32Array(2000);
  await large.trainOnBatch(batch, [[0, 1]]);
  const { error = "" } = await outcome(() => large.trainOnBatch(batch.fill(Number.NaN), [[0, 1]]));
  large.dispose();
  return error;
}

/** What came of a call: a value, or the code and message of an error. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
  readonly milliseconds: number;
}

async function outcome(call: () => Promise<unknown>): Promise<Outcome> {
  const start = performance.now();
  try {
    return { value: await call(), milliseconds: performance.now() - start };
  } catch (error) {
    const code = error instanceof LanewiseError ? error.code : "no LanewiseError";
    return { error: `${code}: ${(error as Error).message}`, milliseconds: performance.now() - start };
  }
}

/** What tests find as `threads` in a page or worker. */
export interface ThreadsPage {
  init(options?: InitOptions): Promise<Chosen>;
  beats(workers: number): Promise<number[]>;
  callAll(workers: number): Promise<{ hash: string; moved: Record<string, number[]> }>;
  trained(name: keyof typeof networks): Promise<string>;
  slowSteps(steps: number): Promise<number>;
  largeSteps(): Promise<string>;
  outcome(call: () => Promise<unknown>): Promise<Outcome>;
}

export const threads: ThreadsPage = { init, beats, callAll, trained, slowSteps, largeSteps, outcome };
Object.assign(globalThis, { threads });

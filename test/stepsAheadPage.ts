// What the page of stepsAhead.browser.test.ts does: `fit`, `evaluate` and `predict` with workers that go from step to step by
// themselves.

import { wordOf } from "../bindings/layout.ts";
import { usualThreadCosts } from "../src/compile/threads.ts";
import type { Callback, Chosen, FitOptions, InitOptions, Model } from "../src/index.ts";
import {
  batchNormalization,
  conv2d,
  dense,
  dropout,
  globalAveragePooling2d,
  init,
  metrics,
  nadam,
  sequential,
} from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { hashOf, imageNetwork } from "./trainedWeights.ts";
import { normal } from "./values.ts";

Object.assign(usualThreadCosts, { share: 0, program: 0 });

const IMAGE = 11 * 13 * 2;
const BATCH = 16;
/** The last batch is smaller. */
const EXAMPLES = 40 * BATCH + 5;
const clean: Float32Array = normal(EXAMPLES * IMAGE, 5);
const y: Int32Array = Int32Array.from({ length: EXAMPLES }, (_, i) => i % 3);
const inOrder = { batchSize: BATCH, epochs: 1, shuffle: false } as const;

/** What is not a number is one that no weight has: bits of NaN may differ. */
const weightsOf = (model: Model): number[] =>
  model.variables.flatMap((variable) => Array.from(variable.read().data, (w) => (Number.isNaN(w) ? 12345 : w)));

/** Trains on a part of the examples; what there is afterwards, as one hash. */
async function hashAfter(model: Model, examples: number, options: FitOptions = {}): Promise<string> {
  const history =
    examples > 0
      ? await model.fit(
          { x: clean.subarray(0, examples * IMAGE), y: y.subarray(0, examples) },
          { ...inOrder, ...options },
        )
      : null;
  return hashOf(Float32Array.from([...weightsOf(model), ...Object.values(history?.metrics ?? {}).flat()]));
}

/** Jobs that the first worker has come to the end of. */
async function jobsEnded(): Promise<number> {
  const { engine } = await defaultMachine();
  return engine.int32(wordOf(1, "finished") * 4, 1)[0] as number;
}

/** The most jobs that workers ended while the page's thread was busy for so long. */
async function endedWhileBusy(milliseconds: number): Promise<number> {
  const model = imageNetwork(7);
  await hashAfter(model, BATCH); // compiles
  let most = 0;
  const timer = setInterval(async () => {
    const before = await jobsEnded();
    for (const until = performance.now() + milliseconds; performance.now() < until; );
    most = Math.max(most, (await jobsEnded()) - before);
  }, 5);
  await hashAfter(model, EXAMPLES);
  clearInterval(timer);
  model.dispose();
  return most;
}

/** fit, evaluate and predict over all examples, as one hash. */
async function all(): Promise<string> {
  const model = sequential(
    [
      conv2d({ filters: 5, kernelSize: 3, activation: "relu" }),
      batchNormalization(),
      dropout({ rate: 0.3 }),
      globalAveragePooling2d(),
      dense({ units: 3, activation: "softmax" }),
    ],
    { inputShape: [11, 13, 2], seed: 7 },
  );
  model.compile({
    optimizer: nadam({ globalClipNorm: 0.5, gradientAccumulationSteps: 2, useEma: true }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy", metrics.precision({ average: "macro" })],
  });
  const sampleWeight = Float32Array.from({ length: EXAMPLES }, (_, i) => 0.5 + (i % 4));
  const history = await model.fit(
    { x: clean, y, sampleWeight },
    { batchSize: BATCH, epochs: 2, validation: { x: clean, y } },
  );
  const logs = await model.evaluate({ x: clean, y }, { batchSize: BATCH });
  const { data } = await model.predict(clean, { batchSize: BATCH });
  const numbers = [...weightsOf(model), ...Object.values(history.metrics).flat(), ...Object.values(logs), ...data];
  model.dispose();
  return hashOf(Float32Array.from(numbers));
}

/** An example of this batch is not a number: the error, the weights behind it, and behind a training that follows. */
async function notFinite(
  batch: number,
  onNaN: "stop" | "continue",
): Promise<{ error: string; step: number; hashes: string[] }> {
  const model = imageNetwork(7);
  const x = clean.slice();
  x[(batch * BATCH + 3) * IMAGE] = Number.NaN;
  const error = await model.fit({ x, y }, { ...inOrder, onNaN }).then(() => "none", String);
  const step = await stepOf(model);
  const hashes = [await hashAfter(model, 0)];
  if (onNaN === "stop") hashes.push(await hashAfter(model, 5 * BATCH)); // else nothing is a number any more
  model.dispose();
  return { error, step, hashes };
}

/** Steps that a model has made. */
async function stepOf(model: Model): Promise<number> {
  let step = -1;
  const callbacks: Callback = {
    onTrainBegin(context) {
      step = context.step;
      context.stop();
    },
  };
  await model.fit({ x: clean.subarray(0, IMAGE), y: y.subarray(0, 1) }, { ...inOrder, callbacks });
  return step;
}

/** Ends a training after so many milliseconds: the steps that count, the weights behind them, and behind a training that follows. */
async function aborted(milliseconds: number): Promise<{ error: string; step: number; hashes: string[] }> {
  const model = imageNetwork(7);
  await hashAfter(model, BATCH); // compiles
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), milliseconds);
  const error = await model.fit({ x: clean, y }, { ...inOrder, signal: controller.signal }).then(String, String);
  const step = await stepOf(model);
  const hashes = [await hashAfter(model, 0), await hashAfter(model, 5 * BATCH)];
  model.dispose();
  return { error, step, hashes };
}

/** The same weights by a training of so many steps that nothing ends. */
async function stepped(steps: number): Promise<string[]> {
  const model = imageNetwork(7);
  await hashAfter(model, BATCH);
  await hashAfter(model, (steps - 1) * BATCH);
  const hashes = [await hashAfter(model, 0), await hashAfter(model, 5 * BATCH)];
  model.dispose();
  return hashes;
}

const BATCHES_BEFORE = 20;

/**
 * A rate freezes layers and ends the training, while steps are ahead and before another program is made: the steps that count, and
 * the weights behind a training that follows.
 */
async function frozen(): Promise<{ step: number; hash: string }> {
  const model = imageNetwork(7);
  const controller = new AbortController();
  model.compile({
    optimizer: nadam({
      learningRate(step) {
        if (step === BATCHES_BEFORE && !controller.signal.aborted) {
          freeze(model);
          controller.abort(new Error("enough"));
        }
        return 0.01;
      },
    }),
    loss: "sparseCategoricalCrossentropy",
  });
  await model.fit({ x: clean, y }, { ...inOrder, signal: controller.signal }).catch(() => {});
  const step = await stepOf(model);
  const hash = await hashAfter(model, 5 * BATCH);
  model.dispose();
  return { step, hash };
}

const freeze = (model: Model): void => {
  for (const layer of model.layers.slice(0, 4)) layer.trainable = false;
};

/** The same weights by a training of so many steps that nothing ends. */
async function frozenAfter(steps: number): Promise<string> {
  const model = imageNetwork(7);
  model.compile({ optimizer: nadam({ learningRate: 0.01 }), loss: "sparseCategoricalCrossentropy" });
  await hashAfter(model, steps * BATCH);
  freeze(model);
  const hash = await hashAfter(model, 5 * BATCH);
  model.dispose();
  return hash;
}

/** Weights that could be read behind a rate that was asked for, while steps were ahead. */
async function readsBetween(): Promise<number> {
  const model = imageNetwork(7);
  let reads = 0;
  const read = (): void => {
    try {
      model.variables[0]?.read();
      reads++;
    } catch {}
  };
  model.compile({
    optimizer: nadam({
      learningRate(step) {
        if (step > 0) queueMicrotask(read);
        return 0.01;
      },
    }),
    loss: "sparseCategoricalCrossentropy",
  });
  await hashAfter(model, EXAMPLES);
  model.dispose();
  return reads;
}

/** A worker is ended between two trainings: the weights behind the second. */
async function lostBetween(worker: number): Promise<string> {
  await init({ threads: 1 });
  const Original = globalThis.Worker;
  const workers: Worker[] = [];
  globalThis.Worker = class extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.push(this);
    }
  };
  await init({ threads: 2 });
  globalThis.Worker = Original;
  const model = imageNetwork(7);
  await hashAfter(model, 10 * BATCH);
  workers[worker]?.terminate();
  await new Promise((resolve) => setTimeout(resolve, 2500)); // Chromium lets it live on for two seconds
  const hash = await hashAfter(model, 10 * BATCH).catch(String);
  model.dispose();
  return hash;
}

/** The same, where none is. */
async function twice(): Promise<string> {
  await init({ threads: 1 });
  const model = imageNetwork(7);
  await hashAfter(model, 10 * BATCH);
  const hash = await hashAfter(model, 10 * BATCH);
  model.dispose();
  return hash;
}

/** What tests find as `ahead` in the page. */
export interface StepsAheadPage {
  init(options?: InitOptions): Promise<Chosen>;
  endedWhileBusy(milliseconds: number): Promise<number>;
  all(): Promise<string>;
  notFinite(batch: number, onNaN: "stop" | "continue"): Promise<{ error: string; step: number; hashes: string[] }>;
  aborted(milliseconds: number): Promise<{ error: string; step: number; hashes: string[] }>;
  stepped(steps: number): Promise<string[]>;
  frozen(): Promise<{ step: number; hash: string }>;
  frozenAfter(steps: number): Promise<string>;
  readsBetween(): Promise<number>;
  lostBetween(worker: number): Promise<string>;
  twice(): Promise<string>;
}

const ahead: StepsAheadPage = {
  init,
  endedWhileBusy,
  all,
  notFinite,
  aborted,
  stepped,
  frozen,
  frozenAfter,
  readsBetween,
  lostBetween,
  twice,
};
Object.assign(globalThis, { ahead });

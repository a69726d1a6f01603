// Kills workers of a page at random moments, while they start, compute or wait, and looks at what becomes of the training:
// the bits of a training that nobody disturbed, or the error `state-lost`, within the time that a thread has to be missed.

import { usualThreadCosts } from "../src/compile/threads.ts";
import type { Model } from "../src/index.ts";
import { init, LanewiseError } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { imageNetwork } from "../test/trainedWeights.ts";
import { integers, normal } from "../test/values.ts";

/** What is shared here is far too small to be worth it. */
Object.assign(usualThreadCosts, { share: 0, program: 0 });

const THREADS = 3;
const STEPS = 8;
/** Chromium ends a worker that computes only so long after it was terminated, at the latest. */
const GOES_ON_MILLISECONDS = 2300;
const BATCH = 32;
const x: Float32Array = normal(BATCH * 11 * 13 * 2, 5);
const y: Int32Array = Int32Array.from({ length: BATCH }, (_, i) => i % 3);

/** The same batch for every step of `fit`, which gives workers some steps ahead. */
const repeated = {
  x: Float32Array.from({ length: STEPS * x.length }, (_, i) => x[i % x.length] as number),
  y: Int32Array.from({ length: STEPS * BATCH }, (_, i) => y[i % BATCH] as number),
};

const moments = ["starting", "computing", "ahead", "waiting"] as const;
type Moment = (typeof moments)[number];

/** What came of a kill. */
export interface Kill {
  readonly moment: Moment;
  /** Milliseconds of the longest call. */
  readonly longest: number;
  /** "right", or what went wrong: "state-lost" where a step had begun to change variables. */
  readonly outcome: string;
  /** Workers that compute afterwards, or are being started to. */
  readonly threads: number;
}

/** Workers that are running, those started last at the end. */
let workers: Worker[] = [];
const make = (): Worker => {
  const worker = new Worker("/worker.js");
  workers.push(worker);
  return worker;
};

const model: Model = imageNetwork(7);
let initial: Uint8Array = new Uint8Array();

const weightsOf = (): string =>
  model.variables.map((variable) => new Int32Array(variable.read().data.buffer).join()).join();

let expected = "";
let next: () => number = integers(1);
const random = (below: number): number => (next() / 2 ** 32) * below;

const killOne = (): void => workers.splice(Math.floor(random(workers.length)), 1)[0]?.terminate();

/** Trains from the beginning, step by step or with steps ahead. What came of it: "right", "other bits" or the code of the error. */
async function train(before: (step: number) => void, isAhead = false): Promise<{ outcome: string; longest: number }> {
  await model.load(initial);
  let longest = 0;
  try {
    for (let step = 0; step < STEPS; step += isAhead ? STEPS : 1) {
      before(step);
      const start = performance.now();
      try {
        if (isAhead) await model.fit(repeated, { batchSize: BATCH, epochs: 1, shuffle: false });
        else await model.trainOnBatch(x, y);
      } finally {
        longest = Math.max(longest, performance.now() - start);
      }
    }
    return { outcome: weightsOf() === expected ? "right" : "other bits", longest };
  } catch (error) {
    return { outcome: error instanceof LanewiseError ? error.code : String(error), longest };
  }
}

async function killAt(moment: Moment): Promise<Kill> {
  await init({ threads: 1 }); // sends those home who are left
  workers = [];
  const starting = init({ threads: THREADS, worker: make });
  if (moment === "starting") setTimeout(killOne, random(60));
  const start = performance.now();
  await starting;
  const startedIn = performance.now() - start;
  const at = 1 + Math.floor(random(STEPS - 2));
  const first = await train((step) => {
    if (step === at && moment === "waiting") killOne();
    if (step === at && moment === "computing") setTimeout(killOne, random(8));
    if (moment === "ahead") setTimeout(killOne, random(20));
  }, moment === "ahead");
  // a worker that was ended may go on for a while, and be missed only then
  let last = first;
  const trainings = [first];
  const until = performance.now() + GOES_ON_MILLISECONDS;
  while (performance.now() < until || last.outcome === "state-lost") {
    last = await train(() => {});
    trainings.push(last);
  }
  const wrong = trainings.find(({ outcome }) => outcome !== "right" && outcome !== "state-lost") ?? last;
  const isLost = trainings.some(({ outcome }) => outcome === "state-lost");
  return {
    moment,
    longest: Math.max(startedIn, ...trainings.map(({ longest }) => longest)),
    outcome: wrong.outcome !== "right" ? wrong.outcome : isLost ? "state-lost" : "right",
    threads: (await defaultMachine()).engine.staff?.expected ?? 1,
  };
}

/** Takes the bits of a training that nobody disturbs; `seed` settles the moments of the kills. */
async function prepare(seed: number): Promise<void> {
  next = integers(seed);
  await init({ threads: 1 });
  initial = await model.save();
  for (let step = 0; step < STEPS; step++) await model.trainOnBatch(x, y);
  expected = weightsOf();
}

/** What bench/killsPage.mjs and the test find as `kills` in the page. */
export interface KillsPage {
  prepare(seed: number): Promise<void>;
  /** The i-th kill. */
  kill(i: number): Promise<Kill>;
}

const kills: KillsPage = { prepare, kill: (i) => killAt(moments[i % moments.length] as Moment) };
Object.assign(globalThis, { kills });

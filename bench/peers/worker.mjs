// One library in a process of its own: reads requests from standard input, a line of JSON each, and answers so. Between
// requests it waits, so that rounds of several libraries can alternate.

import { createInterface } from "node:readline";
import { readRowData } from "./data.ts";
import { LEARNING_RATE_TIMED } from "./models.ts";
import { measureRoof } from "./roof.ts";

const adapters = {
  lanewise: () => import("./adapters/lanewise.mjs"),
  "lanewise-strict": () => import("./adapters/lanewise.mjs"),
  "tfjs-wasm": () => import("./adapters/tensorflow.mjs"),
  "tfjs-cpu": () => import("./adapters/tensorflow.mjs"),
  "jax-js": () => import("./adapters/jax.mjs"),
  convnetjs: () => import("./adapters/convnet.mjs"),
  "brain.js": () => import("./adapters/brain.mjs"),
  "ort-web": () => import("./adapters/onnxruntime.mjs"),
};

const STEPS_COMPARED = 10;
/** A sample is at least this long, so that the clock's own cost does not count. */
const SAMPLE_SECONDS = 1e-3;

const now = () => performance.now() / 1000;
const clocks = {
  wall: now,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
};

let step; // () => loss or probabilities, or a promise of it
let perSample = 1;
let clock = clocks.wall;

async function timeStep() {
  const start = clock();
  for (let i = 0; i < perSample; i++) {
    const result = step();
    if (result instanceof Promise) await result;
  }
  return (clock() - start) / perSample;
}

/** Times `step` until the seconds are over, at least once. */
async function round(seconds) {
  const samples = [];
  const end = now() + seconds;
  do samples.push(await timeStep());
  while (now() < end);
  return samples;
}

const stepsPerSample = (secondsPerStep) => Math.max(1, Math.ceil(SAMPLE_SECONDS / secondsPerStep));
const median = (samples) => [...samples].sort((a, b) => a - b)[samples.length >> 1];

/** The first steps, as many as are compared and `seconds` allows; for inference one. */
async function firstSteps(candidate, kind, seconds) {
  const began = now();
  const results = [];
  const limit = kind === "train" ? STEPS_COMPARED : 1;
  let fastest = Number.POSITIVE_INFINITY;
  while (results.length < limit && (results.length === 0 || now() - began < seconds)) {
    const start = clock();
    const result = await candidate.step();
    fastest = Math.min(fastest, clock() - start);
    results.push(kind === "train" ? result : Array.from(result));
  }
  return { results, fastest };
}

/**
 * Starts every way that the adapter knows of doing the row, warms each up, and keeps the fastest. When a single step takes longer
 * than warming up should, the first way is the one.
 */
async function prepare({ peer, row, model, dataPath, secondsWarm, secondsCompared, clockName }) {
  clock = clocks[clockName];
  const adapter = await adapters[peer]();
  const library = await adapter.open(peer);
  const data = readRowData(dataPath, model, row.batch);
  let best;
  for (const { how, start } of await library[row.kind](model, data, row.batch)) {
    const candidate = await start();
    const { results, fastest } = await firstSteps(candidate, row.kind, secondsCompared);
    candidate.setRate?.(LEARNING_RATE_TIMED);
    step = candidate.step;
    perSample = stepsPerSample(fastest);
    const slow = fastest > secondsWarm;
    const secondsPerStep = slow ? fastest : median(await round(secondsWarm));
    if (!best || secondsPerStep < best.secondsPerStep) best = { how, step, results, secondsPerStep };
    if (slow) break;
  }
  step = best.step;
  perSample = stepsPerSample(best.secondsPerStep);
  const { how, results, secondsPerStep } = best;
  return { library: library.about, roof: library.roof, how, results, secondsPerStep };
}

const tasks = {
  prepare,
  round: async ({ seconds }) => ({ samples: await round(seconds) }),
  roof: async ({ path }) => ({ roof: await measureRoof(path) }),
};

// answers go to standard output; what libraries print does not
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
console.log = console.info = console.warn = console.error;

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    answer(await tasks[request.task](request));
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
  }
}

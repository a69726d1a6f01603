// Many steps: after the first step of each size neither the wasm memory nor the collected heap grows, and models
// that nobody holds any more give their memory back. Run by soak.mjs; the exit code says whether all held.

import { spawnSync } from "node:child_process";
import type { Model } from "../src/index.ts";
import { adam, conv2d, dense, dropout, flatten, init, maxPooling2d, sequential } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";

const short = process.argv.includes("--short");
const machine = await defaultMachine();
const loss = "sparseCategoricalCrossentropy";

/** Until the engine has compiled what is hot, and the threads run. */
const WARM_MILLISECONDS = 3000;
/** How often, and how long, a process is timed beside a fresh one. */
const PAIRS = 7;
const PAIR_MILLISECONDS = 4000;
/** What V8 keeps of pages and machine code. */
const RESIDENT_SLACK = 32 << 20;

/** Collects until finalizers had their turns. */
async function collect(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(2).padStart(8);

interface Reading {
  readonly wasm: number;
  readonly used: number;
  readonly heap: number;
}

async function read(what: string): Promise<Reading> {
  await collect();
  const reading = {
    wasm: machine.engine.bytes,
    used: machine.memory.used,
    heap: process.memoryUsage().heapUsed,
  };
  console.log(
    `${what.padEnd(44)} wasm ${megabytes(reading.wasm)} MiB, in use ${megabytes(reading.used)}, heap ${megabytes(reading.heap)}`,
  );
  return reading;
}

let failed = false;
function check(ok: boolean, text: string): void {
  if (ok) return;
  failed = true;
  console.log(`  FAILED: ${text}`);
}

/** Reads after each of ten parts of the work, the first of which may allocate. */
async function soak(name: string, part: (i: number) => Promise<unknown>): Promise<void> {
  await part(0);
  const first = await read(`${name}, part 1`);
  let last = first;
  for (let i = 1; i < 10; i++) {
    await part(i);
    last = await read(`${name}, part ${i + 1}`);
  }
  check(last.wasm === first.wasm, `the wasm memory grew by ${last.wasm - first.wasm} bytes`);
  check(last.used === first.used, `${last.used - first.used} more bytes of it are in use`);
  // V8 counts the machine code that it makes of JavaScript now and then
  check(last.heap - first.heap < 2 ** 20, `the heap grew by ${last.heap - first.heap} bytes`);
}

const images = (n: number, size: number): Float32Array =>
  Float32Array.from({ length: n * size }, (_, i) => Math.sin(i));
const labels = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i % 10);

function perceptron(units: number): Model {
  const model = sequential(
    [dense({ units, activation: "relu" }), dropout({ rate: 0.1 }), dense({ units: 10, activation: "softmax" })],
    { inputShape: [64] },
  );
  model.compile({ optimizer: adam(), loss, metrics: ["accuracy"] });
  return model;
}

function lenet(): Model {
  const model = sequential(
    [
      conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 120, activation: "relu" }),
      dense({ units: 84, activation: "relu" }),
      dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28, 1] },
  );
  model.compile({ optimizer: adam(), loss });
  return model;
}

/** LeNet-5 and what it is trained on; `epoch` makes twenty steps. */
function training() {
  const model = lenet();
  const data = { x: images(1280, 784), y: labels(1280) };
  const epoch = () => model.fit(data, { batchSize: 64 });
  /** Steps a second, over so many milliseconds. */
  const speed = async (milliseconds: number): Promise<number> => {
    const start = performance.now();
    let steps = 0;
    for (; performance.now() - start < milliseconds; steps += 20) await epoch();
    return (steps / (performance.now() - start)) * 1000;
  };
  return { speed };
}

/** The speed of a process that has just begun: what the machine gives now. */
async function freshSpeed(): Promise<number> {
  const { stdout, stderr } = spawnSync(process.execPath, [process.argv[1] as string, "--speed"], { encoding: "utf8" });
  if (!stdout) throw new Error(stderr);
  return Number(stdout);
}

/** Trains one network on all cores, in ten parts of equal time. */
async function train(minutes: number): Promise<void> {
  const chosen = await init({ threads: "auto" });
  const { speed } = training();
  await speed(WARM_MILLISECONDS);
  /** This process beside a fresh one, in turns: machines are faster and slower for minutes. */
  const besideFresh = async (): Promise<number> => {
    const ratios: number[] = [];
    for (let i = 0; i < PAIRS; i++) ratios.push((await speed(PAIR_MILLISECONDS)) / (await freshSpeed()));
    return ratios.sort((x, y) => x - y)[PAIRS >> 1] as number;
  };
  const first = await besideFresh();
  const before = await read(`LeNet-5 on ${(await init()).threads} threads, ${chosen.kernels}, before`);
  const residentBefore = process.memoryUsage().rss;
  let after = before;
  for (let part = 1; part <= 10; part++) {
    const reached = await speed(minutes * 6000);
    after = await read(`tenth ${part}, ${reached.toFixed(1)} steps/s`);
  }
  const last = await besideFresh();
  console.log(`times a fresh process: ${first.toFixed(3)} before, ${last.toFixed(3)} afterwards`);
  check(last > first * 0.95, "it was slower afterwards");
  check(after.wasm === before.wasm && after.used === before.used, "the wasm memory grew");
  check(after.heap - before.heap < 2 ** 20, `the heap grew by ${after.heap - before.heap} bytes`);
  const resident = process.memoryUsage().rss - residentBefore;
  check(resident < RESIDENT_SLACK, `the process grew by ${resident} bytes`);
}

/** Everything that soaks in a few minutes. */
async function soakAll(): Promise<void> {
  const small = perceptron(32);
  const smallData = { x: images(1000, 64), y: labels(1000) };
  const epochs = short ? 10 : 313; // 32 steps an epoch
  await soak(`small model, ${10 * epochs * 32} steps`, () => small.fit(smallData, { epochs, batchSize: 32 }));

  const large = lenet();
  const [x, y] = [images(64, 784), labels(64)];
  const sizes = [64, 17, 32, 1, 48];
  const rounds = short ? 1 : 20;
  await soak(`LeNet-5, ${10 * rounds * sizes.length} steps of ${sizes.length} sizes`, async () => {
    for (let i = 0; i < rounds * sizes.length; i++) {
      const n = sizes[i % sizes.length] as number;
      await large.trainOnBatch(x.subarray(0, n * 784), y.subarray(0, n));
    }
  });

  // more sizes than a model keeps programs for: made again each time
  await soak("LeNet-5, 30 sizes in turn", async () => {
    for (let n = 1; n <= 30; n++) await large.trainOnBatch(x.subarray(0, n * 784), y.subarray(0, n));
  });

  const models = short ? 10 : 100;
  await soak(`${10 * models} models made, trained and dropped`, async (i) => {
    for (let j = 0; j < models; j++) {
      const model = perceptron(128 + (i % 2));
      await model.fit({ x: smallData.x.subarray(0, 640), y: smallData.y.subarray(0, 10) });
      await model.save();
    }
  });
}

const minutes = process.argv.find((word) => word.startsWith("--minutes="))?.slice("--minutes=".length);
if (process.argv.includes("--speed")) {
  await init({ threads: "auto" });
  const { speed } = training();
  await speed(WARM_MILLISECONDS);
  console.log(await speed(PAIR_MILLISECONDS));
} else {
  if (minutes) await train(Number(minutes));
  else await soakAll();
  process.exitCode = failed ? 1 : 0;
  console.log(failed ? "something was not as it should be" : "nothing grew");
}

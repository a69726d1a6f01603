// What crew.node.test.ts runs in processes of their own: `node crewScenarios.mjs NAME [WORD...]` prints what came of it as
// the last line, in JSON.

import { Worker as Thread } from "node:worker_threads";
import type { Model } from "../src/index.ts";
import { adam, dense, init, LanewiseError, ops, program, sequential, sgd, variable } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { countWorkers, makeWorker } from "./faults.ts";
import type { Outcome } from "./kills.ts";
import { killWorkers } from "./kills.ts";
import { BATCH, examples, network, networkNames, optimizerNames, shareEverything, trainOn } from "./sharedNetworks.ts";
import { hashOf } from "./trainedWeights.ts";
import { normal } from "./values.ts";

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until something is so, for two seconds. */
async function until(holds: () => boolean): Promise<boolean> {
  for (const end = Date.now() + 2000; Date.now() < end && !holds(); ) await wait(5);
  return holds();
}

const warnings: string[] = [];

function keepWarnings(): void {
  console.warn = (text: string) => warnings.push(text);
}

function perceptron(inputs: number, units: readonly number[]): Model {
  const hidden = units.map((count) => dense({ units: count, activation: "relu" }));
  const model = sequential([...hidden, dense({ units: 10, activation: "softmax" })], {
    inputShape: [inputs],
    seed: 1,
  });
  model.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy" });
  return model;
}

const fitPerceptron = (model: Model, inputs: number, batchSize: number, epochs: number) =>
  model.fit(
    { x: normal(inputs * batchSize, 1), y: Int32Array.from({ length: batchSize }, (_, i) => i % 10) },
    { batchSize, epochs },
  );

const scenarios: Readonly<Record<string, (...words: string[]) => unknown>> = {
  async numbers() {
    shareEverything();
    const { counts, worker } = countWorkers();
    const model = network("dense", "adam");
    const said: number[] = [];
    const alive: boolean[] = [];
    for (const threads of [1, 2, 4, 3, 1, 2]) {
      said.push((await init({ threads, worker })).threads);
      await model.fit(examples("dense"), { batchSize: BATCH });
      alive.push(await until(() => counts.alive === threads - 1));
    }
    return { said, alive };
  },

  /** The last user leaves while threads are started that were asked for. */
  async left() {
    const machine = await defaultMachine();
    const said: number[] = [];
    for (let delay = 0; delay <= 40; delay += 4) {
      await init({ threads: 1 });
      const [storage] = machine.place([4], "user");
      const starting = init({ threads: 3 });
      await wait(delay);
      machine.release(storage as NonNullable<typeof storage>);
      said.push((await starting).threads);
    }
    return said;
  },

  async lifetime() {
    shareEverything();
    const { counts, worker } = countWorkers();
    await init({ threads: 2, worker });
    const first = network("dense", "adam");
    const second = network("dense", "adam");
    for (const model of [first, second]) await model.fit(examples("dense"), { batchSize: BATCH });
    first.dispose();
    await wait(100);
    const withOne = counts.alive;
    second.dispose();
    const without = await until(() => counts.alive === 0);
    const third = network("dense", "adam");
    await third.fit(examples("dense"), { batchSize: BATCH, epochs: 3 });
    const again = await until(() => counts.alive === 1);
    third.dispose();
    // disposed while they are being started
    const fourth = network("dense", "adam");
    await fourth.trainOnBatch(new Float32Array(71), [0]);
    fourth.dispose();
    await wait(300);
    return { withOne, without, again, atEnd: await until(() => counts.alive === 0) };
  },

  async auto() {
    const { counts, worker } = countWorkers();
    await init({ worker });
    const small = perceptron(64, [32]);
    await fitPerceptron(small, 64, 32, 300);
    const ofSmall = counts.made;
    const large = perceptron(784, [512, 512]);
    await fitPerceptron(large, 784, 128, 10);
    const shared = (model: Model, batchSize: number) => model.explain("program", { batchSize }).includes("threads");
    return { ofSmall, ofLarge: counts.made, shared: [shared(small, 32), shared(large, 128)] };
  },

  async busy() {
    await init({ threads: 2 });
    const model = perceptron(784, [1024, 1024]);
    const fitting = fitPerceptron(model, 784, 1024, 3);
    let done = false;
    fitting.then(() => {
      done = true;
    });
    let code = "it was not refused";
    let wanted = 2;
    while (!done && code === "it was not refused") {
      await new Promise((resolve) => setImmediate(resolve));
      wanted = 3 - wanted; // between two steps it may be changed
      await init({ threads: wanted }).catch((error: LanewiseError) => {
        code = error.code;
      });
    }
    await fitting;
    return { code, threads: (await init({ threads: 1 })).threads };
  },

  /** The process is to end by itself: what it prints is when its work ended. */
  async ends(how) {
    shareEverything();
    const model = network("dense", "adam");
    if (how !== "starting") await init({ threads: 3 });
    await model.fit(examples("dense"), { batchSize: BATCH, epochs: how === "starting" ? 1 : 3 });
    console.log(Date.now());
    if (how === "exception") throw new Error("of the application");
    if (how === "exit") process.exit(5);
    return Date.now();
  },

  /** The hashes over several runs, and the fewest threads that took part beside those that there were. */
  async bits(kernels, runs, ...threads) {
    shareEverything();
    const chosen = await init({ reproducible: kernels === "strict" });
    const hashes: Record<string, string[]> = {};
    let all = true;
    for (const name of networkNames) {
      for (const optimizer of optimizerNames) {
        const found = new Set<string>();
        for (let run = 0; run < Number(runs); run++) {
          for (const wanted of threads.map(Number)) {
            const trained = await trainOn(wanted, name, optimizer);
            found.add(await hashOf(trained.weights));
            all &&= trained.threads === wanted && trained.took === wanted;
          }
        }
        hashes[`${name} ${optimizer}`] = [...found];
      }
    }
    return { kernels: chosen.kernels, all, hashes };
  },

  /** Losses that are not finite end steps in between, and training goes on. */
  async guards() {
    shareEverything();
    keepWarnings();
    const losses: string[] = [];
    for (const threads of [1, 3]) {
      await init({ threads });
      const model = network("dense", "adam");
      const { x, y } = examples("dense");
      for (const i of [17, 40, 41, 90]) x[i * 71] = Number.NaN;
      const { metrics } = await model.fit({ x, y }, { batchSize: 4, epochs: 5, shuffle: false, onNaN: "continue" });
      losses.push(`${metrics.loss} ${await hashOf(Float32Array.from(await model.save()))}`);
    }
    return { same: losses.every((text) => text === losses[0]), warnings };
  },

  /** Steps of which each is ended before any meeting: who comes late from one must not miss the end of the next. */
  async earlyEnds() {
    keepWarnings();
    const { threads } = await init({ threads: 8 });
    const size = 256;
    const small = variable([0.1, 0.2, 0.3, 0.4], { name: "small" });
    const big = variable({ data: normal(size * size, 1), shape: [size, size] }, { name: "big" });
    const optimizers = [sgd({ learningRate: 0.1 }), sgd({ learningRate: 0.1 })] as const;
    const step = await program(
      { s: [4], x: [64, size] },
      ({ s, x }) => {
        optimizers[0].minimize(ops.mean(ops.square(ops.mul(s, small))), [small]);
        optimizers[1].minimize(ops.mean(ops.square(ops.matmul(ops.matmul(x, big), big))), [big]);
      },
      { training: true },
    );
    const x = normal(64 * size, 3);
    const before = await hashOf(big.read().data);
    const codes = new Set<string>();
    for (const until = Date.now() + 2500; Date.now() < until; ) {
      try {
        step({ s: [Number.NaN, 1, 1, 1], x });
      } catch (error) {
        codes.add((error as LanewiseError).code);
      }
    }
    return { threads, codes: [...codes], same: (await hashOf(big.read().data)) === before, warnings };
  },

  async insideWorker() {
    const script = process.argv[1] as string;
    const thread = new Thread(script, { argv: ["bits", "strict", "1", "2"], stdout: true });
    let text = "";
    thread.stdout.on("data", (part) => {
      text += part;
    });
    await new Promise((resolve) => thread.on("exit", resolve));
    return JSON.parse(text.trim().split("\n").at(-1) as string);
  },

  /** Workers that cannot be had. */
  async alone(how) {
    shareEverything();
    keepWarnings();
    const script = (text: string) => () => new Thread(text, { eval: true }) as unknown as Worker;
    const workers: Readonly<Record<string, () => Worker>> = {
      factory: () => {
        throw new Error("no workers here");
      },
      nothing: () => ({}) as Worker,
      dies: script("throw new Error('it died')"),
      exits: script("process.exit(1)"),
      silent: script("setInterval(() => {}, 1000)"),
    };
    const worker = workers[how as string];
    const { threads } = await init({ threads: 2, reproducible: true, ...(worker ? { worker } : {}) });
    const { weights } = await trainOn(2, "dense", "adam");
    return { threads, warnings, hash: await hashOf(weights) };
  },

  /** A worker that ends while it has nothing to do; then as many as before are wanted again. */
  async endsIdle() {
    shareEverything();
    keepWarnings();
    const made: Worker[] = [];
    const worker = () => made[made.push(makeWorker(null)) - 1] as Worker;
    await init({ threads: 3, worker });
    await (made[0] as unknown as Thread).terminate();
    await wait(50);
    const model = network("dense", "adam");
    await model.fit(examples("dense"), { batchSize: BATCH });
    const { staff } = (await defaultMachine()).engine;
    const size = staff?.size;
    const { threads } = await init({ threads: 3, worker });
    return { size, threads, warnings: warnings.length };
  },

  /** An instruction of several seconds is no lost thread. */
  async long() {
    shareEverything();
    keepWarnings();
    const { threads } = await init({ threads: 2, worker: () => makeWorker({ fault: "slow", at: 1 }) });
    const n = 1000;
    const step = await program({ a: [n, n], b: [n, n] }, ({ a, b }) => ({ c: ops.matmul(a, b) }));
    const [a, b] = [normal(n * n, 1), normal(n * n, 2)];
    const started = Date.now();
    const slow = (step({ a, b }).c.data as Float32Array).slice();
    const milliseconds = Date.now() - started;
    await init({ threads: 1 });
    return {
      threads,
      milliseconds,
      same: (await hashOf(slow)) === (await hashOf(step({ a, b }).c.data as Float32Array)),
      warnings,
    };
  },

  async kills(count, seed) {
    const outcomes: Outcome[] = [];
    await killWorkers(Number(count), Number(seed), (outcome) => outcomes.push(outcome));
    return outcomes;
  },

  /** With little address space: a worker is lost and a fresh memory taken, and what does not fit is refused. */
  async limited() {
    shareEverything();
    keepWarnings();
    const { threads } = await init({
      threads: 2,
      reproducible: true,
      worker: () => makeWorker({ fault: "throw", at: 300 }),
    });
    const { engine } = await defaultMachine();
    const { bytesMax } = engine;
    const { weights } = await trainOn(2, "dense", "adam").catch((error: LanewiseError) => ({ weights: error.message }));
    const hash = typeof weights === "string" ? weights : await hashOf(weights);
    const started = Date.now();
    const refused = await perceptron(30_000, [40_000])
      .save()
      .then(
        () => "nothing was refused",
        (error: unknown) => (error instanceof LanewiseError ? error.code : String(error)),
      );
    const milliseconds = Date.now() - started;
    const after = await hashOf((await trainOn(1, "dense", "adam")).weights);
    return { threads, bytesMax, hash, lost: warnings.length, refused, milliseconds, after };
  },
};

const [name = "", ...words] = process.argv.slice(2);
const result = await (scenarios[name] as (typeof scenarios)[string])(...words);
console.log(JSON.stringify(result));

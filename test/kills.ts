// Trains while workers are lost at random moments and in all ways: nothing hangs, and the weights are those of a training that
// lost none, or the error names the last whole epoch. In Node; bench/kills.mjs runs many, the tests a few.

import type { Worker as Thread } from "node:worker_threads";
import type { Model } from "../src/index.ts";
import { init, LanewiseError } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import type { Fault } from "./faults.ts";
import { faultTime, makeWorker } from "./faults.ts";
import { BATCH, examples, network, shareEverything, weightsOf } from "./sharedNetworks.ts";
import { integers } from "./values.ts";

const EPOCHS = 4;
const NAME = "images";
/** Kernels that a thread calls in a training, about: faults happen among the first of them. */
const CALLS = 1500;
/** Within this time a worker is terminated, from before it has started until after the training, in milliseconds. */
const TERMINATE_MILLISECONDS = 150;

export type Kill = Exclude<Fault, "slow"> | "terminate";
export const killNames: readonly Kill[] = ["throw", "exit", "terminate", "hang", "memory"];

export interface Outcome {
  readonly kill: Kill;
  /** When it happened, as faults say it. */
  readonly at: string;
  readonly threads: number;
  /** Whether it happened at all: a worker may be idle from then on. */
  readonly happened: boolean;
  /** Milliseconds from the fault to the next finished step, or to the error. */
  readonly back: number;
  readonly lost: boolean;
  /** What was wrong, "" where nothing was. */
  readonly wrong: string;
}

/** Trains from the state that was saved; the time when each step ended goes to `stepped`. */
async function train(model: Model, state: Uint8Array, stepped: (epochs: number) => void): Promise<number> {
  await model.load(state);
  let epochs = 0;
  const callbacks = { onBatchEnd: () => stepped(epochs), onEpochEnd: () => void epochs++ };
  await model.fit(examples(NAME), { epochs: EPOCHS, batchSize: BATCH, callbacks });
  return epochs;
}

const bitsOf = (weights: Float32Array): string => new Int32Array(weights.buffer).join();

/** Kills so many workers, one after the other; `told` hears what came of each. Warnings of the library are kept from the console. */
export async function killWorkers(count: number, seed: number, told: (outcome: Outcome) => void): Promise<void> {
  shareEverything();
  console.warn = () => {};
  const next = integers(seed);
  const machine = await defaultMachine();
  const model = network(NAME, "adam");
  const state = await model.save();
  await init({ threads: 1 });
  await train(model, state, () => {});
  const right = bitsOf(weightsOf(model));

  for (let i = 0, killed = 0; killed < count; i++) {
    const kill = killNames[i % killNames.length] as Kill;
    const threads = 2 + (next() % 3);
    const atStart = kill !== "terminate" && next() % 8 === 0;
    const at = atStart ? "start" : 1 + (next() % CALLS);
    const milliseconds = next() % TERMINATE_MILLISECONDS;
    const victim = next() % (threads - 1);
    const isAwaited = next() % 2 === 0;
    let made = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const worker = (): Worker => {
      if (made++ !== victim) return makeWorker(null);
      if (kill !== "terminate") return makeWorker({ fault: kill, at });
      const thread = makeWorker(null);
      timer = setTimeout(() => {
        faultTime[0] = Date.now();
        (thread as unknown as Thread).terminate();
      }, milliseconds);
      return thread;
    };
    faultTime[0] = 0;
    let back = 0;
    let epochs = 0;
    let lost = false;
    let wrong = "";
    const stepped = (whole: number): void => {
      epochs = whole;
      const time = faultTime[0] as number;
      if (time > 0 && back === 0) back = Math.max(1, Date.now() - time);
    };
    const starting = init({ threads, worker });
    if (isAwaited) await starting;
    else await new Promise((resolve) => setTimeout(resolve, milliseconds));
    try {
      await train(model, state, stepped);
    } catch (error) {
      stepped(epochs);
      lost = error instanceof LanewiseError && error.code === "state-lost";
      const whole = epochs === 0 ? "No epoch had ended" : `The last whole epoch was ${epochs - 1}`;
      if (!lost || !String(error).includes(whole)) wrong = String(error);
      await train(model, state, () => {}); // everything works afterwards
    }
    clearTimeout(timer);
    await starting;
    const happened = (faultTime[0] as number) > 0;
    if (happened) killed++;
    if (bitsOf(weightsOf(model)) !== right) wrong ||= "other weights";
    const { staff } = machine.engine;
    if (lost && (staff?.wanted ?? 0) >= threads) wrong ||= "as many threads as before";
    const when = kill === "terminate" ? `${milliseconds} ms` : at === "start" ? at : `call ${at}`;
    told({ kill, at: `${when}${isAwaited ? "" : ", not awaited"}`, threads, happened, back, lost, wrong });
  }
  model.dispose();
  await init({ threads: 1 });
}

// The page: trains LeNet-5 on MNIST and lets one draw a digit meanwhile. ?seed=1&epochs=5&examples=60000 choose.

import type { Callback, Model } from "lanewise";
import { init } from "lanewise";
import type { Digits } from "../digits.ts";
import { BATCH_SIZE, EPOCHS, lenet5, train } from "../lenet5.ts";
import { createChart } from "./chart.ts";
import { createBars, createBoard } from "./drawing.ts";
import type { Loaded } from "./load.ts";
import { watchTasks } from "./tasks.ts";

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const show = (id: string, text: string): void => {
  element(id).textContent = text;
};
const percent = (value: number): string => `${(value * 100).toFixed(2)} %`;

/** Ends a task: the page is built in short ones. */
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function positiveParameter(name: string, otherwise: number): number {
  const value = Number(new URLSearchParams(location.search).get(name) ?? otherwise);
  return Number.isInteger(value) && value > 0 ? value : otherwise;
}
const seed = positiveParameter("seed", 1);
const epochs = positiveParameter("epochs", EPOCHS);
const examplesMax = positiveParameter("examples", 60_000);

const toggle = element<HTMLButtonElement>("toggle");
const reset = element<HTMLButtonElement>("reset");
const download = element<HTMLButtonElement>("download");
const bar = element("progress").firstElementChild as HTMLElement;
const showProbabilities = createBars(element("bars"));
await nextTask();
const chart = createChart(element("chart"));
await nextTask();

let model: Model | null = null;
let training: Digits | null = null;
let test: Digits | null = null;
/** Whole epochs that the model was trained for. */
let trained = 0;
/** Steps that the model was trained for, also those of an epoch that was stopped. */
let steps = 0;
/** What ends the training that runs. */
let running: AbortController | null = null;

/** What waits for its turn between two steps, by what it does. */
const wishes = new Map<string, () => Promise<void>>();

/** Does something with the model between two steps of training, or at once. The last wish of a name counts. */
function betweenSteps(name: string, wish: () => Promise<void>): void {
  wishes.set(name, wish);
  if (!running) void grantWishes();
}

async function grantWishes(): Promise<void> {
  for (const [name, wish] of wishes) {
    wishes.delete(name);
    await wish();
  }
}

let drawn: Uint8Array | null = null;
function answer(): void {
  betweenSteps("answer", async () => {
    const asked = drawn;
    const probabilities = asked && model ? (await model.predict(asked)).data : null;
    if (asked === drawn) showProbabilities(probabilities);
  });
}

const board = createBoard(element<HTMLCanvasElement>("ink"), element<HTMLCanvasElement>("seen"), (pixels) => {
  element("hint").hidden = pixels !== null;
  drawn = pixels;
  answer();
});
element("clear").addEventListener("click", () => board.clear());

function renew(): void {
  if (!training) return;
  model = lenet5({ seed, epochs, examples: training.y.length });
  trained = 0;
  steps = 0;
  chart.clear(epochs);
  bar.style.transform = "scaleX(0)";
  for (const id of ["epoch", "loss", "accuracy", "test-accuracy", "rate"]) show(id, "–");
  show("status", "Ready");
  answer();
}

const epochsSeen = (): number => steps / Math.ceil((training?.y.length ?? 0) / BATCH_SIZE);

async function showTestAccuracy(signal?: AbortSignal): Promise<void> {
  if (!model || !test) return;
  const { accuracy } = await model.evaluate(test, { batchSize: 100, ...(signal ? { signal } : {}) });
  show("test-accuracy", percent(accuracy as number));
  chart.addTest(accuracy as number);
}

/** Shows a training: numbers a few times a second, the answer to the drawing after every step that changes it. */
function monitor(signal: AbortSignal): Callback {
  let since = 0;
  let seen = 0;
  let shown = 0;
  return {
    onEpochBegin(epoch) {
      since = performance.now();
      seen = 0;
      show("status", "Training");
      show("epoch", `${epoch + 1} / ${epochs}`);
    },
    async onBatchEnd(_, { loss, accuracy, size }) {
      steps++;
      seen += size as number;
      chart.addBatch(epochsSeen(), loss as number, accuracy as number);
      document.dispatchEvent(new CustomEvent("step", { detail: loss as number })); // for whoever watches, a test for example
      const now = performance.now();
      if (now - shown > 100) {
        shown = now;
        showProgress();
        show("rate", Math.round((1000 * seen) / (now - since)).toLocaleString("en"));
        if (drawn) answer(); // the weights have changed
      }
      await grantWishes();
    },
    async onEpochEnd(epoch) {
      trained = epoch + 1;
      showProgress();
      show("status", "Testing");
      await showTestAccuracy(signal);
    },
  };
}

function showProgress(): void {
  const share = Math.min(1, epochsSeen() / epochs);
  bar.style.transform = `scaleX(${share})`;
  element("progress").ariaValueNow = String(Math.round(100 * share));
  show("loss", chart.loss.toFixed(4));
  show("accuracy", percent(chart.accuracy));
}

async function start(): Promise<void> {
  if (!model || !training) return;
  if (trained >= epochs) renew();
  const stop = new AbortController();
  running = stop;
  toggle.textContent = "Stop";
  reset.disabled = true;
  try {
    const callbacks = [monitor(stop.signal)];
    await train(model, training, { epochs, initialEpoch: trained, callbacks, signal: stop.signal });
    show("status", "Done");
  } catch (error) {
    if (error !== stop.signal.reason) throw error;
    show("status", "Stopped");
    showProgress();
    await showTestAccuracy();
  } finally {
    running = null;
    toggle.textContent = trained >= epochs ? "Train again" : "Go on";
    reset.disabled = false;
    answer();
  }
}

toggle.addEventListener("click", () => {
  if (running) running.abort();
  else start().catch(fail);
});
reset.addEventListener("click", () => {
  renew();
  toggle.textContent = "Start training";
});
download.addEventListener("click", () => {
  betweenSteps("save", async () => {
    if (!model) return;
    const bytes = (await model.save()) as Uint8Array<ArrayBuffer>;
    const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = "lenet5.safetensors";
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
});

function fail(error: unknown): void {
  show("status", error instanceof Error ? error.message : String(error));
  throw error;
}

/** Reads the images in a worker: 47 MB are a long task even where they only arrive. */
function loadDigits(): Promise<Loaded> {
  const worker = new Worker(new URL("load.js", import.meta.url), { type: "module" });
  return new Promise<Loaded>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Loaded | string>) =>
      typeof data === "string" ? reject(new Error(data)) : resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(examplesMax);
  }).finally(() => worker.terminate());
}

async function load(): Promise<void> {
  show("status", "Loading the images …");
  const loading = loadDigits();
  const { kernels, threads } = await init();
  const engine =
    kernels === "reference"
      ? "plain TypeScript"
      : `WebAssembly SIMD, ${kernels}, ${threads} thread${threads > 1 ? "s" : ""}`;
  watchTasks((text) => show("engine", `Engine: ${engine}${text}`));
  ({ training, test } = await loading);
  renew();
  for (const button of [toggle, reset, download]) button.disabled = false;
}
load().catch(fail);

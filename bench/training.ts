// Training steps a second of small networks: forward, backward and Adam, one call of a compiled step each. The roof is
// the time that their multiply-adds alone would take.

import type { Build } from "../bindings/variant.ts";
import type { Layer, Model, Tensor } from "../src/index.ts";
import {
  adam,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  globalAveragePooling2d,
  init,
  losses,
  maxPooling2d,
  ops,
  program,
  rescaling,
  sequential,
} from "../src/index.ts";
import type { Sampler } from "./harness.ts";
import { time } from "./harness.ts";
import { threeDigits } from "./table.ts";

interface Network {
  readonly name: string;
  readonly batch: number;
  readonly inputShape: readonly number[];
  readonly layers: () => Part[];
  /** Multiply-adds of the first layer for one example; the gradient of its input is not computed. */
  readonly first: number;
}

/** A layer, or what a residual block is: a function. */
type Part = Layer | ((x: Tensor) => Tensor);

const networks: readonly Network[] = [
  {
    name: "LeNet-5",
    batch: 64,
    inputShape: [28, 28, 1],
    first: 28 * 28 * 5 * 5 * 6,
    layers: () => [
      rescaling({ scale: 1 / 255 }),
      conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 120, activation: "relu" }),
      dense({ units: 84, activation: "relu" }),
      dense({ units: 10, activation: "softmax" }),
    ],
  },
  mlp("MLP 784-128-10", 128, [784, 128, 10]),
  mlp("MLP 784-512-512-10", 128, [784, 512, 512, 10]),
  mlp("MLP 64-32-10", 32, [64, 32, 10]),
  {
    name: "VGG-like",
    batch: 32,
    inputShape: [32, 32, 3],
    first: 32 * 32 * 3 * 3 * 3 * 32,
    layers: () => [
      ...[32, 64, 128].flatMap((filters) => [
        ...[1, 2].map(() => conv2d({ filters, kernelSize: 3, padding: "same", activation: "relu" })),
        maxPooling2d({ poolSize: 2 }),
      ]),
      flatten(),
      dense({ units: 128, activation: "relu" }),
      dense({ units: 10, activation: "softmax" }),
    ],
  },
  {
    name: "ResNet-8", // He et al. 2015, section 4.2, with one block a stage
    batch: 32,
    inputShape: [32, 32, 3],
    first: 32 * 32 * 3 * 3 * 3 * 16,
    layers: () => [
      normalized(16, 3, 1),
      ops.relu,
      residual(16, 1),
      residual(32, 2),
      residual(64, 2),
      globalAveragePooling2d(),
      dense({ units: 10, activation: "softmax" }),
    ],
  },
];

/** A convolution without bias, and batch normalisation. */
function normalized(filters: number, kernelSize: number, strides: number): (x: Tensor) => Tensor {
  const convolution = conv2d({ filters, kernelSize, strides, padding: "same", useBias: false });
  const normalization = batchNormalization();
  return (x) => normalization(convolution(x));
}

function residual(filters: number, strides: number): (x: Tensor) => Tensor {
  const [first, second] = [normalized(filters, 3, strides), normalized(filters, 3, 1)];
  const shortcut = strides === 1 ? (x: Tensor) => x : normalized(filters, 1, strides);
  return (x) => ops.relu(ops.add(second(ops.relu(first(x))), shortcut(x)));
}

function mlp(name: string, batch: number, sizes: readonly number[]): Network {
  const layers = () =>
    sizes.slice(1).map((units, i) => dense({ units, activation: i === sizes.length - 2 ? "softmax" : "relu" }));
  const [inputs, units] = sizes as [number, number];
  return { name, batch, inputShape: [inputs], first: inputs * units, layers };
}

export interface TrainingResult {
  readonly name: string;
  readonly batch: number;
  /** Steps a second. */
  readonly median: number;
  readonly best: number;
  /** Percent of the roof. */
  readonly percent: number;
  /** Steps a second on several threads, where that was asked for: the median. */
  readonly shared?: number;
}

/** Trains the networks whose name holds one of the words, and prints a line for each. */
export async function runTraining(
  build: Build,
  filter: readonly string[],
  secondsMax: number,
  threads: number,
  secondsAFlop: Sampler,
  print: (line: string) => void,
): Promise<TrainingResult[]> {
  const wanted = networks.filter(
    ({ name }) => !filter.length || filter.some((word) => `training ${name}`.includes(word)),
  );
  if (wanted.length === 0) return [];
  const { kernels } = await init({ reproducible: build === "strict", threads: 1 });
  if (kernels !== build) throw new Error(`the library chose ${kernels} kernels, not ${build}`);
  const results: TrainingResult[] = [];
  print("\nTraining with Adam");
  for (const network of wanted) {
    const result = await train(network, secondsMax, threads, secondsAFlop);
    results.push(result);
    const [median, best] = [result.median, result.best].map((rate) => threeDigits(rate).padStart(7));
    print(
      `${result.name.padEnd(20)} batch ${String(result.batch).padStart(3)}  median ${median} steps/s  best ${best} steps/s  ${result.percent.toFixed(0).padStart(3)} % of the roof${sharedText(result, threads)}`,
    );
  }
  return results;
}

const sharedText = ({ shared, median }: TrainingResult, threads: number): string =>
  shared === undefined
    ? ""
    : `; on ${threads} threads ${threeDigits(shared)} steps/s, ${threeDigits(shared / median)} x`;

/** A step of one of the networks, which returns the loss. */
export async function stepOf(name: string): Promise<() => number> {
  const network = networks.find((each) => each.name === name);
  if (!network) throw new Error(`no network ${name}; there are ${networks.map((each) => each.name).join(", ")}`);
  return (await prepare(network)).step;
}

async function prepare({ batch, inputShape, layers }: Network): Promise<{ model: Model; step: () => number }> {
  const model = sequential(layers(), { inputShape, seed: 1 });
  // at a higher rate one batch, learnt again and again, drives gradients into denormal numbers, which are slow
  const optimizer = adam({ learningRate: 1e-7 });
  const loss = losses.sparseCategoricalCrossentropy();
  const step = await program(
    { x: [batch, ...inputShape], y: { shape: [batch], dtype: "int32" } },
    ({ x, y }) => {
      const value = ops.mean(loss.call(y, model(x)));
      optimizer.minimize(
        value,
        model.variables.filter(({ trainable }) => trainable),
      );
      return { value };
    },
    { training: true },
  );
  const size = inputShape.reduce((product, n) => product * n, batch);
  const x = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 256) * (i % 5 === 0 ? 1 : 0));
  const y = Int32Array.from({ length: batch }, (_, i) => i % 10);
  return { model, step: () => step({ x, y }).value.data[0] as number };
}

async function train(
  network: Network,
  secondsMax: number,
  threads: number,
  secondsAFlop: Sampler,
): Promise<TrainingResult> {
  const { name, batch, first } = network;
  const { model, step } = await prepare(network);
  let last = 0;
  const run = (): void => {
    last = step();
  };
  const { median, best } = time(run, secondsMax);
  let shared: { shared: number } | null = null;
  if (threads > 1) {
    await init({ threads });
    shared = { shared: 1 / time(run, secondsMax).median };
    await init({ threads: 1 });
  }
  if (!Number.isFinite(last)) throw new Error(`${name}: the loss is ${last}`);
  const roof = Math.min(...Array.from({ length: 50 }, () => secondsAFlop(0.002)));
  // forward, the gradient of every kernel, and of every input but the first
  const flops = 2 * batch * (3 * multiplyAddsOf(model) - first);
  return { name, batch, median: 1 / median, best: 1 / best, percent: (100 * flops * roof) / best, ...shared };
}

/** Of one example, as the summary says. */
function multiplyAddsOf(model: Model): number {
  const [, text = ""] = /multiply-adds of one example: ([\d,]+)/.exec(model.summary()) ?? [];
  return Number(text.replaceAll(",", ""));
}

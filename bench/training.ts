// Training steps a second of small networks: forward, backward and Adam, one call of a compiled step each.

import type { Build } from "../bindings/variant.ts";
import type { Layer } from "../src/index.ts";
import {
  adam,
  conv2d,
  dense,
  flatten,
  init,
  losses,
  maxPooling2d,
  ops,
  program,
  rescaling,
  sequential,
} from "../src/index.ts";
import { time } from "./harness.ts";

interface Network {
  readonly name: string;
  readonly batch: number;
  readonly inputShape: readonly number[];
  readonly layers: () => Layer[];
}

const networks: readonly Network[] = [
  {
    name: "LeNet-5",
    batch: 64,
    inputShape: [28, 28, 1],
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
];

function mlp(name: string, batch: number, sizes: readonly number[]): Network {
  const layers = () =>
    sizes.slice(1).map((units, i) => dense({ units, activation: i === sizes.length - 2 ? "softmax" : "relu" }));
  return { name, batch, inputShape: [sizes[0] as number], layers };
}

export interface TrainingResult {
  readonly name: string;
  readonly batch: number;
  /** Steps a second. */
  readonly median: number;
  readonly best: number;
}

/** Trains the networks whose name holds one of the words, and prints a line for each. */
export async function runTraining(
  build: Build,
  filter: readonly string[],
  secondsMax: number,
  print: (line: string) => void,
): Promise<TrainingResult[]> {
  const wanted = networks.filter(
    ({ name }) => !filter.length || filter.some((word) => `training ${name}`.includes(word)),
  );
  if (wanted.length === 0) return [];
  const { kernels } = await init({ reproducible: build === "strict" });
  if (kernels !== build) throw new Error(`the library chose ${kernels} kernels, not ${build}`);
  const results: TrainingResult[] = [];
  print("\nTraining with Adam");
  for (const network of wanted) {
    const result = await train(network, secondsMax);
    results.push(result);
    const [median, best] = [result.median, result.best].map((rate) => `${Math.round(rate)}`.padStart(7));
    print(
      `${result.name.padEnd(20)} batch ${String(result.batch).padStart(3)}  median ${median} steps/s  best ${best} steps/s`,
    );
  }
  return results;
}

async function train({ name, batch, inputShape, layers }: Network, secondsMax: number): Promise<TrainingResult> {
  const model = sequential(layers(), { inputShape, seed: 1 });
  const optimizer = adam();
  const loss = losses.sparseCategoricalCrossentropy();
  const step = await program(
    { x: [batch, ...inputShape], y: { shape: [batch], dtype: "int32" } },
    ({ x, y }) => {
      const value = ops.mean(loss.call(y, model(x)));
      optimizer.minimize(value, model.variables);
      return { value };
    },
    { training: true },
  );
  const size = inputShape.reduce((product, n) => product * n, batch);
  const x = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 256) * (i % 5 === 0 ? 1 : 0));
  const y = Int32Array.from({ length: batch }, (_, i) => i % 10);
  let last = 0;
  const { median, best } = time(() => {
    last = step({ x, y }).value.data[0] as number;
  }, secondsMax);
  if (!Number.isFinite(last)) throw new Error(`${name}: the loss is ${last}`);
  return { name, batch, median: 1 / median, best: 1 / best };
}

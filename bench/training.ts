// Training steps a second of small networks: forward, backward and Adam, one call of a compiled step each.

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

interface Row {
  readonly name: string;
  readonly batch: number;
  readonly inputShape: readonly number[];
  readonly layers: () => Layer[];
}

const rows: readonly Row[] = [
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

function mlp(name: string, batch: number, sizes: readonly number[]): Row {
  const layers = () =>
    sizes.slice(1).map((units, i) => dense({ units, activation: i === sizes.length - 2 ? "softmax" : "relu" }));
  return { name, batch, inputShape: [sizes[0] as number], layers };
}

const chosen = await init({ reproducible: process.argv.includes("--reproducible") });
const filter = process.argv.find((word) => word.startsWith("--filter="))?.slice(9) ?? "";
console.log(`${chosen.kernels} kernels, ${chosen.threads} thread, Node ${process.version}`);

for (const { name, batch, inputShape, layers } of rows.filter((row) => row.name.includes(filter))) {
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
  });
  if (!Number.isFinite(last)) throw new Error(`${name}: the loss is ${last}`);
  const rate = (seconds: number) => `${Math.round(1 / seconds)}`.padStart(7);
  console.log(
    `${name.padEnd(20)} batch ${String(batch).padStart(3)}  median ${rate(median)} steps/s  best ${rate(best)} steps/s`,
  );
}

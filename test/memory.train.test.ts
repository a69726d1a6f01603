// Wasm memory over many steps: nothing is taken after the first step of each size. bench/soak.ts does it for longer and looks at
// the heap of JavaScript too.

import type { Layer, Model } from "../src/index.ts";
import { adam, conv2d, dense, dropout, flatten, maxPooling2d, sequential } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { assert, suite } from "./harness.ts";

const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.fround((i % 97) / 97));
const labels = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i % 10);

function compiled(inputShape: readonly number[], layers: readonly Layer[]): Model {
  const model = sequential(layers, { inputShape });
  model.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** What the machine has and uses before and after more of the same. */
async function same(part: () => Promise<unknown>): Promise<void> {
  const { engine, memory } = await defaultMachine();
  assert.ok(memory.total > 0);
  await part();
  const read = async () => ({ bytes: engine.bytes, used: (await defaultMachine()).memory.used });
  const before = await read();
  await part();
  assert.equal(await read(), before);
}

suite("memory", (test) => {
  test("thousands of steps of a small model, with evaluation", async () => {
    const model = compiled(
      [64],
      [dense({ units: 32, activation: "relu" }), dropout({ rate: 0.1 }), dense({ units: 10, activation: "softmax" })],
    );
    const data = { x: numbers(1000 * 64), y: labels(1000) };
    await same(() => model.fit(data, { epochs: 80, batchSize: 32, validation: data }));
  });

  test("LeNet-5 with a changing batch size", async () => {
    const model = compiled(
      [28, 28, 1],
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
    );
    const [x, y] = [numbers(33 * 784), labels(33)];
    await same(async () => {
      for (let i = 0; i < 4; i++) {
        for (const n of [32, 17, 1, 33, 8]) {
          await model.trainOnBatch(x.subarray(0, n * 784), y.subarray(0, n));
          await model.predict(x.subarray(0, n * 784));
        }
      }
    });
  });
});

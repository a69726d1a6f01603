// Two networks on the digits of 8x8 pixels, beside the same trained by PyTorch (golden/digits.py): twenty seeds each, because
// the accuracy of one differs by half a percent from that of another.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Model } from "../src/index.ts";
import { adam, conv2d, dense, flatten, maxPooling2d, rescaling, reshape, sequential } from "../src/index.ts";
import golden from "./golden/digits.json" with { type: "json" };
import { assert, suite } from "./harness.ts";

const rows = gunzipSync(readFileSync("examples/data/digits.csv.gz"))
  .toString()
  .trim()
  .split("\n")
  .map((line) => line.split(",").map(Number));
const isTest = (i: number): boolean => i % 5 === 4;
const part = (keep: (i: number) => boolean) => {
  const kept = rows.filter((_, i) => keep(i));
  return {
    x: Float32Array.from(kept.flatMap((row) => row.slice(0, 64))),
    y: Uint8Array.from(kept, (row) => row[64] as number),
  };
};

const models: Readonly<Record<keyof typeof golden, (seed: number) => Model>> = {
  mlp: (seed) =>
    sequential(
      [
        rescaling({ scale: 1 / 16 }),
        dense({ units: 32, activation: "relu" }),
        dense({ units: 10, activation: "softmax" }),
      ],
      { inputShape: [64], seed },
    ),
  cnn: (seed) =>
    sequential(
      [
        rescaling({ scale: 1 / 16 }),
        reshape({ targetShape: [8, 8, 1] }),
        conv2d({ filters: 8, kernelSize: 3, padding: "same", activation: "relu" }),
        maxPooling2d({ poolSize: 2 }),
        conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
        maxPooling2d({ poolSize: 2 }),
        flatten(),
        dense({ units: 10, activation: "softmax" }),
      ],
      { inputShape: [64], seed },
    ),
};

suite("digits", (test) => {
  for (const [name, make] of Object.entries(models) as [keyof typeof golden, (seed: number) => Model][]) {
    test(`${name}: the mean accuracy is not below PyTorch's`, async () => {
      const { epochs, accuracies } = golden[name];
      const [train, held] = [part((i) => !isTest(i)), part(isTest)];
      let sum = 0;
      for (let seed = 0; seed < accuracies.length; seed++) {
        const model = make(seed);
        model.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
        await model.fit(train, { epochs });
        sum += (await model.evaluate(held)).accuracy as number;
        model.dispose();
      }
      const mean = sum / accuracies.length;
      const theirs = accuracies.reduce((total, each) => total + each, 0) / accuracies.length;
      assert.ok(mean >= theirs, `${mean}, PyTorch ${theirs}`);
    });
  }
});

// Training allocates nothing that stays: the JavaScript heap after collection is as large as before.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  adam,
  adamw,
  batchNormalization,
  dense,
  dropout,
  l2,
  ops,
  program,
  sequential,
  variable,
} from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { assert, suite } from "./harness.ts";
import { normal } from "./values.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap and of array buffers once everything that can be collected is. */
async function liveBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes that so many rounds leave behind, the least of ten tries: what is kept a step is there every time, what waits for a finalizer is not. */
async function growth(round: () => unknown, warm: number, rounds: number): Promise<number> {
  for (let i = 0; i < warm; i++) await round();
  let least = Number.POSITIVE_INFINITY;
  let before = await liveBytes();
  for (let tries = 0; tries < 10 && least >= SLACK; tries++) {
    for (let i = 0; i < rounds; i++) await round();
    const after = await liveBytes();
    least = Math.min(least, after - before);
    before = after;
  }
  return least;
}

/** What the engine's own bookkeeping may change by; an object kept a step would be more. */
const SLACK = 100_000;

suite("heap", (test) => {
  test("20,000 steps of a program", async () => {
    const w = variable({ data: normal(12, 1), shape: [3, 4] });
    const optimizer = adam();
    const step = await program({ x: [null, 3] }, ({ x }) => {
      const loss = ops.mean(ops.square(ops.matmul(x, w)));
      optimizer.minimize(loss, [w]);
      return { loss };
    });
    const batches = [normal(24, 2), normal(9, 3)];
    let i = 0;
    const thousand = () => {
      for (let k = 0; k < 1000; k++) step({ x: batches[i++ & 1] as Float32Array });
    };
    const grown = await growth(thousand, 5, 20);
    assert.ok(grown < SLACK, `${grown} bytes more`);
  });

  test("200 epochs of a model with batches of two sizes", async () => {
    const model = sequential([dense({ units: 8, activation: "relu" }), dense({ units: 2 })], { inputShape: [3] });
    model.compile({ optimizer: adam(), loss: "meanSquaredError" });
    const x = normal(3 * 100, 4);
    const y = { data: normal(200, 5), shape: [100, 2] };
    const tenEpochs = () => model.fit({ x, y }, { epochs: 10, batchSize: 8 });
    const grown = await growth(tenEpochs, 10, 20);
    assert.ok(grown < SLACK, `${grown} bytes more`);
  });

  test("L2, dropout, batch normalisation, clipping, several calls an update, averages and a schedule: one program, called once a step", async () => {
    const layers = [
      dense({ units: 8, activation: "relu", kernelRegularizer: l2() }),
      batchNormalization(),
      dropout({ rate: 0.2 }),
      dense({ units: 2 }),
    ];
    const model = sequential(layers, { inputShape: [3] });
    const optimizer = adamw({
      learningRate: (step, epoch) => 0.01 / (1 + step / 1000 + epoch),
      globalClipNorm: 1,
      gradientAccumulationSteps: 3,
      useEma: true,
      groups: [{ match: (variable) => variable.shape.length < 2, weightDecay: 0 }],
    });
    model.compile({ optimizer, loss: "meanSquaredError" });
    const data = { x: normal(3 * 96, 4), y: { data: normal(192, 5), shape: [96, 2] } };
    const epoch = () => model.fit(data, { epochs: 5, batchSize: 8 });
    await epoch(); // compiled, and known to be short
    const { engine } = await defaultMachine();
    const { run } = engine;
    const calls: number[][] = [];
    engine.run = (address, first, end) => {
      calls.push([address, first]);
      return run(address, first, end);
    };
    const { bytes } = engine;
    await epoch();
    engine.run = run;
    assert.equal(calls.length, 60); // 5 epochs of 12 batches
    assert.equal(new Set(calls.map(String)).size, 1);
    const grown = await growth(epoch, 10, 20);
    assert.ok(grown < SLACK, `${grown} bytes more`);
    assert.is(engine.bytes, bytes);
  });

  test("models and programs that are dropped", async () => {
    const once = async () => {
      const model = sequential([dense({ units: 64 }), dense({ units: 2 })], { inputShape: [64] });
      model.compile({ optimizer: adam(), loss: "meanSquaredError" });
      await model.fit({ x: normal(64 * 8, 4), y: { data: normal(16, 5), shape: [8, 2] } }, { batchSize: 8 });
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    const grown = await growth(once, 30, 100);
    assert.ok(grown < SLACK, `${grown} bytes more`);
  });
});

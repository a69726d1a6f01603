// What takes long leaves the event loop its turns, also where each step is short.

import { dense, sequential, sgd } from "../src/index.ts";
import { assert, suite } from "./harness.ts";

const COUNT = 300_000;
const x = new Float32Array(COUNT * 4).fill(0.5);
const y = new Float32Array(COUNT).fill(1);

suite("the event loop has its turns", (test) => {
  const model = sequential([dense({ units: 8 }), dense({ units: 1 })], { inputShape: [4] });
  model.compile({ optimizer: sgd({ learningRate: 1e-3 }), loss: "meanSquaredError" });
  const calls: Record<string, () => Promise<unknown>> = {
    fit: () => model.fit({ x, y: { data: y, shape: [COUNT, 1] } }, { batchSize: 4 }),
    evaluate: () => model.evaluate({ x, y: { data: y, shape: [COUNT, 1] } }, { batchSize: 4 }),
    predict: () => model.predict(x, { batchSize: 4 }),
  };
  for (const [name, call] of Object.entries(calls)) {
    test(name, async () => {
      await call();
      let turns = 0;
      const timer = setInterval(() => {
        turns++;
      }, 1);
      const started = performance.now();
      await call();
      clearInterval(timer);
      const milliseconds = performance.now() - started;
      assert.ok(milliseconds < 60 || turns > 1, `${turns} turns in ${Math.round(milliseconds)} ms`);
    });
  }
});

// What a call gives depends on its arguments, the weights and the seed, and on nothing that ran before.

import type { Tensor } from "../src/index.ts";
import { adam, dense, init, LanewiseError, ops, program, sequential, sgd, variable } from "../src/index.ts";
import { assert, suite } from "./harness.ts";

/** The error of a call that must fail. */
async function failure(run: () => unknown): Promise<LanewiseError> {
  try {
    await run();
  } catch (error) {
    assert.instance(error, LanewiseError);
    return error as LanewiseError;
  }
  throw new Error("no error was thrown");
}

suite("independence", (test) => {
  test("predict of rows that look at each other sees the rows of its batch alone", async () => {
    const centred = (x: Tensor) => ops.sub(x, ops.mean(x, { axes: [0], keepDims: true }));
    const model = sequential([centred], { inputShape: [1] });
    await model.predict([[1000], [1000], [1000], [1000]]);
    assert.equal([...(await model.predict([[1], [2], [3]])).data], [-1, 0, 1]);
  });

  test("a second fit takes the examples in another order, the same for the same seed", async () => {
    const losses = async (): Promise<string[]> => {
      const model = sequential([dense({ units: 1 })], { inputShape: [1], seed: 5 });
      model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanSquaredError" });
      const orders: string[] = [];
      for (let i = 0; i < 2; i++) {
        const seen: number[] = [];
        await model.fit(
          { x: [[1], [2], [3], [4], [5], [6]], y: [[0], [0], [0], [0], [0], [0]] },
          { batchSize: 1, callbacks: { onBatchEnd: (_, logs) => seen.push(logs.loss as number) } },
        );
        orders.push(seen.join());
      }
      return orders;
    };
    const first = await losses();
    assert.is.not(first[0], first[1]);
    assert.equal(await losses(), first);
  });

  test("layers and variables are made outside of functions on tensors", async () => {
    const late = await failure(() => sequential([(x: Tensor) => dense({ units: 1 })(x)], { inputShape: [2] }));
    assert.is(late.code, "invalid-argument");
    assert.match(late.message, /dense .*outside/);
    const inside = await failure(() => program({ x: [1] }, ({ x }) => ({ y: ops.mul(x, variable([1])) })));
    assert.match(inside.message, /variable .*outside/);
    const layer = await failure(() => program({ x: [1, 2] }, ({ x }) => ({ y: dense({ units: 1 })(x) })));
    assert.match(layer.message, /dense .*outside/);
  });

  test("one optimizer updates a variable once a step", async () => {
    const w = variable([1, 2], { name: "w" });
    const optimizer = adam();
    const twice = await failure(() =>
      program({}, () => {
        for (let i = 0; i < 2; i++) optimizer.minimize(ops.sum(ops.square(w)), [w]);
      }),
    );
    assert.is(twice.code, "invalid-argument");
    assert.match(twice.message, /"w"/);
  });

  test("weights can be read once the library is open, before anything has run", async () => {
    await init();
    const model = sequential([dense({ units: 3 })], { inputShape: [2], seed: 9 });
    const before = model.variables.map((each) => [...each.read().data]);
    assert.ok((before[0] as number[]).every((weight) => weight !== 0));
    await model.predict([[1, 2]]);
    assert.equal(
      model.variables.map((each) => [...each.read().data]),
      before,
    );
  });

  test("a function may give an array of batches", async () => {
    const model = sequential([dense({ units: 1 })], { inputShape: [1] });
    model.compile({ optimizer: sgd(), loss: "meanSquaredError" });
    const batch = { x: [[1], [2]], y: [[2], [4]] };
    const { metrics } = await model.fit(() => [batch, batch], { epochs: 2 });
    assert.is(metrics.loss?.length, 2);
  });
});

// The learning-rate finder: what it finds, and that the model is afterwards as it was.

import type { Examples, Model } from "../src/index.ts";
import { adam, batchNormalization, dense, dropout, findLearningRate, sequential, sgd } from "../src/index.ts";
import { rejects, thrownBy } from "./errors.ts";
import { assert, suite } from "./harness.ts";

const x = Float32Array.from({ length: 120 * 4 }, (_, i) => Math.sin(i * 1.7));
const y = Uint8Array.from({ length: 120 }, (_, i) => Number((x[4 * i] as number) > 0));
const data = { x, y };

/** With everything that training changes: weights, moving statistics, slots, random numbers. */
function classifier(): Model {
  const model = sequential(
    [
      dense({ units: 8, activation: "tanh" }),
      batchNormalization(),
      dropout({ rate: 0.2 }),
      dense({ units: 2, activation: "softmax" }),
    ],
    { inputShape: [4], seed: 5 },
  );
  model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: "sparseCategoricalCrossentropy" });
  return model;
}

/** The numbers of a file, whatever the order of its parts. */
const bytesOf = async (model: Model): Promise<string> => (await model.save()).join();

suite("findLearningRate", (test) => {
  test("rates go from one end to the other by the same factor; losses are those before each update", async () => {
    const model = sequential([dense({ units: 1, kernelInitializer: "zeros" })], { inputShape: [1] });
    model.compile({ optimizer: sgd(), loss: "mse" });
    const line = { x: [[1]], y: [[1]] };
    const { learningRates, losses, smoothedLosses, suggestion } = await findLearningRate(model, line, {
      from: 1e-3,
      to: 1e-1,
      steps: 5,
      smoothing: 0,
    });
    // w and b move together: p += 2 rate 2 (1 - p)
    let error = 1;
    for (const [i, rate] of [1e-3, 10 ** -2.5, 1e-2, 10 ** -1.5, 1e-1].entries()) {
      assert.ok(Math.abs((learningRates[i] as number) / rate - 1) < 1e-12, `rate ${i}: ${learningRates[i]}`);
      assert.ok(Math.abs((losses[i] as number) / error ** 2 - 1) < 1e-5, `loss ${i}: ${losses[i]}`);
      error *= 1 - 4 * rate;
    }
    assert.is(learningRates[4], 0.1);
    assert.equal(smoothedLosses, losses);
    assert.is(suggestion, 0.1 / 10);
  });

  test("everything is as before: of a fresh model, of a trained one, and of one with a schedule", async () => {
    const fresh = classifier();
    const before = await bytesOf(fresh);
    await findLearningRate(fresh, data);
    assert.is(await bytesOf(fresh), before);

    const [model, twin] = [classifier(), classifier()];
    for (const each of [model, twin]) await each.fit(data, { epochs: 2 });
    const trained = await bytesOf(model);
    await findLearningRate(model, data, { batchSize: 16 });
    assert.is(await bytesOf(model), trained);
    for (const each of [model, twin]) await each.fit(data, { epochs: 2 });
    assert.is(await bytesOf(model), await bytesOf(twin), "training goes on as if nothing had been");

    const schedule = (step: number): number => 0.1 / (step + 1);
    const optimizer = sgd({ learningRate: schedule });
    model.compile({ optimizer, loss: "sparseCategoricalCrossentropy" });
    optimizer.learningRateScale = 0.5;
    await findLearningRate(model, data);
    assert.is(optimizer.learningRateScale, 0.5);
    optimizer.learningRateScale = 1;
    assert.is(optimizer.learningRate, schedule);
  });

  test("a result prints as a table of at most 20 steps, and is data all the same", async () => {
    const found = await findLearningRate(classifier(), data, { from: 1e-4, to: 0.1, steps: 40 });
    const lines = String(found).split("\n");
    assert.is(lines.length, 22);
    assert.match(lines[0] as string, /step +learning rate +loss +smoothed/);
    assert.match(lines[1] as string, /^ *0 +0\.0001000 /);
    assert.match(lines[20] as string, /^ *39 +0\.1000 /);
    assert.is(lines[21], `Suggested: ${found.suggestion?.toPrecision(4)}`);
    assert.equal(Object.keys(structuredClone(found)), ["learningRates", "losses", "smoothedLosses", "suggestion"]);
  });

  test("sizes of batches by name are those of fit", async () => {
    const options = { to: 1, steps: 3, shuffle: false };
    const full = await findLearningRate(classifier(), data, { ...options, batchSize: "full" });
    assert.equal(full, await findLearningRate(classifier(), data, { ...options, batchSize: 120 }));
    assert.equal(await findLearningRate(classifier(), data, { ...options, batchSize: "auto" }), full);
  });

  test("a model that is not compiled is refused by this name", async () => {
    const bare = sequential([dense({ units: 1 })], { inputShape: [4] });
    await rejects(findLearningRate(bare, data), "not-ready", /findLearningRate: call model\.compile/);
  });

  test("the suggestion trains", async () => {
    const model = classifier();
    const { suggestion, learningRates, losses } = await findLearningRate(model, data);
    assert.ok(suggestion !== null && suggestion > 1e-4 && suggestion < 1, `${suggestion}`);
    assert.is(learningRates.length, losses.length);
    model.compile({ optimizer: adam({ learningRate: suggestion }), loss: "sparseCategoricalCrossentropy" });
    const { metrics } = await model.fit(data, { epochs: 10 });
    assert.ok((metrics.loss?.at(-1) as number) < 0.6 * (metrics.loss?.[0] as number), String(metrics.loss));
  });

  test("ends where the loss grows or is not finite, and puts back all the same", async () => {
    const model = sequential([dense({ units: 1 })], { inputShape: [4], seed: 1 });
    model.compile({ optimizer: sgd({ momentum: 0.9 }), loss: "mse" });
    const before = await bytesOf(model);
    const numbers = { x, y: Float32Array.from(y) };
    for (const [from, to, steps] of [
      [1e-7, 1e4, 200],
      [1e25, 3e38, 3],
    ] as const) {
      const { losses } = await findLearningRate(model, numbers, { from, to, steps });
      assert.ok(losses.length < steps && losses.every(Number.isFinite), `${losses.length} steps`);
      assert.is(await bytesOf(model), before);
    }
  });

  test("a loss that never falls has no suggestion", async () => {
    const model = sequential([dense({ units: 1, kernelInitializer: "zeros" })], { inputShape: [1] });
    model.compile({ optimizer: sgd(), loss: "mse" });
    const { suggestion, losses } = await findLearningRate(model, { x: [[1]], y: [[0]] }, { steps: 5 });
    assert.equal([suggestion, losses], [null, [0, 0, 0, 0, 0]]);
  });

  test("everything is as before when it is aborted, and when data throw", async () => {
    const model = classifier();
    await model.fit(data);
    const before = await bytesOf(model);
    const batches = (end: () => void) =>
      function* (): Generator<Examples> {
        for (let i = 0; i < 10; i++) {
          if (i === 5) end();
          yield { x: x.subarray(0, 40), y: y.subarray(0, 10) };
        }
      };
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = findLearningRate(
      model,
      batches(() => controller.abort(reason)),
      { signal: controller.signal },
    );
    assert.is(await thrownBy(() => aborted), reason);
    assert.is(await bytesOf(model), before);
    const broken = new Error("no more");
    const thrown = findLearningRate(
      model,
      batches(() => {
        throw broken;
      }),
    );
    assert.is(await thrownBy(() => thrown), broken);
    assert.is(await bytesOf(model), before);
  });

  test("a prediction asked for meanwhile waits, and sees the model as it was", async () => {
    const model = classifier();
    const expected = (await model.predict(x)).data.join();
    const finding = findLearningRate(model, data);
    const prediction = model.predict(x);
    await finding;
    assert.is((await prediction).data.join(), expected);
  });

  test("batches from a generator that has fewer than steps is an error of fit", async () => {
    const model = classifier();
    const before = await bytesOf(model);
    const once = [data][Symbol.iterator]();
    await rejects(() => findLearningRate(model, once, { steps: 5 }), "empty-data");
    assert.is(await bytesOf(model), before);
  });

  test("wrong options change nothing", async () => {
    const model = classifier();
    const before = await bytesOf(model);
    for (const options of [{ from: 1, to: 1 }, { from: 2, to: 1 }, { steps: 1 }, { signal: 3 as never }]) {
      await rejects(() => findLearningRate(model, data, options), "invalid-argument");
    }
    assert.is(await bytesOf(model), before);
  });
});

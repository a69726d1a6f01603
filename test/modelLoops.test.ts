// The loops of models: fit, evaluate and predict, how they are watched, stopped, kept apart.

import type { Callback, LanewiseError, Variable } from "../src/index.ts";
import { dense, ops, program, sequential, sgd } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { rejects, throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";
import { classifier, crossentropy, examples, spread, turn, weightsOf } from "./smallModels.ts";

suite("models, the loops", (test) => {
  test("evaluate is exact over an odd number of examples", async () => {
    const model = classifier();
    const data = examples(37);
    const predicted = (await model.predict(data.x)).data;
    let [loss, right, weighted, rightWeighted, total] = [0, 0, 0, 0, 0];
    const sampleWeight = Float32Array.from({ length: 37 }, (_, i) => (i % 4) / 2);
    for (let i = 0; i < 37; i++) {
      const row = predicted.subarray(i * 3, i * 3 + 3);
      const each = -Math.log(row[data.y[i] as number] as number);
      const hit = row.indexOf(Math.max(...row)) === data.y[i] ? 1 : 0;
      loss += each / 37;
      right += hit / 37;
      weighted += (each * (sampleWeight[i] as number)) / 37;
      rightWeighted += hit * (sampleWeight[i] as number);
      total += sampleWeight[i] as number;
    }
    for (const batchSize of [1, 8, 36, 37, 64]) {
      const logs = await model.evaluate(data, { batchSize });
      near(logs.loss, loss, 1e-5);
      near(logs.accuracy, right, 1e-5);
      const withWeights = await model.evaluate({ ...data, sampleWeight }, { batchSize });
      near(withWeights.loss, weighted, 1e-5);
      near(withWeights.accuracy, rightWeighted / total, 1e-5);
    }
    const trained = classifier({ learningRate: 0 });
    near((await trained.trainOnBatch(data.x, data.y, { sampleWeight })).loss, weighted, 1e-5);
    const { metrics } = await trained.fit({ ...data, sampleWeight }, { batchSize: 16 });
    near(metrics.loss?.[0], weighted, 1e-5);
  });

  test("predict gives as many rows as it got, the same ones however they are cut", async () => {
    const model = classifier();
    const x = spread(33 * 4);
    const whole = await model.predict(x, { batchSize: 33 });
    for (const n of [1, 31, 32, 33]) {
      const out = await model.predict(x.slice(0, n * 4));
      assert.equal(out.shape, [n, 3]);
      for (let i = 0; i < n * 3; i++) near(out.data[i], whole.data[i] as number, 1e-6);
    }
    await rejects(model.predict(new Float32Array(0)), "empty-data");
    await rejects(model.predict(spread(5)), "shape-mismatch");
  });

  test("validation data, a share of the data, generators and functions", async () => {
    const data = examples(40);
    const model = classifier();
    const history = await model.fit(data, { epochs: 3, batchSize: 7, validationSplit: 0.25 });
    assert.equal(history.epochs, [0, 1, 2]);
    assert.equal(Object.keys(history.metrics), ["loss", "accuracy", "val_loss", "val_accuracy"]);
    for (const series of Object.values(history.metrics)) assert.is(series.length, 3);
    const rest = await model.evaluate({ x: data.x.subarray(120), y: data.y.subarray(30) });
    near(history.metrics.val_loss?.[2], rest.loss as number, 1e-6);
    await rejects(model.fit(data, { validationSplit: 0.25, validation: data }), "invalid-argument");
    await rejects(model.fit(data, { validationSplit: 0.999 }), "empty-data");

    const arrays = classifier();
    await arrays.fit(data, { epochs: 2, batchSize: 16, shuffle: false });
    const batches = function* () {
      for (let i = 0; i < 40; i += 16) yield { x: data.x.subarray(i * 4, (i + 16) * 4), y: data.y.subarray(i, i + 16) };
    };
    const generated = classifier();
    await generated.fit(batches, { epochs: 2 });
    assert.equal(weightsOf(generated), weightsOf(arrays));
    const waiting = classifier();
    await waiting.fit(
      async function* () {
        for (const batch of batches()) {
          await turn();
          yield batch;
        }
      },
      { epochs: 2 },
    );
    assert.equal(weightsOf(waiting), weightsOf(arrays));
    const once = classifier();
    await rejects(once.fit(batches(), { epochs: 2 }), "empty-data", /epoch 1/);
  });

  test("a source of batches may ask the model", async () => {
    const model = classifier();
    const data = examples(8);
    await model.fit(async function* () {
      for (let i = 0; i < 3; i++) {
        await model.predict(data.x);
        yield data;
      }
    });
  });

  test("callbacks are called in order and awaited", async () => {
    const seen: string[] = [];
    let pending = 0;
    const note = async (text: string) => {
      assert.is(pending++, 0, "one at a time");
      await turn();
      pending--;
      seen.push(text);
    };
    const callback = (who: string): Callback => ({
      onTrainBegin: ({ epochs, examples: count, batches }) => note(`${who} begin ${epochs} ${count} ${batches}`),
      onEpochBegin: (epoch) => note(`${who} epoch ${epoch}`),
      onBatchEnd: (batch, { size }) => note(`${who} batch ${batch} of ${size}`),
      onEpochEnd: (epoch, logs) => note(`${who} epoch ${epoch} ended, ${Object.keys(logs)}`),
      onTrainEnd: ({ epochs }) => note(`${who} end ${epochs}`),
    });
    await classifier().fit(examples(9), { batchSize: 6, callbacks: [callback("a"), callback("b")] });
    const lines = ["begin 1 9 2", "epoch 0", "batch 0 of 6", "batch 1 of 3", "epoch 0 ended, loss,accuracy", "end 0"];
    assert.equal(
      seen,
      lines.flatMap((line) => [`a ${line}`, `b ${line}`]),
    );
  });

  test("stop() ends after the step, and fit resolves", async () => {
    let batches = 0;
    const history = await classifier().fit(examples(64), {
      epochs: 5,
      batchSize: 8,
      callbacks: {
        onBatchEnd(batch, _, context) {
          batches++;
          if (batch === 2) context.stop();
        },
      },
    });
    assert.is(batches, 3);
    assert.equal(history.epochs, [0]);
  });

  test("an aborted fit rejects with the reason; the model keeps what it learned", async () => {
    const data = examples(64);
    const [model, control] = [classifier(), classifier()];
    const controller = new AbortController();
    const reason = new Error("enough");
    let batches = 0;
    const onBatchEnd = (batch: number) => {
      batches++;
      if (batch === 2) controller.abort(reason);
    };
    const error = await model
      .fit(data, { batchSize: 8, epochs: 3, signal: controller.signal, callbacks: { onBatchEnd } })
      .catch((e: unknown) => e);
    assert.is(error, reason);
    assert.is(batches, 3);
    await control.fit(data, {
      batchSize: 8,
      callbacks: { onBatchEnd: (batch, _, context) => batch === 2 && context.stop() },
    });
    assert.equal(weightsOf(model), weightsOf(control));
    assert.is(await model.fit(data, { signal: AbortSignal.abort(reason) }).catch((e: unknown) => e), reason);
    assert.is(await model.predict(data.x, { signal: AbortSignal.abort(reason) }).catch((e: unknown) => e), reason);
    await model.fit(data);

    const silent = new AbortController();
    const endless = async function* () {
      yield data;
      setTimeout(() => silent.abort(reason));
      await new Promise(() => {});
    };
    assert.is(await model.fit(endless, { signal: silent.signal }).catch((e: unknown) => e), reason);
    await model.evaluate(data);
  });

  test("a signal ends a long step between two instructions, and the waiting for one's turn", async () => {
    const units = 700;
    const model = sequential([dense({ units }), dense({ units }), dense({ units }), dense({ units: 3 })], {
      inputShape: [4],
    });
    model.compile({ optimizer: sgd(), loss: "meanSquaredError" });
    const data = { x: spread(1024 * 4), y: spread(1024 * 3) };
    const options = { batchSize: 1024, shuffle: false };
    await model.predict(spread(4));
    const before = weightsOf(model);
    const [first, second] = [new AbortController(), new AbortController()];
    const reasonOf = (promise: Promise<unknown>) => promise.catch((e: unknown) => e);
    const running = reasonOf(model.fit(data, { ...options, epochs: 1000, signal: first.signal }));
    const waiting = reasonOf(model.evaluate(data, { signal: second.signal }));
    setTimeout(() => second.abort("second"));
    assert.is(await Promise.race([running, waiting]), "second");
    first.abort("first");
    assert.is(await running, "first");
    const after = weightsOf(model);
    assert.ok(after.every(Number.isFinite) && after.length === before.length);
    const { loss } = await model.evaluate(data, { batchSize: 1024 });
    near((await model.fit(data, options)).metrics.loss?.[0], loss as number, 1e-4);
  });

  test("callbacks may evaluate, predict, save, and train another model", async () => {
    const data = examples(32);
    const [model, plain, other] = [classifier(), classifier(), classifier({ seed: 9 })];
    let calls = 0;
    await model.fit(data, {
      epochs: 2,
      callbacks: {
        async onEpochEnd() {
          const [{ loss }, out, bytes] = await Promise.all([model.evaluate(data), model.predict(data.x), model.save()]);
          near(
            loss,
            Array.from(data.y, (label, i) => -Math.log(out.data[i * 3 + label] as number)).reduce((a, b) => a + b) / 32,
            1e-5,
          );
          assert.ok(bytes.length > 100);
          await other.fit(data, { callbacks: { onEpochEnd: async () => void (await other.evaluate(data)) } });
          calls++;
        },
      },
    });
    await plain.fit(data, { epochs: 2 });
    assert.is(calls, 2);
    assert.equal(weightsOf(model), weightsOf(plain));
  });

  test("calls from elsewhere while a callback waits do not disturb", async () => {
    const data = examples(32);
    const big = sequential([dense({ units: 1500 }), dense({ units: 1500 }), dense({ units: 3 })], {
      inputShape: [4],
      seed: 4,
    });
    const x = spread(512 * 4);
    const [model, plain] = [classifier(), classifier()];
    const expected = await big.predict(x, { batchSize: 512 });
    const others: Promise<unknown>[] = [];
    let running = 0;
    await model.fit(data, {
      epochs: 3,
      batchSize: 8,
      callbacks: {
        async onEpochEnd() {
          setTimeout(() => {
            running++;
            others.push(big.predict(x, { batchSize: 512 }).finally(() => running--));
          });
          await turn(5);
        },
        onBatchEnd() {
          assert.is(running, 0, "a step in the middle of another call");
        },
      },
    });
    await plain.fit(data, { epochs: 3, batchSize: 8 });
    assert.equal(weightsOf(model), weightsOf(plain));
    for (const out of await Promise.all(others)) assert.equal(out, expected);
  });

  test("two fits started at once run one after the other", async () => {
    const data = examples(32);
    const [model, control] = [classifier(), classifier()];
    const seen: string[] = [];
    const callbacks = (name: string): Callback => ({ onEpochEnd: () => void seen.push(name) });
    const both = [
      model.fit(data, { epochs: 2, callbacks: callbacks("first") }),
      model.fit(data, { epochs: 2, callbacks: callbacks("second") }),
    ];
    await Promise.all(both);
    await control.fit(data, { epochs: 2 });
    await control.fit(data, { epochs: 2 });
    assert.equal(seen, ["first", "first", "second", "second"]);
    assert.equal(weightsOf(model), weightsOf(control));
  });

  test("a fit that was refused does not hold up the next", async () => {
    const model = classifier();
    const failing = model.fit(examples(8), {
      callbacks: {
        onEpochEnd() {
          throw new Error("mine");
        },
      },
    });
    const error = await failing.catch((e: unknown) => e);
    assert.is((error as Error).message, "mine");
    await model.fit(examples(8));
  });

  test("what would change a step in flight is refused as busy", async () => {
    const units = 700;
    const model = sequential([dense({ units }), dense({ units }), dense({ units }), dense({ units: 3 })], {
      inputShape: [4],
    });
    model.compile({ optimizer: sgd(), loss: "meanSquaredError" });
    const step = await program({ x: [1] }, ({ x }) => ({ y: ops.neg(x) }));
    const [x, y] = [spread(1024 * 4), spread(1024 * 3)];
    await model.predict([[1, 2, 3, 4]]); // draws the weights: before that they cannot be read, and the code says so
    let done = false;
    const training = model.trainOnBatch(x, y).finally(() => {
      done = true;
    });
    const kernel = model.variables[0] as Variable;
    let met = false;
    while (!done && !met) {
      await turn();
      try {
        if (!done) step({ x: [1] });
      } catch (error) {
        assert.is((error as LanewiseError).code, "busy");
        met = true;
        throwsError(() => kernel.read(), "busy", /trainOnBatch is running/);
        throwsError(() => kernel.write(new Float32Array(4 * units)), "busy");
        throwsError(() => model.dispose(), "busy");
        throwsError(() => model.compile({ optimizer: sgd(), loss: "meanSquaredError" }), "busy");
        const refused = [model.save(), model.load(new Uint8Array(10))];
        for (const promise of refused) await rejects(promise, "busy");
      }
    }
    assert.ok(met, "the step was not cut into slices");
    assert.ok(Number.isFinite((await training).loss));
    assert.equal([...step({ x: [1] }).y.data], [-1]);
    await model.save();
    model.dispose();
  });

  test("compile while the model is trained is refused", async () => {
    const model = classifier();
    await model.fit(examples(8), {
      callbacks: {
        onEpochEnd() {
          throwsError(() => model.compile({ optimizer: sgd(), loss: crossentropy }), "busy", /fit/);
        },
      },
    });
    model.compile({ optimizer: sgd(), loss: crossentropy });
  });

  test("compile is refused from the moment that fit is called until it has ended, also by an error", async () => {
    const model = classifier();
    const again = (): void => model.compile({ optimizer: sgd(), loss: crossentropy });
    for (const call of [
      () => model.fit(examples(8)),
      () => model.evaluate(examples(8)),
      () => model.predict(examples(8).x),
    ]) {
      const running = call();
      throwsError(again, "busy", /^compile: (fit|evaluate|predict) is running/);
      await running;
      again();
    }
    await rejects(model.fit(examples(8), { epochs: 0 }), "invalid-argument");
    again();
  });

  test("another model is compiled at any moment while one is trained, and waits its turn", async () => {
    const machine = await defaultMachine();
    const model = classifier();
    machine.busy = "fit"; // as between two slices of a step
    try {
      model.compile({ optimizer: sgd(), loss: crossentropy });
    } finally {
      machine.busy = null;
    }
    const [first, second] = await Promise.all([classifier().fit(examples(8)), model.fit(examples(8))]);
    assert.is(first.epochs.length + second.epochs.length, 2);
  });

  test("a model disposed of in a callback ends fit", async () => {
    const model = classifier();
    await rejects(model.fit(examples(8), { epochs: 2, callbacks: { onEpochEnd: () => model.dispose() } }), "disposed");
  });
});

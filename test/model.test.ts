// Models as users meet them: how they are put together, trained, watched, stopped, saved. Numbers are compared with
// what is computed by hand from weights and predictions; the arithmetic itself is tested elsewhere.

import type { Callback, Layer, Model, Variable } from "../src/index.ts";
import {
  adam,
  add,
  batchNormalization,
  concatenate,
  conv2d,
  defineLayer,
  dense,
  dropout,
  flatten,
  functional,
  input,
  type LanewiseError,
  l2,
  maxPooling2d,
  ops,
  program,
  sequential,
  sgd,
} from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { rejects, throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";

/** Numbers between -1 and 1. */
const spread = (n: number, salt = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((((i + salt * 1009) * 7919) % 10007) / 10007) * 2 - 1);

const classesOf = (n: number, classes: number): Int32Array =>
  Int32Array.from({ length: n }, (_, i) => (i * 7) % classes);

/** `n` examples of four numbers in three classes. */
const examples = (n: number, salt = 0) => ({ x: spread(n * 4, salt), y: classesOf(n, 3) });

const crossentropy = "sparseCategoricalCrossentropy";

/** A small classifier; `seed` settles its weights. */
function classifier(options: { seed?: number; learningRate?: number; dropoutRate?: number } = {}): Model {
  const { seed = 1, learningRate = 0.01, dropoutRate } = options;
  const model = sequential(
    [
      dense({ units: 8, activation: "tanh" }),
      ...(dropoutRate === undefined ? [] : [dropout({ rate: dropoutRate })]),
      dense({ units: 3, activation: "softmax" }),
    ],
    { inputShape: [4], seed },
  );
  model.compile({ optimizer: adam({ learningRate }), loss: crossentropy, metrics: ["accuracy"] });
  return model;
}

const weightsOf = (model: Model): number[] => model.variables.flatMap((variable) => [...variable.read().data]);

/** Values of a layer's first variable. */
const firstOf = (layer: Layer): Float32Array => (layer.variables[0] as Variable).read().data;

/** A turn of the event loop. */
const turn = (milliseconds = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

suite("models, how they are put together", (test) => {
  test("inputs and outputs as arrays keep their order", async () => {
    const [a, b] = [input([2]), input([3])];
    const joined = concatenate()([a, b]);
    const model = functional({ inputs: [a, b], outputs: [ops.mul(joined, 2), ops.neg(b)] });
    const out = await model.predict([Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8, 9, 10)]);
    assert.equal([...out[0].data], [2, 4, 10, 12, 14, 6, 8, 16, 18, 20]);
    assert.equal(out[1].shape, [2, 3]);
    assert.equal([...out[1].data], [-5, -6, -7, -8, -9, -10]);
    await rejects(model.predict([Float32Array.of(1, 2)]), "invalid-argument", /x\.1 is missing/);
  });

  test("inputs and outputs as records, with a loss, a weight and metrics for each output", async () => {
    const inputs = { left: input([2]), right: input([3]) };
    const h = dense({ units: 5, activation: "tanh" })(concatenate()([inputs.left, inputs.right]));
    const outputs = { kind: dense({ units: 3, activation: "softmax" })(h), size: dense({ units: 1 })(h) };
    const model = functional({ inputs, outputs, seed: 3 });
    model.compile({
      optimizer: adam(),
      loss: { kind: crossentropy, size: "meanSquaredError" },
      lossWeights: { size: 0.25 },
      metrics: { kind: ["accuracy"], size: "meanAbsoluteError" },
    });
    const x = { left: spread(14), right: spread(21, 1) };
    const y = { kind: classesOf(7, 3), size: spread(7, 2) };
    const logs = await model.evaluate({ x, y }, { batchSize: 3 });
    assert.equal(Object.keys(logs), ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_meanAbsoluteError"]);
    near(logs.loss, (logs.kind_loss as number) + 0.25 * (logs.size_loss as number), 1e-5);
    const sizes = (await model.predict(x)).size.data;
    const squares = y.size.map((t, i) => (t - (sizes[i] as number)) ** 2);
    near(logs.size_loss, squares.reduce((sum, s) => sum + s, 0) / 7, 1e-5);
    const { metrics } = await model.fit({ x, y }, { epochs: 2, validation: { x, y } });
    assert.equal(Object.keys(metrics), [...Object.keys(logs), ...Object.keys(logs).map((name) => `val_${name}`)]);
    await rejects(model.fit({ x, y: { kind: y.kind } as never }), "invalid-argument", /y\.size is missing/);
    throwsError(
      () => model.compile({ optimizer: adam(), loss: { kind: crossentropy, size: "mse", other: "mse" } }),
      "unknown-option",
      /other/,
    );
  });

  test("a layer called twice shares its weights", async () => {
    const shared = dense({ units: 2, useBias: false });
    const x = input([2]);
    const model = functional({ inputs: x, outputs: add()([shared(x), shared(ops.mul(x, 3))]) });
    assert.is(model.variables.length, 1);
    model.variables[0]?.write([
      [1, 2],
      [3, 4],
    ]);
    const out = await model.predict([[1, 1]]);
    assert.equal([...out.data], [16, 24]);
    model.compile({ optimizer: sgd({ learningRate: 1 }), loss: (t, p) => ops.mean(ops.mul(t, p), { axes: [1] }) });
    await model.trainOnBatch([[1, 1]], [[2, 0]]); // d loss / d kernel = 4 x t / 2
    assert.equal(weightsOf(model), [-3, 2, -1, 4]);
  });

  test("plain functions in a sequential model are residual blocks, and their layers are trained", async () => {
    const inner = dense({ units: 4, activation: "tanh" });
    const model = sequential([(x) => ops.add(x, inner(x)), dense({ units: 3, activation: "softmax" })], {
      inputShape: [4],
    });
    assert.equal(
      model.layers.map(({ name }) => name),
      ["dense_1", "dense_2"],
    );
    model.compile({ optimizer: adam({ learningRate: 0.05 }), loss: crossentropy });
    await model.predict(spread(4));
    const before = [...firstOf(inner)];
    const { metrics } = await model.fit(examples(24), { epochs: 8 });
    assert.ok((metrics.loss?.at(-1) as number) < (metrics.loss?.[0] as number));
    assert.not.equal([...firstOf(inner)], before);
  });

  test("a model is a layer; called with training false it behaves as at inference", async () => {
    const base = sequential([dense({ units: 4 }), batchNormalization(), dropout({ rate: 0.5 })], {
      inputShape: [4],
      seed: 5,
    });
    const x = input([4]);
    const model = functional({
      inputs: x,
      outputs: dense({ units: 3, activation: "softmax" })(base(x, { training: false })),
    });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: crossentropy });
    const data = examples(8);
    const { loss } = await model.trainOnBatch(data.x, data.y);
    near(loss, (await model.evaluate(data)).loss as number, 1e-6);
    const moving = base.variables.filter(({ role }) => role === "statistics");
    assert.equal(
      moving.map((each) => each.read().data[0]),
      [0, 1],
    );
    assert.is(model.variables.length, 8);
  });

  test("models inside of a model are named and counted, and found again by another model", () => {
    const part = () => sequential([dense({ units: 2 })], { inputShape: [2] });
    const [first, second] = [part(), part()];
    const whole = sequential([first, (x) => second(x), dense({ units: 1 })], { inputShape: [2] });
    assert.equal(
      whole.layers.map(({ name }) => name),
      ["model_1", "dense_2", "model_2"],
    );
    assert.is(sequential([(x) => second(x)], { inputShape: [2] }).variables.length, 2);
  });

  test("two layers of one model cannot be given one name", () => {
    const twice = /"a"/;
    const named = () => dense({ units: 2, name: "a" });
    const [x, inner, shared] = [input([2]), named(), named()];
    throwsError(() => sequential([named(), named()], { inputShape: [2] }), "invalid-argument", twice);
    throwsError(() => sequential([named(), (y) => inner(y)], { inputShape: [2] }), "invalid-argument", twice);
    throwsError(() => functional({ inputs: x, outputs: named()(named()(x)) }), "invalid-argument", twice);
    functional({ inputs: x, outputs: shared(shared(x)) });
    sequential([dense({ units: 2, name: "dense" }), dense({ units: 2 })], { inputShape: [2] });
    const part = () => sequential([named()], { inputShape: [2] });
    sequential([part(), named(), part()], { inputShape: [2] });
  });

  test("a model without an input shape learns it from data, or where another model calls it", async () => {
    const late = sequential([dense({ units: 3 })], { seed: 2 });
    await rejects(late.predict(spread(8)), "not-ready", /inputShape/);
    throwsError(() => late.summary(), "not-ready");
    await rejects(late.load(new Uint8Array(8)), "not-ready", /^load: .*inputShape, or let fit or predict take it/);
    const out = await late.predict({ data: spread(8), shape: [2, 4] });
    assert.equal(out.shape, [2, 3]);
    await rejects(late.predict({ data: spread(10), shape: [2, 5] }), "shape-mismatch");
    const inner = dense({ units: 4 });
    const open = sequential([(x) => ops.add(x, inner(x))]);
    const outer = sequential([open, dense({ units: 2 })], { inputShape: [4] });
    assert.is(outer.variables.length, 4);
    assert.equal((await open.predict(spread(4))).shape, [1, 4]);
  });

  test("a weight's shape that is none is shown as it is", () => {
    const open = defineLayer({ name: "open", build: (shape) => ({ w: { shape: shape as number[] } }), call: (x) => x });
    throwsError(() => open()(input([2])), "invalid-argument", /got \[null, 2\]\./);
  });

  test("a layer of one's own has weights, training and options", async () => {
    const noisyScale = defineLayer<{ by: number }, "factor">({
      name: "noisyScale",
      build: (inputShape) => ({
        factor: { shape: [inputShape.at(-1) as number], initializer: "ones", regularizer: l2({ l2: 0.5 }) },
      }),
      call: (x, { factor }, { training, options }) => ops.mul(ops.mul(x, factor), training ? 100 : options.by),
    });
    const layer = noisyScale({ by: 2 });
    const model = sequential([layer], { inputShape: [2] });
    assert.equal([...(await model.predict([[1, 3]])).data], [2, 6]);
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanAbsoluteError" });
    near((await model.trainOnBatch([[1, 3]], [[0, 0]])).loss, 200 + 1, 1e-5);
    near((await model.evaluate({ x: [[1, 3]], y: [[0, 0]] })).loss, 4 + 1, 1e-5);
    assert.is(layer.name, "noisyScale_1");
  });
});

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

suite("models, what training does", (test) => {
  test("dropout acts while training only", async () => {
    const data = examples(32);
    const [model, plain] = [classifier({ dropoutRate: 0.5, learningRate: 0 }), classifier()];
    plain.variables.forEach((variable, i) => {
      variable.write(
        spread(
          variable.shape.reduce((a, b) => a * b, 1),
          i,
        ),
      );
      model.variables[i]?.write(variable.read());
    });
    assert.equal((await model.predict(data.x)).data, (await plain.predict(data.x)).data);
    const losses = [];
    for (let i = 0; i < 3; i++) losses.push((await model.trainOnBatch(data.x, data.y)).loss);
    assert.is(new Set(losses).size, 3, "another mask each step");
  });

  test("moving statistics follow the batches", async () => {
    const model = sequential([batchNormalization({ momentum: 0.75, epsilon: 0.5 })], { inputShape: [2] });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanSquaredError" });
    await model.trainOnBatch(
      [
        [1, 10],
        [3, 30],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    );
    assert.equal(weightsOf(model), [1, 1, 0, 0, 0.5, 5, 1, 25.75]);
    const out = await model.predict([[2.5, 5]]);
    near(out.data[0], 2 / Math.sqrt(1.5), 1e-6);
    near(out.data[1], 0, 1e-6);
  });

  test("frozen layers stay as they are, whenever they are frozen", async () => {
    const model = classifier();
    const [first, last] = model.layers as [Model["layers"][number], Model["layers"][number]];
    const read = () => [first, last].map(({ variables }) => variables.flatMap((v) => [...v.read().data]).join());
    const data = examples(32);
    const changes: string[] = [];
    let before: string[] = [];
    const compare = () => {
      const after = read();
      changes.push(after.map((text, i) => (text === before[i] ? "-" : "+")).join(""));
      before = after;
    };
    await model.predict(data.x);
    before = read();
    first.trainable = false;
    await model.fit(data, {
      epochs: 3,
      callbacks: {
        onEpochEnd(epoch) {
          compare();
          first.trainable = epoch === 0;
          last.trainable = epoch !== 0;
        },
      },
    });
    assert.equal(changes, ["-+", "+-", "-+"]);
    changes.length = 0;
    await model.fit(data, {
      batchSize: 8,
      callbacks: {
        onBatchEnd(batch) {
          compare();
          first.trainable = batch % 2 === 0;
        },
      },
    });
    assert.equal(changes, ["-+", "++", "-+", "++"]);
    first.trainable = false;
    last.trainable = false;
    await rejects(model.fit(data), "invalid-argument", /trainable/);
  });

  test("frozen batch normalisation without weights keeps its statistics", async () => {
    const norm = batchNormalization({ center: false, scale: false });
    const model = sequential([norm, dense({ units: 3, activation: "softmax" })], { inputShape: [4] });
    model.compile({ optimizer: sgd(), loss: crossentropy });
    await model.fit(examples(8));
    const moved = [...firstOf(norm)];
    assert.not.equal(moved, [0, 0, 0, 0]);
    norm.trainable = false;
    await model.fit(examples(8));
    assert.equal([...firstOf(norm)], moved);
  });

  test("penalties are part of the loss, in training and evaluation", async () => {
    const layer = dense({ units: 3, useBias: false, kernelRegularizer: l2({ l2: 0.1 }) });
    const model = sequential([layer], { inputShape: [4] });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "meanSquaredError", metrics: ["meanSquaredError"] });
    const [x, y] = [spread(5 * 4), spread(5 * 3, 1)];
    const logs = await model.evaluate({ x, y }, { batchSize: 2 });
    const squares = weightsOf(model).reduce((sum, w) => sum + w * w, 0);
    near(logs.loss, (logs.meanSquaredError as number) + 0.1 * squares, 1e-5);
    near((await model.trainOnBatch(x, y)).loss, logs.loss as number, 1e-5);
  });

  test("a schedule is told the step and the epoch", async () => {
    const asked: string[] = [];
    const model = sequential([dense({ units: 1, useBias: false, kernelInitializer: "zeros" })], { inputShape: [1] });
    const optimizer = sgd({
      learningRate: (step, epoch) => {
        asked.push(`${step} ${epoch}`);
        return step % 2 ? 1 : 0;
      },
    });
    model.compile({ optimizer, loss: (t, p) => ops.sum(ops.mul(t, p), { axes: [1] }) });
    const weights: number[] = [];
    await model.fit(
      { x: [[1], [1]], y: [[-1], [-1]] },
      { epochs: 3, batchSize: 1, callbacks: { onBatchEnd: () => void weights.push(weightsOf(model)[0] as number) } },
    );
    assert.equal(asked, ["0 0", "1 0", "2 1", "3 1", "4 2", "5 2"]);
    assert.equal(weights, [0, 1, 1, 2, 2, 3]);
    optimizer.learningRate = () => Number.NaN;
    await rejects(model.fit({ x: [[1]], y: [[1]] }), "non-finite", /learningRate/);
    optimizer.learningRate = 1;
    await model.fit({ x: [[1]], y: [[-1]] });
    assert.equal(weightsOf(model), [4]);
  });

  test("a loss that is not finite stops fit before that batch changes anything", async () => {
    const data = examples(40);
    const bad = { x: data.x.slice(), y: data.y };
    bad.x[20 * 4 + 2] = Number.NaN;
    const [model, control] = [classifier(), classifier()];
    const error = await rejects(
      model.fit(bad, { epochs: 2, batchSize: 8, shuffle: false }),
      "non-finite",
      /epoch 0, batch 2;.*input "x" \(element 18\)/,
    );
    assert.match(error.message, /onNaN: "continue"/);
    await control.fit({ x: data.x.subarray(0, 64), y: data.y.subarray(0, 16) }, { batchSize: 8, shuffle: false });
    assert.equal(weightsOf(model), weightsOf(control));
    await model.fit({ x: data.x.subarray(0, 64), y: data.y.subarray(0, 16) }, { batchSize: 8, shuffle: false });
    await control.fit({ x: data.x.subarray(0, 64), y: data.y.subarray(0, 16) }, { batchSize: 8, shuffle: false });
    assert.equal(weightsOf(model), weightsOf(control));
    const { metrics } = await model.fit(bad, { batchSize: 8, shuffle: false, onNaN: "continue" });
    assert.ok(Number.isNaN(metrics.loss?.[0]));

    const overflowing = sequential([dense({ units: 2, name: "wide" }), dense({ units: 1 })], { inputShape: [2] });
    overflowing.compile({ optimizer: sgd(), loss: "meanSquaredError" });
    overflowing.variables[0]?.write([
      [3e38, 3e38],
      [3e38, 3e38],
    ]);
    await rejects(overflowing.trainOnBatch([[2, 2]], [[0]]), "non-finite", /output of .*wide/);
  });

  test("summary, memory and explain say the right numbers", async () => {
    const model = sequential(
      [
        conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu" }),
        maxPooling2d({ poolSize: 2 }),
        flatten(),
        dense({ units: 10, activation: "softmax" }),
      ],
      { inputShape: [28, 28, 1] },
    );
    const parameters = 5 * 5 * 6 + 6 + 14 * 14 * 6 * 10 + 10;
    assert.match(model.summary(), /parameters: 11,926 \(47,704 bytes\), trainable 11,926/);
    assert.match(model.summary(), /conv2d_1 \(conv2d\) +\[null, 28, 28, 6\] +156 +117,600/);
    assert.match(model.summary(), /multiply-adds of one example: 129,360/);
    assert.is(model.memory.parameters, parameters * 4);
    assert.is(model.memory.slots, 0);
    model.compile({ optimizer: adam(), loss: crossentropy });
    assert.is(model.memory.slots, 2 * parameters * 4);
    assert.ok(model.memory.gradients >= parameters * 4);
    const { total, ...parts } = model.memory;
    assert.is(
      total,
      Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
    );
    assert.match(model.explain("graph"), /conv2d/);
    assert.match(model.explain("plan", { batchSize: 2 }), /\d/);
    assert.match(model.explain("program", { training: false }), /conv2d/);
  });

  test("summary counts multiply-adds by layer, whatever its name", () => {
    const part = (units: number) => sequential([dense({ units })], { inputShape: [4] });
    const model = sequential([part(4), part(3), dense({ units: 5, name: "head/dense_1" })], { inputShape: [4] });
    const counted = [...model.summary().matchAll(/^(\S+) \(dense\).* (\d+)$/gm)].map(([, name, count]) => [
      name,
      count,
    ]);
    assert.equal(counted, [
      ["dense_1", "16"],
      ["dense_1", "12"],
      ["head/dense_1", "15"],
    ]);
  });

  test("disposing is possible, and the end of a model alone", async () => {
    const [model, other] = [classifier(), classifier()];
    const data = examples(8);
    await model.fit(data);
    model.dispose();
    model.dispose();
    for (const call of [
      () => model.fit(data),
      () => model.predict(data.x),
      () => model.save(),
      () => model.evaluate(data),
    ])
      await rejects(call(), "disposed");
    await other.fit(data);
  });
});

/** Names and shapes in a safetensors file, by its specification. */
function headerOf(
  bytes: Uint8Array,
): Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
}

suite("models, saved and loaded", (test) => {
  const network = (seed: number): Model => {
    const model = sequential(
      [dense({ units: 8 }), batchNormalization(), dropout({ rate: 0.3 }), dense({ units: 3, activation: "softmax" })],
      { inputShape: [4], seed },
    );
    model.compile({ optimizer: adam({ learningRate: (step) => 0.01 / (1 + step) }), loss: crossentropy });
    return model;
  };

  test("training goes on with the same bits, whatever the model was before", async () => {
    const data = examples(24);
    const whole = network(1);
    await whole.fit(data, { epochs: 3, batchSize: 10 });
    const half = network(1);
    await half.fit(data, { epochs: 2, batchSize: 10 });
    const bytes = await half.save();
    const [fresh, used] = [network(1), network(2)];
    await used.fit(examples(24, 3), { epochs: 4 });
    for (const model of [fresh, used]) {
      await model.load(bytes);
      await model.fit(data, { epochs: 1, initialEpoch: 2, batchSize: 10 });
      assert.equal(weightsOf(model), weightsOf(whole));
    }
  });

  test("a file from before the first step puts a used model back to the beginning", async () => {
    const data = examples(24);
    const [model, control] = [network(1), network(1)];
    const bytes = await model.save();
    await model.fit(data, { epochs: 2 });
    await model.load(bytes);
    for (const each of [model, control]) await each.fit(data, { epochs: 2 });
    assert.equal(weightsOf(model), weightsOf(control));
  });

  test("names in a file are those of the layers", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const bytes = await model.save();
    const { __metadata__, ...tensors } = headerOf(bytes);
    assert.equal(tensors["dense_1/kernel"]?.shape, [4, 8]);
    assert.equal(tensors["batchNormalization_1/movingMean"]?.shape, [8]);
    assert.equal(tensors["optimizer/adam/dense_2/bias/m"]?.dtype, "F32");
    assert.is(Object.keys(tensors).length, 8 + 2 * 6);
    assert.is((__metadata__ as unknown as Record<string, string>).step, "1");
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const [from, to] = (tensors["dense_1/kernel"] as { data_offsets: [number, number] }).data_offsets;
    const kernel = new Float32Array(bytes.slice(start + from, start + to).buffer);
    assert.equal(kernel, model.variables[0]?.read().data);
  });

  test("what does not fit is refused and changes nothing", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const before = weightsOf(model);
    const bytes = await model.save();
    const other = sequential([dense({ units: 8 }), dense({ units: 3 })], { inputShape: [4] });
    const wider = sequential([dense({ units: 9 })], { inputShape: [4] });
    const otherBytes = await other.save();
    await rejects(model.load(otherBytes), "bad-file", /"batchNormalization_1\/gamma" is missing/);
    await rejects(other.load(bytes), "bad-file", /is not in the model/);
    const strange = sequential([dense({ units: 8, name: "strange" })], { inputShape: [4] });
    await rejects(strange.load(bytes, { partial: true }), "bad-file", /none of the model's names/);
    await rejects(wider.load(bytes, { partial: true }), "bad-file", /\[4, 8\] in the file, \[4, 9\] in the model/);
    for (const length of [0, 7, 100, bytes.length - 1]) await rejects(model.load(bytes.slice(0, length)), "bad-file");
    await rejects(model.load(new Uint8Array([...bytes, 0])), "bad-file");
    await rejects(other.load(bytes, { optimizer: true }), "not-ready");
    await rejects(model.load(otherBytes, { optimizer: true, partial: true }), "bad-file", /optimizer/);
    assert.equal(weightsOf(model), before);
    await model.fit(examples(8));
  });

  test("metadata that are malformed are refused, those of other writers and missing ones are not", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const bytes = await model.save();
    const withMetadata = (changes: Record<string, string>): Uint8Array => {
      const { __metadata__, ...tensors } = headerOf(bytes);
      const header = JSON.stringify({ __metadata__: { ...__metadata__, ...changes }, ...tensors });
      const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      const text = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
      const changed = new Uint8Array(8 + text.length + bytes.length - start);
      new DataView(changed.buffer).setBigUint64(0, BigInt(text.length), true);
      changed.set(text, 8);
      changed.set(bytes.subarray(start), 8 + text.length);
      return changed;
    };
    const before = weightsOf(model);
    for (const [key, values] of Object.entries({
      step: ["", "x", "-1", "1.5", "1e3", " 1", "100000001", "9".repeat(30)],
      seed: ["", "x", "-1", "9007199254740992"],
      format: ["", "lanewise", "lanewise 2"],
      optimizerSteps: ["", "x", "[1]", '{"dense_1/kernel":100000001}'],
      learningRateScale: ["", "x", "0", "-1", "1e39", "Infinity"],
    })) {
      for (const value of values) {
        const partial = key !== "optimizerSteps" && value.length % 2 === 0;
        await rejects(
          model.load(withMetadata({ [key]: value }), { partial }),
          "bad-file",
          new RegExp(`metadata ${key}`),
        );
      }
    }
    assert.equal(weightsOf(model), before);
    for (const format of ["lanewise 1", "pt"]) await model.load(withMetadata({ format, step: "100000000" }));
  });

  test("two models in a model may have layers of one name", async () => {
    const part = (name: string) => sequential([dense({ units: 2 })], { inputShape: [2], name });
    const make = (seed: number) =>
      sequential([part("left"), part("right"), dense({ units: 1 })], { inputShape: [2], seed });
    const [model, other] = [make(1), make(5)];
    const bytes = await model.save();
    assert.equal(Object.keys(headerOf(bytes)).sort(), [
      "__metadata__",
      "dense_2/bias",
      "dense_2/kernel",
      "left/dense_1/bias",
      "left/dense_1/kernel",
      "right/dense_1/bias",
      "right/dense_1/kernel",
    ]);
    await other.load(bytes);
    assert.equal(weightsOf(other), weightsOf(model));
  });

  test("a part of a file, weights without the optimizer", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const bytes = await model.save();
    const other = sequential([dense({ units: 8 }), dense({ units: 3 })], { inputShape: [4], seed: 7 });
    await other.load(bytes, { partial: true });
    assert.equal(other.variables[0]?.read(), model.variables[0]?.read());
    assert.equal(other.variables[2]?.read(), model.variables.find(({ name }) => name === "dense_2/kernel")?.read());
    other.compile({ optimizer: adam(), loss: "meanSquaredError" });
    await other.load(bytes, { partial: true });
    await other.fit({ x: spread(8), y: spread(6) });
    const weights = network(2);
    await weights.load(bytes, { optimizer: false });
    assert.equal(weightsOf(weights), weightsOf(model));
    weights.compile({ optimizer: sgd(), loss: crossentropy });
    await weights.load(bytes);
    await rejects(weights.load(bytes, { optimizer: true }), "bad-file", /adam.*sgd/);
  });
});

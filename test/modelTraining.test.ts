// What training does to a model, as users meet it.

import type { Model } from "../src/index.ts";
import {
  adam,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  l2,
  maxPooling2d,
  ops,
  sequential,
  sgd,
} from "../src/index.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";
import { classifier, crossentropy, examples, firstOf, spread, weightsOf } from "./smallModels.ts";

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

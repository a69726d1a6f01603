// The ready callbacks. Most are told a script: a model whose loss in each epoch is what the data say, while its bias
// falls by the learning rate in every epoch, so that weights tell which epochs they have seen.

import type { Callback, Examples, LearningRate, Model, Optimizer, TrainContext } from "../src/index.ts";
import {
  adam,
  batchNormalization,
  dense,
  earlyStopping,
  modelCheckpoint,
  monotoneCost,
  ops,
  reduceLearningRateOnPlateau,
  schedules,
  sequential,
  sgd,
} from "../src/index.ts";
import { directionOf } from "../src/metrics/names.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";

/** A model whose loss is the target, and whose gradient to the bias is one. */
function scripted(optimizer: Optimizer = sgd({ learningRate: 1 })): Model {
  const model = sequential([dense({ units: 1 })], { inputShape: [1], seed: 1 });
  model.compile({
    optimizer,
    loss: (target, prediction) =>
      ops.sum(ops.add(target, ops.sub(prediction, ops.stopGradient(prediction))), { axes: 1 }),
  });
  return model;
}

/** One batch an epoch, whose loss is the next number. */
function script(...losses: number[]): () => Examples[] {
  let epoch = 0;
  return () => [{ x: [[0]], y: [[losses[epoch++] as number]] }];
}

const bias = (model: Model): number => model.variables[1]?.read().data[0] as number;

const bytesOf = (model: Model): string[] =>
  model.variables.map((each) => new Uint32Array(each.read().data.buffer).join());

const line = {
  x: [[0], [1], [2], [3]],
  y: [[1], [3], [5], [7]],
};

/** Linear regression on four points: the cost falls for rates below about 0.24. */
function regression(learningRate: number): Model {
  const model = sequential([dense({ units: 1, kernelInitializer: "zeros" })], { inputShape: [1] });
  model.compile({ optimizer: sgd({ learningRate }), loss: "mse" });
  return model;
}

suite("what callbacks are told", (test) => {
  test("the model, its optimizer, steps so far, the names of an epoch's logs", async () => {
    const model = regression(0.1);
    const steps: number[] = [];
    const seen: TrainContext[] = [];
    const watch: Callback = {
      onTrainBegin: (context) => seen.push(context),
      onBatchEnd: (_batch, _logs, context) => steps.push(context.step),
    };
    await model.fit(line, { epochs: 2, batchSize: 2, callbacks: watch, validation: line });
    const context = seen[0] as TrainContext;
    assert.is(context.model, model);
    assert.is(context.optimizer.learningRate, 0.1);
    assert.equal(context.metrics, ["loss", "val_loss"]);
    assert.equal(steps, [1, 2, 3, 4]);
    await model.fit(line, { batchSize: 4, callbacks: watch });
    assert.equal(seen[1]?.metrics, ["loss"]);
    assert.is(steps.at(-1), 5);
  });

  test("the learning rate that a callback sets is used by the next step", async () => {
    const model = scripted();
    const halve: Callback = {
      onEpochEnd: (_epoch, _logs, { optimizer }) => {
        optimizer.learningRate = (optimizer.learningRate as number) / 2;
      },
    };
    await model.fit(script(1, 1, 1), { epochs: 3, callbacks: halve });
    assert.is(bias(model), -1.75);
  });
});

suite("earlyStopping", (test) => {
  test("ends after patience epochs without a better value, and puts the best weights back", async () => {
    for (const restoreBestWeights of [false, true]) {
      const model = scripted();
      const stopping = earlyStopping({ monitor: "loss", patience: 2, restoreBestWeights });
      const { epochs } = await model.fit(script(5, 4, 3, 4, 3, 2, 1), { epochs: 7, callbacks: stopping });
      assert.equal(epochs, [0, 1, 2, 3, 4]);
      assert.equal([stopping.best, stopping.bestEpoch, stopping.stoppedEpoch], [3, 2, 4]);
      assert.is(bias(model), restoreBestWeights ? -3 : -5);
    }
  });

  test("patience 0 and 1 end at the first epoch that is not better", async () => {
    for (const patience of [0, 1]) {
      const stopping = earlyStopping({ monitor: "loss", patience });
      const { epochs } = await scripted().fit(script(5, 4, 4, 1), { epochs: 4, callbacks: stopping });
      assert.equal(epochs, [0, 1, 2]);
    }
  });

  test("training that runs through ends with the best weights, too", async () => {
    const model = scripted();
    const stopping = earlyStopping({ monitor: "loss", patience: 9, restoreBestWeights: true });
    await model.fit(script(5, 1, 3), { epochs: 3, callbacks: stopping });
    assert.is(bias(model), -2);
    assert.is(stopping.stoppedEpoch, null);
  });

  test("minDelta: less of a change does not count", async () => {
    const stopping = earlyStopping({ monitor: "loss", patience: 2, minDelta: 0.5 });
    const losses = script(5, 4, 3.75, 3.5, 1);
    const { epochs } = await scripted().fit(losses, { epochs: 5, callbacks: stopping });
    assert.equal(epochs, [0, 1, 2, 3]);
    assert.is(stopping.best, 4);
  });

  test("mode max: more is better", async () => {
    const stopping = earlyStopping({ monitor: "loss", mode: "max" });
    await scripted().fit(script(1, 2, 3, 2, 9), { epochs: 5, callbacks: stopping });
    assert.equal([stopping.best, stopping.bestEpoch, stopping.stoppedEpoch], [3, 2, 3]);
  });

  test("baseline: what is better than before but not than the baseline goes on waiting", async () => {
    const losses = [9, 8, 7, 7, 1];
    const early = earlyStopping({ monitor: "loss", patience: 3, baseline: 5 });
    assert.is((await scripted().fit(script(...losses), { epochs: 5, callbacks: early })).epochs.length, 4);
    const none = earlyStopping({ monitor: "loss", patience: 3 });
    assert.is((await scripted().fit(script(...losses), { epochs: 5, callbacks: none })).epochs.length, 5);
  });

  test("startFromEpoch: what comes before is not looked at", async () => {
    const stopping = earlyStopping({ monitor: "loss", startFromEpoch: 2 });
    await scripted().fit(script(1, 2, 9, 8, 8), { epochs: 5, callbacks: stopping });
    assert.equal([stopping.best, stopping.bestEpoch, stopping.stoppedEpoch], [8, 3, 4]);
  });

  test("begins anew with the next training", async () => {
    const model = scripted();
    const stopping = earlyStopping({ monitor: "loss", restoreBestWeights: true });
    await model.fit(script(1, 2), { epochs: 2, callbacks: stopping });
    await model.fit(script(9, 8, 9), { epochs: 3, callbacks: stopping });
    assert.equal([stopping.best, stopping.bestEpoch, stopping.stoppedEpoch], [8, 1, 2]);
    assert.is(bias(model), -3);
  });

  test("moving statistics come back as well, bit for bit", async () => {
    const model = sequential([dense({ units: 5, activation: "tanh" }), batchNormalization(), dense({ units: 1 })], {
      inputShape: [2],
      seed: 3,
    });
    model.compile({ optimizer: adam({ learningRate: 0.3 }), loss: "mse" });
    const x = Float32Array.from({ length: 80 }, (_, i) => Math.sin(i));
    const data = { x, y: x.filter((_, i) => i % 2 === 0) };
    const states: string[][] = [];
    const watch: Callback = { onEpochEnd: () => void states.push(bytesOf(model)) };
    const stopping = earlyStopping({ patience: 30, restoreBestWeights: true });
    const { metrics } = await model.fit(data, {
      epochs: 12,
      batchSize: 8,
      validation: { x: x.map((v) => v * 1.1), y: data.y },
      callbacks: [watch, stopping],
    });
    const losses = metrics.val_loss as number[];
    const least = losses.indexOf(Math.min(...losses));
    assert.ok(least < 11, "the last epoch was the best: another seed is wanted");
    assert.is(stopping.bestEpoch, least);
    assert.is(states[least]?.length, 8);
    assert.equal(bytesOf(model), states[least]);
    assert.not.equal(bytesOf(model), states.at(-1));
  });

  test("a monitor that is no value of the training is an error that names those there are", async () => {
    const model = scripted();
    const before = bytesOf(model);
    const fit = (callbacks: Callback) => model.fit(script(1, 2), { epochs: 2, callbacks });
    await rejects(
      fit(earlyStopping()),
      "invalid-argument",
      /earlyStopping: monitor "val_loss".*There are: loss\..*validation/,
    );
    await rejects(
      fit(reduceLearningRateOnPlateau()),
      "invalid-argument",
      /reduceLearningRateOnPlateau: monitor "val_loss"/,
    );
    await rejects(
      fit(modelCheckpoint({ monitor: "los", mode: "min" })),
      "invalid-argument",
      /monitor "los" names no value/,
    );
    assert.equal(bytesOf(model), before);
  });

  test("auto tells by the name; where it cannot it asks", () => {
    for (const [direction, names] of Object.entries({
      min: "loss val_loss val_digits_loss logLoss val_accuracyLoss meanSquaredError val_mse rmse mae binaryCrossentropy kullbackLeiblerDivergence hinge poisson",
      max: "accuracy acc val_acc lossAccuracy val_top5Accuracy sparseTopKCategoricalAccuracy top1 rocAuc auc precision averagePrecision recall f1 f1Score val_macroF1 r2 r2Score meanIoU cosineSimilarity",
      null: "quality lossScale accuracyDrop recallTime account stop",
    }))
      for (const name of names.split(" ")) assert.is(String(directionOf(name)), direction, name);
    earlyStopping({ monitor: "val_macroF1" });
    try {
      earlyStopping({ monitor: "val_quality" });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /mode "auto" cannot tell.*"val_quality"/);
    }
  });

  test("accuracy is better where there is more of it", async () => {
    const model = sequential([dense({ units: 2, activation: "softmax" })], { inputShape: [1], seed: 2 });
    model.compile({
      optimizer: sgd({ learningRate: 0 }),
      loss: "sparseCategoricalCrossentropy",
      metrics: ["accuracy"],
    });
    const [right] = [...(await model.predict([[1]])).data].map((p) => (p > 0.5 ? 0 : 1));
    const labels = [1 - (right as number), right as number, right as number, 0];
    let epoch = 0;
    const stopping = earlyStopping({ monitor: "accuracy" });
    await model.fit(() => [{ x: [[1]], y: [labels[epoch++] as number] }], { epochs: 4, callbacks: stopping });
    assert.equal([stopping.best, stopping.bestEpoch, stopping.stoppedEpoch], [1, 1, 2]);
  });
});

suite("reduceLearningRateOnPlateau", (test) => {
  /** Rates of each epoch: how far the bias fell. */
  async function ratesOf(
    learningRate: LearningRate,
    losses: readonly number[],
    options: Parameters<typeof reduceLearningRateOnPlateau>[0],
  ) {
    const optimizer = sgd({ learningRate });
    const model = scripted(optimizer);
    const plateau = reduceLearningRateOnPlateau({ monitor: "loss", ...options });
    const biases = [0];
    const watch: Callback = { onEpochEnd: () => void biases.push(bias(model)) };
    await model.fit(script(...losses), { epochs: losses.length, callbacks: [watch, plateau] });
    return { model, optimizer, plateau, rates: biases.slice(1).map((each, i) => (biases[i] as number) - each) };
  }

  test("lowers the rate after patience epochs without a better value", async () => {
    const { rates, optimizer, plateau } = await ratesOf(1, [4, 3, 3, 3, 2, 2, 2, 2], { factor: 0.5, patience: 2 });
    assert.equal(rates, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
    assert.is(optimizer.learningRate, 0.25);
    assert.equal(plateau.reductions, [
      { epoch: 3, from: 1, to: 0.5 },
      { epoch: 6, from: 0.5, to: 0.25 },
    ]);
  });

  test("cooldown: epochs in which none counts", async () => {
    const { plateau } = await ratesOf(1, new Array(12).fill(1), { factor: 0.5, patience: 2, cooldown: 3 });
    // worked through Keras's: reduced after epoch 2; 3 and 4 cool down, 5 ends it and counts, 6 is the second
    assert.equal(
      plateau.reductions.map(({ epoch }) => epoch),
      [2, 6, 10],
    );
  });

  test("minDelta is 1e-4 by default, as in Keras", async () => {
    const falling = [1, 1 - 0.9e-4, 1 - 0.95e-4, 1 - 2e-4, 0.5];
    const { plateau } = await ratesOf(1, falling, { factor: 0.5, patience: 1 });
    assert.equal(
      plateau.reductions.map(({ epoch }) => epoch),
      [1, 2],
    );
  });

  test("not below minLearningRate; then it stays", async () => {
    const { rates, plateau } = await ratesOf(1, new Array(6).fill(1), {
      factor: 0.5,
      patience: 1,
      minLearningRate: 0.375,
    });
    assert.equal(rates, [1, 1, 0.5, 0.375, 0.375, 0.375]);
    assert.is(plateau.reductions.length, 2);
  });

  test("hundreds of reductions end in nothing, not in an error", async () => {
    const { optimizer } = await ratesOf(1, new Array(60).fill(1), { factor: 0.01, patience: 1 });
    assert.ok((optimizer.learningRate as number) < 1e-40);
  });

  test("scales schedules", async () => {
    const schedule = schedules.stepDecay({ initialLearningRate: 1, factor: 0.5, every: 2 });
    const { rates, optimizer, plateau } = await ratesOf(schedule, [1, 1, 1, 1, 1], { factor: 0.25, patience: 2 });
    assert.equal(rates, [1, 1, 0.5, 0.125, 0.0625]);
    assert.is((optimizer.learningRate as (step: number, epoch: number) => number)(0, 0), 0.0625);
    assert.equal(plateau.reductions[0], { epoch: 2, from: 0.5, to: 0.125 });
  });

  test("of schedules of steps: an update of several calls is one step", async () => {
    const schedule = schedules.inverseTimeDecay({ initialLearningRate: 1, decaySteps: 1 });
    const optimizer = sgd({ learningRate: schedule, gradientAccumulationSteps: 2 });
    const plateau = reduceLearningRateOnPlateau({ monitor: "loss", factor: 0.5, patience: 3, minLearningRate: 0.4 });
    await scripted(optimizer).fit(script(1, 1, 1, 1, 1), { epochs: 5, callbacks: plateau });
    // after four calls, two updates, the next rate is a third, below what it may be lowered to
    assert.equal(plateau.reductions, []);
    const lower = reduceLearningRateOnPlateau({ monitor: "loss", factor: 0.5, patience: 3 });
    const fresh = sgd({ learningRate: schedule, gradientAccumulationSteps: 2 });
    await scripted(fresh).fit(script(1, 1, 1, 1, 1), { epochs: 5, callbacks: lower });
    assert.equal(lower.reductions, [{ epoch: 3, from: 1 / 3, to: 1 / 6 }]);
  });

  test("what is left of the rate is in the file, of numbers and of schedules", async () => {
    for (const learningRate of [1, () => 1]) {
      const { model } = await ratesOf(learningRate, [1, 1, 1], { factor: 0.1, patience: 1 });
      const bytes = await model.save();
      const optimizer = sgd({ learningRate });
      const copy = scripted(optimizer);
      await copy.load(bytes);
      await copy.fit(script(1));
      await model.fit(script(1));
      assert.equal(bytesOf(copy), bytesOf(model));
      assert.ok(Math.abs(optimizer.learningRateScale - 0.01) < 1e-15);
      // who loads weights alone keeps the rate that the code says
      const other = sgd({ learningRate });
      await scripted(other).load(bytes, { optimizer: false });
      assert.is(other.learningRateScale, 1);
    }
  });

  test("a file from before a reduction takes it back; setting the rate ends it", async () => {
    const optimizer = sgd({ learningRate: 0.5 });
    const model = scripted(optimizer);
    await model.fit(script(1));
    const bytes = await model.save();
    optimizer.learningRateScale = 0.5;
    assert.is(optimizer.learningRate, 0.25);
    await model.load(bytes);
    assert.is(optimizer.learningRate, 0.5);
    optimizer.learningRateScale = 0.5;
    optimizer.learningRate = 3;
    assert.equal([optimizer.learningRate, optimizer.learningRateScale], [3, 1]);
  });

  test("a scale that is no positive number is refused", () => {
    const optimizer = sgd({ learningRate: 1 });
    for (const value of [0, -1, Number.NaN, 1e39, "1", null]) {
      try {
        optimizer.learningRateScale = value as number;
        assert.unreachable();
      } catch (error) {
        assert.match((error as Error).message, /^sgd: learningRateScale must be a finite number above 0/);
      }
    }
    assert.is(optimizer.learningRate, 1);
  });

  test("a rate read and set again is the same, scaled or not", async () => {
    const optimizer = sgd({ learningRate: (step) => step + 1 });
    optimizer.learningRateScale = 0.5;
    const read = optimizer.learningRate;
    optimizer.learningRate = read;
    assert.is((optimizer.learningRate as (step: number, epoch: number) => number)(3, 0), 2);
  });
});

suite("modelCheckpoint", (test) => {
  test("keeps the model of the best epoch, which goes on from there", async () => {
    const model = scripted(sgd({ learningRate: 1, momentum: 0.5 }));
    const checkpoint = modelCheckpoint({ monitor: "loss" });
    const biases: number[] = [];
    const watch: Callback = { onEpochEnd: () => void biases.push(bias(model)) };
    await model.fit(script(3, 1, 2, 1), { epochs: 4, callbacks: [checkpoint, watch] });
    assert.equal([checkpoint.bestValue, checkpoint.bestEpoch], [1, 1]);
    await model.load(checkpoint.best as Uint8Array);
    assert.is(bias(model), biases[1]);
    await model.fit(script(1), { initialEpoch: 2, callbacks: watch });
    assert.is(bias(model), biases[2], "the velocity is that of the best epoch, too");
  });

  test("begins anew with the next training", async () => {
    const model = scripted();
    const checkpoint = modelCheckpoint({ monitor: "loss" });
    await model.fit(script(1), { callbacks: checkpoint });
    const first = checkpoint.best as Uint8Array;
    await model.fit(script(5, 6), { epochs: 2, callbacks: checkpoint });
    assert.equal([checkpoint.bestValue, checkpoint.bestEpoch], [5, 0]);
    assert.ok((checkpoint.best as Uint8Array).join() !== first.join());
  });
});

suite("monotoneCost", (test) => {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(text);

  test("says nothing while the cost falls", async () => {
    lines.length = 0;
    const cost = monotoneCost({ write });
    const { metrics } = await regression(0.1).fit(line, { epochs: 300, batchSize: 4, callbacks: cost });
    assert.equal(cost.rises, []);
    assert.equal(lines, []);
    assert.ok((metrics.loss?.at(-1) as number) < 1e-3);
  });

  test("tells the first rise, and at the end how many there were", async () => {
    lines.length = 0;
    const cost = monotoneCost({ write });
    await scripted().fit(script(4, 3, 3.5, 2, 6), { epochs: 5, callbacks: cost });
    assert.equal(cost.rises, [
      { epoch: 2, before: 3, after: 3.5 },
      { epoch: 4, before: 2, after: 6 },
    ]);
    assert.is(lines.length, 2);
    assert.match(lines[0] as string, /rose from 3 to 3\.5 in epoch 2/);
    assert.match(lines[1] as string, /rose in 2 of 5 epochs, most in epoch 4: by 4\./);
  });

  test("a rate that is too large is found; stop and error end the training", async () => {
    lines.length = 0;
    const stop = monotoneCost({ action: "stop", write });
    const { epochs } = await regression(0.3).fit(line, { epochs: 30, batchSize: 4, callbacks: stop });
    assert.equal([epochs, stop.rises.length, lines.length], [[0, 1], 1, 1]);
    const error = monotoneCost({ action: "error", write });
    const fit = regression(0.3).fit(line, { epochs: 30, batchSize: 4, callbacks: error });
    await rejects(fit, "invalid-argument", /monotoneCost: the cost rose from .* in epoch 1/);
    assert.is(lines.length, 1);
  });

  test("tolerance is a share of the cost", async () => {
    const cost = monotoneCost({ tolerance: 0.25, write });
    await scripted().fit(script(4, 5, 6.5), { epochs: 3, callbacks: cost });
    assert.equal(
      cost.rises.map(({ epoch }) => epoch),
      [2],
    );
  });

  test("more than one batch an epoch is an error, also where batches come from a function", async () => {
    const model = regression(0.1);
    const fit = (data: Parameters<Model["fit"]>[0], batchSize: number) =>
      model.fit(data, { batchSize, callbacks: monotoneCost() });
    await rejects(fit(line, 2), "invalid-argument", /got 2 batches/);
    await rejects(
      fit(() => [line, line], 4),
      "invalid-argument",
      /got 2 batches/,
    );
    await fit(line, 4);
  });
});

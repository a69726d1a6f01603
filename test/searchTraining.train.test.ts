// Cross-validation, and searches whose objective trains a model.

import type { CrossValidateOptions, Examples, Model } from "../src/index.ts";
import { crossValidate, dense, search, sequential, sgd, spaces } from "../src/index.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { createModel, data, objective } from "./searchObjective.ts";

const parameters = { learningRate: 0.03, units: 6 };
const create = ({ seed }: { seed: number }): Model => createModel(parameters, seed);

/** Predicts the mean of what it was trained on: one weight, whose input is 1, by steps of whole epochs. */
function meanModel(): Model {
  const model = sequential([dense({ units: 1, useBias: false })], { inputShape: [1] });
  model.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: "mse" });
  return model;
}

suite("cross-validation", (test) => {
  test("k models, each scored on the fold that it has not seen: leave-one-out of a mean, by hand", async () => {
    // without example i the mean is (10 - y_i) / 3, its error is y_i - (10 - y_i) / 3 = (4 y_i - 10) / 3
    const y = [1, 2, 3, 4];
    const examples = { x: y.map(() => [1]), y: y.map((each) => [each]) };
    const held: number[] = [];
    const score = async (model: Model, validation: Examples): Promise<number> => {
      held.push((validation.y as number[][])[0]?.[0] as number);
      return (await model.evaluate(validation)).loss as number;
    };
    const result = await crossValidate(meanModel, examples, { k: 4, fit: { epochs: 60, batchSize: 3 }, score });
    assert.equal([...held].sort(), y);
    for (const [i, each] of held.entries()) {
      const expected = ((4 * each - 10) / 3) ** 2;
      assert.ok(Math.abs((result.scores[i] as number) - expected) < 1e-5, `${result.scores[i]}, expected ${expected}`);
    }
    // squares 4, 4/9, 4/9, 4: mean 20/9, deviation 16/9
    assert.ok(Math.abs(result.mean - 20 / 9) < 1e-5, String(result.mean));
    assert.ok(Math.abs(result.deviation - 16 / 9) < 1e-5, String(result.deviation));
    assert.is(result.histories.length, 4);
    assert.match(String(result), /^fold +score\n( +\d +[\d.]+\n){4}mean 2\.222, deviation 1\.778$/);
  });

  test("scores by name; the same again, other folds for another seed", async () => {
    const options: CrossValidateOptions = {
      k: 4,
      stratify: true,
      fit: { epochs: 20, batchSize: 16 },
      score: "accuracy",
    };
    const first = await crossValidate(create, data, options);
    assert.is(first.scores.length, 4);
    assert.ok(first.mean > 0.6, String(first.scores));
    assert.equal((await crossValidate(create, data, options)).scores, first.scores);
    const { scores: losses } = await crossValidate(create, data, { k: 4 });
    const { scores: others } = await crossValidate(create, data, { k: 4, seed: 1 });
    assert.not.equal(losses, others);
  });

  test("nested: a search within each fold's training part", async () => {
    const chosen: number[] = [];
    const { scores } = await crossValidate(
      async ({ train, seed }) => {
        const inner = await search(
          async ({ learningRate }, { split }) => {
            const { train: part, validation } = split(train);
            const model = createModel({ ...parameters, learningRate }, seed);
            await model.fit(part, { epochs: 15, batchSize: 16 });
            return (await model.evaluate(validation)).loss as number;
          },
          { learningRate: spaces.choice([1e-6, 0.05]) },
          { direction: "minimize", method: "grid", cv: 2 },
        );
        chosen.push(inner.best.parameters.learningRate);
        return createModel({ ...parameters, learningRate: inner.best.parameters.learningRate }, seed);
      },
      data,
      { k: 3, fit: { epochs: 15, batchSize: 16 }, score: "accuracy" },
    );
    assert.equal(chosen, [0.05, 0.05, 0.05]);
    assert.is(scores.length, 3);
  });

  test("what goes wrong is said", async () => {
    const model = create({ seed: 1 });
    await rejects(() => crossValidate(() => model, data, { k: 2 }), "invalid-argument", "new model at each call");
    const bare = sequential([dense({ units: 1 })], { inputShape: [2] });
    await rejects(() => crossValidate(() => bare, data), "not-ready", "crossValidate");
    await rejects(() => crossValidate(() => 5 as never, data), "invalid-argument", "createModel");
    await rejects(() => crossValidate(create, data, { k: 65 }), "invalid-argument", "crossValidate: k is 65");
    const flat = { x: data.x.data, y: Float32Array.from(data.y) };
    await rejects(() => crossValidate(create, flat), "invalid-argument", "Give one as { data, shape }.");
    const unlabelled = { x: data.x } as never;
    await rejects(
      () => crossValidate(create, unlabelled, { stratify: true }),
      "invalid-argument",
      "crossValidate: data.y",
    );
    await rejects(() => crossValidate(create, data, { score: "acuracy" }), "invalid-argument", "acuracy");
    await rejects(() => crossValidate(create, data, { score: () => Number.NaN }), "non-finite", "score");
    await rejects(() => crossValidate(create, data, { fit: { epochs: 0 } }), "invalid-argument", "epochs");
    const reason = new Error("enough");
    try {
      await crossValidate(create, data, { fit: { signal: AbortSignal.abort(reason) } });
      throw new Error("nothing was thrown");
    } catch (error) {
      assert.is(error, reason);
    }
  });
});

suite("searches that train", (test) => {
  const space = { learningRate: spaces.logUniform(1e-4, 1e-1), units: spaces.integer(2, 8) };
  const options = { direction: "minimize", method: "hyperband", budget: 9, seed: 3 } as const;

  test("going on from a state gives what a whole run gives, bit for bit", async () => {
    const going = await search(objective, space, options);
    const whole = await search(
      (given, context) => objective(given, { ...context, state: null, budgetBefore: 0 }),
      space,
      options,
    );
    assert.equal(
      going.trials.map(({ value }) => value),
      whole.trials.map(({ value }) => value),
    );
    assert.ok(going.best.budget > 1, going.table());
  });

  test("the learning rate of a run is steered, and the run is stopped", async () => {
    const rates: unknown[] = [];
    const { trials } = await search(
      async ({ learningRate }, { watch, seed }) => {
        const model = sequential([dense({ units: 2, activation: "softmax" })], { inputShape: [2], seed });
        const optimizer = sgd({ learningRate });
        model.compile({ optimizer, loss: "sparseCategoricalCrossentropy" });
        const record = { onEpochBegin: () => rates.push(optimizer.learningRate) };
        await model.fit(data, { epochs: 50, callbacks: [record, watch("loss", optimizer)] });
        return 1;
      },
      { learningRate: spaces.constant(0.5 as number) },
      {
        direction: "minimize",
        trials: 1,
        steer({ step, parameters }) {
          if (step === 0 || step === 2) return { set: { learningRate: parameters.learningRate / 2 } };
          return { stop: step === 4 };
        },
      },
    );
    assert.equal(rates, [0.5, 0.25, 0.25, 0.125, 0.125]);
    assert.is(trials[0]?.status, "stopped");
    assert.is(trials[0]?.value, trials[0]?.reports[4]?.value);
    assert.is(trials[0]?.reports.length, 5);
  });

  test("a name that an epoch does not give fails the trial", async () => {
    const { trials } = await search(
      async (_, { watch, seed }) => {
        const model = createModel(parameters, seed);
        await model.fit(data, { epochs: 1, callbacks: watch("val_loss") });
        return 1;
      },
      space,
      { direction: "minimize", trials: 1 },
    );
    assert.match(trials[0]?.error?.message ?? "", /val_loss.*loss, accuracy/);
  });

  test("a signal ends a search within a step of the training", async () => {
    const stop = new AbortController();
    let batches = 0;
    const onBatchEnd = (): void => {
      if (++batches === 3) stop.abort("enough");
    };
    const running = search(
      async (given, { seed, signal }) => {
        const model = createModel(given, seed);
        await model.fit(data, {
          epochs: 1000,
          batchSize: 4,
          signal,
          callbacks: { onBatchEnd },
        });
        return 1;
      },
      space,
      { direction: "minimize", trials: 3, signal: stop.signal },
    );
    let reason: unknown;
    await running.catch((error: unknown) => {
      reason = error;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.is(reason, "enough");
    assert.is(batches, 3);
  });
});

// Trials of a search: folds, steering, what goes wrong, how a search ends.

import type { Executor, Objective, SearchOptions, TrialResult } from "../src/index.ts";
import { search, spaces } from "../src/index.ts";
import { rejects, thrownBy } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { bowl, least, memory, space } from "./searchBowl.ts";

suite("cross-validation in a trial", (test) => {
  const data = { x: Array.from({ length: 10 }, (_, i) => [i]), y: Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 1, 1) };

  test("the objective is called for each fold, each example is held out once, the mean counts", async () => {
    const held: number[] = [];
    const objective: Objective = (_, { split, fold, trial }) => {
      const { train, validation } = split(data);
      const rows = validation.x.map(([row]) => row as number);
      assert.equal(
        [...rows, ...train.x.map(([row]) => row as number)].sort((a, b) => a - b),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      assert.equal(
        [...validation.y],
        rows.map((row) => (row < 6 ? 0 : 1)),
      );
      if (trial.index === 0) held.push(...rows);
      return { value: fold as number, metrics: { rows: rows.length } };
    };
    const { trials } = await search(objective, space, { ...least, trials: 2, cv: 3 });
    assert.equal(
      held.sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    for (const { value, scores, metrics } of trials) {
      assert.equal([value, scores], [1, [0, 1, 2]]);
      assert.ok(Math.abs((metrics.rows as number) - 10 / 3) < 1e-12);
    }
  });

  test("the same folds in every trial; with classes in proportion", async () => {
    const parts: string[] = [];
    const objective: Objective = (_, { split }) => {
      const { validation } = split(data);
      assert.is(
        validation.y.reduce((sum, each) => sum + each, 0),
        2,
      );
      return parts.push(JSON.stringify(validation.x));
    };
    await search(objective, space, { ...least, trials: 2, cv: { k: 2, stratify: true } });
    assert.equal(parts.slice(2), parts.slice(0, 2));
    assert.not.equal(parts[0], parts[1]);
  });

  test("a fold that fails is a trial that fails; without cv there are no folds", async () => {
    const failing = await search((_, { fold }) => (fold === 1 ? Number.NaN : 1), space, { ...least, trials: 1, cv: 2 });
    assert.equal([failing.trials[0]?.status, failing.trials[0]?.value], ["failed", null]);
    const { trials } = await search((_, { split }) => split(data).train.x.length, space, { ...least, trials: 1 });
    assert.match(trials[0]?.error?.message ?? "", /cv/);
  });
});

suite("steering", (test) => {
  test("hyperparameters change while a trial runs, and it is noted", async () => {
    const rates: number[] = [];
    const objective: Objective<{ readonly rate: number }> = async ({ rate }, { report }) => {
      for (let step = 0; step < 4; step++) {
        rates.push(rate);
        ({ rate } = await report(step, 10 - step));
      }
      return 6;
    };
    const moments: unknown[] = [];
    const { trials } = await search(
      objective,
      { rate: spaces.constant(1 as number) },
      {
        ...least,
        trials: 1,
        async steer({ trial, step, value, reports, parameters }) {
          moments.push([trial.index, step, value, reports.length, parameters.rate]);
          return step === 1 ? { set: { rate: parameters.rate / 2 } } : undefined;
        },
      },
    );
    assert.equal(rates, [1, 1, 0.5, 0.5]);
    assert.equal(moments, [
      [0, 0, 10, 1, 1],
      [0, 1, 9, 2, 1],
      [0, 2, 8, 3, 0.5],
      [0, 3, 7, 4, 0.5],
    ]);
    const [trial] = trials;
    assert.equal(trial?.steered, [{ step: 1, set: { rate: 0.5 } }]);
    assert.equal(trial?.reports.at(-1), { step: 3, value: 7 });
    assert.equal(trial?.parameters, { rate: 1 });
  });

  test("each fold begins with the hyperparameters of the trial, and a fold that is stopped counts by its last report", async () => {
    const rates: number[] = [];
    const objective: Objective<{ readonly rate: number }> = async ({ rate }, { report, fold }) => {
      rates.push(rate);
      await report(0, 10 * (fold as number));
      await report(1, 10 * (fold as number) + 1);
      return 5;
    };
    const steer: SearchOptions<{ readonly rate: number }>["steer"] = ({ step, value }) =>
      step === 0 ? { set: { rate: 9 } } : { stop: value === 11 };
    const options = { ...least, trials: 1, cv: 3, steer };
    const { trials } = await search(objective, { rate: spaces.constant(1 as number) }, options);
    assert.equal(rates, [1, 1]);
    assert.equal([trials[0]?.status, trials[0]?.scores, trials[0]?.value], ["stopped", [5, 11], 8]);
  });

  test("a trial that is stopped has the value that it reported last", async () => {
    const steps: number[] = [];
    const objective: Objective = async (_, { report, trial }) => {
      for (let step = 0; ; step++) {
        steps.push(trial.index);
        await report(step, 5 - step);
      }
    };
    const { trials, best } = await search(objective, space, {
      ...least,
      trials: 2,
      steer: ({ step, trial }) => ({ stop: step === 1 + trial.index }),
    });
    assert.equal(
      trials.map(({ status, value }) => [status, value]),
      [
        ["stopped", 4],
        ["stopped", 3],
      ],
    );
    assert.equal(steps, [0, 0, 1, 1, 1]);
    assert.is(best.index, 1);
  });

  test("a value that is none fails the trial; what steer gets wrong ends the search", async () => {
    const diverging = await search(async (_, { report }) => Number(await report(0, Number.NaN)), space, {
      ...least,
      trials: 1,
    });
    assert.match(diverging.trials[0]?.error?.message ?? "", /step 0/);
    const objective: Objective = async (_, { report }) => {
      await report(0, 1);
      return 1;
    };
    const steered = (steer: unknown) => () => search(objective, space, { ...least, trials: 3, steer: steer as never });
    await rejects(
      steered(() => ({ set: { speed: 1 } })),
      "unknown-option",
      "speed",
      "rate",
    );
    await rejects(
      steered(() => ({ pause: true })),
      "unknown-option",
      "pause",
    );
    // what no worker can be sent and no journal can hold
    for (const rate of [Number.NaN, () => 1, undefined])
      await rejects(
        steered(() => ({ set: { rate } })),
        "invalid-argument",
        "set.rate",
      );
    const error = new RangeError("mine");
    assert.is(
      await thrownBy(
        steered(() => {
          throw error;
        }),
      ),
      error,
    );
  });
});

suite("the end of a search", (test) => {
  test("a signal ends it at once, also where the objective takes no notice", async () => {
    const stop = new AbortController();
    let begun = 0;
    const running = search(
      () => {
        begun++;
        return new Promise<number>(() => {});
      },
      space,
      { ...least, trials: 5, signal: stop.signal },
    );
    setTimeout(() => stop.abort(new Error("enough")), 20);
    const before = performance.now();
    assert.is(((await thrownBy(() => running)) as Error).message, "enough");
    assert.ok(performance.now() - before < 1000);
    assert.is(begun, 1);
    await rejects(
      () => search(bowl, space, { ...least, trials: 1, signal: {} as never }),
      "invalid-argument",
      "signal",
    );
    assert.is(await thrownBy(() => search(bowl, space, { ...least, trials: 1, signal: AbortSignal.abort(7) })), 7);
  });

  test("the objective's signal is aborted with the search", async () => {
    const stop = new AbortController();
    let reason: unknown;
    const running = search(
      (_, { signal }) =>
        new Promise<number>((__, reject) => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(reason);
          });
          stop.abort("now");
        }),
      space,
      { ...least, trials: 5, signal: stop.signal },
    );
    assert.is(await thrownBy(() => running), "now");
    assert.is(reason, "now");
  });

  test("when its time is up it resolves with what is done; what had begun does not count", async () => {
    const never = new Promise<number>(() => {});
    const result = await search((_, { trial }) => (trial.index < 2 ? 1 : never), space, {
      ...least,
      trials: 5,
      timeLimitSeconds: 0.05,
    });
    assert.is(result.trials.length, 2);
    assert.not(result.complete);
  });

  test("also where the objective never waits", async () => {
    const busy = () => {
      const until = performance.now() + 5;
      while (performance.now() < until);
      return 1;
    };
    const result = await search(busy, space, { ...least, trials: 500, timeLimitSeconds: 0.1 });
    assert.ok(result.trials.length > 0 && result.trials.length < 100, String(result.trials.length));
  });

  test("a trial that takes too long has failed, and the search goes on", async () => {
    const never = new Promise<number>(() => {});
    const result = await search((_, { trial }) => (trial.index === 0 ? never : 1), space, {
      ...least,
      trials: 2,
      trialSeconds: 0.05,
    });
    assert.equal(
      result.trials.map(({ status, error }) => error?.name ?? status),
      ["TimeoutError", "completed"],
    );
  });

  test("onTrial hears of each; what it throws ends the search", async () => {
    const heard: unknown[] = [];
    await search(bowl, space, {
      ...least,
      trials: 3,
      onTrial: ({ index }, { done, total }) => heard.push([index, done, total]),
    });
    assert.equal(heard, [
      [0, 1, 3],
      [1, 2, 3],
      [2, 3, 3],
    ]);
    const error = new Error("mine");
    const onTrial = async () => {
      throw error;
    };
    assert.is(await thrownBy(() => search(bowl, space, { ...least, trials: 3, onTrial })), error);
  });

  test("an executor that ends early, or answers what was not asked", async () => {
    const empty: Executor = { async *run() {} };
    await rejects(() => search(empty, space, { ...least, trials: 2 }), "invalid-argument", "2 trials");
    const wrong: Executor = {
      async *run() {
        yield { index: 9, status: "completed", value: 1 } as TrialResult;
      },
    };
    await rejects(() => search(wrong, space, { ...least, trials: 2 }), "invalid-argument", "trial 9");
    const yielding = (result: unknown): Executor => ({
      async *run() {
        yield result as TrialResult;
      },
    });
    await rejects(() => search(yielding(5), space, { ...least, trials: 2 }), "invalid-argument", "got 5");
    const done = yielding({ index: 0, status: "done", value: 1 });
    await rejects(() => search(done, space, { ...least, trials: 2 }), "invalid-argument", '"completed"');
    await rejects(
      () => search({ run: () => 5 } as never, space, { ...least, trials: 2 }),
      "invalid-argument",
      "async iterable",
    );
  });

  test("an executor tells the number, the end and the value of a trial, and need not tell more", async () => {
    const short: Executor = {
      async *run(trials) {
        for await (const { index } of trials)
          yield index === 1 ? { index, status: "failed", value: null } : { index, status: "completed", value: index };
      },
    };
    const journal = memory();
    const { trials, best, table } = await search(short, space, { ...least, trials: 3, journal });
    assert.equal(
      trials.map(({ value, reports, seconds }) => [value, reports, seconds]),
      [
        [0, [], 0],
        [null, [], 0],
        [2, [], 0],
      ],
    );
    assert.is(best.index, 0);
    assert.match(table(), /failed: Error/);
    const again = await search(short, space, { ...least, trials: 3, journal });
    assert.equal(again.trials, trials);
  });
});

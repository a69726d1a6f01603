// Searches with objectives that are formulas: methods, journals, shards, steering, what goes wrong.

import type { Executor, JournalStorage, Objective, SearchOptions, TrialResult } from "../src/index.ts";
import { LanewiseError, mergeJournals, search, spaces } from "../src/index.ts";
import { halvingRungs, hyperbandBrackets } from "../src/search/halving.ts";
import { assert, suite } from "./harness.ts";

const space = { rate: spaces.logUniform(1e-4, 1), units: spaces.integer(1, 64), kind: spaces.choice(["a", "b"]) };
type P = { readonly rate: number; readonly units: number; readonly kind: "a" | "b" };

/** Least, 0, at rate 0.01, 20 units and kind "b". */
const bowl: Objective<P> = ({ rate, units, kind }) =>
  Math.log10(rate / 0.01) ** 2 + ((units - 20) / 64) ** 2 + (kind === "b" ? 0 : 0.1);

const least = { direction: "minimize" } as const;

/** What of a result does not depend on the clock. */
const facts = ({ trials }: { trials: readonly { seconds: number }[] }): unknown =>
  trials.map(({ seconds: _, ...rest }) => rest);

/** A journal in memory. */
function memory(text = ""): JournalStorage & { text: string } {
  const self = {
    text,
    read: () => self.text,
    append(line: string) {
      self.text += line;
    },
  };
  return self;
}

async function thrown(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** The error of a call that must be refused: its code, and that its message has the words. */
async function refused(run: () => Promise<unknown>, code: string, ...words: readonly string[]): Promise<void> {
  const error = await thrown(run);
  assert.instance(error, LanewiseError);
  assert.is((error as LanewiseError).code, code, (error as Error).message);
  for (const word of words) assert.ok((error as Error).message.includes(word), (error as Error).message);
}

/** Runs trials in another order than they come: all that are there, the last first. */
function backwards(objective: Objective<P>): Executor {
  return {
    async *run(trials) {
      const waiting: TrialResult[] = [];
      const source = trials[Symbol.asyncIterator]();
      let next = source.next();
      for (;;) {
        const none = new Promise<null>((resolve) => setTimeout(resolve, 5, null));
        const got = await Promise.race([next, none]);
        if (got === null) {
          while (waiting.length > 0) yield waiting.pop() as TrialResult;
          if ((await next).done) return;
          continue;
        }
        if (got.done) return;
        next = source.next();
        const { index, parameters } = got.value;
        const value = (await objective(parameters as P, {} as never)) as number;
        const empty = { scores: [value], metrics: {}, error: null, seconds: 0, reports: [], steered: [], states: [] };
        waiting.push({ index, status: "completed", value, ...empty });
      }
    },
  };
}

suite("search", (test) => {
  test("the best is the least or the greatest, and what it was tried with", async () => {
    const seen: P[] = [];
    const objective: Objective<P> = (parameters, context) => {
      seen.push(parameters);
      return bowl(parameters, context);
    };
    const result = await search(objective, space, { ...least, trials: 30, seed: 1 });
    const values = seen.map((each) => bowl(each, {} as never) as number);
    assert.equal(
      result.trials.map(({ parameters }) => parameters),
      seen,
    );
    assert.equal(
      result.trials.map(({ value }) => value),
      values,
    );
    assert.is(result.best.value, Math.min(...values));
    assert.is(result.best.index, values.indexOf(Math.min(...values)));
    assert.equal(
      result.ranking.map(({ value }) => value),
      [...values].sort((a, b) => a - b),
    );
    assert.ok(result.complete);
    const greatest = await search(bowl, space, { direction: "maximize", trials: 30, seed: 1 });
    assert.is(greatest.best.value, Math.max(...values));
  });

  test("trials are given a number, a seed of their own, a budget", async () => {
    const contexts: unknown[] = [];
    const options = { ...least, trials: 3, budget: 5, seed: 2 };
    const objective: Objective = (_, { trial, seed, budget, budgetBefore, state, fold }) => {
      contexts.push([trial.index, trial.seed === seed, budget, budgetBefore, state, fold]);
      return seed;
    };
    const { trials } = await search(objective, space, options);
    assert.equal(contexts, [
      [0, true, 5, 0, null, null],
      [1, true, 5, 0, null, null],
      [2, true, 5, 0, null, null],
    ]);
    assert.is(new Set(trials.map(({ value }) => value)).size, 3);
    assert.equal(facts(await search(objective, space, options)), facts({ trials }));
  });

  for (const options of [
    { method: "random", trials: 12 },
    { method: "grid", points: 2 },
    { method: "coarseToFine", trials: 12, stages: 3 },
    { method: "successiveHalving", trials: 9, budget: 9 },
    { method: "hyperband", budget: 9 },
  ] as const) {
    test(`${options.method}: the same trials in whatever order they end`, async () => {
      const [forwards, back] = [
        await search(bowl, space, { ...least, ...options }),
        await search(backwards(bowl), space, { ...least, ...options }),
      ];
      assert.equal(facts(back), facts(forwards));
      assert.is(back.best.index, forwards.best.index);
      assert.ok(back.complete);
    });
  }

  test("what fails is noted with its error, and never the best", async () => {
    const objective: Objective = async (_, { trial: { index } }) => {
      if (index === 0) throw new TypeError("no such thing");
      if (index === 1) return Number.NaN;
      if (index === 2) return Number.NEGATIVE_INFINITY;
      if (index === 3) return "0.5" as never;
      if (index === 4) return { value: 1, metrics: { loss: Number.NaN } };
      return index === 5 ? { value: 7, metrics: { loss: 0.5 } } : 8;
    };
    const result = await search(objective, space, { ...least, trials: 7 });
    assert.equal(
      result.trials.map(({ status, value, error }) => [status, value, error?.name ?? null]),
      [
        ["failed", null, "TypeError"],
        ["failed", null, "LanewiseError"],
        ["failed", null, "LanewiseError"],
        ["failed", null, "LanewiseError"],
        ["failed", null, "LanewiseError"],
        ["completed", 7, null],
        ["completed", 8, null],
      ],
    );
    assert.is(result.trials[0]?.error?.message, "no such thing");
    assert.is(result.best.index, 5);
    assert.equal(result.best.metrics, { loss: 0.5 });
    assert.is(result.ranking.length, 2);
    const none = await search(() => Number.NaN, space, { ...least, trials: 3 });
    await refused(async () => none.best, "not-ready", "3 failed", "NaN");
    assert.match(none.table(), /failed: LanewiseError: .*NaN/);
    const long = await search(
      () => {
        throw new Error(`${"no ".repeat(60)}\nat all`);
      },
      space,
      { ...least, trials: 2 },
    );
    assert.ok(long.table().includes(`failed: Error: ${"no ".repeat(60).slice(0, 79)}…`), long.table());
    assert.is(long.table().split("\n").length, 3);
  });

  test("of equal values that with the greater budget, then the first", async () => {
    const result = await search(() => 1, space, {
      ...least,
      method: "successiveHalving",
      trials: 4,
      budget: 4,
      eta: 2,
    });
    assert.is(result.best.budget, 4);
    assert.is((await search(() => 1, space, { ...least, trials: 4 })).best.index, 0);
  });

  test("a table of the best, one line each", async () => {
    const result = await search(
      ({ units }) => units / 8,
      { units: spaces.integer(1, 4) },
      { ...least, method: "grid", points: 4 },
    );
    const lines = result.table({ rows: 3 }).split("\n");
    assert.is(lines.pop(), "... and 1 more");
    assert.equal(
      lines.map((line) => line.trim().split(/ +/).toSpliced(2, 1)),
      [
        ["trial", "value", "units"],
        ["0", "0.125", "1"],
        ["1", "0.25", "2"],
        ["2", "0.375", "3"],
      ],
    );
    assert.is(result.table().split("\n").length, 5);
  });
});

suite("methods of search", (test) => {
  test("coarse to fine: stages lie within 30 % of each side around the best so far, choices among those of the best quarter", async () => {
    const { trials } = await search(bowl, space, { ...least, method: "coarseToFine", trials: 30, seed: 5 });
    assert.is(trials.length, 30);
    const numberOf = ({ value }: { value: number | null }) => value as number;
    for (const [first, side] of [
      [10, 0.3],
      [20, 0.09],
    ] as const) {
      const before = trials.slice(0, first).sort((a, b) => numberOf(a) - numberOf(b));
      const stage = trials.slice(first, first + 10);
      const place = ({ parameters }: { parameters: P }) => (Math.log10(parameters.rate) + 4) / 4;
      const places = stage.map(place);
      assert.ok(Math.max(...places) - Math.min(...places) <= side, String(places));
      assert.ok(Math.max(...places) - Math.min(...places) > side / 3, String(places));
      const center = place(before[0] as (typeof trials)[number]);
      for (const each of places) assert.ok(Math.abs(each - center) <= side, `${each} is far from ${center}`);
      const kinds = new Set(before.slice(0, Math.ceil(first / 4)).map(({ parameters }) => parameters.kind));
      for (const { parameters } of stage) assert.ok(kinds.has(parameters.kind));
    }
    const random = await search(bowl, space, { ...least, trials: 30, seed: 5 });
    assert.equal(facts({ trials: trials.slice(0, 10) }), facts({ trials: random.trials.slice(0, 10) }));
    assert.ok(Math.min(...trials.slice(20).map(numberOf)) < Math.min(...trials.slice(0, 10).map(numberOf)));
  });

  test("hyperband's brackets for R = 81 and eta = 3, Table 1 of the paper", () => {
    const table = hyperbandBrackets({ budget: 81, minBudget: 1, eta: 3 }).map((rungs) =>
      rungs.map(({ trials, budget }) => [trials, budget]),
    );
    assert.equal(table, [
      [
        [81, 1],
        [27, 3],
        [9, 9],
        [3, 27],
        [1, 81],
      ],
      [
        [34, 3],
        [11, 9],
        [3, 27],
        [1, 81],
      ],
      [
        [15, 9],
        [5, 27],
        [1, 81],
      ],
      [
        [8, 27],
        [2, 81],
      ],
      [[5, 81]],
    ]);
  });

  test("budgets that are no power of eta, or no whole numbers; halving with few trials", () => {
    const list = (rungs: readonly { trials: number; budget: number }[]) =>
      rungs.map(({ trials, budget }) => [trials, budget]);
    assert.equal(list(halvingRungs(81, { budget: 81, minBudget: 1, eta: 3 })).at(-1), [1, 81]);
    assert.equal(list(halvingRungs(10, { budget: 100, minBudget: 1, eta: 3 })), [
      [10, 11],
      [3, 33],
      [1, 100],
    ]);
    assert.equal(list(halvingRungs(100, { budget: 8, minBudget: 2, eta: 2 })), [
      [100, 2],
      [50, 4],
      [25, 8],
    ]);
    assert.equal(list(halvingRungs(1, { budget: 7, minBudget: 1, eta: 3 })), [[1, 7]]);
    assert.equal(list(halvingRungs(4, { budget: 1, minBudget: 0.25, eta: 2 })), [
      [4, 0.25],
      [2, 0.5],
      [1, 1],
    ]);
  });

  test("halving: the best third goes on, with its hyperparameters, seed and state, and three times the budget", async () => {
    const seen: { index: number; budget: number; before: number; seed: number; state: number | null }[] = [];
    const objective: Objective<P> = (parameters, { trial, seed, budget, budgetBefore, state }) => {
      seen.push({ index: trial.index, budget, before: budgetBefore, seed, state: state?.[0] ?? null });
      return { value: bowl(parameters, {} as never) as number, state: Uint8Array.of(trial.index + 100) };
    };
    const { trials } = await search(objective, space, { ...least, method: "successiveHalving", trials: 9, budget: 9 });
    assert.equal(
      trials.map(({ budget }) => budget),
      [1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 9],
    );
    const best = trials
      .slice(0, 9)
      .sort((a, b) => (a.value as number) - (b.value as number))
      .slice(0, 3);
    for (const [i, from] of best.entries()) {
      const { configuration, parameters } = trials[9 + i] as (typeof trials)[number];
      assert.equal({ configuration, parameters }, { configuration: from.configuration, parameters: from.parameters });
      assert.equal(seen[9 + i], {
        index: 9 + i,
        budget: 3,
        before: 1,
        seed: seen[from.index]?.seed,
        state: from.index + 100,
      });
    }
    assert.equal(seen[12]?.state, 109);
    assert.is(seen[12]?.before, 3);
  });

  test("halving goes on with fewer where trials fail, and numbers stay", async () => {
    const objective: Objective<P> = (parameters, { trial }) => {
      if (trial.index > 1 && trial.index < 9) throw new Error("no");
      return bowl(parameters, {} as never);
    };
    const { trials } = await search(objective, space, { ...least, method: "successiveHalving", trials: 9, budget: 9 });
    assert.equal(
      trials.map(({ index }) => index),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12],
    );
  });

  test("options of another method, and those that are missing", async () => {
    const run = (options: object) => () => search(bowl, space, { ...least, ...options } as SearchOptions<P>);
    await refused(run({}), "invalid-argument", '"random"', "trials");
    await refused(run({ method: "grid", trials: 5 }), "invalid-argument", "trials", '"grid"');
    await refused(run({ trials: 5, eta: 3 }), "invalid-argument", "eta", '"random"');
    await refused(run({ method: "hyperband" }), "invalid-argument", "budget");
    await refused(run({ method: "hyperband", budget: 3, minBudget: 4 }), "invalid-argument", "minBudget");
    await refused(run({ method: "coarseToFine", trials: 2, stages: 3 }), "invalid-argument", "stages");
    await refused(run({ method: "grid", points: { speed: 3 } }), "unknown-option", "speed", "rate");
    await refused(run({ method: "grid", points: 5000 }), "invalid-argument", "100000");
  });
});

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
    await refused(
      steered(() => ({ set: { speed: 1 } })),
      "unknown-option",
      "speed",
      "rate",
    );
    await refused(
      steered(() => ({ pause: true })),
      "unknown-option",
      "pause",
    );
    // what no worker can be sent and no journal can hold
    for (const rate of [Number.NaN, () => 1, undefined])
      await refused(
        steered(() => ({ set: { rate } })),
        "invalid-argument",
        "set.rate",
      );
    const error = new RangeError("mine");
    assert.is(
      await thrown(
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
    assert.is(((await thrown(() => running)) as Error).message, "enough");
    assert.ok(performance.now() - before < 1000);
    assert.is(begun, 1);
    await refused(
      () => search(bowl, space, { ...least, trials: 1, signal: {} as never }),
      "invalid-argument",
      "signal",
    );
    assert.is(await thrown(() => search(bowl, space, { ...least, trials: 1, signal: AbortSignal.abort(7) })), 7);
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
    assert.is(await thrown(() => running), "now");
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
    assert.is(await thrown(() => search(bowl, space, { ...least, trials: 3, onTrial })), error);
  });

  test("an executor that ends early, or answers what was not asked", async () => {
    const empty: Executor = { async *run() {} };
    await refused(() => search(empty, space, { ...least, trials: 2 }), "invalid-argument", "2 trials");
    const wrong: Executor = {
      async *run() {
        yield { index: 9, status: "completed", value: 1 } as TrialResult;
      },
    };
    await refused(() => search(wrong, space, { ...least, trials: 2 }), "invalid-argument", "trial 9");
    const yielding = (result: unknown): Executor => ({
      async *run() {
        yield result as TrialResult;
      },
    });
    await refused(() => search(yielding(5), space, { ...least, trials: 2 }), "invalid-argument", "got 5");
    const done = yielding({ index: 0, status: "done", value: 1 });
    await refused(() => search(done, space, { ...least, trials: 2 }), "invalid-argument", '"completed"');
    await refused(
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

suite("journals", (test) => {
  const options = (journal: unknown, more: object = {}): SearchOptions<P> => ({
    ...least,
    trials: 8,
    seed: 4,
    journal: journal as JournalStorage,
    ...more,
  });

  /** Stops a search after so many trials. */
  async function interrupted(journal: JournalStorage, after: number, more: object = {}): Promise<void> {
    const stop = new AbortController();
    const onTrial = (_: unknown, { done }: { done: number }) => done === after && stop.abort("stopped");
    assert.is(
      await thrown(() => search(bowl, space, options(journal, { ...more, onTrial, signal: stop.signal }))),
      "stopped",
    );
  }

  for (const more of [
    {},
    { method: "grid", trials: undefined, points: 2 },
    { method: "coarseToFine", trials: 9 },
    { method: "hyperband", trials: undefined, budget: 9 },
  ])
    test(`${(more as { method?: string }).method ?? "random"}: what was begun is gone on with, to the same trials and the same best`, async () => {
      const whole = await search(bowl, space, options(undefined, more));
      const journal = memory();
      await interrupted(journal, 5, more);
      let run = 0;
      const counted: Objective<P> = (parameters, context) => {
        run++;
        return bowl(parameters, context);
      };
      const resumed = await search(counted, space, options(journal, more));
      assert.is(run, whole.trials.length - 5);
      assert.equal(facts(resumed), facts(whole));
      assert.is(resumed.best.index, whole.best.index);
      assert.equal(resumed.notes, []);
      const again = await search(() => 1e9, space, options(journal, more));
      assert.equal(facts(again), facts(whole));
    });

  test("a line is written for each trial before the next result is taken, the search's first", async () => {
    const journal = memory();
    const lines: number[] = [];
    await search(bowl, space, options(journal, { onTrial: () => lines.push(journal.text.split("\n").length - 1) }));
    assert.equal(lines, [2, 3, 4, 5, 6, 7, 8, 9]);
    const [first, second] = journal.text.split("\n").map((line) => line && JSON.parse(line));
    assert.is(first.event, "search");
    assert.is(second.event, "trial");
    assert.is(second.index, 0);
  });

  test("cut off at any character, it is gone on with; twice", async () => {
    const whole = await search(bowl, space, options(undefined, { trials: 3 }));
    const journal = memory();
    await search(bowl, space, options(journal, { trials: 2 }));
    for (let cut = 0; cut <= journal.text.length; cut += 7) {
      const torn = memory(journal.text.slice(0, cut));
      const isTorn = !["", "\n"].includes(torn.text.at(-1) ?? "") && journal.text[cut] !== "\n";
      const { notes, ...result } = await search(bowl, space, options(torn, { trials: 2 }));
      assert.is(notes.length, isTorn ? 1 : 0, `${cut}: ${notes}`);
      assert.is(result.trials.length, 2);
      torn.text = torn.text.slice(0, -11);
      const last = await search(bowl, space, options(torn, { trials: 3 }));
      assert.equal(facts(last), facts(whole));
      assert.is((await search(bowl, space, options(torn, { trials: 3 }))).notes.length, isTorn ? 2 : 1);
    }
  });

  test("more trials of a random search are added to those that are there", async () => {
    const journal = memory();
    await search(bowl, space, options(journal, { trials: 3 }));
    const longer = await search(bowl, space, options(journal, { trials: 6 }));
    assert.equal(facts(longer), facts(await search(bowl, space, options(undefined, { trials: 6 }))));
  });

  test("failed trials stay failed", async () => {
    const journal = memory();
    const failing: Objective<P> = (_, { trial }) => (trial.index === 1 ? Number.NaN : 1);
    const first = await search(failing, space, options(journal));
    assert.equal(facts(await search(() => 1, space, options(journal))), facts(first));
  });

  test("one of another search is refused, by what differs", async () => {
    const journal = memory();
    await search(bowl, space, options(journal));
    const { text } = journal;
    const wider = { ...space, rate: spaces.logUniform(1e-5, 1) };
    await refused(() => search(bowl, space, options(journal, { seed: 5 })), "bad-file", "seed is 4", "5");
    await refused(() => search(bowl, wider as typeof space, options(journal)), "bad-file", "space");
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, spaces.uniform(0, 1)]));
    const long = memory();
    await search(() => 1, many, options(long) as never);
    await refused(
      () => search(() => 1, { ...many, p8: spaces.uniform(0, 0.5) }, options(long) as never),
      "bad-file",
      "its space",
      "p8",
      "is 1, here it is 0.5",
    );
    await refused(
      () => search(bowl, space, options(journal, { method: "coarseToFine" })),
      "bad-file",
      "method",
      "random",
    );
    await refused(() => search(bowl, space, options(journal, { direction: "maximize" })), "bad-file", "direction");
    await refused(() => search(bowl, space, options(journal, { cv: 2 })), "bad-file", "folds");
    assert.is(journal.text, text);
  });

  test("what is no journal, or damaged, is refused and stays as it is", async () => {
    const good = memory();
    await search(bowl, space, options(good));
    const lines = good.text.split("\n");
    const damaged = [lines[0], `${lines[1]?.slice(0, 40)}`, ...lines.slice(2)].join("\n");
    const incomplete = `${lines[0]}\n{"event":"trial","index":0}\n`;
    for (const text of ["hello", "a,b\n1,2\n", '{"a":1}\n', damaged, incomplete, `${lines[1]}\n`]) {
      const journal = memory(text);
      await refused(() => search(bowl, space, options(journal)), "bad-file", "line");
      assert.is(journal.text, text);
    }
    await refused(
      () => search(bowl, space, options({ ...memory(), append: () => Promise.reject(new Error("full")) })),
      "bad-file",
      "full",
    );
    await refused(
      () => search(bowl, space, options({ ...memory(), read: () => Promise.reject(new Error("gone")) })),
      "bad-file",
      "gone",
    );
  });

  test("another condition under the same name is found by the hyperparameters that it gives", async () => {
    const conditional = (when: (kind: string) => boolean) => ({
      ...space,
      momentum: spaces.conditional("kind", when, spaces.uniform(0, 1)),
    });
    const journal = memory();
    const run = (when: (kind: string) => boolean) => search(() => 1, conditional(when), options(journal) as never);
    await run((kind) => kind === "a");
    await refused(() => run((kind) => kind === "b"), "bad-file", "trial 0");
  });
});

suite("shards", (test) => {
  const options: SearchOptions<P> = { ...least, trials: 11, seed: 6 };
  const shards = ["1/3", "2/3", { index: 2, count: 3 }] as const;

  test("each runs every third trial; all together are the whole, by several journals or by one", async () => {
    const whole = await search(bowl, space, options);
    const journals = shards.map(() => memory());
    for (const [i, shard] of shards.entries()) {
      const part = await search(bowl, space, { ...options, shard, journal: journals[i] as JournalStorage });
      assert.equal(
        part.trials.map(({ index }) => index),
        whole.trials.map(({ index }) => index).filter((index) => index % 3 === i),
      );
      assert.not(part.complete);
      assert.match(part.notes[0] as string, /other shards/);
    }
    const unused: Objective<P> = () => {
      throw new Error("nothing is left to run");
    };
    const [first, second, third] = journals as unknown as [JournalStorage, JournalStorage, JournalStorage];
    const together = await search(unused, space, { ...options, journal: [first, second, third] });
    assert.equal(facts(together), facts(whole));
    const merged = memory();
    assert.is(await mergeJournals(journals, merged), 11);
    const byOne = await search(unused, space, { ...options, journal: merged });
    assert.equal(facts(byOne), facts(whole));
    assert.ok(byOne.complete);
    const twice = memory();
    assert.is(await mergeJournals([first, first, second], twice), 8);
  });

  test("a method that goes by results goes on, stage by stage, with the journals of all", async () => {
    const fine: SearchOptions<P> = { ...options, method: "coarseToFine" };
    const whole = await search(bowl, space, fine);
    const journals = [memory(), memory()];
    let rounds = 0;
    for (let complete = false; !complete; rounds++) {
      for (const index of [0, 1]) {
        const own = [journals[index], journals[1 - index]] as JournalStorage[];
        const part = await search(bowl, space, { ...fine, shard: { index, count: 2 }, journal: own });
        complete = part.complete;
        if (complete) assert.equal(facts(part), facts(whole));
      }
    }
    assert.is(rounds, 2); // the second one goes on to the next stage at once
  });

  test("journals of different searches are not merged, and a target must be empty", async () => {
    const [a, b] = [memory(), memory()];
    await search(bowl, space, { ...options, journal: a });
    await search(bowl, space, { ...options, seed: 7, journal: b });
    const target = memory();
    await refused(() => mergeJournals([a, b], target), "bad-file", "seed");
    await refused(() => mergeJournals([a], b), "invalid-argument", "empty");
    await refused(() => mergeJournals([memory()], target), "empty-data", "sources");
    assert.is(target.text, "");
  });

  test("shards that are none", async () => {
    for (const shard of ["0/4", "5/4", "1", "1/0", { index: 2, count: 2 }, { index: 0 }, 1])
      await refused(() => search(bowl, space, { ...options, shard: shard as never }), "invalid-argument", "shard");
  });
});

suite("importance", (test) => {
  const cube = { a: spaces.uniform(0, 1), b: spaces.uniform(0, 1), c: spaces.uniform(0, 1) };
  const of = async (objective: (p: { a: number; b: number; c: number }) => number, trials = 200) => {
    const rows = (await search(objective, cube, { ...least, trials, seed: 1 })).importance();
    const shares = Object.fromEntries(rows.map(({ parameter, importance }) => [parameter, importance]));
    return { rows, shares: shares as { a: number; b: number; c: number } };
  };

  test("a sum 3a + b: variances 9 to 1, and nothing for what does not count", async () => {
    const { rows, shares } = await of(({ a, b }) => 3 * a + b);
    assert.equal(
      rows.map(({ parameter }) => parameter),
      ["a", "b", "c"],
    );
    assert.ok(Math.abs(shares.a - 0.9) < 0.06, JSON.stringify(shares));
    assert.ok(Math.abs(shares.b - 0.1) < 0.06, JSON.stringify(shares));
    assert.ok(shares.c < 0.02, JSON.stringify(shares));
  });

  test("a and b alike; a product has a part that neither explains alone", async () => {
    const { shares } = await of(({ a, b }) => a + b);
    assert.ok(Math.abs(shares.a - shares.b) < 0.1 && shares.a > 0.4, JSON.stringify(shares));
    // (a - 1/2) (b - 1/2): all of it is interaction
    const { shares: product } = await of(({ a, b }) => (a - 0.5) * (b - 0.5));
    assert.ok(product.a + product.b + product.c < 0.25, JSON.stringify(product));
  });

  test("one trial that went far off changes little; the direction and a constant nothing", async () => {
    const { shares } = await of(({ a, b }) => 3 * a + b);
    const { shares: off } = await of(({ a, b }) => (a > 0.99 ? 1e12 : 3 * a + b));
    assert.ok(Math.abs(off.a - shares.a) < 0.03, JSON.stringify(off));
    const { shares: none } = await of(() => 1);
    assert.equal(none, { a: 0, b: 0, c: 0 });
  });

  test("choices and conditions; below ten trials it is refused; failed ones do not count", async () => {
    const options = { ...least, trials: 60 };
    const mixed = { kind: spaces.choice(["x", "y", "z"]), rate: spaces.logUniform(1e-3, 1) };
    const result = await search(({ kind }) => ({ x: 0, y: 5, z: 1 })[kind], mixed, options);
    const [first, second] = result.importance();
    assert.is(first?.parameter, "kind");
    assert.ok((first?.importance ?? 0) > 0.95 && (second?.importance ?? 1) < 0.03);
    const few = await search((_, { trial }) => (trial.index < 9 ? 1 : Number.NaN), mixed, options);
    await refused(async () => few.importance(), "not-ready", "9");
  });

  test("of trials with different budgets those count whose budget most had", async () => {
    const result = await search(({ a }, { budget }) => a + 100 * budget, cube, {
      ...least,
      method: "hyperband",
      budget: 27,
    });
    assert.is(result.importance()[0]?.parameter, "a");
    assert.ok((result.importance()[0]?.importance ?? 0) > 0.5);
  });
});

// Searches by every method: what they find and try, budgets, how much each hyperparameter counts.

import type { Executor, Objective, SearchOptions, TrialResult } from "../src/index.ts";
import { search, spaces } from "../src/index.ts";
import { halvingRungs, hyperbandBrackets } from "../src/search/halving.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import type { Hyperparameters } from "./searchBowl.ts";
import { bowl, facts, least, space } from "./searchBowl.ts";

/** Runs trials in another order than they come: all that are there, the last first. */
function backwards(objective: Objective<Hyperparameters>): Executor {
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
        const value = (await objective(parameters as Hyperparameters, {} as never)) as number;
        const empty = { scores: [value], metrics: {}, error: null, seconds: 0, reports: [], steered: [], states: [] };
        waiting.push({ index, status: "completed", value, ...empty });
      }
    },
  };
}
suite("search", (test) => {
  test("the best is the least or the greatest, and what it was tried with", async () => {
    const seen: Hyperparameters[] = [];
    const objective: Objective<Hyperparameters> = (parameters, context) => {
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
    await rejects(async () => none.best, "not-ready", "3 failed", "NaN");
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
      const place = ({ parameters }: { parameters: Hyperparameters }) => (Math.log10(parameters.rate) + 4) / 4;
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
    const objective: Objective<Hyperparameters> = (parameters, { trial, seed, budget, budgetBefore, state }) => {
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
    const objective: Objective<Hyperparameters> = (parameters, { trial }) => {
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
    const run = (options: object) => () =>
      search(bowl, space, { ...least, ...options } as SearchOptions<Hyperparameters>);
    await rejects(run({}), "invalid-argument", '"random"', "trials");
    await rejects(run({ method: "grid", trials: 5 }), "invalid-argument", "trials", '"grid"');
    await rejects(run({ trials: 5, eta: 3 }), "invalid-argument", "eta", '"random"');
    await rejects(run({ method: "hyperband" }), "invalid-argument", "budget");
    await rejects(run({ method: "hyperband", budget: 3, minBudget: 4 }), "invalid-argument", "minBudget");
    await rejects(run({ method: "coarseToFine", trials: 2, stages: 3 }), "invalid-argument", "stages");
    await rejects(run({ method: "grid", points: { speed: 3 } }), "unknown-option", "speed", "rate");
    await rejects(run({ method: "grid", points: 5000 }), "invalid-argument", "100000");
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
    await rejects(async () => few.importance(), "not-ready", "9");
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

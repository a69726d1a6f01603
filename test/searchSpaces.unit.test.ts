// Spaces of hyperparameters, through what trials of a search are given.

import type { Space } from "../src/index.ts";
import { search, spaces } from "../src/index.ts";
import golden from "./golden/search.json" with { type: "json" };
import { assert, suite } from "./harness.ts";

/** What `trials` trials of a space are given. */
async function sample<const S extends Space>(space: S, trials: number, seed = 0) {
  const { trials: rows } = await search(() => 0, space, { direction: "minimize", trials, seed });
  return rows.map(({ parameters }) => parameters);
}

/** What a grid tries. */
async function grid<const S extends Space>(space: S, points?: number | Record<string, number>) {
  const { trials } = await search(() => 0, space, { direction: "minimize", method: "grid", ...(points && { points }) });
  return trials.map(({ parameters }) => parameters);
}

/** How many values lie in each of the intervals between neighbouring edges. */
const counts = (values: readonly number[], edges: readonly number[]): number[] =>
  edges.slice(1).map((end, i) => values.filter((value) => value >= (edges[i] as number) && value < end).length);

/** Whether counts are near what is expected: five standard deviations of a binomial distribution. */
function near(actual: readonly number[], shares: readonly number[], total: number): void {
  assert.is(actual.length, shares.length);
  assert.is(
    actual.reduce((a, b) => a + b, 0),
    total,
  );
  for (const [i, share] of shares.entries()) {
    const most = 5 * Math.sqrt(total * share * (1 - share));
    assert.ok(Math.abs((actual[i] as number) - share * total) < most, `${actual} of ${total}, expected ${shares}`);
  }
}

const N = 2000;

suite("spaces", (test) => {
  test("hyperparameters may be called what every object has", async () => {
    const proto = "__proto__";
    const space = {
      [proto]: spaces.uniform(2, 3),
      kind: spaces.choice(["a", "b"]),
      constructor: spaces.conditional("kind", ["a"], spaces.uniform(0, 1)),
    };
    const seen: string[][] = [];
    const objective = (parameters: object) => {
      seen.push(Object.keys(parameters));
      return (parameters as Record<string, number>)[proto] as number;
    };
    const points = { [proto]: 2, kind: 2 };
    const result = await search(objective, space, { direction: "minimize", method: "grid", points });
    assert.equal(
      result.trials.map(({ value }) => value),
      [2, 2, 2, 2, 3, 3, 3, 3],
    );
    const all = [proto, "kind", "constructor"];
    assert.equal(seen, [all, all, all, all.slice(0, 2), all, all, all, all.slice(0, 2)]);
    const [head = "", first = ""] = result.table().split("\n");
    assert.equal(head.trim().split(/ +/).slice(-3), all);
    assert.equal(first.trim().split(/ +/).slice(-3), ["2", "a", "0"]);
    assert.not.match(result.table(), /native code|undefined/);
  });

  test("uniform: every quarter as often, and in its bounds", async () => {
    const values = (await sample({ x: spaces.uniform(-2, 6) }, N)).map(({ x }) => x);
    assert.ok(values.every((x) => x >= -2 && x <= 6));
    near(counts(values, [-2, 0, 2, 4, 6.001]), [0.25, 0.25, 0.25, 0.25], N);
  });

  test("logUniform: every decade as often", async () => {
    const values = (await sample({ x: spaces.logUniform(1e-4, 1) }, N)).map(({ x }) => x);
    assert.ok(values.every((x) => x >= 1e-4 && x <= 1));
    near(counts(values, [1e-4, 1e-3, 1e-2, 1e-1, 1.001]), [0.25, 0.25, 0.25, 0.25], N);
  });

  test("oneMinusLogUniform: every decade of the distance to 1 as often", async () => {
    const values = (await sample({ x: spaces.oneMinusLogUniform(0.9, 0.9999) }, N)).map(({ x }) => x);
    assert.ok(values.every((x) => x >= 0.9 && x <= 0.9999));
    near(counts(values, [0.9, 0.99, 0.999, 1]), [1 / 3, 1 / 3, 1 / 3], N);
  });

  test("integer: each as often, both ends among them; with a step; on a logarithmic scale log((k + 1) / k) / log(8)", async () => {
    const plain = (await sample({ k: spaces.integer(-1, 2) }, N)).map(({ k }) => k);
    near(counts(plain, [-1, 0, 1, 2, 3]), [0.25, 0.25, 0.25, 0.25], N);
    const stepped = (await sample({ k: spaces.integer(10, 35, { step: 10 }) }, N)).map(({ k }) => k);
    assert.equal([...new Set(stepped)].sort(), [10, 20, 30]);
    near(counts(stepped, [10, 20, 30, 40]), [1 / 3, 1 / 3, 1 / 3], N);
    const logs = (await sample({ k: spaces.integer(1, 7, { log: true }) }, N)).map(({ k }) => k);
    const shares = [1, 2, 3, 4, 5, 6, 7].map((k) => Math.log((k + 1) / k) / Math.log(8));
    near(counts(logs, [1, 2, 3, 4, 5, 6, 7, 8]), shares, N);
  });

  test("choice: each option as often; constants as they are", async () => {
    const space = { activation: spaces.choice(["relu", "tanh", null]), epochs: 5, shape: spaces.constant([2, 3]) };
    const values = await sample(space, N);
    near(
      ["relu", "tanh", null].map((each) => values.filter(({ activation }) => activation === each).length),
      [1 / 3, 1 / 3, 1 / 3],
      N,
    );
    assert.equal(values[0], { activation: values[0]?.activation, epochs: 5, shape: [2, 3] });
  });

  test("hyperparameters inside an option are given with this option only", async () => {
    const optimizer = spaces.choice([{ name: "sgd", momentum: spaces.uniform(0, 0.99) }, { name: "adam" }]);
    const values = (await sample({ optimizer }, 60)).map((each) => each.optimizer);
    for (const value of values)
      assert.equal(Object.keys(value), value.name === "sgd" ? ["name", "momentum"] : ["name"]);
    assert.equal(new Set(values.map(({ name }) => name)).size, 2);
    const hidden = spaces.choice([[spaces.integer(8, 64)], [spaces.integer(8, 64), spaces.integer(8, 64)]]);
    const lengths = (await sample({ hidden }, 60)).map((each) => each.hidden.length);
    assert.equal([...new Set(lengths)].sort(), [1, 2]);
  });

  test("conditions: by values and by function, beside and around, in any order, one behind the other", async () => {
    const space = {
      units: [
        spaces.integer(1, 9),
        spaces.conditional("layers", [2, 3], spaces.integer(11, 19)),
        spaces.conditional("layers", (layers: number) => layers === 3, spaces.integer(21, 29)),
      ],
      layers: spaces.integer(1, 3),
      third: spaces.conditional("second", [true], spaces.constant("both")),
      second: spaces.conditional("layers", [3], spaces.choice([true, false])),
    };
    const values = await sample(space, 200);
    for (const { units, layers, second, third } of values) {
      assert.is(units.length, layers);
      assert.equal(
        units.map((n) => Math.floor((n as number) / 10)),
        [0, 1, 2].slice(0, layers),
      );
      assert.is(second !== undefined, layers === 3);
      assert.is(third, second ? "both" : undefined);
    }
    assert.is(new Set(values.map(({ layers }) => layers)).size, 3);
    assert.ok(values.some(({ third }) => third) && values.some(({ second, third }) => second === false && !third));
  });

  test("a space that grows leaves what stood before it", async () => {
    const before = await sample({ a: spaces.uniform(0, 1), b: spaces.logUniform(1, 10) }, 20, 7);
    const after = await sample(
      { a: spaces.uniform(0, 1), b: spaces.logUniform(1, 10), c: spaces.choice(["x", "y"]) },
      20,
      7,
    );
    assert.equal(
      after.map(({ a, b }) => ({ a, b })),
      before,
    );
  });

  test("trial i is the same however many there are, and another for another seed", async () => {
    const space = { rate: spaces.logUniform(1e-5, 1), momentum: spaces.oneMinusLogUniform(0.5, 0.999) };
    const few = await sample(space, 5, 3);
    assert.equal((await sample(space, 50, 3)).slice(0, 5), few);
    assert.not.equal(await sample(space, 5, 4), few);
    assert.is(new Set(few.map(({ rate }) => rate)).size, 5);
  });

  test("the first trials of seed 0 are those of the generator and the formulas (golden/search.py)", async () => {
    const space = {
      rate: spaces.logUniform(1e-4, 1),
      beta: spaces.oneMinusLogUniform(0.9, 0.999),
      units: spaces.integer(8, 256, { log: true }),
    };
    const values = await sample(space, 3);
    for (const [i, expected] of golden.entries()) {
      const { rate, beta, units } = values[i] as (typeof values)[number];
      assert.ok(Math.abs(rate / expected.rate - 1) < 1e-14, `${rate}, expected ${expected.rate}`);
      assert.ok(Math.abs(beta / expected.beta - 1) < 1e-14, `${beta}, expected ${expected.beta}`);
      assert.is(units, expected.units);
    }
  });
});

suite("grids", (test) => {
  test("the ends and what lies between them at even distances, the last hyperparameter fastest", async () => {
    assert.equal(await grid({ a: spaces.uniform(0, 1), b: spaces.choice(["x", "y"]) }), [
      { a: 0, b: "x" },
      { a: 0, b: "y" },
      { a: 0.5, b: "x" },
      { a: 0.5, b: "y" },
      { a: 1, b: "x" },
      { a: 1, b: "y" },
    ]);
  });

  test("decades of a logarithmic scale; whole numbers once each", async () => {
    const rates = (await grid({ rate: spaces.logUniform(1e-4, 1) }, 5)).map(({ rate }) => rate);
    const expected = [1e-4, 1e-3, 1e-2, 1e-1, 1];
    assert.is(rates.length, 5);
    for (const [i, rate] of rates.entries())
      assert.ok(Math.abs(rate / (expected[i] as number) - 1) < 1e-12, String(rates));
    assert.is(rates[0], 1e-4);
    assert.is(rates[4], 1);
    const momenta = (await grid({ m: spaces.oneMinusLogUniform(0.9, 0.999) }, 3)).map(({ m }) => m);
    assert.ok(Math.abs((momenta[1] as number) - 0.99) < 1e-12, String(momenta));
    const of = async (parameter: ReturnType<typeof spaces.integer>, points: number) =>
      (await grid({ k: parameter }, points)).map(({ k }) => k);
    assert.equal(await of(spaces.integer(1, 4), 9), [1, 2, 3, 4]);
    assert.equal(await of(spaces.integer(0, 100), 5), [0, 25, 50, 75, 100]);
    assert.equal(await of(spaces.integer(0, 100, { step: 50 }), 5), [0, 50, 100]);
    assert.equal(await of(spaces.integer(1, 64, { log: true }), 4), [1, 4, 16, 64]);
    assert.equal(await of(spaces.integer(1, 3, { log: true }), 4), [1, 2, 3]);
  });

  test("points for each by name; one point is the middle", async () => {
    const values = await grid({ a: spaces.uniform(0, 1), b: spaces.uniform(0, 8) }, { a: 2, b: 1 });
    assert.equal(values, [
      { a: 0, b: 4 },
      { a: 1, b: 4 },
    ]);
  });

  test("what a condition leaves out does not multiply trials", async () => {
    const optimizer = spaces.choice([{ name: "sgd", momentum: spaces.uniform(0, 1) }, { name: "adam" }]);
    const values = await grid({
      optimizer,
      layers: spaces.integer(1, 2),
      units: spaces.conditional("layers", [2], spaces.choice([8, 16])),
    });
    // sgd has 3 momenta, adam none; one layer, or two with 8 or 16 units
    assert.is(values.length, (3 + 1) * (1 + 2));
    assert.is(new Set(values.map((each) => JSON.stringify(each))).size, values.length);
  });
});

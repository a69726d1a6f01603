// The host's own functions against tables: values from a computation with 60 digits, rounded to the nearest float64 (golden/functions.py).

import { cos, exp, log, pow, sin } from "../src/math.ts";
import { createRandom } from "../src/randomNumbers.ts";
import golden from "./golden/functions.json" with { type: "json" };
import { assert, suite } from "./harness.ts";

/** Distance in units in the last place of `expected`. */
function ulps(actual: number, expected: number): number {
  if (Object.is(actual, expected)) return 0;
  const unit = 2 ** Math.max(-1074, Math.floor(Math.log2(Math.abs(expected))) - 52);
  return Math.abs(actual - expected) / unit;
}

suite("functions on the host", (test) => {
  const close = (f: (x: number) => number, table: readonly (readonly number[])[], most: number): void => {
    for (const [x = 0, expected = 0] of table)
      assert.ok(ulps(f(x), expected) <= most, `${f.name}(${x}) is ${f(x)}, expected ${expected}`);
  };

  test("exp and log to two units in the last place", () => {
    close(exp, golden.exp, 2);
    close(log, golden.log, 2);
  });

  test("sin and cos to 2.3e-16, about two units in the last place of 1", () => {
    for (const [f, table] of [
      [sin, golden.sin],
      [cos, golden.cos],
    ] as const)
      for (const [x = 0, expected = 0] of table)
        assert.ok(Math.abs(f(x) - expected) <= 2.3e-16, `${f.name}(${x}) is ${f(x)}, expected ${expected}`);
  });

  test("the ends of the range", () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    assert.equal(
      [exp(0), exp(-infinity), exp(infinity), exp(710), exp(-746), exp(nan)],
      [1, 0, infinity, infinity, 0, nan],
    );
    assert.equal([log(1), log(0), log(-1), log(infinity), log(nan)], [0, -infinity, nan, infinity, nan]);
    assert.equal([sin(0), cos(0), sin(infinity), cos(nan)], [0, 1, nan, nan]);
  });

  test("pow multiplies for integers and is exp(b log a) otherwise", () => {
    assert.equal(
      [pow(2, 10), pow(2, -3), pow(-3, 3), pow(7, 0), pow(0, 0), pow(1.5, 1)],
      [1024, 0.125, -27, 1, 1, 1.5],
    );
    // 0.95 is rounded, and each squaring doubles the error of what it squares: a hundred roundings in all
    assert.ok(ulps(pow(0.95, 100), 0.0059205292203339975) <= 100);
    assert.ok(ulps(pow(10, 0.5), 3.1622776601683795) <= 4);
    assert.equal([pow(0, 0.5), pow(-2, 0.5), pow(0, -1), pow(1, 0.3)], [0, Number.NaN, Number.POSITIVE_INFINITY, 1]);
  });

  test("random numbers have the moments of their distributions and depend on seed, stream and step", () => {
    const random = createRandom(7, 1);
    let [mean, square, normal, normalSquare] = [0, 0, 0, 0];
    const counts = [0, 0, 0, 0, 0];
    const n = 20000;
    for (let i = 0; i < n; i++) {
      const u = random.uniform();
      assert.ok(u >= 0 && u < 1);
      mean += u / n;
      square += (u * u) / n;
      const z = random.normal();
      normal += z / n;
      normalSquare += (z * z) / n;
      const k = random.integer(5);
      counts[k] = (counts[k] as number) + 1;
    }
    // five standard deviations each
    assert.ok(Math.abs(mean - 1 / 2) < 0.0103);
    assert.ok(Math.abs(square - 1 / 3) < 0.0106);
    assert.ok(Math.abs(normal) < 0.036);
    assert.ok(Math.abs(normalSquare - 1) < 0.05);
    assert.is(counts.length, 5);
    for (const count of counts) assert.ok(Math.abs(count - n / 5) < 285, `${counts}`);
    const first = (seed: number, stream: number, step: number) => createRandom(seed, stream, step).uniform();
    assert.is(new Set([first(1, 0, 0), first(2, 0, 0), first(1, 1, 0), first(1, 0, 1)]).size, 4);
    assert.is(first(1, 0, 0), createRandom(1).uniform());
  });
});

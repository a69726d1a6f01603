// Initializers: limits and deviations by the formulas of the papers, and what they refuse.

import { checkOptions } from "../src/check.ts";
import type { InitialValues } from "../src/graph/variable.ts";
import type { InitializerName } from "../src/initializers.ts";
import { initializerOption, initializers, resolveInitializer } from "../src/initializers.ts";
import { throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";

/** Variance of the numbers that are drawn, by numeric integration where they are cut off. */
function varianceOf(values: InitialValues): number {
  if (values.kind === "uniform") return (values.high - values.low) ** 2 / 12;
  if (values.kind === "normal") return values.deviation ** 2;
  if (values.kind !== "truncatedNormal") return 0;
  let mass = 0;
  let squares = 0;
  for (let i = 0; i < 4000; i++) {
    const z = -2 + (i + 0.5) / 1000;
    const density = Math.exp((-z * z) / 2);
    mass += density;
    squares += z * z * density;
  }
  return (squares / mass) * values.deviation ** 2;
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) <= 1e-6 * expected, `${actual}, expected ${expected}`);

/** Shape, units in, units out. */
const shapes: readonly (readonly [number[], number, number])[] = [
  [[300, 100], 300, 100],
  [[5, 3, 16, 32], 5 * 3 * 16, 5 * 3 * 32],
  [[7, 4, 6], 28, 42],
  [[12], 12, 12],
  [[], 1, 1],
  [[0, 4], 0, 4],
];

suite("initializers", (test) => {
  test("variances are those of the papers, whatever the distribution", () => {
    for (const [shape, fanIn, fanOut] of shapes) {
      const variance = (name: InitializerName) => varianceOf(resolveInitializer("f", "i", name).values(shape));
      for (const form of ["Uniform", "Normal"] as const) {
        near(variance(`glorot${form}`), 2 / Math.max(2, fanIn + fanOut));
        near(variance(`he${form}`), 2 / Math.max(1, fanIn));
        near(variance(`leCun${form}`), 1 / Math.max(1, fanIn));
      }
      near(variance("varianceScaling"), 1 / Math.max(1, fanIn));
      for (const distribution of ["normal", "uniform", "truncatedNormal"] as const) {
        const made = (mode: "fanIn" | "fanOut" | "fanAvg") =>
          varianceOf(initializers.varianceScaling({ scale: 3, mode, distribution }).values(shape));
        near(made("fanIn"), 3 / Math.max(1, fanIn));
        near(made("fanOut"), 3 / Math.max(1, fanOut));
        near(made("fanAvg"), 6 / Math.max(2, fanIn + fanOut));
      }
    }
  });

  test("limits and deviations as Keras has them", () => {
    assert.equal(initializers.glorotUniform().values([2, 4]), { kind: "uniform", low: -1, high: 1 });
    assert.equal(initializers.heUniform().values([6, 1]), { kind: "uniform", low: -1, high: 1 });
    const { kind, deviation } = initializers.leCunNormal().values([4, 9]) as { kind: string; deviation: number };
    assert.is(kind, "truncatedNormal");
    near(deviation, 0.5 / 0.8796256610342398);
    assert.is(initializers.varianceScaling().values([4, 9]).kind, "truncatedNormal");
  });

  test("what is given is taken, what is not has the defaults of Keras", () => {
    const shape = [3, 3];
    assert.equal(initializers.zeros().values(shape), { kind: "constant", value: 0 });
    assert.equal(initializers.ones().values(shape), { kind: "constant", value: 1 });
    assert.equal(initializers.constant({ value: -2.5 }).values(shape), { kind: "constant", value: -2.5 });
    assert.equal(initializers.randomNormal().values(shape), { kind: "normal", mean: 0, deviation: 0.05 });
    assert.equal(initializers.randomUniform().values(shape), { kind: "uniform", low: -0.05, high: 0.05 });
    assert.equal(initializers.truncatedNormal().values(shape), { kind: "truncatedNormal", mean: 0, deviation: 0.05 });
    assert.equal(initializers.randomNormal({ mean: 1, stddev: 0 }).values(shape), {
      kind: "normal",
      mean: 1,
      deviation: 0,
    });
    assert.equal(initializers.randomUniform({ minval: 1, maxval: 1 }).values(shape), {
      kind: "constant",
      value: 1,
    });
  });

  test("an option takes a name or an initializer", () => {
    const made = initializers.heNormal();
    assert.is(resolveInitializer("dense", "kernelInitializer", made), made);
    assert.is(resolveInitializer("dense", "kernelInitializer", "heNormal").name, "heNormal");
    checkOptions("dense", { kernelInitializer: "leCunUniform" }, { kernelInitializer: initializerOption });
    for (const wrong of ["he_normal", "constant", "toString", "", null, 0, {}, initializers.zeros, [made]]) {
      throwsError(
        () => checkOptions("dense", { kernelInitializer: wrong }, { kernelInitializer: initializerOption }),
        "invalid-argument",
        /^dense: kernelInitializer must be an initializer.*glorotUniform.*got/,
      );
    }
  });

  test("wrong calls", () => {
    const { constant, randomNormal, randomUniform, truncatedNormal, varianceScaling } = initializers;
    const wrong: readonly [(options: never) => unknown, string, readonly unknown[]][] = [
      [constant, "value", [null, "1", NaN, Infinity, true]],
      [randomNormal, "mean", [null, "1", NaN, Infinity]],
      [randomNormal, "stddev", [null, "1", NaN, Infinity, -1]],
      [truncatedNormal, "mean", [null, NaN]],
      [truncatedNormal, "stddev", [NaN, -0.1]],
      [randomUniform, "minval", [null, NaN, 1]],
      [randomUniform, "maxval", ["", -Infinity]],
      [varianceScaling, "scale", [null, NaN, Infinity, 0, -1]],
      [varianceScaling, "mode", [null, 1, "fan_in", "FANIN"]],
      [varianceScaling, "distribution", [null, "truncated_normal", 0]],
    ];
    for (const [make, option, values] of wrong) {
      for (const value of values) {
        // the bundle of the tests may have another function of that name: constant2
        const message = new RegExp(`^initializers\\.${make.name.replace(/\d+$/, "")}: ${option} must be`);
        throwsError(() => make({ [option]: value } as never), "invalid-argument", message);
      }
    }
    throwsError(() => constant({} as never), "invalid-argument", /"value" is required/);
    throwsError(() => (constant as (v?: unknown) => unknown)(), "invalid-argument", /options must be an object/);
    for (const make of Object.values(initializers)) {
      throwsError(() => (make as (o: unknown) => unknown)({ seed: 1 }), "unknown-option", /unknown option "seed"/);
      throwsError(() => (make as (o: unknown) => unknown)(3), "invalid-argument", /options must be an object/);
    }
  });
});

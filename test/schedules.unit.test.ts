// Schedules against NumPy and PyTorch in float64 (golden/schedules.py) and against values worked by hand; how they are
// put together; the exponentially weighted average.

import type { Schedule } from "../src/index.ts";
import { exponentialAverage, schedules } from "../src/index.ts";
import { throwsError } from "./errors.ts";
import golden from "./golden/schedules.json" with { type: "json" };
import { assert, suite } from "./harness.ts";

const makers = schedules as unknown as Readonly<Record<string, (options: object) => Schedule>>;

/** Rates of epochs 0, 1, ... or of steps. */
const inEpochs = (schedule: Schedule, count: number, step = 7): number[] =>
  Array.from({ length: count }, (_, epoch) => schedule(step, epoch));
const inSteps = (schedule: Schedule, count: number, epoch = 7): number[] =>
  Array.from({ length: count }, (_, step) => schedule(step, epoch));

function close(actual: readonly number[], expected: readonly number[], tolerance = 1e-14): void {
  assert.is(actual.length, expected.length);
  for (const [i, value] of expected.entries()) {
    const error = Math.abs((actual[i] as number) - value);
    assert.ok(error <= tolerance * Math.max(Math.abs(value), 1e-2), `${i}: ${actual[i]}, expected ${value}`);
  }
}

const refused = (run: () => unknown, text: RegExp): unknown => throwsError(run, "invalid-argument", text);

suite("schedules", (test) => {
  for (const { name, options, values } of golden.cases) {
    test(`${name} ${JSON.stringify(options)} follows its formula`, () => {
      const schedule = (makers[name] as (options: object) => Schedule)(options);
      const times = golden.times.slice(0, values.length);
      close(
        times.map((t) => schedule(t, -1)),
        values,
        2e-14,
      );
      const perEpoch = (makers[name] as (options: object) => Schedule)({ ...options, per: "epoch" });
      assert.equal(
        times.map((t) => perEpoch(-1, t)),
        times.map((t) => schedule(t, -1)),
      );
    });
  }

  test("the same bits in every engine", () => {
    let hash = 0x811c9dc5; // FNV-1a over the bytes of all rates
    for (const { name, options } of golden.cases) {
      const schedule = (makers[name] as (options: object) => Schedule)(options);
      const rates = Float64Array.from(golden.times, (t) => schedule(t, 0));
      for (const byte of new Uint8Array(rates.buffer)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    }
    assert.is(hash.toString(16), "3ec6cc92");
  });

  test("inverseTimeDecay by epochs: the course's 0.2, 0.1, 0.0667, 0.05, 0.04", () => {
    const schedule = schedules.inverseTimeDecay({ initialLearningRate: 0.2, decayRate: 1 });
    close(inEpochs(schedule, 5), [0.2, 0.1, 0.2 / 3, 0.05, 0.04], 1e-15);
    assert.is(schedule(0, 3), schedule(1000, 3));
  });

  test("exponentialDecay by epochs: 0.95^epoch", () => {
    const schedule = schedules.exponentialDecay({ initialLearningRate: 0.2 });
    close(inEpochs(schedule, 4), [0.2, 0.19, 0.1805, 0.171475], 1e-15);
  });

  test("decaySteps count steps, as in Keras, where per does not say otherwise", () => {
    const options = { initialLearningRate: 1, decayRate: 0.5, decaySteps: 2 };
    close(inSteps(schedules.exponentialDecay(options), 5), [1, Math.SQRT1_2, 0.5, Math.SQRT1_2 / 2, 0.25]);
    close(inSteps(schedules.exponentialDecay({ ...options, staircase: true }), 5), [1, 1, 0.5, 0.5, 0.25], 0);
    close(
      inEpochs(schedules.exponentialDecay({ ...options, staircase: true, per: "epoch" }), 5),
      [1, 1, 0.5, 0.5, 0.25],
      0,
    );
    close(
      inSteps(schedules.exponentialDecay({ initialLearningRate: 1, decayRate: 0.5, per: "step" }), 3),
      [1, 0.5, 0.25],
      0,
    );
  });

  test("inverseSqrtDecay: a0 k / sqrt(epoch + 1)", () => {
    close(inEpochs(schedules.inverseSqrtDecay({ initialLearningRate: 0.2 }), 4), [
      0.2,
      0.2 / Math.SQRT2,
      0.2 / Math.sqrt(3),
      0.1,
    ]);
    close(inEpochs(schedules.inverseSqrtDecay({ initialLearningRate: 0.2, k: 2 }), 4).slice(3), [0.2]);
  });

  test("stepDecay halves every so many epochs", () => {
    close(inEpochs(schedules.stepDecay({ initialLearningRate: 0.8, every: 2 }), 6), [0.8, 0.8, 0.4, 0.4, 0.2, 0.2], 0);
  });

  test("piecewiseConstantDecay keeps a value up to and with its boundary, as Keras does", () => {
    const schedule = schedules.piecewiseConstantDecay({ boundaries: [1, 3], values: [1, 0.5, 0.1] });
    assert.equal(inSteps(schedule, 6), [1, 1, 0.5, 0.5, 0.1, 0.1]);
    assert.equal(inSteps(schedules.piecewiseConstantDecay({ boundaries: [], values: [3] }), 2), [3, 3]);
    const first = schedules.piecewiseConstantDecay({ boundaries: [0], values: [1, 2] });
    assert.equal(inSteps(first, 3), [1, 2, 2]);
  });

  test("polynomialDecay is a straight line to its end and stays there", () => {
    const options = { initialLearningRate: 1, decaySteps: 4, endLearningRate: 0.2 };
    close(inSteps(schedules.polynomialDecay(options), 7), [1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2]);
    close(
      inSteps(schedules.polynomialDecay({ ...options, cycle: true }), 9),
      [1, 0.8, 0.6, 0.4, 0.2, 0.5, 0.4, 0.3, 0.2],
    );
  });

  test("cosineDecay: all, half, nothing", () => {
    const schedule = schedules.cosineDecay({ initialLearningRate: 0.2, decaySteps: 10 });
    close([schedule(0, 0), schedule(5, 0), schedule(10, 0), schedule(11, 0)], [0.2, 0.1, 0, 0], 1e-15);
    assert.is(schedule(10, 0), 0);
  });

  test("cosineDecayRestarts begins anew exactly where decays end, also after long", () => {
    const options = { initialLearningRate: 1, firstDecaySteps: 3 };
    const doubling = schedules.cosineDecayRestarts(options);
    for (let i = 1; i < 40; i++) {
      const begin = 3 * (2 ** i - 1);
      assert.is(doubling(begin, 0), 1, `restart ${i}`);
      assert.ok(doubling(begin - 1, 0) < 0.3, `before restart ${i}`);
    }
    for (const tMul of [1, 1 + 1e-15, 1 + 1e-9, 1 + 1e-7, 1.1, 7]) {
      const schedule = schedules.cosineDecayRestarts({ ...options, tMul });
      assert.is(schedule(0, 0), 1);
      for (const t of [1, 2, 1e3, 2 ** 31]) assert.ok(schedule(t, 0) >= 0 && schedule(t, 0) <= 1, `${tMul}, ${t}`);
    }
    const falling = schedules.cosineDecayRestarts({ ...options, tMul: 1, mMul: 0.5 });
    close([falling(0, 0), falling(3, 0), falling(6, 0), falling(9, 0)], [1, 0.5, 0.25, 0.125], 0);
  });

  test("oneCycle rises, falls and stays; every length has finite rates", () => {
    const schedule = schedules.oneCycle({ maxLearningRate: 1, totalSteps: 100 });
    close([schedule(0, 0), schedule(29, 0), schedule(99, 0), schedule(500, 0)], [0.04, 1, 4e-6, 4e-6]);
    const rates = inSteps(schedule, 100);
    for (let t = 1; t < 100; t++) assert.is((rates[t] as number) > (rates[t - 1] as number), t <= 29, `step ${t}`);
    for (let totalSteps = 1; totalSteps < 25; totalSteps++)
      for (const pctStart of [0, 0.1, 0.3, 0.5, 0.99]) {
        const each = schedules.oneCycle({ maxLearningRate: 1, totalSteps, pctStart });
        for (let t = 0; t <= totalSteps; t++)
          assert.ok(each(t, 0) > 0 && each(t, 0) <= 1, `${totalSteps}, ${pctStart}, ${t}: ${each(t, 0)}`);
      }
  });

  test("constant", () => assert.equal(inSteps(schedules.constant(0.3), 2), [0.3, 0.3]));

  test("sequence: each part begins at its boundary, with its own time", () => {
    const fall = schedules.polynomialDecay({ initialLearningRate: 4, endLearningRate: 0, decaySteps: 4 });
    const schedule = schedules.sequence([9, fall, 0.5], [2, 5]);
    close(inSteps(schedule, 8), [9, 9, 4, 3, 2, 0.5, 0.5, 0.5], 0);
    const halves = schedules.stepDecay({ initialLearningRate: 1, every: 1 });
    const perEpoch = schedules.sequence([halves, halves], [2], { per: "epoch" });
    close(inEpochs(perEpoch, 4), [1, 0.5, 1, 0.5], 0);
    assert.equal(inSteps(schedules.sequence([1], []), 2), [1, 1]);
  });

  test("a part counts anew only what its boundary counts", () => {
    const schedule = schedules.sequence([1, (step, epoch) => 100 * step + epoch], [10]);
    assert.is(schedule(12, 3), 203);
    const perEpoch = schedules.sequence([1, (step, epoch) => 100 * step + epoch], [2], { per: "epoch" });
    assert.is(perEpoch(12, 3), 1201);
  });

  test("boundaries given are not followed when they are changed", () => {
    const boundaries = [2];
    const schedule = schedules.sequence([1, 2], boundaries);
    const pieces = schedules.piecewiseConstantDecay({ boundaries, values: [1, 2] });
    boundaries[0] = 100;
    assert.equal([schedule(3, 0), pieces(3, 0)], [2, 2]);
  });

  test("warmup rises in a straight line to the first rate of what follows", () => {
    close(inSteps(schedules.warmup({ steps: 4, learningRate: 0.2 }), 6), [0, 0.05, 0.1, 0.15, 0.2, 0.2]);
    close(inSteps(schedules.warmup({ steps: 2, from: 0.1, learningRate: 0.2 }), 4), [0.1, 0.15, 0.2, 0.2]);
    const main = schedules.cosineDecay({ initialLearningRate: 1, decaySteps: 4 });
    const schedule = schedules.warmup({ steps: 2, learningRate: main });
    close(inSteps(schedule, 7), [0, 0.5, 1, main(1, 0), 0.5, main(3, 0), 0]);
    const perEpoch = schedules.warmup({
      steps: 2,
      per: "epoch",
      from: 0.2,
      learningRate: schedules.inverseTimeDecay({ initialLearningRate: 1 }),
    });
    close(inEpochs(perEpoch, 5), [0.2, 0.6, 1, 0.5, 1 / 3]);
  });

  test("scale", () => {
    assert.is(schedules.scale(schedules.constant(0.5), 3)(1, 1), 1.5);
    assert.is(schedules.scale(0.5, 0)(1, 1), 0);
  });

  test("errors say what to do", () => {
    refused(() => schedules.warmup({ steps: 2, per: "epoch", learningRate: 1 }), /from is required/);
    refused(() => schedules.sequence([1, 2], []), /one fewer/);
    refused(() => schedules.sequence([1, 2], [0]), /boundaries must be an array of integers from 1/);
    refused(
      () => schedules.piecewiseConstantDecay({ boundaries: [2, 2], values: [1, 2, 3] }),
      /greater than the one before/,
    );
    refused(() => schedules.cosineDecay({ initialLearningRate: 1, decaySteps: 0.5 }), /decaySteps/);
    refused(
      () => schedules.cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 2, tMul: 0.9 }),
      /tMul must be at least 1/,
    );
  });
});

suite("exponentialAverage", (test) => {
  test("40, 49, 45 at 0.9: what is kept is raw, what is read is corrected", () => {
    const average = exponentialAverage(0.9);
    const plain = exponentialAverage(0.9, { biasCorrection: false });
    const corrected = [40, 49, 45].map((value) => average.add(value));
    close(corrected, [40, 44.73684210526316, 44.83394833948339], 1e-14);
    close(
      [40, 49, 45].map((value) => plain.add(value)),
      [4, 8.5, 12.15],
      1e-14,
    );
    close(
      [average.raw, average.value, average.count, plain.raw, plain.value],
      [12.15, 44.83394833948339, 3, 12.15, 12.15],
      1e-14,
    );
  });

  test("the window is 1 / (1 - beta)", () => {
    close(
      [0, 0.5, 0.9, 0.98].map((beta) => exponentialAverage(beta).window),
      [1, 2, 10, 50],
      1e-13,
    );
  });

  test("a constant is its own average from the first number on; beta 0 is the last number", () => {
    const average = exponentialAverage(0.99);
    for (let i = 0; i < 2000; i++) assert.ok(Math.abs(average.add(3) - 3) < 1e-12);
    const last = exponentialAverage(0);
    assert.equal([last.add(5), last.add(-7)], [5, -7]);
  });

  test("nothing yet, and numbers that are none", () => {
    const average = exponentialAverage(0.9);
    assert.ok(Number.isNaN(average.value));
    assert.is(average.raw, 0);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "1"])
      refused(() => average.add(value as number), /finite number/);
    assert.is(average.count, 0);
  });
});

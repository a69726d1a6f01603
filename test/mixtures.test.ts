// Examples that are mixed before training: mixup, and overlay of two sources.

import { augment, dense, sequential, sgd } from "../src/index.ts";
import type { Images } from "./augmentation.ts";
import { constant, imageOf, mean, requireUniform } from "./augmentation.ts";
import { assert, suite } from "./harness.ts";

suite("mixup", (test) => {
  const x = { data: Float32Array.from({ length: 40 * 2 }, (_, i) => Math.floor(i / 2)), shape: [40, 2] };
  const y = Int32Array.from({ length: 40 }, (_, i) => i % 4);
  type Batch = { x: Images; y: Images };
  const batchesOf = (source: () => Iterable<unknown>): Batch[] => [...source()] as Batch[];

  test("rows are sums of two, and labels shares of the same two", () => {
    const batches = batchesOf(augment.mixup({ x, y }, { alpha: 1, batchSize: 16, classes: 4, seed: 3 }));
    assert.equal(
      batches.map((b) => [b.x.shape, b.y.shape]),
      [16, 16, 8].map((n) => [
        [n, 2],
        [n, 4],
      ]),
    );
    for (const { x: mixed, y: shares } of batches) {
      for (let i = 0; i < (mixed.shape[0] as number); i++) {
        const [a, b] = imageOf(mixed, i);
        assert.is(a, b);
        const row = imageOf(shares, i);
        assert.ok(Math.abs(row.reduce((s, v) => s + v, 0) - 1) < 1e-6);
        assert.ok(row.filter((v) => v > 0).length <= 2);
      }
    }
  });

  test("with one example a row, each comes once as first and once as second", () => {
    const unit = { data: Float32Array.from({ length: 9 * 9 }, (_, i) => Number(i % 10 === 0)), shape: [9, 9] };
    const [batch] = batchesOf(augment.mixup({ x: unit, y: unit }, { batchSize: 9, seed: 1 }));
    const { x: mixed, y: shares } = batch as Batch;
    assert.equal(mixed.data, shares.data);
    const total = new Float64Array(9);
    for (let i = 0; i < 81; i++) total[i % 9] = (total[i % 9] as number) + (mixed.data[i] as number);
    // the weights of firsts and seconds together: on average 1 each, and 9 in all
    assert.ok(Math.abs(total.reduce((a, b) => a + b, 0) - 9) < 1e-5);
  });

  test("weights are of Beta(alpha, alpha): mean 1/2, variance 1 / (8 alpha + 4)", () => {
    const n = 4000;
    const data = {
      x: { data: new Float32Array(n), shape: [n, 1] },
      y: Int32Array.from({ length: n }, (_, i) => i % 2),
    };
    for (const alpha of [0.1, 0.4, 1, 2.5]) {
      const [batch] = batchesOf(augment.mixup(data, { alpha, batchSize: n, classes: 2 }));
      // pairs of two classes show their weight; those of one show 1
      const weights = Array.from({ length: n }, (_, i) => (batch as Batch).y.data[2 * i] as number);
      const mixed = weights.filter((w) => w > 1e-6 && w < 1 - 1e-6);
      const variance = mean(mixed.map((w) => (w - 0.5) ** 2));
      const wanted = 1 / (8 * alpha + 4);
      assert.ok(Math.abs(mean(mixed) - 0.5) < 0.03, `mean ${mean(mixed)}`);
      // with a small alpha many are within 1e-6 of 0 and 1, and missing here
      if (alpha >= 0.4)
        assert.ok(Math.abs(variance / wanted - 1) < 0.12, `alpha ${alpha}: ${variance}, expected ${wanted}`);
    }
  });

  test("epochs differ, the seed decides, and fit takes it", async () => {
    const make = (seed: number) => augment.mixup({ x, y }, { batchSize: 40, classes: 4, seed });
    const [one, two] = [make(1), make(1)];
    const first = batchesOf(one);
    assert.equal(batchesOf(two), first);
    const second = batchesOf(one);
    assert.not.equal(second, first);
    assert.equal(batchesOf(two), second);
    assert.not.equal(batchesOf(make(2)), first);
    const model = sequential([dense({ units: 4, activation: "softmax" })], { inputShape: [2], seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: "categoricalCrossentropy" });
    const history = await model.fit(augment.mixup({ x, y }, { classes: 4, batchSize: 16, dropRemainder: true }), {
      epochs: 2,
    });
    assert.ok(history.metrics.loss?.every(Number.isFinite));
    assert.is([...augment.mixup({ x, y }, { classes: 4, batchSize: 16, dropRemainder: true })()].length, 2);
  });

  test("batchSize takes the words of fit", () => {
    const sizes = (batchSize: number | "auto" | "full") =>
      batchesOf(augment.mixup({ x, y }, { classes: 4, batchSize })).map((batch) => batch.x.shape[0]);
    assert.equal([sizes("full"), sizes("auto"), sizes(25)], [[40], [40], [25, 15]]);
  });

  test("training that goes on after a load sees the pairs it would have seen", async () => {
    const make = () => {
      const model = sequential([dense({ units: 4, activation: "softmax" })], { inputShape: [2], seed: 1 });
      model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: "categoricalCrossentropy" });
      return model;
    };
    const mixed = () => augment.mixup({ x, y }, { classes: 4, batchSize: 16, seed: 2 });
    const whole = make();
    await whole.fit(mixed(), { epochs: 4 });
    const before = make();
    await before.fit(mixed(), { epochs: 2 });
    const after = make();
    await after.load(await before.save());
    await after.fit(mixed(), { epochs: 2, initialEpoch: 2 });
    assert.equal((await after.predict(x)).data, (await whole.predict(x)).data);
  });

  test("wrong data", () => {
    const wrong = (data: object, options: object, text: RegExp) =>
      assert.throws(() => augment.mixup(data as never, options), text);
    wrong({ x, y }, {}, /classes is required/);
    wrong({ x, y }, { classes: 3 }, /label 3 is 3, expected an integer from 0 to 2/);
    wrong({ x, y: y.subarray(0, 39) }, { classes: 4 }, /as many examples as y, 39/);
    wrong({ x: [], y: [] }, { classes: 4 }, /no examples/);
    wrong({ x, y: x }, { classes: 4 }, /\[40, 2\] does not have 4 classes/);
    wrong({ x, y, z: 1 }, { classes: 4 }, /"z"/);
    wrong({ x, y }, { classes: 4, batchSize: 41, dropRemainder: true }, /no batch of 41 is left of 40 examples/);
  });
});

suite("overlay", (test) => {
  const speech = { data: Float32Array.from({ length: 3 * 5 }, (_, i) => 1000 + i), shape: [3, 5] };
  const noise = { data: Float32Array.from({ length: 2 * 9 }, (_, i) => i), shape: [2, 9] };

  test("adds a part that lies in one piece in one example of the second", () => {
    const { data, shape } = augment.overlay(speech, noise, { gain: 2 });
    assert.equal(shape, [3, 5]);
    for (let i = 0; i < 3; i++) {
      const part = Array.from({ length: 5 }, (_, k) => ((data[i * 5 + k] as number) - 1000 - i * 5 - k) / 2);
      const begin = part[0] as number;
      assert.equal(
        part,
        [0, 1, 2, 3, 4].map((k) => begin + k),
      );
      assert.ok(begin % 9 <= 4 && Number.isInteger(begin), `${begin}`);
    }
  });

  test("every place and example is taken, the seed decides, an example does not depend on the others", () => {
    const many = constant(0, 500, 5);
    const { data } = augment.overlay(many, noise, { seed: 4 });
    assert.is(new Set(Array.from({ length: 500 }, (_, i) => data[5 * i])).size, 10);
    assert.equal(augment.overlay(many, noise, { seed: 4 }).data, data);
    assert.not.equal(augment.overlay(many, noise, { seed: 5 }).data, data);
    assert.equal(augment.overlay(constant(0, 7, 5), noise, { seed: 4 }).data, data.slice(0, 35));
  });

  test("images: the same place for all channels, rows under each other", () => {
    const back = { data: Float32Array.from({ length: 6 * 7 * 2 }, (_, i) => i), shape: [1, 6, 7, 2] };
    const { data } = augment.overlay(constant(0, 1, 3, 4, 2), back);
    const begin = data[0] as number;
    const wanted = Array.from({ length: 24 }, (_, i) => begin + Math.floor(i / 8) * 14 + (i % 8));
    assert.equal([...data], wanted);
    assert.is(begin % 2, 0);
  });

  test("decibels: the gain makes the powers what is asked for", () => {
    const a = { data: Float32Array.from({ length: 8 }, (_, i) => (i % 2 ? 3 : -3)), shape: [1, 8] };
    const b = { data: Float32Array.from({ length: 8 }, (_, i) => (i % 4 < 2 ? 5 : -5)), shape: [1, 8] };
    const { data } = augment.overlay(a, b, { snr: 10 });
    const power = mean(Array.from(data, (v, i) => (v - (a.data[i] as number)) ** 2));
    assert.ok(Math.abs(power - 0.9) < 1e-5, `${power}`);
    assert.equal(augment.overlay(a, constant(0, 1, 8), { snr: 10 }).data, a.data);
    const drawn = augment.overlay(constant(0, 2000, 1), constant(1, 1, 1), { gain: [0.5, 2] });
    requireUniform([...drawn.data], 0.5, 2);
    const kept = augment.overlay(a, b, { gain: 1, valueRange: [-4, 4] });
    assert.equal([...kept.data], [2, 4, -4, -2, 2, 4, -4, -2]);
  });

  test("sources that do not fit", () => {
    const wrong = (a: unknown, b: unknown, options: object, text: RegExp) =>
      assert.throws(() => augment.overlay(a as never, b as never, options), text);
    wrong(speech, constant(0, 2, 4), {}, /at least as long.*\[3, 5\].*\[2, 4\]/);
    wrong(constant(0, 1, 3, 3, 3), constant(0, 1, 4, 4, 1), {}, /as many channels/);
    wrong(speech, noise, { gain: 1, snr: 3 }, /not both/);
    wrong(speech, constant(0, 0, 9), {}, /b is empty/);
    wrong(new Float32Array(5), noise, {}, /without a shape/);
  });
});

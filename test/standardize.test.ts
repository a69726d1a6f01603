// Layers that standardize: their statistics, what they do to data, and that the statistics travel.

import * as lanewise from "../src/index.ts";
import {
  conv2d,
  dense,
  flatten,
  functional,
  globalAveragePooling2d,
  gradients,
  input,
  normalize,
  program,
  sequential,
  sgd,
  standardize,
} from "../src/index.ts";
import { rejects, throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";

const statisticsOf = (layer: lanewise.Layer): Record<string, number[]> =>
  Object.fromEntries(
    layer.variables.map((each) => [each.name.split("/").pop() as string, Array.from(each.read().data)]),
  );

/** Three examples of two features: means 2 and 20, population variances 2/3 and 200/3. */
const x = [
  [1, 10],
  [2, 20],
  [3, 30],
];
const root = Math.sqrt(1.5); // 1 / sqrt(2/3)

suite("standardize", (test) => {
  test("(x - mean) / population deviation of each feature, the same for training and other data", async () => {
    const layer = standardize();
    layer.adapt(x);
    const model = sequential([layer], { inputShape: [2] });
    near((await model.predict(x)).data, [-root, -root, 0, 0, root, root]);
    near((await model.predict([[5, 0]])).data, [3 * root, -2 * root]);
    near(statisticsOf(layer).mean ?? [], [2, 20]);
    near(statisticsOf(layer).variance ?? [], [2 / 3, 200 / 3]);
    assert.equal(statisticsOf(layer).count, [3]);
    assert.ok(layer.variables.every(({ role, trainable }) => role === "statistics" && !trainable));
  });

  test("adapt before the layer is built, after it, and again", async () => {
    const layer = standardize();
    const model = sequential([layer], { inputShape: [2] });
    layer.adapt(x);
    near((await model.predict([[2, 30]])).data, [0, root]);
    layer.adapt({ data: Uint8Array.of(10, 0, 30, 2), shape: [2, 2] });
    near((await model.predict([[20, 2]])).data, [0, 1]);
    layer.adapt(Float64Array.of(1, 10, 2, 20, 3, 30)); // the shape is known by now
    near((await model.predict([[2, 30]])).data, [0, root]);
  });

  test("constant features become 0 and do no harm to others", async () => {
    const layer = standardize();
    layer.adapt([
      [0.1, 1],
      [0.1, 3],
      [0.1, 5],
    ]);
    const { data } = await sequential([layer]).predict([
      [0.1, 5],
      [2.1, 3],
    ]);
    near(data, [0, Math.sqrt(1.5), 2, 0]);
    const one = standardize();
    one.adapt([[7, -3]]);
    near((await sequential([one]).predict([[7, -3]])).data, [0, 0]);
  });

  test("the deviation is taken after centring: 1e8 and a little", () => {
    const layer = standardize();
    const values = Float64Array.from({ length: 1000 }, (_, i) => 1e8 + (i % 2 ? 0.25 : -0.25));
    layer.adapt({ data: values, shape: [1000, 1] });
    sequential([layer], { inputShape: [1] });
    assert.equal(statisticsOf(layer).variance, [0.0625]);
    assert.equal(statisticsOf(layer).mean, [1e8]);
  });

  test("in streams: the same statistics, also where means differ from batch to batch", async () => {
    const rows = Array.from({ length: 57 }, (_, i) => [1e6 + ((i * 37) % 19) + (i > 30 ? 500 : 0), (i * i) % 7]);
    const whole = standardize();
    whole.adapt(rows);
    const cut = [rows.slice(0, 1), rows.slice(1, 40), rows.slice(40)];
    const batches = function* () {
      for (const part of cut) yield { x: part, y: [[0]] };
    };
    const later = async function* () {
      for (const part of cut) yield part;
    };
    const [sync, fromAsync, fromFunction] = [standardize(), standardize(), standardize()];
    sync.adapt(batches());
    await fromAsync.adapt(later());
    await fromFunction.adapt(batches);
    const expected = layerValues(whole);
    for (const layer of [sync, fromAsync, fromFunction]) near(layerValues(layer), expected, 1e-7);
    const [mean, squares] = [0, 1].map((c) => {
      const values = rows.map((row) => row[c] as number);
      const center = values.reduce((sum, value) => sum + value, 0) / 57;
      return [center, values.reduce((sum, value) => sum + (value - center) ** 2, 0) / 57];
    }) as [number[], number[]];
    near(expected, [mean[0], squares[0], mean[1], squares[1], 57] as number[], 1e-7);
  });

  test("channels of images, every pixel, and one pair for all", async () => {
    const images = { data: Uint8Array.of(0, 10, 2, 30, 4, 10, 6, 70), shape: [2, 2, 1, 2] };
    const run = async (axis: number | number[] | null): Promise<Float32Array> => {
      const layer = standardize({ axis });
      layer.adapt(images);
      return (await sequential([layer], { inputShape: [2, 1, 2] }).predict(images)).data;
    };
    // channel 0: 0 2 4 6, mean 3, variance 5; channel 1: 10 30 10 70, mean 30, variance 600
    const [a, b] = [1 / Math.sqrt(5), 1 / Math.sqrt(600)];
    near(await run(-1), [-3 * a, -20 * b, -a, 0, a, -20 * b, 3 * a, 40 * b]);
    near(await run(3), await run(-1), 0);
    near(await run([1, 2, 3]), [-1, 0, -1, -1, 1, 0, 1, 1]);
    near(await run([-1, -2]), await run([2, 3]), 0);
    const values = [0, 10, 2, 30, 4, 10, 6, 70];
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - 16.5) ** 2, 0) / 8);
    near(
      await run(null),
      values.map((value) => (value - 16.5) / deviation),
    );
    for (const axis of [0, 1, [1, 3], 4, -4]) await rejects(() => run(axis), "shape-mismatch", /axis/);
  });

  test("mean and variance that are known", async () => {
    const layer = standardize({ mean: [2, 20], variance: [4, 0] });
    near((await sequential([layer]).predict([[6, 21]])).data, [2, 1]);
    const bytes = standardize({ mean: 100, variance: 2500 });
    near((await sequential([bytes], { inputShape: [2, 2] }).predict([[[0, 100], [150, 200]]])).data, [-2, 0, 1, 2]); // biome-ignore format: one
    throwsError(() => standardize({ mean: 1 }), "invalid-argument", /variance/);
    throwsError(() => sequential([standardize({ mean: [1, 2], variance: 1 })], { inputShape: [3] }), "shape-mismatch", /2 features.*3/); // biome-ignore format: one
  });

  test("used before adapt it is an error that says so, and nothing is trained", async () => {
    const model = sequential([standardize(), dense({ units: 1 })], { inputShape: [2], seed: 1 });
    model.compile({ optimizer: sgd(), loss: "mse" });
    await lanewise.init();
    const before = model.variables.map((each) => each.read().data.join());
    const data = { x, y: [[0], [1], [2]] };
    await rejects(() => model.predict(x), "not-ready", /standardize "standardize_1".*adapt/);
    await rejects(() => model.fit(data), "not-ready", /standardize "standardize_1".*adapt/);
    await rejects(() => model.evaluate(data), "not-ready", /adapt/);
    const layer = standardize();
    await rejects(() => program({ x: [1, 2] }, ({ x: given }) => ({ y: layer(given) })), "not-ready", /adapt/);
    assert.equal(
      model.variables.map((each) => each.read().data.join()),
      before,
    );
    assert.match(model.summary(), /standardize_1/);
    (model.layers[0] as lanewise.AdaptableLayer).adapt(x);
    await model.fit(data);
  });

  test("statistics travel with the saved model", async () => {
    const make = (): lanewise.Model => sequential([standardize(), dense({ units: 2 })], { inputShape: [2], seed: 3 });
    const model = make();
    (model.layers[0] as lanewise.AdaptableLayer).adapt(x);
    const bytes = await model.save();
    const other = make();
    await other.load(bytes);
    assert.equal((await other.predict(x)).data, (await model.predict(x)).data);
    near(statisticsOf(other.layers[0] as lanewise.Layer).mean ?? [], [2, 20]);
  });

  test("training leaves them as they are", async () => {
    const layer = standardize();
    layer.adapt(x);
    const model = sequential([layer, dense({ units: 1 })], { inputShape: [2] });
    model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "mse" });
    const before = layerValues(layer);
    const { metrics } = await model.fit({ x, y: [[1], [2], [3]] }, { epochs: 200 });
    assert.equal(layerValues(layer), before);
    assert.ok((metrics.loss?.at(-1) as number) < 1e-3);
  });

  test("in the middle of a graph, behind layers, in models of several inputs, shape known late", async () => {
    const [a, b] = [input([2]), input([1])];
    const [ofA, ofB] = [standardize(), normalize({ method: "minMax" })];
    const out = lanewise.concatenate()([ofA(a), ofB(b)]);
    const model = functional({ inputs: { a, b }, outputs: out });
    ofA.adapt(x);
    ofB.adapt([[0], [4]]);
    near((await model.predict({ a: [[2, 30]], b: [[3]] })).data, [0, root, 0.75]);
    const images = standardize();
    images.adapt({ data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), shape: [2, 2, 2, 1] });
    const late = sequential([images, conv2d({ filters: 1, kernelSize: 1 }), globalAveragePooling2d(), flatten()]);
    const { shape } = await late.predict({ data: new Float32Array(12), shape: [1, 4, 3, 1] });
    assert.equal(shape, [1, 1]);
  });

  test("the gradient to the input is the upstream gradient over the deviation", async () => {
    const layer = standardize();
    layer.adapt(x);
    const step = await program({ x: [3, 2], up: [3, 2] }, ({ x: given, up }) => ({
      dx: gradients(layer(given), [given], { upstream: up })[0] as lanewise.Tensor,
    }));
    const up = Float32Array.of(1, -2, 3, 0.5, 0, 7);
    const { dx } = step({ x, up });
    near(
      dx.data,
      up.map((value, i) => value / Math.sqrt(i % 2 ? 200 / 3 : 2 / 3)),
    );
  });

  test("one instruction, where the output is not folded into the next", async () => {
    for (const layer of [standardize(), standardize({ axis: null }), normalize({ method: "minMax", range: [-1, 1] })]) {
      layer.adapt(x);
      const step = await program({ x: [3, 2] }, ({ x: given }) => ({ y: layer(given) }));
      const lines = step.explain("program").split("\n").filter((line) => /\bbatchNorm\b|\bmul|\bsub|\badd|\bcopy/.test(line)); // biome-ignore format: one
      assert.is(lines.length, 1, step.explain("program"));
    }
  });

  test("refused: NaN, other shapes, no data; what was taken before stays", () => {
    const layer = standardize();
    layer.adapt(x);
    sequential([layer], { inputShape: [2] });
    const before = layerValues(layer);
    throwsError(() => layer.adapt([[1, Number.NaN]]), "non-finite", /element 1 is NaN/);
    throwsError(() => layer.adapt([[1, 2, 3]]), "shape-mismatch", /\[null, 2\].*\[1, 3\]/);
    throwsError(() => layer.adapt(new Float32Array(3)), "shape-mismatch", /3 numbers/);
    throwsError(() => layer.adapt([]), "empty-data", /x/);
    throwsError(() => layer.adapt((function* () {})()), "empty-data", /no data/);
    throwsError(() => layer.adapt([[1e30, 0], [-1e30, 0]]), "non-finite", /feature 0.*float32/); // biome-ignore format: one
    throwsError(() => standardize().adapt(new Float32Array(4)), "not-ready", /shape/);
    throwsError(() => standardize().adapt([1, 2, 3]), "shape-mismatch", /axis/);
    const [first, second] = [[[1, 2]], [[1, 2, 3]]];
    throwsError(
      () => standardize().adapt([first, second].values() as never),
      "shape-mismatch",
      /batch has features \[3\]/,
    );
    throwsError(() => sequential([adapted(x)], { inputShape: [3] }), "shape-mismatch", /2 features/);
    assert.equal(layerValues(layer), before);
  });
});

/** A layer with the statistics of some data. */
function adapted(data: number[][]): lanewise.AdaptableLayer {
  const layer = standardize();
  layer.adapt(data);
  return layer;
}

/** All values of a layer, which is built where it was not. */
function layerValues(layer: lanewise.Layer): number[] {
  if (layer.variables.length === 0) sequential([layer], { inputShape: [2] });
  return layer.variables.flatMap((each) => Array.from(each.read().data));
}

suite("normalize", (test) => {
  test("by itself it is standardize", async () => {
    const layer = normalize();
    layer.adapt(x);
    near((await sequential([layer]).predict(x)).data, [-root, -root, 0, 0, root, root]);
  });

  test("minMax: the smallest to low, the largest to high; constant features to low", async () => {
    const data = [
      [1, 5, -10],
      [2, 5, 0],
      [5, 5, 10],
    ];
    const unit = normalize({ method: "minMax" });
    unit.adapt(data);
    const model = sequential([unit]);
    near((await model.predict(data)).data, [0, 0, 0, 0.25, 0, 0.5, 1, 0, 1]);
    near((await model.predict([[9, 6, -20]])).data, [2, 1, -0.5]);
    const ranged = normalize({ method: "minMax", range: [-1, 3] });
    ranged.adapt(data);
    near((await sequential([ranged]).predict(data)).data, [-1, -1, -1, 0, -1, 1, 3, -1, 3]);
  });

  test("bytes of an image, in streams", async () => {
    const layer = normalize({ method: "minMax", axis: null });
    layer.adapt(
      [
        { data: Uint8Array.of(0, 100), shape: [1, 2] },
        { data: Uint8Array.of(255, 3), shape: [1, 2] },
      ].values(),
    );
    near((await sequential([layer]).predict([[51, 255]])).data, [0.2, 1]);
  });

  test("refused: a range without minMax, a range that is none", () => {
    throwsError(() => normalize({ range: [0, 1] }), "invalid-argument", /range/);
    for (const range of [[1, 1], [2, 1], [0], [0, Number.NaN]])
      throwsError(() => normalize({ method: "minMax", range: range as never }), "invalid-argument", /range/);
  });
});

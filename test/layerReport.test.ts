// layerReport: numbers against those worked out by hand, what is called dead, saturated, vanishing and exploding, and that the
// model is as before.

import type { LayerStatistics, Model, Tensor } from "../src/index.ts";
import {
  adam,
  batchNormalization,
  dense,
  dropout,
  functional,
  init,
  input,
  LanewiseError,
  layerReport,
  ops,
  sequential,
  sgd,
} from "../src/index.ts";
import { distributionOf } from "../src/train/layerReport.ts";
import { assert, suite } from "./harness.ts";
import { normal } from "./values.ts";

function near(got: number | null | undefined, want: number, what: string): void {
  assert.ok(Math.abs((got as number) - want) <= 1e-6 * Math.max(1, Math.abs(want)), `${what}: ${got}, not ${want}`);
}

const layerNamed = (layers: readonly LayerStatistics[], name: string): LayerStatistics =>
  layers.find((each) => each.name === name) as LayerStatistics;

/** Layers of ten units, weights of a deviation. */
function deep(activation: "tanh" | "relu" | "sigmoid", depth: number, deviation: number): Model {
  const model = sequential(
    [
      ...Array.from({ length: depth }, () => dense({ units: 10, activation })),
      dense({ units: 1, kernelInitializer: "ones" }),
    ],
    { inputShape: [10], seed: 4 },
  );
  model.compile({ optimizer: sgd(), loss: "mse" });
  for (const [i, variable] of model.variables.slice(0, -2).entries())
    if (variable.shape.length === 2) variable.write(normal(100, 50 + i).map((x) => x * deviation));
  return model;
}

const batch = { x: { data: normal(200, 9), shape: [20, 10] }, y: { data: normal(20, 8), shape: [20, 1] } };

suite("layerReport", (test) => {
  test("by hand: two relu units, a sum, half the squared error's gradient", async () => {
    const model = sequential([dense({ units: 2, activation: "relu" }), dense({ units: 1, useBias: false })], {
      inputShape: [1],
    });
    model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "mse" });
    const [kernel, , out] = model.variables;
    kernel?.write([[1, -1]]);
    out?.write([[2], [3]]);
    // x = 1, 3: hidden [1, 0], [3, 0], y = 2, 6, targets 1, 3: errors 1, 3, loss (1 + 9) / 2 = 5
    const report = await layerReport(model, { x: [[1], [3]], y: [[1], [3]] });
    assert.is(report.loss, 5);
    assert.is(report.examples, 2);
    const [hidden, last] = report.layers as [LayerStatistics, LayerStatistics];
    assert.equal([hidden.name, hidden.type, hidden.outputShape], ["dense_1", "dense", [null, 2]]);
    assert.is(hidden.activations.mean, 1);
    near(hidden.activations.deviation, Math.sqrt((0 + 1 + 4 + 1) / 4), "deviation");
    assert.is(hidden.deadShare, 0.5);
    assert.is(hidden.saturatedShare, null);
    // d loss / dy = error: 1, 3; to the hidden units times 2 and 3
    assert.is(last.gradients?.mean, 2);
    near(last.gradients?.norm, Math.sqrt(10), "norm");
    assert.is(hidden.gradients?.mean, (2 + 3 + 6 + 9) / 4);
    assert.equal([hidden.gradients?.min, hidden.gradients?.max], [2, 9]);
    // kernel: the unit that lives gets 2 * 1 * 1 + 6 * 3 = 20, its bias 8; out: 1 * 1 + 3 * 3 = 10
    near(hidden.updateNorm, 0.1 * Math.hypot(20, 8), "hidden update");
    near(hidden.weightNorm, Math.sqrt(2), "hidden weights");
    near(last.updateRatio, (0.1 * 10) / Math.hypot(2, 3), "ratio");
    assert.is(hidden.verdict, "fine"); // half is not more than half
    assert.is(last.deadShare, null);
  });

  test("the text has numbers whole: a layer that gives 100 for every example", async () => {
    const model = sequential([dense({ units: 1, kernelInitializer: "zeros" })], { inputShape: [1] });
    model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "mse" });
    model.variables[1]?.write([100]);
    const [, , row] = (await layerReport(model, { x: [[1], [2]], y: [[100], [100]] })).toString().split("\n");
    assert.equal(row?.split(/ +/).slice(0, 3), ["dense_1", "100", "0"]);
  });

  test("the model, its optimizer and its next step are as if nothing had been asked", async () => {
    await init();
    const make = (): Model => {
      const model = sequential(
        [dense({ units: 8, activation: "relu" }), dropout({ rate: 0.3 }), batchNormalization(), dense({ units: 1 })],
        { inputShape: [10], seed: 6 },
      );
      model.compile({ optimizer: adam(), loss: "mse" });
      return model;
    };
    const [asked, plain] = [make(), make()];
    for (const model of [asked, plain]) await model.fit(batch, { epochs: 2, batchSize: 6 });
    const before = await asked.save();
    await layerReport(asked, batch);
    assert.equal(await asked.save(), before);
    for (const model of [asked, plain]) await model.fit(batch, { epochs: 1, batchSize: 6 });
    assert.equal(await asked.save(), await plain.save());
  });

  test("the update is that of the next step, dropout and Adam's averages included", async () => {
    const model = sequential([dense({ units: 8, activation: "tanh" }), dropout({ rate: 0.5 }), dense({ units: 1 })], {
      inputShape: [10],
      seed: 6,
    });
    model.compile({ optimizer: adam({ learningRate: 0.01 }), loss: "mse" });
    await model.fit(batch, { epochs: 1 });
    const { layers, loss } = await layerReport(model, batch);
    const values = (): number[][] => model.variables.map((variable) => [...variable.read().data]);
    const before = values();
    const logs = await model.trainOnBatch(batch.x, batch.y);
    assert.is(logs.loss, loss);
    const moved = values().map((now, i) => now.map((x, j) => x - (before[i]?.[j] as number)));
    const first = [...(moved[0] as number[]), ...(moved[1] as number[])];
    near(layerNamed(layers, "dense_1").updateNorm, Math.hypot(...first), "update");
  });

  test("of calls that make an update together the last has one", async () => {
    const model = sequential([dense({ units: 1 })], { inputShape: [10], seed: 6 });
    model.compile({ optimizer: sgd({ learningRate: 0.1, gradientAccumulationSteps: 2 }), loss: "mse" });
    const ratio = async () => (await layerReport(model, batch)).layers[0]?.updateRatio;
    assert.is(await ratio(), null);
    await model.trainOnBatch(batch.x, batch.y);
    assert.ok(((await ratio()) as number) > 0);
  });

  test("dead relus, saturated tanh and sigmoid", async () => {
    const make = (activation: "relu" | "tanh" | "sigmoid", bias: number): Model => {
      const model = sequential([dense({ units: 4, activation }), dense({ units: 1 })], { inputShape: [10], seed: 1 });
      model.compile({ optimizer: sgd(), loss: "mse" });
      model.variables[1]?.write([bias, bias, bias, 0]);
      return model;
    };
    const verdict = async (model: Model): Promise<LayerStatistics> =>
      (await layerReport(model, batch)).layers[0] as LayerStatistics;
    const dead = await verdict(make("relu", -100));
    assert.equal([dead.verdict, dead.deadShare], ["dead", 0.75]);
    assert.is(dead.reason, "75 % of the units are 0 for every example, more than 50 %");
    for (const activation of ["tanh", "sigmoid"] as const) {
      const flat = await verdict(make(activation, 50));
      assert.is(flat.verdict, "saturated");
      assert.ok((flat.saturatedShare as number) >= 0.75 && (flat.saturatedShare as number) < 1);
      assert.is(flat.deadShare, null);
      const low = await verdict(make(activation, -50));
      assert.is(low.verdict, "saturated");
      assert.is((await verdict(make(activation, 0))).verdict, "fine");
    }
  });

  test("vanishing and exploding, from gradients and from activations; fine in between", async () => {
    const first = async (model: Model): Promise<LayerStatistics> =>
      (await layerReport(model, batch)).layers[0] as LayerStatistics;
    const sigmoids = await first(deep("sigmoid", 12, 0.3));
    assert.is(sigmoids.verdict, "vanishing");
    assert.match(sigmoids.reason, /^the gradient has .* times the size of the last layer's, less than 1\/1000$/);
    const large = await first(deep("relu", 12, 2));
    assert.is(large.verdict, "exploding");
    // He's deviation, sqrt(2 / 10)
    const well = await layerReport(deep("relu", 12, Math.sqrt(0.2)), batch);
    assert.equal(new Set(well.layers.map(({ verdict }) => verdict)), new Set(["fine"]), String(well));
    const shrinking = await layerReport(deep("tanh", 8, 0.05), batch);
    const at = shrinking.layers[7] as LayerStatistics;
    assert.is(at.verdict, "vanishing");
    assert.match(at.reason, /^the activation has/);
  });

  test("what is not finite is shown, not thrown", async () => {
    const model = deep("relu", 3, 1);
    model.variables[0]?.write(new Float32Array(100).fill(3e38));
    const report = await layerReport(model, batch);
    assert.is.not(Number.isFinite(report.loss), true);
    assert.is(report.layers[0]?.verdict, "exploding");
    assert.match(String(report), /are not finite/);
    assert.is(model.variables[2]?.read().data.every(Number.isFinite), true);
  });

  test("the loss looks through the last softmax: the gradient is that of its input", async () => {
    const model = sequential([dense({ units: 3, activation: "softmax" })], { inputShape: [2] });
    model.compile({ optimizer: sgd(), loss: "sparseCategoricalCrossentropy" });
    model.variables[0]?.write(new Float32Array(6));
    const { layers } = await layerReport(model, { x: [[1, 2]], y: Int32Array.of(1) });
    near(layers[0]?.gradients?.min, -2 / 3, "softmax - one-hot");
    near(layers[0]?.gradients?.max, 1 / 3, "softmax - one-hot");
  });

  test("shared layers, models in models, several outputs", async () => {
    const inner = sequential([dense({ units: 4, name: "inside", activation: "tanh" })], {
      inputShape: [4],
      name: "block",
    });
    const x = input([4]);
    const shared = dense({ units: 4, name: "twice" });
    const y: Tensor = inner(shared(shared(x)));
    const model = functional({ inputs: x, outputs: { a: dense({ units: 1 })(y), b: y } });
    model.compile({ optimizer: sgd(), loss: "mse" });
    const data = { x: normal(12, 3), y: { a: normal(3, 2), b: normal(12, 1) } };
    const report = await layerReport(model, data);
    assert.equal(
      report.layers.map(({ name }) => name),
      ["twice", "twice (2)", "block/inside", "dense_1"],
    );
    assert.is(String(report).split("\n").length, 2 + 4);
    assert.ok(report.layers.every(({ gradients }) => gradients !== null && gradients.norm > 0));
  });

  test("layers that no gradient reaches, and weights that are all 0", async () => {
    const model = sequential(
      [dense({ units: 2, kernelInitializer: "zeros" }), (v) => ops.stopGradient(v), dense({ units: 1 })],
      {
        inputShape: [2],
      },
    );
    model.compile({ optimizer: sgd(), loss: "mse" });
    const { layers } = await layerReport(model, { x: [[1, 2]], y: [[1]] });
    assert.equal([layers[0]?.gradients?.norm, layers[0]?.updateRatio], [0, null]);
  });

  test("distributions", () => {
    const of = distributionOf([1, 2, 3, 4, Number.NaN, Number.POSITIVE_INFINITY]);
    assert.equal([of.mean, of.min, of.max, of.nonFinite], [2.5, 1, 4, 2]);
    near(of.deviation, Math.sqrt(1.25), "deviation");
    near(of.norm, Math.sqrt(30), "norm");
    assert.is(of.histogram.length, 20);
    assert.equal([of.histogram[0], of.histogram[6], of.histogram[13], of.histogram[19]], [0.25, 0.25, 0.25, 0.25]);
    assert.equal(distributionOf([5, 5]).histogram[0], 1);
  });

  test("what does not fit is refused", async () => {
    const model = deep("tanh", 1, 1);
    for (const [run, code] of [
      [() => layerReport(sequential([dense({ units: 1 })], { inputShape: [1] }), batch), "not-ready"],
      [() => layerReport(dense({ units: 1 }) as never, batch), "invalid-argument"],
      [() => layerReport(model, { x: [[1]], y: [[1]] }), "shape-mismatch"],
      [() => layerReport(model, {} as never), "invalid-argument"],
    ] as [() => Promise<unknown>, string][]) {
      const error = await run().then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof LanewiseError && error.code === code, `${code}: ${String(error)}`);
    }
  });
});

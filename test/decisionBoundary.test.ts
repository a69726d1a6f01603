// The decision boundary: classes lie where the model decides for them.

import type { Model } from "../src/index.ts";
import { dense, drawDecisionBoundary, losses, sequential, sgd } from "../src/index.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { pixelsOf, pngIn } from "./svgChecks.ts";

suite("decision boundary", (test) => {
  /** Decides by the sign of x1 + x2. */
  const line = async (units: 1 | 2): Promise<Model> => {
    const model = sequential([dense({ units, activation: units === 1 ? "sigmoid" : "softmax" })], { inputShape: [2] });
    await model.predict([[0, 0]]);
    model.variables[0]?.write({ data: units === 1 ? [5, 5] : [-5, 5, -5, 5], shape: [2, units] });
    return model;
  };
  const data = {
    x: [
      [-1, -1],
      [1, 1],
      [-1, 1],
      [1, -1],
    ],
    y: [0, 1, 1, 0],
  };

  for (const units of [1, 2] as const) {
    test(`the classes lie where the model decides for them, ${units} output(s)`, async () => {
      const svg = await drawDecisionBoundary(await line(units), data, { resolution: 21, title: "A line" });
      assert.ok(svg.startsWith("<svg ") && svg.endsWith("</svg>\n") && !/NaN|undefined/.test(svg));
      assert.is(svg.match(/<circle cx/g)?.length, 4);
      const named = await drawDecisionBoundary(await line(units), data, { resolution: 5, labels: ["zero", 1] });
      assert.ok(named.includes(">zero</text>") && named.includes(">1</text>") && !named.includes("class 0"));
      const { data: grid, width } = await pixelsOf(pngIn(svg));
      assert.is(width, 21);
      const classAt = (row: number, column: number): number =>
        Math.floor(((grid[row * 21 + column] as number) - 1) / 6);
      // the first row is the top, where x2 is large; along its falling diagonal the model is undecided
      assert.equal([classAt(0, 20), classAt(0, 10), classAt(10, 20)], [1, 1, 1]);
      assert.equal([classAt(20, 0), classAt(20, 10), classAt(10, 0)], [0, 0, 0]);
    });
  }

  test("logits are shown by their probabilities where the loss takes logits", async () => {
    for (const [units, loss] of [
      [1, losses.binaryCrossentropy],
      [2, losses.sparseCategoricalCrossentropy],
    ] as const) {
      const activated = await line(units);
      const logits = sequential([dense({ units })], { inputShape: [2] });
      logits.compile({ optimizer: sgd(), loss: loss({ fromLogits: true }) });
      await logits.predict([[0, 0]]);
      logits.variables[0]?.write(activated.variables[0]?.read() as { data: Float32Array; shape: number[] });
      assert.is(
        await drawDecisionBoundary(logits, data, { resolution: 21 }),
        await drawDecisionBoundary(activated, data, { resolution: 21 }),
      );
    }
  });

  test("200,000 examples", async () => {
    const x = Float32Array.from({ length: 400_000 }, (_, i) => (i * 7919) % 1009);
    const y = Uint8Array.from({ length: 200_000 }, (_, i) => i & 1);
    const svg = await drawDecisionBoundary(await line(1), { x, y }, { resolution: 5 });
    assert.is(svg.match(/<circle cx/g)?.length, 200_000);
  });

  test("one point, a point that is not finite, a threshold", async () => {
    const model = await line(1);
    for (const x of [[[3, 3]], [[Number.NaN, 1]]])
      assert.not.match(await drawDecisionBoundary(model, { x, y: [1] }, { resolution: 5 }), /NaN/);
    const { data: grid } = await pixelsOf(
      pngIn(await drawDecisionBoundary(model, data, { resolution: 5, threshold: 0 })),
    );
    assert.ok(
      grid.every((index) => index > 6),
      "everything is class 1",
    );
  });

  test("models and data of another form", async () => {
    const model = await line(1);
    const three = sequential([dense({ units: 1 })], { inputShape: [3] });
    await rejects(drawDecisionBoundary(three, data), "shape-mismatch", "one input [null, 2]");
    await rejects(
      drawDecisionBoundary(model, { x: [[1, 2, 3]], y: [0] }),
      "shape-mismatch",
      "data.x must be [examples, 2]",
    );
    await rejects(drawDecisionBoundary(model, { x: [[1, 2]], y: [0, 1] }), "shape-mismatch", "data.y has 2 examples");
    await rejects(drawDecisionBoundary(model, { x: [[1, 2]], y: [-1] }), "invalid-argument", "data.y");
  });
});

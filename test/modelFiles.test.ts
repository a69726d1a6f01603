// Models saved and loaded.

import type { Model } from "../src/index.ts";
import { adam, batchNormalization, dense, dropout, sequential, sgd } from "../src/index.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { crossentropy, examples, spread, weightsOf } from "./smallModels.ts";

/** Names and shapes in a safetensors file, by its specification. */
function headerOf(
  bytes: Uint8Array,
): Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
}

suite("models, saved and loaded", (test) => {
  const network = (seed: number): Model => {
    const model = sequential(
      [dense({ units: 8 }), batchNormalization(), dropout({ rate: 0.3 }), dense({ units: 3, activation: "softmax" })],
      { inputShape: [4], seed },
    );
    model.compile({ optimizer: adam({ learningRate: (step) => 0.01 / (1 + step) }), loss: crossentropy });
    return model;
  };

  test("training goes on with the same bits, whatever the model was before", async () => {
    const data = examples(24);
    const whole = network(1);
    await whole.fit(data, { epochs: 3, batchSize: 10 });
    const half = network(1);
    await half.fit(data, { epochs: 2, batchSize: 10 });
    const bytes = await half.save();
    const [fresh, used] = [network(1), network(2)];
    await used.fit(examples(24, 3), { epochs: 4 });
    for (const model of [fresh, used]) {
      await model.load(bytes);
      await model.fit(data, { epochs: 1, initialEpoch: 2, batchSize: 10 });
      assert.equal(weightsOf(model), weightsOf(whole));
    }
  });

  test("a file from before the first step puts a used model back to the beginning", async () => {
    const data = examples(24);
    const [model, control] = [network(1), network(1)];
    const bytes = await model.save();
    await model.fit(data, { epochs: 2 });
    await model.load(bytes);
    for (const each of [model, control]) await each.fit(data, { epochs: 2 });
    assert.equal(weightsOf(model), weightsOf(control));
  });

  test("names in a file are those of the layers", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const bytes = await model.save();
    const { __metadata__, ...tensors } = headerOf(bytes);
    assert.equal(tensors["dense_1/kernel"]?.shape, [4, 8]);
    assert.equal(tensors["batchNormalization_1/movingMean"]?.shape, [8]);
    assert.equal(tensors["optimizer/adam/dense_2/bias/m"]?.dtype, "F32");
    assert.is(Object.keys(tensors).length, 8 + 2 * 6);
    assert.is((__metadata__ as unknown as Record<string, string>).step, "1");
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const [from, to] = (tensors["dense_1/kernel"] as { data_offsets: [number, number] }).data_offsets;
    const kernel = new Float32Array(bytes.slice(start + from, start + to).buffer);
    assert.equal(kernel, model.variables[0]?.read().data);
  });

  test("what does not fit is refused and changes nothing", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const before = weightsOf(model);
    const bytes = await model.save();
    const other = sequential([dense({ units: 8 }), dense({ units: 3 })], { inputShape: [4] });
    const wider = sequential([dense({ units: 9 })], { inputShape: [4] });
    const otherBytes = await other.save();
    await rejects(model.load(otherBytes), "bad-file", /"batchNormalization_1\/gamma" is missing/);
    await rejects(other.load(bytes), "bad-file", /is not in the model/);
    const strange = sequential([dense({ units: 8, name: "strange" })], { inputShape: [4] });
    await rejects(strange.load(bytes, { partial: true }), "bad-file", /none of the model's names/);
    await rejects(wider.load(bytes, { partial: true }), "bad-file", /\[4, 8\] in the file, \[4, 9\] in the model/);
    for (const length of [0, 7, 100, bytes.length - 1]) await rejects(model.load(bytes.slice(0, length)), "bad-file");
    await rejects(model.load(new Uint8Array([...bytes, 0])), "bad-file");
    await rejects(other.load(bytes, { optimizer: true }), "not-ready");
    await rejects(model.load(otherBytes, { optimizer: true, partial: true }), "bad-file", /optimizer/);
    assert.equal(weightsOf(model), before);
    await model.fit(examples(8));
  });

  test("metadata that are malformed are refused, those of other writers and missing ones are not", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const bytes = await model.save();
    const withMetadata = (changes: Record<string, string>): Uint8Array => {
      const { __metadata__, ...tensors } = headerOf(bytes);
      const header = JSON.stringify({ __metadata__: { ...__metadata__, ...changes }, ...tensors });
      const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      const text = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
      const changed = new Uint8Array(8 + text.length + bytes.length - start);
      new DataView(changed.buffer).setBigUint64(0, BigInt(text.length), true);
      changed.set(text, 8);
      changed.set(bytes.subarray(start), 8 + text.length);
      return changed;
    };
    const before = weightsOf(model);
    for (const [key, values] of Object.entries({
      step: ["", "x", "-1", "1.5", "1e3", " 1", "100000001", "9".repeat(30)],
      seed: ["", "x", "-1", "9007199254740992"],
      format: ["", "lanewise", "lanewise 2"],
      optimizerSteps: ["", "x", "[1]", '{"dense_1/kernel":100000001}'],
      learningRateScale: ["", "x", "0", "-1", "1e39", "Infinity"],
    })) {
      for (const value of values) {
        const partial = key !== "optimizerSteps" && value.length % 2 === 0;
        await rejects(
          model.load(withMetadata({ [key]: value }), { partial }),
          "bad-file",
          new RegExp(`metadata ${key}`),
        );
      }
    }
    assert.equal(weightsOf(model), before);
    for (const format of ["lanewise 1", "pt"]) await model.load(withMetadata({ format, step: "100000000" }));
  });

  test("two models in a model may have layers of one name", async () => {
    const part = (name: string) => sequential([dense({ units: 2 })], { inputShape: [2], name });
    const make = (seed: number) =>
      sequential([part("left"), part("right"), dense({ units: 1 })], { inputShape: [2], seed });
    const [model, other] = [make(1), make(5)];
    const bytes = await model.save();
    assert.equal(Object.keys(headerOf(bytes)).sort(), [
      "__metadata__",
      "dense_2/bias",
      "dense_2/kernel",
      "left/dense_1/bias",
      "left/dense_1/kernel",
      "right/dense_1/bias",
      "right/dense_1/kernel",
    ]);
    await other.load(bytes);
    assert.equal(weightsOf(other), weightsOf(model));
  });

  test("a part of a file, weights without the optimizer", async () => {
    const model = network(1);
    await model.fit(examples(8));
    const bytes = await model.save();
    const other = sequential([dense({ units: 8 }), dense({ units: 3 })], { inputShape: [4], seed: 7 });
    await other.load(bytes, { partial: true });
    assert.equal(other.variables[0]?.read(), model.variables[0]?.read());
    assert.equal(other.variables[2]?.read(), model.variables.find(({ name }) => name === "dense_2/kernel")?.read());
    other.compile({ optimizer: adam(), loss: "meanSquaredError" });
    await other.load(bytes, { partial: true });
    await other.fit({ x: spread(8), y: spread(6) });
    const weights = network(2);
    await weights.load(bytes, { optimizer: false });
    assert.equal(weightsOf(weights), weightsOf(model));
    weights.compile({ optimizer: sgd(), loss: crossentropy });
    await weights.load(bytes);
    await rejects(weights.load(bytes, { optimizer: true }), "bad-file", /adam.*sgd/);
  });
});

// What functions return is data with a text beside it: it can be cloned, sent between workers and written as JSON.

import type { Model } from "../src/index.ts";
import {
  advise,
  biasVariance,
  classificationReport,
  confusionMatrix,
  crossValidate,
  dense,
  diagnose,
  errorAnalysis,
  findLearningRate,
  gradientCheck,
  layerReport,
  learningCurve,
  pick,
  sequential,
  sgd,
} from "../src/index.ts";
import { assert, suite } from "./harness.ts";

const make = ({ seed = 0 } = {}): Model => {
  const model = sequential([dense({ units: 1 })], { inputShape: [1], seed });
  model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "mse" });
  return model;
};
const data = { x: [[1], [2], [3], [4]], y: [[1], [2], [2], [4]] };
const once = { epochs: 1, batchSize: 4 };

const results: Readonly<Record<string, () => unknown>> = {
  fit: () => make().fit(data, once),
  findLearningRate: () => findLearningRate(make(), data, { steps: 5 }),
  gradientCheck: () => gradientCheck(make(), data),
  layerReport: () => layerReport(make(), data),
  advise: async () => {
    const model = make();
    return advise(model, data, await model.fit(data, once));
  },
  biasVariance: () =>
    biasVariance(make, { ...once, sample: () => data, test: data, target: [[1], [2], [2], [4]], repeats: 2 }),
  learningCurve: () => learningCurve(make, data, { ...once, validation: data, sizes: [2, 4] }),
  crossValidate: () => crossValidate(make, data, { k: 2, fit: { epochs: 1 } }),
  diagnose: () => diagnose({ train: 0.1, dev: 0.2 }),
  errorAnalysis: () => errorAnalysis([1, 0], [1, 1], [["a"], ["b"]]),
  confusionMatrix: () => confusionMatrix([0, 1], [0, 0]),
  classificationReport: () => classificationReport([0, 1], [0, 0]),
  pick: () => pick([{ accuracy: 1 }], { optimize: "accuracy" }),
};

suite("results", (test) => {
  for (const [name, run] of Object.entries(results)) {
    test(`${name}: data alone is cloned, the text is beside it`, async () => {
      const result = (await run()) as object;
      assert.equal(structuredClone(result), result);
      assert.not.ok(Object.keys(result).includes("toString"));
      assert.not.match(String(result), /^$|\[object|^NaN/);
    });
  }
});

// The first example of the documents as an application writes it. The build measures what a bundle of it weighs, and
// test/package.node.test.ts checks its types against the packed library.

import { adam, conv2d, dense, flatten, maxPooling2d, rescaling, sequential } from "lanewise";

const model = sequential(
  [
    rescaling({ scale: 1 / 255 }), // x holds bytes, 0 to 255
    conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu" }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense({ units: 120, activation: "relu" }),
    dense({ units: 84, activation: "relu" }),
    dense({ units: 10, activation: "softmax" }),
  ],
  { inputShape: [28, 28, 1], seed: 7 },
);

const x = new Uint8Array(640 * 784);
const y = new Uint8Array(640);
model.compile({
  optimizer: adam({ learningRate: 1e-3 }),
  loss: "sparseCategoricalCrossentropy",
  metrics: ["accuracy"],
});
const history = await model.fit({ x, y }, { epochs: 5, batchSize: 64, validation: { x, y } });
const { loss, accuracy } = await model.evaluate({ x, y });
const probabilities = await model.predict(x);

const numbers: number[] | undefined = history.metrics.loss;
const shape: readonly number[] = probabilities.shape;
const data: Float32Array = probabilities.data;

export { accuracy, data, loss, numbers, shape };

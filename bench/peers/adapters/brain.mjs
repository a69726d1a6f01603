// brain.js: dense networks, one update an example (it has no batches), squared error (it has no cross-entropy). A step here
// is one pass over the batch. So its losses cannot agree with the others'.

import { createRequire } from "node:module";
import { ADAM, CLASSES, sizeOf } from "../models.ts";
import { dependencies } from "../package.json";

const require = createRequire(import.meta.url);

function build(model, data) {
  const brain = require("brain.js");
  const layers = model.layers.filter(({ type }) => type !== "rescale");
  const unknown = layers.find(({ type }) => type !== "dense");
  if (unknown)
    throw new Error(`brain.js: NeuralNetwork has hiddenLayers: number[] (dense) and nothing for ${unknown.type}`);
  const { learningRate, beta1, beta2, epsilon } = ADAM;
  const options = { activation: "relu", praxis: "adam", learningRate, beta1, beta2, epsilon };
  const net = new brain.NeuralNetwork({
    ...options,
    hiddenLayers: layers.slice(0, -1).map((layer) => layer.data.units),
  });
  net.sizes = [sizeOf(model.inputShape), ...layers.map((layer) => layer.data.units)];
  net.initialize();
  for (const [i, { weights, inputShape, data: dense }] of layers.entries()) {
    const kernel = data.weight(weights.kernel);
    for (let o = 0; o < dense.units; o++) {
      for (let k = 0; k < sizeOf(inputShape); k++) net.weights[i + 1][o][k] = kernel[k * dense.units + o];
    }
    net.biases[i + 1].fill(0);
  }
  return net;
}

function examplesOf(model, data) {
  const size = sizeOf(model.inputShape);
  return Array.from(data.labels, (label, i) => ({
    input: data.x.slice(i * size, (i + 1) * size),
    output: Float32Array.from({ length: CLASSES }, (_, k) => Number(k === label)),
  }));
}

async function startTraining(model, data) {
  const net = build(model, data);
  const examples = examplesOf(model, data);
  const step = () => {
    net.trainPatterns(examples);
    return null; // its error is not a cross-entropy
  };
  const setRate = (rate) => {
    net.trainOpts.learningRate = rate;
  };
  return { step, setRate };
}

async function startInference(model, data) {
  const net = build(model, data);
  const examples = examplesOf(model, data);
  const step = () => {
    for (const { input } of examples) net.run(input);
    return [];
  };
  return { step };
}

export async function open() {
  return {
    about: `brain.js ${dependencies["brain.js"]}`,
    train: (model, data) => [{ how: "trainPatterns, praxis adam", start: () => startTraining(model, data) }],
    infer: (model, data) => [{ how: "run", start: () => startInference(model, data) }],
  };
}

// Lanewise: one compiled step, or one compiled prediction.

import {
  activation,
  adam,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  functional,
  globalAveragePooling2d,
  init,
  input,
  losses,
  maxPooling2d,
  ops,
  program,
  relu,
  rescaling,
} from "../../../src/index.ts";
import { ADAM, BATCH_NORM, interpret } from "../models.ts";

/** The network on symbols, and its layers beside their places. */
function build(model) {
  const made = [];
  const add = (placed, layer) => {
    made.push({ placed, layer });
    return layer;
  };
  const rules = {
    rescale: (x, { data }) => rescaling({ scale: data.scale })(x),
    conv: (x, placed) => {
      const { filters, size, stride: strides, padding, bias: useBias, activation } = placed.data;
      const options = { filters, kernelSize: size, strides, padding, useBias, ...(activation && { activation }) };
      return add(placed, conv2d(options))(x);
    },
    dense: (x, placed) => {
      const { units, activation } = placed.data;
      return add(placed, dense({ units, ...(activation && { activation }) }))(x);
    },
    batchNorm: (x, placed) => add(placed, batchNormalization(BATCH_NORM))(x),
    relu: (x) => relu()(x),
    maxPool: (x, { data }) => maxPooling2d({ poolSize: data.size })(x),
    globalAveragePool: (x) => globalAveragePooling2d()(x),
    flatten: (x) => flatten()(x),
    residual: (main, _, shortcut) => ops.relu(ops.add(main, shortcut)),
  };
  const x = input(model.inputShape);
  const network = functional({ inputs: x, outputs: activation("softmax")(interpret(model.layers, x, rules)) });
  return { network, made };
}

function writeWeights(made, data) {
  for (const { placed, layer } of made) {
    for (const variable of layer.variables) {
      variable.write(data.weight(placed.weights[variable.name.split("/").at(-1)]));
    }
  }
}

async function startTraining(model, data) {
  const { network, made } = build(model);
  writeWeights(made, data);
  const optimizer = adam(ADAM);
  const loss = losses.sparseCategoricalCrossentropy();
  const signature = { x: [model.batch, ...model.inputShape], y: { shape: [model.batch], dtype: "int32" } };
  const run = await program(
    signature,
    ({ x, y }) => {
      const value = ops.mean(loss.call(y, network(x)));
      optimizer.minimize(
        value,
        network.variables.filter((variable) => variable.trainable),
      );
      return { value };
    },
    { training: true },
  );
  const feeds = { x: data.x, y: data.labels };
  const setRate = (rate) => {
    optimizer.learningRate = rate;
  };
  return { step: () => run(feeds).value.data[0], setRate };
}

async function startInference(model, data, batch) {
  const { network, made } = build(model);
  writeWeights(made, data);
  const run = await program({ x: [batch, ...model.inputShape] }, ({ x }) => ({ y: network(x) }));
  const feeds = { x: data.x };
  return { step: () => run(feeds).y.data };
}

export async function open(peer) {
  const { kernels } = await init({ threads: 1, reproducible: peer === "lanewise-strict" });
  return {
    about: `${kernels} kernels`,
    roof: kernels === "relaxed" ? "fused" : "separate",
    train: (model, data) => [{ how: "program()", start: () => startTraining(model, data) }],
    infer: (model, data, batch) => [{ how: "program()", start: () => startInference(model, data, batch) }],
  };
}

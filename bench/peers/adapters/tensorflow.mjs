// TensorFlow.js, its wasm or its cpu backend. Training in both ways that its guide describes: trainOnBatch of a layers
// model, and optimizer.minimize; inference by the layers model, whose layers use the fused kernels.

import { createRequire } from "node:module";
import { ADAM, BATCH_NORM, CLASSES, flatLayers, interpret } from "../models.ts";
import { dependencies } from "../package.json";

const require = createRequire(import.meta.url);
let tf;

function rulesOf(made) {
  const { layers } = tf;
  const add = (placed, layer) => {
    made.push({ placed, layer });
    return layer;
  };
  /** Of a dense layer or a convolution. */
  const common = ({ activation }) => activation && { activation };
  return {
    conv: (x, placed) => {
      const { filters, size: kernelSize, stride: strides, padding, bias: useBias } = placed.data;
      const options = { filters, kernelSize, strides, padding, useBias, ...common(placed.data) };
      return add(placed, layers.conv2d(options)).apply(x);
    },
    dense: (x, placed) => add(placed, layers.dense({ units: placed.data.units, ...common(placed.data) })).apply(x),
    batchNorm: (x, placed) => add(placed, layers.batchNormalization(BATCH_NORM)).apply(x),
    relu: (x) => layers.reLU().apply(x),
    maxPool: (x, { data }) => layers.maxPooling2d({ poolSize: data.size, strides: data.size }).apply(x),
    globalAveragePool: (x) => layers.globalAveragePooling2d({}).apply(x),
    flatten: (x) => layers.flatten().apply(x),
    residual: (main, _, shortcut) => layers.reLU().apply(layers.add().apply([main, shortcut])),
  };
}

/** The layers model with the given weights. Numbers are scaled before it: it has a layer for that, but none that trains faster. */
function build(model, data, end) {
  const made = [];
  const rules = { ...rulesOf(made), rescale: (x, { data: { scale } }) => new Scale(scale).apply(x) };
  const inputs = tf.input({ shape: model.inputShape });
  const logits = interpret(model.layers, inputs, rules);
  const outputs = end === "softmax" ? tf.layers.softmax().apply(logits) : logits;
  const network = tf.model({ inputs, outputs });
  for (const { placed, layer } of made) {
    const weights = Object.values(placed.weights).map((place) => tf.tensor(data.weight(place), place.shape));
    layer.setWeights(weights);
    tf.dispose(weights);
  }
  return network;
}

const tensors = (model, data) => ({
  x: tf.tensor(data.x, [data.x.length / model.inputShape.reduce((a, b) => a * b), ...model.inputShape]),
  labels: tf.tensor1d(data.labels, "int32"),
});

const makeAdam = () => tf.train.adam(ADAM.learningRate, ADAM.beta1, ADAM.beta2, ADAM.epsilon);

const rateSetter = (optimizer) => (rate) => {
  optimizer.learningRate = rate;
};

/** Mean cross-entropy of logits, the stable form. */
const crossEntropy = (onehot, logits) => tf.losses.softmaxCrossEntropy(onehot, logits);

async function startTrainOnBatch(model, data) {
  const network = build(model, data);
  const { x, labels } = tensors(model, data);
  const onehot = tf.oneHot(labels, CLASSES);
  const optimizer = makeAdam();
  network.compile({ optimizer, loss: crossEntropy });
  return { step: () => network.trainOnBatch(x, onehot), setRate: rateSetter(optimizer) };
}

async function startMinimize(model, data) {
  const network = build(model, data);
  const { x, labels } = tensors(model, data);
  const onehot = tf.oneHot(labels, CLASSES);
  const optimizer = makeAdam();
  const cost = () => crossEntropy(onehot, network.apply(x, { training: true }));
  const step = () => {
    const loss = optimizer.minimize(cost, true);
    const [value] = loss.dataSync();
    loss.dispose();
    return value;
  };
  return { step, setRate: rateSetter(optimizer) };
}

async function startInference(model, data) {
  const network = build(model, data, "softmax");
  const { x } = tensors(model, data);
  const step = () => {
    const y = network.predictOnBatch(x);
    const values = y.dataSync();
    y.dispose();
    return values;
  };
  return { step };
}

/** x * scale as a layer. */
let Scale;
function defineScale() {
  Scale = class extends tf.layers.Layer {
    static className = "Scale";
    constructor(scale) {
      super({});
      this.scale = scale;
    }
    computeOutputShape(shape) {
      return shape;
    }
    call(inputs) {
      return tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, this.scale);
    }
  };
}

export async function open(peer) {
  tf = require("@tensorflow/tfjs");
  defineScale();
  const backend = peer === "tfjs-wasm" ? "wasm" : "cpu";
  if (backend === "wasm") {
    const { setThreadsCount } = require("@tensorflow/tfjs-backend-wasm");
    setThreadsCount(1);
  }
  await tf.setBackend(backend);
  await tf.ready();
  const simd = backend === "wasm" ? `, SIMD ${(await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "on" : "off"}` : "";
  return {
    about: `TensorFlow.js ${dependencies["@tensorflow/tfjs"]}, ${tf.getBackend()} backend${simd}`,
    train: (model, data) => [
      { how: "trainOnBatch", start: () => startTrainOnBatch(model, data) },
      // layers that keep statistics update them in fit and trainOnBatch alone
      ...(flatLayers(model.layers).some(({ type }) => type === "batchNorm")
        ? []
        : [{ how: "optimizer.minimize", start: () => startMinimize(model, data) }]),
    ],
    infer: (model, data) => [{ how: "predictOnBatch", start: () => startInference(model, data) }],
  };
}

// ConvNetJS: networks forward and backward, one example at a time. It has no Adam, so Adam over its parameters and gradients stands
// here, written as its own trainer is.

import convnetjs from "convnetjs";
import { ADAM, CLASSES, flatLayers, sizeOf } from "../models.ts";
import { dependencies } from "../package.json";

/** Layers that become definitions; the last dense layer belongs to the softmax, which brings its own. */
function definitions(model) {
  const { layers, inputShape } = model;
  const [height, width, depth] = inputShape.length === 3 ? inputShape : [1, 1, inputShape[0]];
  const defs = [{ type: "input", out_sx: width, out_sy: height, out_depth: depth }];
  for (const layer of layers.slice(0, -1)) {
    const { type, activation, filters, size, stride, padding, units } = layer.data;
    if (type === "conv") {
      if (stride !== 1) throw new Error("ConvNetJS pads on both sides alike: no stride 2 as Keras's");
      const pad = padding === "same" ? (size - 1) / 2 : 0;
      defs.push({ type: "conv", sx: size, filters, stride, pad, activation });
    } else if (type === "dense") defs.push({ type: "fc", num_neurons: units, activation });
    else if (type === "maxPool") defs.push({ type: "pool", sx: size, stride: size });
    else if (type !== "flatten" && type !== "rescale") defs.push({ type });
  }
  defs.push({ type: "softmax", num_classes: CLASSES });
  return defs;
}

/** Kernels [..., I, O] into one Vol a filter, whose order is that of one filter's [H, W, I]. */
function writeWeights(net, model, data) {
  const owners = net.layers.filter(({ filters }) => filters);
  const placed = flatLayers(model.layers).filter(({ weights }) => weights.kernel);
  for (const [i, { weights }] of placed.entries()) {
    const { filters, biases } = owners[i];
    const kernel = data.weight(weights.kernel);
    for (const [o, filter] of filters.entries()) {
      for (let k = 0; k < filter.w.length; k++) filter.w[k] = kernel[k * filters.length + o];
    }
    biases.w.set(data.weight(weights.bias));
  }
}

function inputsOf(model, data) {
  const size = sizeOf(model.inputShape);
  const [height, width, depth] = model.inputShape.length === 3 ? model.inputShape : [1, 1, size];
  const scale = model.layers.find(({ type }) => type === "rescale")?.data.scale ?? 1;
  return Array.from({ length: data.x.length / size }, (_, i) => {
    const vol = new convnetjs.Vol(width, height, depth, 0);
    for (let k = 0; k < size; k++) vol.w[k] = data.x[i * size + k] * scale;
    return vol;
  });
}

function build(model, data) {
  const said = [];
  const { log } = console;
  console.log = (text) => said.push(text); // how it reports errors, before it fails on what follows from them
  const net = new convnetjs.Net();
  try {
    net.makeLayers(definitions(model));
  } catch (error) {
    throw said.length ? new Error(`ConvNetJS: ${said[0]}`, { cause: error }) : error;
  } finally {
    console.log = log;
  }
  writeWeights(net, model, data);
  return net;
}

function makeAdam(net) {
  const slots = net.getParamsAndGrads().map(({ params }) => ({
    m: new Float64Array(params.length),
    v: new Float64Array(params.length),
  }));
  const { beta1, beta2, epsilon } = ADAM;
  let steps = 0;
  return (batch, learningRate) => {
    steps++;
    const correction1 = 1 - beta1 ** steps;
    const correction2 = 1 - beta2 ** steps;
    for (const [i, { params, grads }] of net.getParamsAndGrads().entries()) {
      const { m, v } = slots[i];
      for (let j = 0; j < params.length; j++) {
        const g = grads[j] / batch;
        m[j] = beta1 * m[j] + (1 - beta1) * g;
        v[j] = beta2 * v[j] + (1 - beta2) * g * g;
        params[j] -= (learningRate * (m[j] / correction1)) / (Math.sqrt(v[j] / correction2) + epsilon);
        grads[j] = 0;
      }
    }
  };
}

async function startTraining(model, data) {
  const net = build(model, data);
  const inputs = inputsOf(model, data);
  const update = makeAdam(net);
  let { learningRate } = ADAM;
  const step = () => {
    let loss = 0;
    for (const [i, vol] of inputs.entries()) {
      net.forward(vol, true);
      loss += net.backward(data.labels[i]);
    }
    update(inputs.length, learningRate);
    return loss / inputs.length;
  };
  const setRate = (rate) => {
    learningRate = rate;
  };
  return { step, setRate };
}

async function startInference(model, data) {
  const net = build(model, data);
  const inputs = inputsOf(model, data);
  const outputs = new Float32Array(inputs.length * CLASSES);
  const step = () => {
    for (const [i, vol] of inputs.entries()) outputs.set(net.forward(vol).w, i * CLASSES);
    return outputs;
  };
  return { step };
}

export async function open() {
  return {
    about: `ConvNetJS ${dependencies.convnetjs}`,
    train: (model, data) => [{ how: "forward, backward, Adam", start: () => startTraining(model, data) }],
    infer: (model, data) => [{ how: "forward", start: () => startInference(model, data) }],
  };
}

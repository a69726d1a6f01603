// jax-js, its wasm device: the whole step, Adam included, in one jit. An array is used up by each function it is given
// to, so `.ref` stands wherever it is needed again.

import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { channelsFirst, samePadding } from "../layout.ts";
import { ADAM, BATCH_NORM, CLASSES, flatLayers, interpret } from "../models.ts";
import { dependencies } from "../package.json";

const IMAGE_AXES = [0, 2, 3];

/** A weight in the order of [B, C, H, W], as jax-js wants it. */
function arrayOf(data, place) {
  const { shape } = place;
  const dims = shape.length === 4 ? [shape[3], shape[2], shape[0], shape[1]] : shape;
  return np.array(data.weight(place)).reshape([...dims]);
}

const isStatistic = (name) => name.startsWith("moving");
const keyOf = (place) => `w${place.offset}`;

/** Records of arrays: what is trained, and moving statistics. */
function readWeights(model, data) {
  const params = {};
  const statistics = {};
  for (const { weights } of flatLayers(model.layers)) {
    for (const [name, place] of Object.entries(weights)) {
      (isStatistic(name) ? statistics : params)[keyOf(place)] = arrayOf(data, place);
    }
  }
  return { params, statistics };
}

const perChannel = (v) => v.reshape([1, -1, 1, 1]);

function normalize(x, mean, variance, { gamma, beta }) {
  const scale = gamma.div(np.sqrt(variance.add(BATCH_NORM.epsilon)));
  return x.sub(perChannel(mean)).mul(perChannel(scale)).add(perChannel(beta));
}

const blend = (moving, batch) =>
  moving.mul(BATCH_NORM.momentum).add(lax.stopGradient(batch).mul(1 - BATCH_NORM.momentum));

/** Logits; in training `statistics` is replaced by its next values. */
function forward(model, params, statistics, x, training) {
  const get = (place) => params[keyOf(place)];
  const activate = (y, activation) => (activation ? nn.relu(y) : y);
  const rules = {
    rescale: (y, { data: { scale } }) => y.mul(scale),
    conv: (y, { data: { size, stride, padding, activation }, inputShape, weights }) => {
      const along = (n) => (padding === "same" ? samePadding(n, size, stride) : [0, 0]);
      const pads = [along(inputShape[0]), along(inputShape[1])];
      const product = lax.convGeneralDilated(y, get(weights.kernel), [stride, stride], pads);
      return activate(weights.bias ? product.add(perChannel(get(weights.bias))) : product, activation);
    },
    dense: (y, { data: { activation }, weights }) =>
      activate(np.matmul(y, get(weights.kernel)).add(get(weights.bias)), activation),
    batchNorm: (y, { weights }) => {
      const affine = { gamma: get(weights.gamma), beta: get(weights.beta) };
      const [meanKey, varianceKey] = [keyOf(weights.movingMean), keyOf(weights.movingVariance)];
      if (!training) return normalize(y, statistics[meanKey], statistics[varianceKey], affine);
      const mean = np.mean(y.ref, IMAGE_AXES);
      const variance = np.mean(np.square(y.ref.sub(perChannel(mean.ref))), IMAGE_AXES);
      statistics[meanKey] = blend(statistics[meanKey], mean.ref);
      statistics[varianceKey] = blend(statistics[varianceKey], variance.ref);
      return normalize(y, mean, variance, affine);
    },
    relu: (y) => nn.relu(y),
    maxPool: (y, { data: { size } }) => lax.reduceWindow(y, np.max, [size, size], [size, size]),
    globalAveragePool: (y) => np.mean(y, [2, 3]),
    flatten: (y) => y.reshape([y.shape[0], -1]),
    residual: (main, _, shortcut) => nn.relu(main.add(shortcut)),
  };
  return interpret(model.layers, x, rules, (y) => y.ref);
}

/** One parameter's update; `rates` holds learningRate / (1 - beta1^t) and 1 / (1 - beta2^t). */
function adam(w, g, m, v, rates) {
  const { beta1, beta2, epsilon } = ADAM;
  const mNext = m.mul(beta1).add(g.ref.mul(1 - beta1));
  const vNext = v.mul(beta2).add(np.square(g).mul(1 - beta2));
  const move = mNext.ref.mul(rates.first).div(np.sqrt(vNext.ref.mul(rates.second)).add(epsilon));
  return [w.sub(move), mNext, vNext];
}

function makeStep(model) {
  const lossOf = (params, statistics, x, onehot) => {
    const next = { ...statistics };
    const logits = forward(model, params, next, x, true);
    const loss = np.mean(np.sum(onehot.mul(nn.logSoftmax(logits)), -1)).neg();
    return [loss, next];
  };
  return jit((params, m, v, statistics, x, onehot, first, second) => {
    const [[loss, statisticsNext], gradients] = valueAndGrad(lossOf, { hasAux: true })(
      tree.ref(params),
      statistics,
      x,
      onehot,
    );
    const next = { params: {}, m: {}, v: {}, statistics: statisticsNext, loss };
    for (const key of Object.keys(params)) {
      const rates = { first: first.ref, second: second.ref };
      [next.params[key], next.m[key], next.v[key]] = adam(params[key], gradients[key], m[key], v[key], rates);
    }
    first.dispose();
    second.dispose();
    return next;
  });
}

const zerosLike = (params) => Object.fromEntries(Object.entries(params).map(([key, w]) => [key, np.zeros(w.shape)]));

async function startTraining(model, rowData) {
  const data = channelsFirst(model, rowData);
  let { params, statistics } = readWeights(model, data);
  let [m, v] = [zerosLike(params), zerosLike(params)];
  const x = np.array(data.x).reshape([model.batch, ...data.inputShape]);
  const labels = Float32Array.from({ length: model.batch * CLASSES }, (_, i) =>
    Number(data.labels[Math.floor(i / CLASSES)] === i % CLASSES),
  );
  const onehot = np.array(labels).reshape([model.batch, CLASSES]);
  const run = makeStep(model);
  let [power1, power2, learningRate] = [1, 1, ADAM.learningRate];
  const step = async () => {
    power1 *= ADAM.beta1;
    power2 *= ADAM.beta2;
    const first = np.array(learningRate / (1 - power1));
    const second = np.array(1 / (1 - power2));
    const next = run(params, m, v, statistics, x.ref, onehot.ref, first, second);
    ({ params, m, v, statistics } = next);
    return (await next.loss.data())[0];
  };
  const setRate = (rate) => {
    learningRate = rate;
  };
  return { step, setRate };
}

async function startInference(model, rowData, batch) {
  const data = channelsFirst(model, rowData);
  const { params, statistics } = readWeights(model, data);
  const x = np.array(data.x).reshape([batch, ...data.inputShape]);
  const run = jit((p, s, images) => nn.softmax(forward(model, p, s, images, false)));
  return { step: async () => run(tree.ref(params), tree.ref(statistics), x.ref).data() };
}

export async function open() {
  await init("wasm");
  defaultDevice("wasm");
  return {
    about: `jax-js ${dependencies["@jax-js/jax"]}, wasm device, jit`,
    train: (model, data) => [{ how: "one jit", start: () => startTraining(model, data) }],
    infer: (model, data, batch) => [{ how: "one jit", start: () => startInference(model, data, batch) }],
  };
}

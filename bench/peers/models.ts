// The models that the benchmark compares, as data: each library's adapter builds its network from these.
// Also what follows from them alone: shapes, places of the weights, multiply-adds.

export type Activation = "relu";

/** Images are [H, W, C], kernels [H, W, I, O] and [I, O], as in Keras. Every layer but a residual has one input. */
export type LayerData =
  | { readonly type: "rescale"; readonly scale: number }
  | {
      readonly type: "conv";
      readonly filters: number;
      readonly size: number;
      readonly stride: number;
      readonly padding: "same" | "valid";
      readonly bias: boolean;
      readonly activation?: Activation;
    }
  | { readonly type: "batchNorm" }
  | { readonly type: "relu" }
  | { readonly type: "maxPool"; readonly size: number }
  | { readonly type: "globalAveragePool" }
  | { readonly type: "flatten" }
  | { readonly type: "dense"; readonly units: number; readonly activation?: Activation }
  /** relu(main(x) + shortcut(x)); an empty shortcut is x itself. */
  | { readonly type: "residual"; readonly main: readonly LayerData[]; readonly shortcut: readonly LayerData[] };

export interface ModelData {
  readonly name: string;
  /** Of a training step. */
  readonly batch: number;
  readonly inputShape: readonly number[];
  /** What an input holds: numbers from 0 to 1, or bytes. */
  readonly input: "fractions" | "bytes";
  /** The last one gives the logits of ten classes. */
  readonly layers: readonly LayerData[];
}

const relu = "relu";
export const CLASSES = 10;
/** Keras's defaults, which are Lanewise's. */
export const BATCH_NORM = { momentum: 0.99, epsilon: 1e-3 };
export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
/**
 * The rate while steps are timed. They take one batch again and again; at the usual rate it is soon known by heart, gradients fade into
 * denormal numbers, and processors are many times slower at those than training ever is.
 */
export const LEARNING_RATE_TIMED = 1e-7;

const dense = (units: number, activation?: Activation): LayerData =>
  activation ? { type: "dense", units, activation } : { type: "dense", units };

function conv(filters: number, size: number, padding: "same" | "valid" = "same"): LayerData {
  return { type: "conv", filters, size, stride: 1, padding, bias: true, activation: relu };
}

/** A convolution without bias, and batch normalisation. */
function normalized(filters: number, size: number, stride: number): LayerData[] {
  return [{ type: "conv", filters, size, stride, padding: "same", bias: false }, { type: "batchNorm" }];
}

function block(filters: number, stride: number): LayerData {
  const main: LayerData[] = [...normalized(filters, 3, stride), { type: "relu" }, ...normalized(filters, 3, 1)];
  return { type: "residual", main, shortcut: stride === 1 ? [] : normalized(filters, 1, stride) };
}

function mlp(batch: number, sizes: readonly number[]): ModelData {
  const [inputs, ...units] = sizes as [number, ...number[]];
  const layers = units.map((n, i) => dense(n, i === units.length - 1 ? undefined : relu));
  return { name: `MLP ${sizes.join("-")}`, batch, inputShape: [inputs], input: "fractions", layers };
}

const pool: LayerData = { type: "maxPool", size: 2 };

export const models: readonly ModelData[] = [
  mlp(128, [784, 128, CLASSES]),
  mlp(128, [784, 512, 512, CLASSES]),
  mlp(32, [64, 32, CLASSES]),
  {
    name: "LeNet-5",
    batch: 64,
    inputShape: [28, 28, 1],
    input: "bytes",
    layers: [
      { type: "rescale", scale: 1 / 255 },
      conv(6, 5),
      pool,
      conv(16, 5, "valid"),
      pool,
      { type: "flatten" },
      dense(120, relu),
      dense(84, relu),
      dense(CLASSES),
    ],
  },
  {
    name: "VGG-like",
    batch: 32,
    inputShape: [32, 32, 3],
    input: "fractions",
    layers: [
      ...[32, 64, 128].flatMap((filters) => [conv(filters, 3), conv(filters, 3), pool]),
      { type: "flatten" },
      dense(128, relu),
      dense(CLASSES),
    ],
  },
  {
    name: "ResNet-8", // He et al. 2015, section 4.2, with one block a stage
    batch: 32,
    inputShape: [32, 32, 3],
    input: "fractions",
    layers: [
      ...normalized(16, 3, 1),
      { type: "relu" },
      block(16, 1),
      block(32, 2),
      block(64, 2),
      { type: "globalAveragePool" },
      dense(CLASSES),
    ],
  },
];

/** A weight's place in the file of weights (see data.ts), counted in numbers. */
export interface Placed {
  readonly offset: number;
  readonly shape: readonly number[];
}

export interface PlacedLayer {
  readonly type: LayerData["type"];
  readonly data: LayerData;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  readonly weights: Readonly<Record<string, Placed>>;
  /** Of one example, forward. */
  readonly multiplyAdds: number;
  /** Of a residual. */
  readonly main: readonly PlacedLayer[];
  readonly shortcut: readonly PlacedLayer[];
}

export interface PlacedModel {
  readonly name: string;
  readonly batch: number;
  readonly inputShape: readonly number[];
  readonly input: "fractions" | "bytes";
  readonly layers: readonly PlacedLayer[];
  /** Numbers in the file of weights, moving statistics included. */
  readonly weightCount: number;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

interface Rule {
  readonly outputShape: readonly number[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly multiplyAdds?: number;
}

/** Output shape, weights and work of a layer. */
function ruleOf(layer: Exclude<LayerData, { type: "residual" }>, inputShape: readonly number[]): Rule {
  const [height = 1, width = 1, channels = 1] = inputShape;
  switch (layer.type) {
    case "conv": {
      const { filters, size, stride, padding, bias } = layer;
      const along = (n: number) => Math.ceil((padding === "same" ? n : n - size + 1) / stride);
      const outputShape = [along(height), along(width), filters];
      const kernel = [size, size, channels, filters];
      const weights: Record<string, number[]> = bias ? { kernel, bias: [filters] } : { kernel };
      return { outputShape, weights, multiplyAdds: sizeOf(outputShape) * size * size * channels };
    }
    case "dense": {
      const inputs = sizeOf(inputShape);
      const weights = { kernel: [inputs, layer.units], bias: [layer.units] };
      return { outputShape: [layer.units], weights, multiplyAdds: inputs * layer.units };
    }
    case "batchNorm": {
      const features = inputShape.slice(-1);
      const weights = { gamma: features, beta: features, movingMean: features, movingVariance: features };
      return { outputShape: inputShape, weights };
    }
    case "maxPool":
      return { outputShape: [Math.floor(height / layer.size), Math.floor(width / layer.size), channels] };
    case "globalAveragePool":
      return { outputShape: [channels] };
    case "flatten":
      return { outputShape: [sizeOf(inputShape)] };
    default:
      return { outputShape: inputShape };
  }
}

/** A model with all shapes, and a place for each weight. */
export function placeModel(model: ModelData): PlacedModel {
  let weightCount = 0;
  const place = (layers: readonly LayerData[], inputShape: readonly number[]): PlacedLayer[] => {
    const placed: PlacedLayer[] = [];
    let shape = inputShape;
    for (const data of layers) {
      const common = { type: data.type, data, inputShape: shape };
      if (data.type === "residual") {
        const main = place(data.main, shape);
        const shortcut = place(data.shortcut, shape);
        const outputShape = main.at(-1)?.outputShape ?? shape;
        placed.push({ ...common, outputShape, weights: {}, multiplyAdds: 0, main, shortcut });
        shape = outputShape;
        continue;
      }
      const { outputShape, weights: shapes = {}, multiplyAdds = 0 } = ruleOf(data, shape);
      const weights: Record<string, Placed> = {};
      for (const [name, weightShape] of Object.entries(shapes)) {
        weights[name] = { offset: weightCount, shape: weightShape };
        weightCount += sizeOf(weightShape);
      }
      placed.push({ ...common, outputShape, weights, multiplyAdds, main: [], shortcut: [] });
      shape = outputShape;
    }
    return placed;
  };
  const layers = place(model.layers, model.inputShape);
  const { name, batch, inputShape, input } = model;
  return { name, batch, inputShape, input, layers, weightCount };
}

/** All layers that compute, residuals opened, in order. */
export function flatLayers(layers: readonly PlacedLayer[]): PlacedLayer[] {
  return layers.flatMap((layer) => [layer, ...flatLayers(layer.main), ...flatLayers(layer.shortcut)]);
}

/** Weights that an optimizer changes. */
export function parameterCount(model: PlacedModel): number {
  return flatLayers(model.layers)
    .flatMap(({ weights }) => Object.entries(weights))
    .reduce((sum, [name, { shape }]) => sum + (name.startsWith("moving") ? 0 : sizeOf(shape)), 0);
}

/**
 * Multiply-adds of products and convolutions: forward alone, or a training step, which adds the gradient of every
 * kernel and of every input but the model's own. Biases, pooling, normalisation and Adam are not counted.
 */
export function multiplyAdds(model: PlacedModel, kind: "train" | "infer", batch: number): number {
  const work = flatLayers(model.layers)
    .map((layer) => layer.multiplyAdds)
    .filter((n) => n > 0);
  const forward = work.reduce((sum, n) => sum + n, 0);
  return batch * (kind === "infer" ? forward : 3 * forward - (work[0] ?? 0));
}

/**
 * Walks a model with what a library does for each type of layer. `residual` gets the results of both branches; `fork` is called
 * where a tensor is about to be used twice.
 */
export function interpret<T>(
  layers: readonly PlacedLayer[],
  x: T,
  rules: Readonly<Record<LayerData["type"], (x: T, layer: PlacedLayer, shortcut: T) => T>>,
  fork: (x: T) => T = (same) => same,
): T {
  return layers.reduce((input, layer) => {
    const rule = rules[layer.type];
    if (layer.type !== "residual") return rule(input, layer, input);
    const main = interpret(layer.main, fork(input), rules, fork);
    return rule(main, layer, interpret(layer.shortcut, input, rules, fork));
  }, x);
}

/** A row of the table: a model trained, or asked for predictions. */
export interface Row {
  readonly name: string;
  readonly kind: "train" | "infer";
  readonly model: ModelData;
  readonly batch: number;
}

const modelsInferred = ["LeNet-5", "ResNet-8", "VGG-like", "MLP 784-512-512-10"];

export const rows: readonly Row[] = [
  ...models.map((model): Row => ({ name: `train ${model.name}`, kind: "train", model, batch: model.batch })),
  ...modelsInferred.flatMap((name) =>
    [1, 64].map((batch): Row => {
      const model = models.find((one) => one.name === name) as ModelData;
      return { name: `infer ${name}, batch ${batch}`, kind: "infer", model, batch };
    }),
  ),
];

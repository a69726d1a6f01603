// Wrong calls of every public function, generated from a table: function, a valid call, the kind of each argument
// and option. What a kind does not accept must throw a LanewiseError that names the argument; afterwards models
// train to the same bits as before.

import type { Model, Tensor, Values } from "../src/index.ts";
import * as lanewise from "../src/index.ts";
import * as kernels from "../src/kernels.ts";
import { assert, suite } from "./harness.ts";

const { LanewiseError, ops, initializers, losses, metrics } = lanewise;

// the values that are tried wherever something can be passed

const pool = {
  null: null,
  text: "text",
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-1": -1,
  "0": 0,
  "1.5": 1.5,
  "2^31": 2 ** 31,
  "[]": [],
  "{}": {},
  true: true,
  function: () => {},
  "1n": 1n,
  symbol: Symbol("s"),
  date: new Date(0),
} as const;
type PoolName = keyof typeof pool;

interface Kind {
  /** What of the pool is right; everything else must be refused. */
  readonly accepts: readonly PoolName[];
  /** More values that must be refused. */
  readonly also: readonly unknown[];
  /** Whether it must be given. */
  readonly required?: boolean;
}

const kind = (accepts: readonly PoolName[] = [], ...also: readonly unknown[]): Kind => ({ accepts, also });
const must = (of: Kind): Kind => ({ ...of, required: true });

const numbers: readonly PoolName[] = ["NaN", "Infinity", "-1", "0", "1.5", "2^31"];
const size = kind([], "3", [3]);
const count = kind(["0"]);
const axis = kind(["-1", "0"], 99, -99, 2 ** 32);
const finite = kind(["-1", "0", "1.5", "2^31"], 1e39, "1");
const positive = kind(["1.5", "2^31"], 1e-50, 1e39);
const nonNegative = kind(["0", "1.5", "2^31"], 1e39);
const fraction = kind(["0"], 1, 0.99999999999);
const flag = kind(["true"], 1, "true");
const text = kind(["text"], "");
const choice = kind([], "Relu", "");
const callable = kind(["function"]);
const seed = kind(["0", "2^31"], 2 ** 53, "7");
const pair = kind([], [1], [1, 2, 3], [1, "2"], [0, 1], [1.5, 1]);
const padding = kind(
  ["0"],
  [1, 1],
  [[1, 1]],
  [[1], [1]],
  [
    [-1, 0],
    [0, 0],
  ],
  "SAME",
  2 ** 20,
);
const made = kind([], "glorot", initializers.zeros, lanewise.l2);
const rate = kind(["0", "1.5", "2^31", "function"], "0.1", 1e39);
const exampleShape = kind(["[]"], [0], [-1], [1.5], ["2"], [null], [2 ** 31]);
const tensor = kind(numbers, [1, 2], new Float32Array(3));

interface Call {
  /** As users reach it: "dense", "ops.add", "model.fit". */
  readonly name: string;
  /** The arguments in order, with a valid value each. */
  readonly args: readonly (readonly [name: string, kind: Kind, valid: unknown])[];
  /** Kinds of the keys of the last argument, where that is an options record. */
  readonly options?: Readonly<Record<string, Kind>>;
  readonly run: (...args: never[]) => unknown;
}

/** An options record: `valid` holds what must be given. */
const record = (valid: object = {}): readonly ["options", Kind, object] => [
  "options",
  kind(Object.keys(valid).length === 0 ? ["{}"] : [], new Float32Array(2), [1]),
  valid,
];

function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  try {
    return JSON.stringify(value, (_key, each) => (typeof each === "bigint" ? String(each) : each)) ?? String(value);
  } catch {
    return "tensors";
  }
}

/** What a call threw, null where it was accepted. */
function attemptNow(run: () => unknown): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}

/** The same for a call that may return a promise. */
async function attempt(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return null;
  } catch (error) {
    return error;
  }
}

/** A complaint where a call was not refused as it should be. */
function complaint(what: string, thrown: unknown, ...names: readonly string[]): string | null {
  if (thrown === null) return `${what}: was accepted`;
  if (!(thrown instanceof LanewiseError)) return `${what}: ${(thrown as Error)?.stack ?? String(thrown)}`;
  if (!names.some((name) => thrown.message.includes(name))) return `${what}: does not name ${names}: ${thrown.message}`;
  return null;
}

interface WrongCall {
  readonly what: string;
  readonly given: readonly unknown[];
  /** The error names one of them. */
  readonly names: readonly string[];
}

/** Every wrong call of a function that follows from its kinds: one argument or option wrong at a time. */
function wrongCallsOf({ name, args, options = {} }: Call): WrongCall[] {
  const wrong: WrongCall[] = [];
  const valid = args.map((arg) => arg[2]);
  const last = args.length - 1;
  const record = valid[last] as object;
  const requiredKeys = Object.keys(options).filter((key) => options[key]?.required);
  const note = (what: string, at: number, value: unknown, names: readonly string[]): void => {
    wrong.push({ what: `${name}, ${what}`, given: valid.map((each, i) => (i === at ? value : each)), names });
  };
  for (const [i, [label, argument]] of args.entries()) {
    const names = i === last ? [label, ...requiredKeys] : [label];
    for (const [what, value] of wrongValues(argument)) note(`${label} = ${what}`, i, value, names);
  }
  for (const [key, option] of Object.entries(options)) {
    for (const [what, value] of wrongValues(option)) note(`${key} = ${what}`, last, { ...record, [key]: value }, [key]);
  }
  if (Object.keys(options).length > 0) note("an unknown key", last, { ...record, unknownKey: 1 }, ["unknownKey"]);
  return wrong;
}

function wrongValues({ accepts, also, required }: Kind): [what: string, value: unknown][] {
  return [
    ...Object.entries(pool).filter(([key]) => !accepts.includes(key as PoolName)),
    ...also.map((value): [string, unknown] => [show(value), value]),
    ...(required ? [["undefined", undefined] as [string, unknown]] : []),
  ];
}

// the table

const layerKinds = { name: text, trainable: flag };
const windowKinds = { ...layerKinds, strides: pair, padding };
const convKinds = {
  ...windowKinds,
  kernelSize: must(pair),
  dilationRate: pair,
  activation: choice,
  useBias: flag,
  biasInitializer: made,
  biasRegularizer: made,
};

const maker = (name: string, run: unknown, options: Readonly<Record<string, Kind>>, valid: object = {}): Call => ({
  name,
  args: [record(valid)],
  options,
  run: run as Call["run"],
});

const layers: readonly Call[] = [
  maker(
    "dense",
    lanewise.dense,
    {
      ...layerKinds,
      units: must(size),
      activation: choice,
      useBias: flag,
      kernelInitializer: made,
      biasInitializer: made,
      kernelRegularizer: made,
      biasRegularizer: made,
    },
    { units: 3 },
  ),
  maker(
    "conv2d",
    lanewise.conv2d,
    { ...convKinds, filters: must(size), groups: size, kernelInitializer: made, kernelRegularizer: made },
    { filters: 2, kernelSize: 3 },
  ),
  maker(
    "depthwiseConv2d",
    lanewise.depthwiseConv2d,
    { ...convKinds, depthMultiplier: size, depthwiseInitializer: made, depthwiseRegularizer: made },
    { kernelSize: 3 },
  ),
  maker("maxPooling2d", lanewise.maxPooling2d, { ...windowKinds, poolSize: pair }),
  maker("averagePooling2d", lanewise.averagePooling2d, { ...windowKinds, poolSize: pair }),
  maker("globalAveragePooling2d", lanewise.globalAveragePooling2d, { ...layerKinds, keepDims: flag }),
  maker("batchNormalization", lanewise.batchNormalization, {
    ...layerKinds,
    axis: kind(["-1", "0"]),
    momentum: fraction,
    epsilon: positive,
    center: flag,
    scale: flag,
    betaInitializer: made,
    gammaInitializer: made,
    betaRegularizer: made,
    gammaRegularizer: made,
  }),
  maker("dropout", lanewise.dropout, { ...layerKinds, rate: must(fraction) }, { rate: 0.5 }),
  maker("flatten", lanewise.flatten, layerKinds),
  maker(
    "reshape",
    lanewise.reshape,
    { ...layerKinds, targetShape: must(kind(["[]"], [0], [-2], [-1, -1], ["1"], [null], [1.5])) },
    { targetShape: [2] },
  ),
  maker("rescaling", lanewise.rescaling, { ...layerKinds, scale: must(finite), offset: finite }, { scale: 2 }),
  maker("activation", lanewise.activation, { ...layerKinds, activation: must(choice) }, { activation: "relu" }),
  maker("relu", lanewise.relu, layerKinds),
  maker("softmax", lanewise.softmax, layerKinds),
  maker("leakyRelu", lanewise.leakyRelu, { ...layerKinds, negativeSlope: nonNegative }),
  maker("elu", lanewise.elu, { ...layerKinds, alpha: positive }),
  maker("add", lanewise.add, layerKinds),
  maker("concatenate", lanewise.concatenate, { ...layerKinds, axis: kind(["-1", "0"]) }),
  {
    name: "defineLayer",
    args: [record({ name: "scale", call: (x: Tensor) => x })],
    options: { name: must(text), inputs: choice, build: callable, call: must(callable) },
    run: lanewise.defineLayer as never,
  },
];

const settings = { learningRate: rate, weightDecay: nonNegative, epsilonForm: choice };
const { epsilonForm: _, ...plainSettings } = settings;
const optimizers: readonly Call[] = [
  maker("sgd", lanewise.sgd, { ...plainSettings, momentum: fraction, nesterov: flag, dampening: fraction }),
  maker("rmsprop", lanewise.rmsprop, {
    ...settings,
    rho: fraction,
    epsilon: positive,
    momentum: fraction,
    centered: flag,
  }),
  maker("adam", lanewise.adam, { ...settings, beta1: fraction, beta2: fraction, epsilon: positive, amsgrad: flag }),
];

const normalKinds = { mean: finite, stddev: nonNegative };
const initializerKinds: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  constant: { value: must(finite) },
  randomNormal: normalKinds,
  truncatedNormal: normalKinds,
  randomUniform: { minval: kind(["-1", "0"], 1, 1e39), maxval: kind(["0", "1.5", "2^31"], -2) },
  varianceScaling: { scale: positive, mode: choice, distribution: choice },
};
const described: readonly Call[] = [
  ...Object.entries(initializers).map(([name, run]) =>
    maker(`initializers.${name}`, run, initializerKinds[name] ?? {}, name === "constant" ? { value: 1 } : {}),
  ),
  ...Object.entries(losses).map(([name, run]) =>
    maker(`losses.${name}`, run, name.includes("rossentropy") ? { fromLogits: flag } : {}),
  ),
  ...Object.entries(metrics).map(([name, run]) => maker(`metrics.${name}`, run, {})),
  maker("l1", lanewise.l1, { l1: nonNegative }),
  maker("l2", lanewise.l2, { l2: nonNegative }),
  maker("l1l2", lanewise.l1l2, { l1: nonNegative, l2: nonNegative }),
  maker("progress", lanewise.progress, { element: kind([], "body"), write: callable }),
  maker("init", lanewise.init, {
    threads: kind([], "two", 0.5),
    reproducible: flag,
    wasm: kind(["function"], "strict.wasm"),
    worker: callable,
  }),
  maker("open", kernels.open, {
    threads: kind([], "two"),
    bytesMax: kind(["2^31"], 1000, 2 ** 32 + 1),
    reproducible: flag,
    wasm: kind(["function"], "strict.wasm"),
  }),
];

const makers: readonly Call[] = [
  {
    name: "variable",
    args: [
      ["variable", kind(numbers, [[1], [1, 2]], ["1"], new Array(3), { data: [1, 2], shape: [3] }), [1, 2]],
      record(),
    ],
    options: { name: text, trainable: flag },
    run: lanewise.variable as never,
  },
  {
    name: "input",
    args: [["shape", exampleShape, [3]], record()],
    options: { name: text, dtype: choice },
    run: lanewise.input as never,
  },
  {
    name: "sequential",
    args: [
      ["layers", must(kind([], [1], [lanewise.flatten], [null], [() => {}, "relu"])), [lanewise.flatten()]],
      record(),
    ],
    options: { name: text, seed, inputShape: exampleShape },
    run: lanewise.sequential as never,
  },
  {
    name: "functional",
    args: [
      (() => {
        const x = lanewise.input([3]);
        return record({ inputs: x, outputs: lanewise.flatten()(x) });
      })(),
    ],
    options: {
      name: text,
      seed,
      inputs: must(kind([], [1], lanewise.input([3]), { a: lanewise.input([3]) })),
      outputs: must(kind([], [null], { a: 1 }, lanewise.input([3]))),
    },
    run: lanewise.functional as never,
  },
];

/** Calls on tensors, made while a program is recorded: x [2, 3], y [2, 3], image, kernel, labels, w. */
interface Symbols {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly image: Tensor;
  readonly labels: Tensor;
}

/** What the calls in a program work on, made outside of it. */
const prepared = {
  w: lanewise.variable([1, 2, 3], { name: "w" }),
  frozen: lanewise.variable([1], { trainable: false }),
  optimizer: lanewise.sgd(),
  one: lanewise.dense({ units: 2 }),
  many: lanewise.add(),
};

const opCalls = ({ x, y, image, labels }: Symbols): readonly Call[] => {
  const unary = (name: string): Call => ({
    name: `ops.${name}`,
    args: [["x", must(kind(numbers, [1], labels)), x]],
    run: (ops as unknown as Record<string, Call["run"]>)[name] as Call["run"],
  });
  const binary = (name: string): Call => ({
    name: `ops.${name}`,
    args: [
      ["a", must(kind(numbers, [1], labels, "2")), x],
      ["b", must(kind(numbers, [1], labels, "2")), y],
    ],
    run: (ops as unknown as Record<string, Call["run"]>)[name] as Call["run"],
  });
  const reduction = (name: "sum" | "mean" | "max" | "min"): Call => ({
    name: `ops.${name}`,
    args: [["x", must(kind(numbers, [1], labels)), x], record()],
    options: { axes: kind(["-1", "0", "[]"], [2], [0, 0], [0.5], ["0"], -3), keepDims: flag },
    run: ops[name] as never,
  });
  const along = (name: "softmax" | "logSoftmax" | "argMax"): Call => ({
    name: `ops.${name}`,
    args: [
      ["x", must(kind([], [1], labels)), x],
      ["axis", axis, -1],
    ],
    run: ops[name] as never,
  });
  const window = { strides: pair, padding };
  const conv = (name: "conv2d" | "depthwiseConv2d", more: Readonly<Record<string, Kind>>): Call => ({
    name: `ops.${name}`,
    args: [
      ["x", must(kind([], x, labels)), image],
      ["kernel", must(kind([], x, labels)), ops.constant({ data: new Float32Array(18), shape: [3, 3, 1, 2] })],
      record(),
    ],
    options: { ...window, dilationRate: pair, ...more },
    run: ops[name] as never,
  });
  const pool2d = (name: "maxPool2d" | "averagePool2d"): Call => ({
    name: `ops.${name}`,
    args: [["x", must(kind([], x, labels)), image], record()],
    options: { ...window, poolSize: pair },
    run: ops[name] as never,
  });
  const { w, frozen, optimizer, one, many } = prepared;
  return [
    ..."neg abs square sqrt reciprocal sign exp log erf relu sigmoid tanh softplus gelu silu".split(" ").map(unary),
    ..."add sub mul div maximum minimum squaredDifference greater greaterEqual less lessEqual equal notEqual"
      .split(" ")
      .map(binary),
    {
      name: "ops.leakyRelu",
      args: [
        ["x", must(tensor), x],
        ["slope", nonNegative, 0.1],
      ],
      run: ops.leakyRelu as never,
    },
    {
      name: "ops.elu",
      args: [
        ["x", must(tensor), x],
        ["alpha", positive, 1],
      ],
      run: ops.elu as never,
    },
    {
      name: "ops.clip",
      args: [
        ["x", must(tensor), x],
        ["low", must(kind(["-1", "0", "1.5"], 3)), -1],
        ["high", must(kind(["-1", "0", "1.5", "2^31"], -2)), 2],
      ],
      run: ops.clip as never,
    },
    {
      name: "ops.where",
      args: [
        ["condition", must(tensor), x],
        ["a", must(tensor), x],
        ["b", must(tensor), y],
      ],
      run: ops.where as never,
    },
    {
      name: "ops.cast",
      args: [
        ["x", must(kind(numbers, [1])), x],
        ["dtype", must(kind([], "float64")), "int32"],
      ],
      run: ops.cast as never,
    },
    ...(["sum", "mean", "max", "min"] as const).map(reduction),
    ...(["softmax", "logSoftmax", "argMax"] as const).map(along),
    {
      name: "ops.matmul",
      args: [["a", must(kind([], [1], labels)), x], ["b", must(kind([], [1], labels, 3)), ops.transpose(y)], record()],
      options: { transA: kind(["true"], 1), transB: kind(["true"], 1) },
      run: ops.matmul as never,
    },
    conv("conv2d", { groups: size }),
    conv("depthwiseConv2d", {}),
    pool2d("maxPool2d"),
    pool2d("averagePool2d"),
    {
      name: "ops.reshape",
      args: [
        ["x", must(kind([], [1])), x],
        ["shape", must(kind([], [-1, -1], [1.5], ["6"], [-2], [2, null])), [6]],
      ],
      run: ops.reshape as never,
    },
    {
      name: "ops.broadcastTo",
      args: [
        ["x", must(kind(numbers, [1])), x],
        ["shape", must(kind([], [-1], [1.5], ["6"], [4, 2, 4])), [4, 2, 3]],
      ],
      run: ops.broadcastTo as never,
    },
    {
      name: "ops.transpose",
      args: [
        ["x", must(kind([...numbers], [1])), x],
        ["permutation", kind([], [0], [0, 0], [0, 2], ["1", "0"]), [1, 0]],
      ],
      run: ((a: Tensor, permutation: number[]) =>
        ops.transpose(a, typeof a === "number" ? undefined : permutation)) as never,
    },
    {
      name: "ops.slice",
      args: [
        ["x", must(kind([], [1])), x],
        ["axis", must(kind(["-1", "0"], 2)), 1],
        ["begin", must(kind(["0"], 3, "0")), 0],
        ["size", must(kind(["0"], 4, "1")), 1],
      ],
      run: ops.slice as never,
    },
    {
      name: "ops.concatenate",
      args: [
        ["tensors", must(kind([], [1], [x, "a"], [x, null])), [x, y]],
        ["axis", kind(["-1", "0"], 2), 0],
      ],
      run: ops.concatenate as never,
    },
    { name: "ops.stopGradient", args: [["x", must(tensor), x]], run: ops.stopGradient as never },
    {
      name: "ops.constant",
      args: [
        [
          "ops.constant",
          must(kind([...numbers, "[]"], [[1], [1, 2]], ["1"], new Array(3), { data: [1], shape: [2] })),
          [1],
        ],
      ],
      run: ops.constant as never,
    },
    {
      name: "ops.gather",
      args: [
        ["x", must(kind([], [1], labels)), x],
        ["indices", must(kind([], [1], x)), labels],
      ],
      run: ops.gather as never,
    },
    {
      name: "ops.oneHot",
      args: [
        ["indices", must(kind([], [1], x)), labels],
        ["depth", must(size), 3],
      ],
      run: ops.oneHot as never,
    },
    {
      name: "ops.softmaxCrossEntropy",
      args: [
        ["logits", must(kind([], [1], labels)), x],
        ["targets", must(kind([], [1])), labels],
      ],
      run: ops.softmaxCrossEntropy as never,
    },
    {
      name: "ops.sigmoidCrossEntropy",
      args: [
        ["logits", must(kind([], [1], labels)), x],
        ["targets", must(kind([], [1], labels)), y],
      ],
      run: ops.sigmoidCrossEntropy as never,
    },
    {
      name: "assign",
      args: [
        ["variable", must(kind([], x, [1])), w],
        ["value", must(kind([], x, labels, [1, 2, 3])), ops.constant([1, 2, 3])],
      ],
      run: lanewise.assign as never,
    },
    {
      name: "gradients",
      args: [
        ["y", must(kind([], [1], labels)), ops.sum(ops.square(x))],
        ["xs", must(kind(["[]"], [1], [null], [x, "w"], x)), [x]],
        record(),
      ],
      options: { upstream: kind(numbers, ops.constant([1, 2]), labels) },
      run: lanewise.gradients as never,
    },
    {
      name: "optimizer.minimize",
      args: [
        ["loss", must(kind([], x, labels)), ops.sum(ops.square(ops.mul(w, 2)))],
        ["variables", must(kind([], [1], w, [w, w], [x], [frozen])), [w]],
      ],
      run: optimizer.minimize as never,
    },
    {
      name: "optimizer.apply",
      args: [
        [
          "",
          must(kind([], [1], [w], [[w, 1]], [[w, x]], [[x, x]], [[w]], [[w, labels]])),
          [[w, ops.constant([1, 2, 3])]],
        ],
      ],
      run: optimizer.apply as never,
    },
    {
      name: "layer()",
      args: [["x", must(kind([], [x], [1], labels)), x], record()],
      options: { training: flag, mask: kind([], new Float32Array(2)) },
      run: one as never,
    },
    {
      name: "many()",
      args: [["x", must(kind([], x, [1, "a"], [null])), [x, y]], record()],
      options: { training: flag, mask: kind([], [1]) },
      run: many as never,
    },
  ];
};

// models and steps

const inputs = 4;
const examples = 24;
const x = Float32Array.from({ length: examples * inputs }, (_v, i) => Math.fround(((i * 37) % 19) / 9.5 - 1));
const y = Uint8Array.from({ length: examples }, (_v, i) => (i * 7) % 3);

function makeModel(): Model {
  const model = lanewise.sequential(
    [
      lanewise.dense({ units: 8, activation: "tanh", kernelRegularizer: lanewise.l2() }),
      lanewise.dropout({ rate: 0.25 }),
      lanewise.dense({ units: 3, activation: "softmax" }),
    ],
    { inputShape: [inputs], seed: 7 },
  );
  model.compile({ optimizer: lanewise.adam(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** FNV-1a over all bytes of the weights. */
function hashOf(model: Model): string {
  let hash = 0x811c9dc5;
  for (const variable of model.variables) {
    for (const byte of new Uint8Array(variable.read().data.buffer)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}

const fiveSteps = async (model: Model): Promise<string> => {
  await model.fit({ x: x.subarray(0, 20 * inputs), y: y.subarray(0, 20) }, { batchSize: 4 });
  return hashOf(model);
};

const matrix = kind(
  [],
  new Float32Array(inputs + 1),
  { data: new Float32Array(2 * inputs), shape: [inputs, 2] },
  [[1, 2, 3]],
  [["a", 1, 2, 3]],
  new BigInt64Array(inputs),
  new Float32Array(0),
  [[1, 2, 3, 4], [1]],
);
const labelsKind = kind(
  [],
  new Uint8Array(examples - 1),
  new Float32Array(examples).fill(0.5),
  new Uint8Array(examples).fill(3),
  new Int8Array(examples).fill(-1),
  new Uint8Array(0),
  { data: new Uint8Array(examples), shape: [examples, 1] },
);
const weightKind = kind(
  [],
  new Float32Array(examples).fill(-1),
  new Float32Array(examples).fill(Number.NaN),
  new Float32Array(examples - 1),
  new Float32Array(0),
  [["1"]],
);
const dataKinds = { x: must(matrix), y: must(labelsKind), sampleWeight: weightKind };
const compileValid = () => ({ optimizer: lanewise.adam(), loss: "sparseCategoricalCrossentropy" });

const modelCalls = (model: Model): readonly Call[] => {
  const data = { x, y };
  const notExamples = kind(
    [],
    [1],
    new Float32Array(4),
    [{ x }],
    () => 5,
    () => [null],
    () => [{ x: [1], y }],
    function* () {},
  );
  return [
    {
      name: "model.compile",
      args: [record(compileValid())],
      options: {
        optimizer: must(kind([], "adam", lanewise.adam)),
        loss: must(kind(["function"], "crossentropy", losses.meanSquaredError, { output: 1 }, { other: "mse" })),
        metrics: kind(["[]", "{}"], ["acuracy"], [null], [metrics.binaryAccuracy], { other: "acc" }, ["acc", "acc"]),
        lossWeights: kind(["{}"], { output: "1" }, { output: Number.NaN }, { other: 1 }),
      },
      run: model.compile as never,
    },
    {
      name: "model.fit",
      args: [["", must(notExamples), data], record()],
      options: {
        epochs: size,
        batchSize: size,
        shuffle: flag,
        validation: kind([], { x }, { x, y: [1] }),
        validationSplit: kind(["0"], 1, 0.999999),
        callbacks: kind(["[]"], [null], [{}], { onEpochEnd: 1 }),
        signal: kind([], { aborted: false }),
        initialEpoch: count,
        onNaN: choice,
      },
      run: model.fit as never,
    },
    { name: "model.fit, data", args: [["data", kind([]), data]], options: dataKinds, run: model.fit as never },
    {
      name: "model.evaluate",
      args: [["", must(kind([], [1], x)), data], record()],
      options: { batchSize: size, signal: kind([], {}) },
      run: model.evaluate as never,
    },
    {
      name: "model.evaluate, data",
      args: [["data", kind([]), data]],
      options: dataKinds,
      run: model.evaluate as never,
    },
    {
      name: "model.predict",
      args: [["x", must(matrix), x], record()],
      options: { batchSize: size, signal: kind([], {}) },
      run: model.predict as never,
    },
    {
      name: "model.trainOnBatch",
      args: [["x", must(matrix), x], ["y", must(labelsKind), y], record()],
      options: { sampleWeight: weightKind },
      run: model.trainOnBatch as never,
    },
    {
      name: "model.explain",
      args: [["stage", must(choice), "graph"], record()],
      options: { batchSize: size, training: flag },
      run: model.explain as never,
    },
    {
      name: "model.save",
      args: [["path", kind(["text"], "", "no/such/folder/file"), undefined]],
      run: model.save as never,
    },
    {
      name: "model.load",
      args: [
        [
          "load",
          must(kind([], new Uint8Array(0), new Uint8Array(100), new Float32Array(4), "no/such/file")),
          undefined,
        ],
        record(),
      ],
      options: { optimizer: flag, partial: flag },
      run: model.load as never,
    },
    { name: "model.summary", args: [], run: model.summary as never },
    { name: "model.dispose", args: [], run: (() => {}) as never },
  ];
};

async function stepCalls(): Promise<readonly Call[]> {
  const step = await lanewise.program(
    { a: [2, 3], b: [null, 2], c: { shape: [2], dtype: "int32" } },
    ({ a, b, c }) => ({
      s: ops.sum(a),
      t: ops.sum(b),
      u: ops.sum(ops.cast(c, "float32")),
    }),
  );
  const v = lanewise.variable([1, 2, 3], { name: "v" });
  const valid = { a: new Float32Array(6), b: new Float32Array(4), c: [1, 2] };
  return [
    {
      name: "program",
      args: [
        [
          "",
          must(
            kind(
              ["{}"],
              { a: null },
              { a: [0] },
              { a: [1, null] },
              { a: [1.5] },
              { a: ["2"] },
              { a: { shape: 3 } },
              { a: { shape: [1], dtype: "float64" } },
              { a: { shape: [1], size: 1 } },
              { a: [2 ** 31] },
            ),
          ),
          { a: [1] },
        ],
        [
          "",
          must(
            kind(
              ["function"],
              () => 5,
              () => [1],
              () => ({ y: 1 }),
              (i: { a: Tensor }) => i.a,
            ),
          ),
          () => {},
        ],
        record(),
      ],
      options: { training: flag, seed },
      run: lanewise.program as never,
    },
    {
      name: "step",
      args: [["input", must(kind([], { ...valid, d: [1] }, { a: valid.a, b: valid.b })), valid], record()],
      options: { epoch: count },
      run: step as never,
    },
    {
      name: "step, inputs",
      args: [["input", kind(), valid]],
      options: {
        a: must(kind([], new Float32Array(5), [[1, 2, 3]], { data: new Float32Array(6), shape: [3, 2] })),
        b: must(kind([], new Float32Array(3), new Float32Array(0), [1, 2], [[1], [2]])),
        c: must(kind([], [1.5, 2], [1, 2 ** 31], [1, Number.NaN], [1], new Float32Array(2).fill(0.5))),
      },
      run: step as never,
    },
    {
      name: "step.explain",
      args: [["stage", must(choice), "graph"], record()],
      options: { batchSize: size },
      run: step.explain as never,
    },
    {
      name: "variable.write",
      args: [
        [
          "v",
          must(kind([], [1, 2], [[1, 2, 3]], ["1"], new Float32Array(4), { data: [1, 2, 3], shape: [1, 3] })),
          [1, 2, 3],
        ],
      ],
      run: v.write as never,
    },
  ];
}

const sync: readonly Call[] = [...layers, ...optimizers, ...described, ...makers];
const seen = new Set<string>(["LanewiseError"]);

async function check(calls: readonly Call[]): Promise<void> {
  const found: string[] = [];
  for (const call of calls) {
    seen.add(call.name.split(",")[0] as string);
    for (const { what, given, names } of wrongCallsOf(call)) {
      const text = complaint(
        what,
        await attempt(() => (call.run as (...all: unknown[]) => unknown)(...given)),
        ...names,
      );
      if (text) found.push(text);
    }
  }
  assert.is(found.join("\n"), "");
}

suite("wrong calls", (test) => {
  let expected = "";
  test("before: a reference model", async () => {
    expected = await fiveSteps(makeModel());
  });

  test("functions that make layers, optimizers and descriptions", () => check(sync));

  test("ops, effects and layers inside a program", async () => {
    const shapes = { x: [2, 3], y: [2, 3], image: [1, 5, 5, 1], labels: { shape: [2], dtype: "int32" } } as const;
    const found: string[] = [];
    const step = await lanewise.program(shapes, (symbols) => {
      for (const call of opCalls(symbols)) {
        seen.add(call.name);
        for (const { what, given, names } of wrongCallsOf(call)) {
          const thrown = attemptNow(() => (call.run as (...all: unknown[]) => unknown)(...given));
          const text = complaint(what, thrown, ...names);
          if (text) found.push(text);
        }
      }
      return { out: ops.sum(symbols.x) };
    });
    assert.is(found.join("\n"), "");
    const values: Values = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const out = step({ x: values, y: values, image: new Float32Array(25), labels: [0, 1] });
    assert.is(out.out.data[0], 21);
  });

  test("models", async () => {
    const model = makeModel();
    const fresh = makeModel();
    await check(modelCalls(model));
    assert.is(await fiveSteps(model), expected);
    assert.is(await fiveSteps(fresh), expected);
  });

  test("models of several inputs and outputs", async () => {
    const { add, dense, functional, input } = lanewise;
    const [a, b] = [input([2]), input([3], { name: "b" })];
    const both = add()([dense({ units: 2 })(a), dense({ units: 2 })(b)]);
    const named = functional({ inputs: { a, b }, outputs: { p: both, q: dense({ units: 1 })(both) } });
    const listed = functional({ inputs: [a, b], outputs: both });
    named.compile({ optimizer: lanewise.sgd(), loss: { p: "mse", q: "mse" } });
    const [x2, x3] = [new Float32Array(4), new Float32Array(6)];
    const y = { p: new Float32Array(4), q: new Float32Array(2) };
    const wrong = [null, x2, [x2, x3], { a: x2 }, { a: x2, b: x2 }, { a: x2, b: x3, c: x3 }, { a: x2, b: null }];
    const found: string[] = [];
    const note = async (what: string, run: () => unknown, name: string): Promise<void> => {
      const text = complaint(what, await attempt(run), name);
      if (text) found.push(text);
    };
    for (const each of wrong) await note(`x = ${show(each)}`, () => named.predict(each as never), "x");
    for (const each of [x2, { a: x2, b: x3 }, [x2], [x2, x3, x3], [x2, x2]]) {
      await note(`listed, x = ${show(each)}`, () => listed.predict(each as never), "x");
    }
    for (const each of [x2, { p: y.p }, [y.p, y.q], { ...y, r: y.q }, { p: y.q, q: y.q }]) {
      await note(`y = ${show(each)}`, () => named.fit({ x: { a: x2, b: x3 }, y: each as never }), "y");
    }
    for (const loss of [{ p: "mse" }, { p: "mse", q: "none" }, { p: "mse", q: "mse", r: "mse" }]) {
      await note(
        `loss = ${show(loss)}`,
        () => named.compile({ optimizer: lanewise.sgd(), loss: loss as never }),
        "loss.",
      );
    }
    assert.is(found.join("\n"), "");
    const { metrics: history } = await named.fit({ x: { a: x2, b: x3 }, y });
    assert.equal(Object.keys(history), ["loss", "p_loss", "q_loss"]);
  });

  test("layers of one's own that go wrong, and models disposed of", async () => {
    const found: string[] = [];
    const { defineLayer, input } = lanewise;
    const call = (x: Tensor) => x;
    const note = async (what: string, run: () => unknown, ...names: string[]): Promise<void> => {
      const text = complaint(what, await attempt(run), ...names);
      if (text) found.push(text);
    };
    const scale = defineLayer({ name: "scale", call });
    for (const [label, options] of Object.entries(pool)) {
      if (label !== "{}") await note(`options = ${label}`, () => scale(options as never), "options");
    }
    for (const name of [null, "", 1]) await note("name", () => scale({ name: name as never }), "name");
    for (const trainable of [null, 1])
      await note("trainable", () => scale({ trainable: trainable as never }), "trainable");
    for (const built of [
      null,
      1,
      "w",
      { w: null },
      { w: 1 },
      { w: {} },
      { w: { shape: 3 } },
      { w: { shape: [0] } },
      { w: { shape: [1], role: "slots" } },
      { w: { shape: [1], initializer: "x" } },
    ]) {
      const layer = defineLayer({ name: "scale", build: () => built as never, call });
      await note(
        `build gives ${show(built)}`,
        () => layer()(input([2])),
        "build",
        "shape",
        "options",
        "role",
        "initializer",
      );
    }
    for (const returned of [undefined, null, 1, [1], "x", {}]) {
      const layer = defineLayer({ name: "scale", call: () => returned as never });
      await note(`call gives ${show(returned)}`, () => layer()(input([2])), "call");
    }
    const gone = makeModel();
    await fiveSteps(gone);
    const [weight] = gone.variables;
    gone.dispose();
    gone.dispose();
    for (const [what, run] of [
      ["compile", () => gone.compile({ optimizer: lanewise.sgd(), loss: "mse" })],
      ["fit", () => gone.fit({ x, y })],
      ["evaluate", () => gone.evaluate({ x, y })],
      ["predict", () => gone.predict(x)],
      ["trainOnBatch", () => gone.trainOnBatch(x, y)],
      ["summary", () => gone.summary()],
      ["explain", () => gone.explain("graph")],
      ["memory", () => gone.memory],
      ["save", () => gone.save()],
      ["load", () => gone.load(new Uint8Array(9))],
      ["read", () => weight?.read()],
      ["write", () => weight?.write([1])],
      ["layer", () => gone(input([inputs]))],
    ] as const) {
      const thrown = await attempt(run as () => unknown);
      if (!(thrown instanceof LanewiseError) || thrown.code !== "disposed") found.push(`${what}: ${String(thrown)}`);
    }
    assert.is(found.join("\n"), "");
  });

  test("programs, steps, variables", async () => check(await stepCalls()));

  test("files cut short or changed", async () => {
    const model = makeModel();
    await fiveSteps(model);
    const bytes = await model.save();
    const found: string[] = [];
    const copy = makeModel();
    const load = async (what: string, given: Uint8Array): Promise<void> => {
      const text = complaint(`load, ${what}`, await attempt(() => copy.load(given)), "load");
      if (text) found.push(text);
    };
    for (let length = 0; length < bytes.length; length += length < 64 ? 1 : 97)
      await load(`${length} bytes`, bytes.slice(0, length));
    await load("a byte more", Uint8Array.from([...bytes, 0]));
    for (let i = 0; i < 24; i++)
      await load(
        `byte ${i} changed`,
        bytes.map((byte, j) => (i === j ? byte ^ 0x55 : byte)),
      );
    assert.is(found.join("\n"), "");
    assert.is(await fiveSteps(copy), expected);
  });

  test("losses, rates and layers that go wrong while training", async () => {
    const found: string[] = [];
    const train = async (what: string, name: string, change: Partial<lanewise.CompileOptions>): Promise<void> => {
      const model = makeModel();
      const before = await lanewise.init().then(() => model.save().then(() => hashOf(model)));
      model.compile({ optimizer: lanewise.adam(), loss: "mse", ...change });
      const target = "loss" in change ? new Float32Array(examples * 3) : y;
      const text = complaint(what, await attempt(() => model.fit({ x, y: target })), name);
      if (text) found.push(text);
      if (hashOf(model) !== before) found.push(`${what}: weights have changed`);
    };
    const sparse = { loss: "sparseCategoricalCrossentropy" } as const;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, "0.1", null, undefined, {}, 1e39]) {
      const optimizer = lanewise.adam({ learningRate: () => value as number });
      const model = makeModel();
      model.compile({ optimizer, ...sparse });
      const text = complaint(
        `learning rate ${String(value)}`,
        await attempt(() => model.fit({ x, y })),
        "learningRate",
      );
      if (text) found.push(text);
      const set = complaint(
        `learningRate = ${String(value)}`,
        await attempt(() => {
          lanewise.sgd().learningRate = value as number;
        }),
        "learningRate",
      );
      if (set) found.push(set);
    }
    await train("a loss that returns a scalar", "loss", { loss: (t, p) => ops.mean(ops.sub(t, p)) });
    await train("a loss that returns a number", "loss", { loss: (() => 1) as never });
    await train("a loss that returns nothing", "loss", { loss: (() => {}) as never });
    await train("a loss that returns a matrix", "loss", { loss: (t, p) => ops.sub(t, p) });
    await train("a metric that returns a scalar", "worst", {
      loss: "mse",
      metrics: [
        function worst(t, p) {
          return ops.max(ops.sub(t, p));
        },
      ],
    });
    const mse = lanewise.sequential([lanewise.dense({ units: 1 })], { inputShape: [2] });
    mse.compile({ optimizer: lanewise.sgd(), loss: "mse" });
    const flat = {
      x: [
        [1, 2],
        [3, 4],
      ],
      y: { data: [1, 2], shape: [2] },
    };
    const text = complaint(
      "y [n] for an output [n, 1]",
      await attempt(() => mse.fit(flat)),
      "y must have shape [null, 1]",
    );
    if (text) found.push(text);
    for (const [what, run, ...names] of [
      ["add(a, b)", () => lanewise.add(lanewise.input([1]) as never), "ops.add"],
      ["layer(a, b)", () => lanewise.dense({ units: 1 })(lanewise.input([1]), lanewise.input([1]) as never), "ops.add"],
      ["layer on an array", () => lanewise.dense({ units: 1 })([1, 2] as never), "x must be"],
      ["layer on a typed array", () => lanewise.dense({ units: 1 })(new Float32Array(3) as never), "x must be"],
      [
        "a layer that returns an array",
        () => lanewise.sequential([(() => [1]) as never], { inputShape: [1] }),
        "layers[0]",
      ],
      [
        "fit before compile",
        () => lanewise.sequential([lanewise.flatten()], { inputShape: [1] }).fit({ x: [[1]], y: [[1]] }),
        "compile",
      ],
      ["an unknown shape", () => lanewise.sequential([lanewise.flatten()]).predict([1, 2]), "inputShape"],
      [
        "a kernel that does not fit",
        () => lanewise.conv2d({ filters: 1, kernelSize: 5 })(lanewise.input([4, 4, 8])),
        "kernel 5x5",
      ],
      ["assign outside", () => lanewise.assign(lanewise.variable([1]), 1), "assign"],
      ["gradients outside", () => lanewise.gradients(ops.constant([1]), []), "gradients"],
    ] as [string, () => unknown, ...string[]][]) {
      const wrong = complaint(what, await attempt(run), ...names);
      if (wrong) found.push(wrong);
    }
    assert.is(found.join("\n"), "");
  });

  test("sizes that nothing can hold", async () => {
    const found: string[] = [];
    const { dense, conv2d, input, maxPooling2d, sequential } = lanewise;
    const large = 2 ** 31 - 1;
    const huge: [string, () => unknown][] = [
      ["program", () => lanewise.program({ x: [2 ** 20, 2 ** 20] }, ({ x }) => ({ y: ops.relu(x) }))],
      ["product", () => lanewise.program({ x: [65536, 1] }, ({ x }) => ({ y: ops.matmul(x, x, { transB: true }) }))],
      ["broadcast", () => lanewise.program({ x: [65536, 1] }, ({ x }) => ({ y: ops.add(x, ops.transpose(x)) }))],
      ["oneHot", () => lanewise.program({}, () => ({ y: ops.oneHot(ops.constant(new Int32Array(8)), large) }))],
      [
        "variable of a layer",
        () => sequential([dense({ units: large })], { inputShape: [1000] }).predict(new Float32Array(1000)),
      ],
      ["read", () => sequential([dense({ units: large })], { inputShape: [1000] }).variables.map((v) => v.read())],
      ["save", () => sequential([dense({ units: large })], { inputShape: [1000] }).save()],
      [
        "activations",
        () =>
          sequential([(x) => ops.broadcastTo(ops.reshape(x, [null, 1]), [x.dims[0] as number, large])], {
            inputShape: [1],
          }).predict([[1]]),
      ],
      ["explain", () => makeModel().explain("plan", { batchSize: large })],
      [
        "padding",
        () =>
          sequential([conv2d({ filters: 1, kernelSize: 1, padding: 2 ** 20 - 1 })], { inputShape: [2, 2, 1] }).predict(
            new Float32Array(4),
          ),
      ],
      ["dilation", () => conv2d({ filters: 1, kernelSize: 3, padding: "same", dilationRate: large })(input([4, 4, 1]))],
      [
        "memory",
        async () => {
          const step = await lanewise.program({ x: [1] }, ({ x }) => {
            const large = ops.broadcastTo(x, [2 ** 29]);
            // read again behind the sum, so that it cannot live within a chain
            return { y: ops.add(ops.sum(ops.mul(ops.exp(large), large)), ops.sum(large)) };
          });
          step({ x: [1] });
        },
      ],
    ];
    for (const [what, run] of huge) {
      const started = performance.now();
      const text = complaint(what, await attempt(run), "");
      if (text) found.push(text);
      const ms = performance.now() - started;
      if (ms > 5000) found.push(`${what}: took ${ms} ms`);
    }
    const pooled = sequential([maxPooling2d({ poolSize: large, padding: "same" })], { inputShape: [2, 2, 1] });
    assert.equal([...(await pooled.predict(Float32Array.of(1, 4, 3, 2))).data], [4]);
    assert.is(found.join("\n"), "");
  });

  test("properties that may be set", async () => {
    const layer = lanewise.dense({ units: 1 });
    for (const [what, value] of Object.entries(pool)) {
      if (value === true) continue;
      const thrown = attemptNow(() => {
        layer.trainable = value as never;
      });
      assert.is(complaint(`trainable = ${what}`, thrown, "trainable"), null);
    }
    assert.is(layer.trainable, true);
  });

  test("binaries that are none", async () => {
    const found: string[] = [];
    for (const [what, value] of Object.entries(pool)) {
      const text = complaint(
        `wasm gives ${what}`,
        await attempt(() => kernels.open({ wasm: () => value as never })),
        'wasm("',
      );
      if (text) found.push(text);
    }
    for (const given of [new Uint8Array(8), new Response("", { status: 404 }), new URL("data:,none")]) {
      const text = complaint(
        `wasm gives ${show(given)}`,
        await attempt(() => kernels.open({ wasm: () => given })),
        "base",
        "strict",
        "relaxed",
      );
      if (text) found.push(text);
    }
    assert.is(found.join("\n"), "");
  });

  test("kernels over arrays of one's own", async () => {
    const machine = await kernels.open({ bytesMax: 1 << 20 });
    const found: string[] = [];
    const note = (what: string, run: () => unknown, ...names: string[]): void => {
      const text = complaint(what, attemptNow(run), ...names);
      if (text) found.push(text);
    };
    const foreign = new Float32Array(8);
    for (const [name, kernel] of Object.entries(machine)) {
      if (typeof kernel !== "function") continue;
      const call = kernel as (given: unknown) => unknown;
      const plain = name === "float32" || name === "int32";
      const names = plain ? ["length"] : name === "free" ? ["array"] : [`machine.${name}`];
      for (const [what, value] of Object.entries(pool)) {
        if (!(plain && value === 0)) note(`${name}(${what})`, () => call(value), ...names);
      }
      note(`${name}()`, () => call(undefined), ...names);
      note(`${name} of an array from elsewhere`, () => call(foreign), ...names);
      if (!plain && name !== "free") note(`${name}, unknown operand`, () => call({ unknownKey: 1 }), "unknownKey");
    }
    assert.is(found.join("\n"), "");
  });

  test("every export has a row", () => {
    const missing: string[] = [];
    for (const [name, value] of Object.entries(lanewise)) {
      if (typeof value === "function" && !seen.has(name)) missing.push(name);
      if (typeof value !== "object") continue;
      for (const member of Object.keys(value)) if (!seen.has(`${name}.${member}`)) missing.push(`${name}.${member}`);
    }
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(makeModel()))) {
      if (typeof property.value === "function" && !seen.has(`model.${name}`)) missing.push(`model.${name}`);
    }
    assert.equal(missing, []);
  });

  test("after all of it: the same bits", async () => {
    assert.is(await fiveSteps(makeModel()), expected);
  });
});

// What describes or makes something: initial values, losses, metrics, penalties, models, variables.

import * as lanewise from "../../src/index.ts";
import * as kernels from "../../src/kernels.ts";
import type { Call, Kind } from "./kinds.ts";
import {
  callable,
  choice,
  exampleShape,
  finite,
  flag,
  fraction,
  kind,
  maker,
  must,
  nonNegative,
  numbers,
  positive,
  record,
  seed,
  text,
} from "./kinds.ts";

const { initializers, losses, metrics } = lanewise;

const axes = kind(["-1", "0"], [1.5], ["1"]);
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
    maker(`losses.${name}`, run, name.includes("rossentropy") ? { fromLogits: flag, labelSmoothing: fraction } : {}),
  ),
  ...Object.entries(metrics).map(([name, run]) =>
    maker(`metrics.${name}`, run, { name: text, ...(name === "binaryAccuracy" && { threshold: finite }) }),
  ),
  maker("l1", lanewise.l1, { l1: nonNegative, lambda: nonNegative }),
  maker("l2", lanewise.l2, { l2: nonNegative, lambda: nonNegative }),
  maker("l1l2", lanewise.l1l2, { l1: nonNegative, l2: nonNegative, lambda1: nonNegative, lambda2: nonNegative }),
  maker("maxNorm", lanewise.maxNorm, { maxValue: positive, axis: axes }),
  maker("unitNorm", lanewise.unitNorm, { axis: axes }),
  maker("nonNeg", lanewise.nonNeg, {}),
  maker("minMaxNorm", lanewise.minMaxNorm, {
    ...{ minValue: kind(["0"], 1.01, 1e39), maxValue: positive, axis: axes, rate: kind([], 1.5, "1") },
  }),
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

export const calls: readonly Call[] = [...described, ...makers];

// Softmax, cross-entropies and losses.

import type { Tensor } from "../../src/graph/graph.ts";
import type { Loss } from "../../src/index.ts";
import { losses, ops } from "../../src/index.ts";
import type { CaseInput, OpCase } from "../opCase.ts";
import { below, distributions, given, real } from "../opCase.ts";

const rows: [shape: number[], axis: number][] = [
  [[7], -1],
  [[1, 1], -1],
  [[3, 5], -1],
  [[3, 5], 0],
  [[2, 3, 4], 1],
  [[2, 1, 4, 3], -2],
  [[4, 33], 1],
];

const loss = (
  of: keyof typeof losses,
  name: string,
  make: () => Loss,
  target: CaseInput,
  prediction: CaseInput,
  of2: (p: Tensor) => Tensor = (p) => p,
): OpCase => ({
  of,
  name,
  inputs: { t: target, p: prediction },
  call: ({ t, p }) => make().call(t as Tensor, of2(p as Tensor)),
  differentiable: ["p"],
  tolerance: { sum: 16 },
});

export const lossCases: readonly OpCase[] = [
  ...rows.flatMap(([shape, axis]) =>
    (["softmax", "logSoftmax"] as const).map(
      (of): OpCase => ({
        of,
        name: `[${shape}], axis ${axis}`,
        inputs: { x: real(shape) },
        call: ({ x }) => ops[of](x as never, axis),
        tolerance: { sum: shape.at(axis) as number },
      }),
    ),
  ),
  ...(["softmax", "logSoftmax"] as const).map(
    (of): OpCase => ({
      of,
      name: "entries of +-1e4",
      inputs: { x: given([2, 3], [1e4, -1e4, 9999, -1e4, -1e4, -9999]) },
      call: ({ x }) => ops[of](x as never),
      tolerance: { ulp: 4 },
      differentiable: [],
    }),
  ),
  {
    of: "softmaxCrossEntropy",
    name: "labels",
    inputs: { x: real([5, 7]), t: below([5], 7) },
    call: ({ x, t }) => ops.softmaxCrossEntropy(x as never, t as never),
    tolerance: { sum: 7 },
  },
  {
    of: "softmaxCrossEntropy",
    name: "labels, logits of +-1e4",
    inputs: {
      x: given([2, 3], [1e4, -1e4, 0, -1e4, 1e4, 0]),
      t: { shape: [2], dtype: "int32", values: Int32Array.of(0, 2) },
    },
    call: ({ x, t }) => ops.softmaxCrossEntropy(x as never, t as never),
    tolerance: { ulp: 2 },
  },
  {
    of: "softmaxCrossEntropy",
    name: "probabilities",
    inputs: { x: real([4, 5]), t: distributions(4, 5) },
    call: ({ x, t }) => ops.softmaxCrossEntropy(x as never, t as never),
    tolerance: { sum: 10 },
    differentiable: ["x"],
  },
  {
    of: "softmaxCrossEntropy",
    name: "labels of rank 2",
    inputs: { x: real([2, 3, 4]), t: below([2, 3], 4) },
    call: ({ x, t }) => ops.softmaxCrossEntropy(x as never, t as never),
    tolerance: { sum: 4 },
  },
  {
    of: "sigmoidCrossEntropy",
    name: "[3, 5]",
    inputs: { x: real([3, 5], -6, 6), t: real([3, 5], 0, 1) },
    call: ({ x, t }) => ops.sigmoidCrossEntropy(x as never, t as never),
    tolerance: { sum: 2 },
    differentiable: ["x"],
  },
  {
    of: "sigmoidCrossEntropy",
    name: "logits of +-1e4",
    inputs: { x: given([4], [1e4, -1e4, 1e4, -1e4]), t: given([4], [1, 0, 0, 1]) },
    call: ({ x, t }) => ops.sigmoidCrossEntropy(x as never, t as never),
    tolerance: { ulp: 2 },
    differentiable: ["x"],
  },
  loss("meanSquaredError", "[3, 5]", losses.meanSquaredError, real([3, 5]), real([3, 5])),
  loss("meanSquaredError", "[4]", losses.meanSquaredError, real([4]), real([4])),
  loss("meanSquaredError", "[2, 3, 4]", losses.meanSquaredError, real([2, 3, 4]), real([2, 3, 4])),
  loss("meanAbsoluteError", "[3, 5]", losses.meanAbsoluteError, real([3, 5]), real([3, 5])),
  loss("binaryCrossentropy", "probabilities", losses.binaryCrossentropy, real([4, 3], 0, 1), real([4, 3], 0.1, 0.9)),
  loss(
    "binaryCrossentropy",
    "from logits",
    () => losses.binaryCrossentropy({ fromLogits: true }),
    real([4, 3], 0, 1),
    real([4, 3], -4, 4),
  ),
  loss(
    "binaryCrossentropy",
    "sees through a sigmoid",
    losses.binaryCrossentropy,
    real([4, 1], 0, 1),
    given([4, 1], [90, -90, 1, 40]),
    (p) => ops.sigmoid(p),
  ),
  loss(
    "categoricalCrossentropy",
    "probabilities",
    losses.categoricalCrossentropy,
    distributions(3, 5),
    distributions(3, 5),
  ),
  loss(
    "categoricalCrossentropy",
    "from logits",
    () => losses.categoricalCrossentropy({ fromLogits: true }),
    distributions(3, 5),
    real([3, 5]),
  ),
  loss(
    "categoricalCrossentropy",
    "sees through a softmax",
    losses.categoricalCrossentropy,
    distributions(2, 3),
    given([2, 3], [90, -90, 1, 40, 41, 0]),
    (p) => ops.softmax(p),
  ),
  ...[false, true].map((fromLogits) =>
    loss(
      "categoricalCrossentropy",
      `smoothed, ${fromLogits ? "from logits" : "of probabilities"}`,
      () => losses.categoricalCrossentropy({ fromLogits, labelSmoothing: 0.1 }),
      distributions(3, 5),
      fromLogits ? real([3, 5]) : distributions(3, 5),
    ),
  ),
  ...[false, true].map((fromLogits) =>
    loss(
      "binaryCrossentropy",
      `smoothed, ${fromLogits ? "from logits" : "of probabilities"}`,
      () => losses.binaryCrossentropy({ fromLogits, labelSmoothing: 0.2 }),
      real([4, 3], 0, 1),
      fromLogits ? real([4, 3], -4, 4) : real([4, 3], 0.1, 0.9),
    ),
  ),
  loss(
    "sparseCategoricalCrossentropy",
    "smoothed, sees through a softmax",
    () => losses.sparseCategoricalCrossentropy({ labelSmoothing: 0.3 }),
    below([4], 5),
    real([4, 5]),
    (p) => ops.softmax(p),
  ),
  loss(
    "sparseCategoricalCrossentropy",
    "probabilities",
    losses.sparseCategoricalCrossentropy,
    below([3], 5),
    distributions(3, 5),
  ),
  loss(
    "sparseCategoricalCrossentropy",
    "from logits",
    () => losses.sparseCategoricalCrossentropy({ fromLogits: true }),
    below([3], 5),
    real([3, 5]),
  ),
  loss(
    "sparseCategoricalCrossentropy",
    "one label a place",
    () => losses.sparseCategoricalCrossentropy({ fromLogits: true }),
    below([2, 3], 4),
    real([2, 3, 4]),
  ),
  loss(
    "sparseCategoricalCrossentropy",
    "sees through a softmax",
    losses.sparseCategoricalCrossentropy,
    below([2], 3),
    given([2, 3], [90, -90, 1, 40, 41, 0]),
    (p) => ops.softmax(p),
  ),
];

// Elementwise ops and activations: a number in, a number out; two with broadcasting; where.

import { ops } from "../../src/index.ts";
import { activationNames, activations } from "../../src/ops/activation.ts";
import type { OpCase } from "../opCase.ts";
import { below, given, real } from "../opCase.ts";

const shapes = [[1], [7], [3, 5], [2, 1, 4, 9], []];

/** One record a shape. */
function unary(of: keyof typeof ops, ulp: number, low = -2, high = 2, differentiable?: readonly string[]): OpCase[] {
  const op = ops[of] as typeof ops.neg;
  return shapes.map((shape) => ({
    of,
    name: `[${shape}]`,
    inputs: { x: real(shape, low, high) },
    call: ({ x }) => op(x as never),
    tolerance: { ulp },
    ...(differentiable && { differentiable }),
  }));
}

const pairs: [number[], number[]][] = [
  [[], []],
  [[5], [5]],
  [[3, 5], [5]],
  [
    [3, 1],
    [1, 5],
  ],
  [[4], [2, 3, 4]],
  [
    [2, 1, 3, 1],
    [1, 5, 1, 7],
  ],
  [
    [2, 1, 2, 1, 3, 1],
    [1, 3, 1, 2, 1, 2],
  ],
];

function binary(of: keyof typeof ops, ulp: number, differentiable?: readonly string[]): OpCase[] {
  const op = ops[of] as typeof ops.add;
  return pairs.map(([a, b]) => ({
    of,
    name: `[${a}] and [${b}]`,
    inputs: { a: real(a), b: of === "div" ? real(b, 0.5, 2) : real(b) },
    call: (x) => op(x.a as never, x.b as never),
    tolerance: { ulp },
    gradientSum: 30, // over the axes that were stretched
    ...(differentiable && { differentiable }),
  }));
}

const comparison = (of: keyof typeof ops): OpCase => {
  const op = ops[of] as typeof ops.greater;
  return {
    of,
    name: "equal, less, greater, NaN, infinite",
    inputs: {
      a: given([8], [1, 2, -1, 0, Number.NaN, 1, Number.POSITIVE_INFINITY, -0]),
      b: given([8], [1, 1, 3, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, 0]),
    },
    call: ({ a, b }) => op(a as never, b as never),
    differentiable: [],
  };
};

const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40, -1e-40, 3e38, -3e38];

/** Forward alone, on numbers at the edges. */
const edges = (of: keyof typeof ops, ulp: number): OpCase => {
  const op = ops[of] as typeof ops.neg;
  return {
    of,
    name: "special values",
    inputs: { x: given([special.length], special) },
    call: ({ x }) => op(x as never),
    tolerance: { ulp },
    differentiable: [],
  };
};

const squareTimes = ops.customGradient((a, b) => ({
  value: ops.mul(ops.square(a), b),
  gradient: (dy) => [ops.mul(dy, ops.mul(2, ops.mul(a, b))), ops.mul(dy, ops.square(a))],
}));

export const elementwiseCases: readonly OpCase[] = [
  ...unary("neg", 0),
  ...unary("abs", 0),
  ...unary("sign", 0, -2, 2, []),
  ...unary("square", 0),
  ...unary("sqrt", 0, 0.25, 4),
  ...unary("reciprocal", 0, 0.25, 4),
  ...unary("exp", 2),
  ...unary("log", 2, 0.25, 4),
  ...unary("erf", 4),
  ...unary("relu", 0),
  ...unary("sigmoid", 4),
  ...unary("tanh", 4),
  ...unary("softplus", 4),
  // 1 + erf(x / sqrt 2) cancels below 0: the error is absolute
  ...unary("gelu", 0).map((each): OpCase => ({ ...each, tolerance: { sum: 1 } })),
  ...unary("silu", 5),
  ...unary("leakyRelu", 1),
  ...unary("elu", 8),
  ...(["neg", "abs", "sign", "sqrt", "reciprocal", "relu", "leakyRelu"] as const).map((of) => edges(of, 1)),
  ...(["exp", "log"] as const).map((of) => edges(of, 2)),
  ...(["erf", "sigmoid", "tanh"] as const).map((of) => edges(of, 4)),
  {
    of: "leakyRelu",
    name: "slope 0.3",
    inputs: { x: real([3, 5]) },
    call: ({ x }) => ops.leakyRelu(x as never, 0.3),
    tolerance: { ulp: 1.5 },
  },
  {
    of: "elu",
    name: "alpha 0.5",
    inputs: { x: real([3, 5]) },
    call: ({ x }) => ops.elu(x as never, 0.5),
    tolerance: { ulp: 8 },
  },
  {
    of: "clip",
    name: "-0.75 to 1.25",
    inputs: { x: real([5, 7]) },
    call: ({ x }) => ops.clip(x as never, -0.75, 1.25),
  },
  ...binary("add", 0),
  ...binary("sub", 0),
  ...binary("mul", 0),
  ...binary("div", 0),
  ...binary("maximum", 0),
  ...binary("minimum", 0),
  ...binary("squaredDifference", 2),
  ...(["greater", "greaterEqual", "less", "lessEqual", "equal", "notEqual"] as const).flatMap((of) => [
    comparison(of),
    ...binary(of, 0, []),
  ]),
  {
    of: "add",
    name: "with itself: both gradients arrive",
    inputs: { x: real([5]) },
    call: ({ x }) => ops.add(x as never, ops.mul(x as never, x as never)),
    tolerance: { sum: 2 },
  },
  {
    of: "maximum",
    name: "equal: the gradient goes to the first",
    inputs: { a: given([4], [1, 2, 3, 4]), b: given([4], [2, 2, 2, 4]) },
    call: ({ a, b }) => ops.maximum(a as never, ops.stopGradient(b as never)),
    differentiable: [],
  },
  {
    of: "customGradient",
    name: "a^2 b with its gradient written by hand",
    inputs: { a: real([3, 5]), b: real([3, 5]) },
    call: ({ a, b }) => squareTimes(a as never, b as never),
    tolerance: { ulp: 2 },
    gradientSum: 4,
  },
  ...[
    [[5], [5], [5]],
    [[3, 1], [3, 4], []],
    [[2, 1, 4], [3, 1], [4]],
  ].map(
    ([c, a, b]): OpCase => ({
      of: "where",
      name: `[${c}], [${a}], [${b}]`,
      inputs: { a: real(a as number[]), b: real(b as number[]), c: real(c as number[]) },
      call: ({ a, b, c }) => ops.where(ops.greater(c as never, 0), a as never, b as never),
      differentiable: ["a", "b"],
      gradientSum: 30,
    }),
  ),
  {
    of: "where",
    name: "not a number on the side not taken, forward and back",
    inputs: { x: given([4], [4, -1, 9, -4]) },
    call: ({ x }) => {
      const right = ops.greater(x as never, 0);
      return ops.where(right, ops.sqrt(ops.where(right, x as never, 1)), ops.mul(x as never, 3));
    },
  },
  {
    of: "where",
    name: "NaN and Infinity given on the side not taken",
    inputs: {
      c: given([4], [1, 0, 1, 0]),
      a: given([4], [1, Number.NaN, 2, Number.POSITIVE_INFINITY]),
      b: given([4], [Number.NaN, 3, Number.NEGATIVE_INFINITY, 4]),
    },
    call: ({ a, b, c }) => ops.where(c as never, a as never, b as never),
    differentiable: [],
  },
  {
    of: "cast",
    name: "int32 to float32",
    inputs: { x: below([3, 5], 1000) },
    call: ({ x }) => ops.cast(x as never, "float32"),
  },
  {
    of: "cast",
    name: "float32 to int32 drops the fraction",
    inputs: { x: given([6], [1.9, -1.9, 0, -0.5, 70000.25, 3]) },
    call: ({ x }) => ops.cast(x as never, "int32"),
  },
  ...activationNames.map(
    (name): OpCase => ({
      of: `activation ${name}`,
      name: "[4, 7]",
      inputs: { x: real([4, 7]) },
      call: ({ x }) => activations[name](x as never),
      tolerance: { sum: 4 },
    }),
  ),
];

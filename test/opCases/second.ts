// Gradients of gradients: the function is itself a gradient, sum(dy/dx upstream) by x.

import type { Tensor } from "../../src/graph/graph.ts";
import { gradients, ops } from "../../src/index.ts";
import { activations } from "../../src/ops/activation.ts";
import type { CaseInput, OpCase } from "../opCase.ts";
import { bell, below, real } from "../opCase.ts";

/** The gradient of f(inputs) with respect to one of its inputs as a function of all of them and of the upstream. */
function second(
  of: string,
  inputs: Readonly<Record<string, CaseInput>>,
  by: string,
  upstream: CaseInput,
  f: (x: Readonly<Record<string, Tensor>>) => Tensor,
): OpCase {
  return {
    of,
    name: `second, by ${by}`,
    inputs: { ...inputs, u: upstream },
    call: (x) => gradients(f(x), [x[by] as Tensor], { upstream: x.u as Tensor })[0] as Tensor,
    tolerance: { sum: 64 },
    gradientSum: 64,
  };
}

const image = { x: bell([2, 5, 6, 2]), k: bell([3, 2, 2, 3]) };

export const secondCases: readonly OpCase[] = [
  ...(["relu", "leakyRelu", "sigmoid", "tanh", "elu", "softplus", "gelu", "silu"] as const).map((name) =>
    second(`activation ${name}`, { x: real([3, 5]) }, "x", real([3, 5]), ({ x }) => activations[name](x as Tensor)),
  ),
  ...(["square", "sqrt", "reciprocal", "exp", "log", "erf"] as const).map((name) => {
    const f = {
      square: ops.square,
      sqrt: ops.sqrt,
      reciprocal: ops.reciprocal,
      exp: ops.exp,
      log: ops.log,
      erf: ops.erf,
    };
    return second(name, { x: real([3, 5], 0.5, 2) }, "x", real([3, 5]), ({ x }) => f[name](x as Tensor));
  }),
  second("div", { a: real([3, 5]), b: real([5], 0.5, 2) }, "b", real([3, 5]), ({ a, b }) =>
    ops.div(a as never, b as never),
  ),
  second("matmul", { a: bell([3, 5]), b: bell([5, 4]) }, "a", bell([3, 4]), ({ a, b }) =>
    ops.matmul(a as never, b as never),
  ),
  ...["x", "k"].map((by) =>
    second("conv2d", image, by, bell([2, 3, 3, 3]), ({ x, k }) =>
      ops.conv2d(x as never, k as never, {
        strides: [1, 2],
        padding: [
          [0, 0],
          [1, 0],
        ],
      }),
    ),
  ),
  ...["x", "k"].map((by) =>
    second("depthwiseConv2d", { x: bell([1, 5, 4, 3]), k: bell([3, 3, 3, 2]) }, by, bell([1, 5, 4, 6]), ({ x, k }) =>
      ops.depthwiseConv2d(x as never, k as never, { padding: "same" }),
    ),
  ),
  second("averagePool2d", { x: bell([1, 4, 6, 2]) }, "x", bell([1, 2, 3, 2]), ({ x }) =>
    ops.averagePool2d(ops.mul(x as never, x as never)),
  ),
  second("gather", { x: bell([4, 3]), i: below([6], 4) }, "x", bell([6, 3]), ({ x, i }) =>
    ops.gather(ops.mul(x as never, x as never), i as never),
  ),
  second("transpose", { x: bell([4, 3]) }, "x", bell([3, 4]), ({ x }) => ops.transpose(ops.tanh(x as never))),
  second("concatenate", { x: bell([4, 3]) }, "x", bell([4, 5]), ({ x }) =>
    ops.concatenate([ops.tanh(x as never), ops.slice(ops.exp(x as never), 1, 1, 2)]),
  ),
];

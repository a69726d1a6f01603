// Ops.

import type { Layer, Optimizer, Tensor, Variable } from "../../src/index.ts";
import * as lanewise from "../../src/index.ts";
import type { Call, Kind } from "./kinds.ts";
import {
  axis,
  flag,
  kind,
  must,
  nonNegative,
  numbers,
  padding,
  pair,
  positive,
  record,
  size,
  tensor,
} from "./kinds.ts";

const { ops } = lanewise;
const maxNorm = lanewise.maxNorm();

interface Symbols {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly image: Tensor;
  readonly labels: Tensor;
}

/** What the calls in a program work on, made outside of it. */
export const prepared: {
  readonly w: Variable;
  readonly frozen: Variable;
  readonly optimizer: Optimizer;
  readonly one: Layer;
  readonly many: Layer;
} = {
  w: lanewise.variable([1, 2, 3], { name: "w" }),
  frozen: lanewise.variable([1], { trainable: false }),
  optimizer: lanewise.sgd(),
  one: lanewise.dense({ units: 2 }),
  many: lanewise.add(),
};

export const opCalls = ({ x, y, image, labels }: Symbols): readonly Call[] => {
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
        [
          "constraints",
          kind([], [[w, maxNorm]], new Map([[w, "maxNorm"]]), new Map([[w, null]]), new Map([[x, maxNorm]])),
          new Map([[w, maxNorm]]),
        ],
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

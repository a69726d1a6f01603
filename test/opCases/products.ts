// Matrix products, convolutions, pooling: sums of products.

import { ops } from "../../src/index.ts";
import type { OpCase } from "../opCase.ts";
import { bell } from "../opCase.ts";

const transposes = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

function matmuls(): OpCase[] {
  const sizes = [
    [1, 1, 1],
    [3, 5, 7],
    [17, 9, 33],
    [1, 70, 3],
    [5, 4, 1],
  ] as const;
  const batches = [[], [2], [2, 3]];
  return transposes.flatMap(([transA, transB]) =>
    sizes.flatMap(([m, k, n]) =>
      batches.map((batch): OpCase => {
        const a = [...batch, ...(transA ? [k, m] : [m, k])];
        const b = [...batch, ...(transB ? [n, k] : [k, n])];
        return {
          of: "matmul",
          name: `[${a}]${transA ? "^T" : ""} [${b}]${transB ? "^T" : ""}`,
          inputs: { a: bell(a), b: bell(b) },
          call: (x) => ops.matmul(x.a as never, x.b as never, { transA, transB }),
          tolerance: { sum: k },
          gradientSum: Math.max(m, n),
        };
      }),
    ),
  );
}

const convolutions: [name: string, x: number[], kernel: number[], options: ops.ConvOptions][] = [
  ["1x1", [2, 4, 5, 3], [1, 1, 3, 2], {}],
  ["3x3 of one channel", [2, 7, 6, 1], [3, 3, 1, 5], {}],
  ["same", [1, 6, 7, 3], [3, 3, 3, 4], { padding: "same" }],
  ["same, even kernel, strides 2", [2, 7, 8, 2], [4, 2, 2, 3], { padding: "same", strides: 2 }],
  ["strides 3 and 2", [1, 9, 8, 2], [3, 3, 2, 3], { strides: [3, 2] }],
  ["padding by number", [1, 4, 5, 2], [3, 3, 2, 3], { padding: 2 }],
  [
    "padding of each side",
    [1, 4, 5, 2],
    [3, 2, 2, 3],
    {
      padding: [
        [0, 2],
        [1, 0],
      ],
    },
  ],
  ["dilation", [1, 9, 9, 2], [3, 3, 2, 3], { dilationRate: 2 }],
  [
    "dilation 2 and 3, same, strides 2",
    [2, 9, 8, 2],
    [2, 3, 2, 3],
    { dilationRate: [2, 3], padding: "same", strides: 2 },
  ],
  ["two groups", [2, 5, 5, 4], [3, 3, 2, 6], { groups: 2 }],
  ["as many groups as channels", [1, 5, 4, 3], [2, 3, 1, 6], { groups: 3, padding: "same" }],
  ["kernel as large as the image", [3, 4, 4, 2], [4, 4, 2, 3], {}],
  ["one row", [2, 1, 9, 3], [1, 4, 3, 2], {}],
  ["many channels", [1, 4, 4, 17], [3, 3, 17, 18], { padding: "same" }],
];

const depthwise: [name: string, x: number[], kernel: number[], options: Omit<ops.ConvOptions, "groups">][] = [
  ["3x3", [2, 5, 6, 3], [3, 3, 3, 1], {}],
  ["multiplier 2, same", [1, 6, 5, 3], [3, 3, 3, 2], { padding: "same" }],
  ["strides, dilation", [2, 9, 9, 5], [2, 3, 5, 1], { strides: [2, 1], dilationRate: [1, 2], padding: 1 }],
  ["many channels", [1, 4, 5, 18], [3, 3, 18, 1], { padding: "same", strides: 2 }],
];

const pools: [name: string, x: number[], options: ops.PoolOptions][] = [
  ["2x2", [2, 4, 6, 3], {}],
  ["2x2, a row is left over", [1, 5, 7, 4], {}],
  ["3x2, strides 1, overlapping", [2, 5, 4, 2], { poolSize: [3, 2], strides: 1 }],
  ["3x3, strides 2, same", [2, 6, 7, 5], { poolSize: 3, strides: 2, padding: "same" }],
  ["padding by number", [1, 4, 4, 1], { poolSize: 3, strides: 2, padding: 1 }],
  ["gaps between windows", [1, 7, 7, 2], { poolSize: 2, strides: 3 }],
  ["1x1", [1, 3, 3, 2], { poolSize: 1 }],
];

export const productCases: readonly OpCase[] = [
  ...matmuls(),
  {
    of: "matmul",
    name: "all leading axes are rows",
    inputs: { a: bell([2, 3, 4, 5]), b: bell([5, 6]) },
    call: ({ a, b }) => ops.matmul(a as never, b as never),
    tolerance: { sum: 5 },
    gradientSum: 24,
  },
  {
    of: "matmul",
    name: "all leading axes are rows, b transposed",
    inputs: { a: bell([3, 4, 5]), b: bell([6, 5]) },
    call: ({ a, b }) => ops.matmul(a as never, b as never, { transB: true }),
    tolerance: { sum: 5 },
    gradientSum: 12,
  },
  {
    of: "matmul",
    name: "batches with bias and activation behind it",
    inputs: { a: bell([2, 3, 5]), b: bell([2, 5, 6]), bias: bell([6]) },
    call: ({ a, b, bias }) => ops.relu(ops.add(ops.tanh(ops.matmul(a as never, b as never)), bias as never)),
    tolerance: { sum: 5 },
    gradientSum: 12,
  },
  {
    of: "matmul",
    name: "a matrix with itself",
    inputs: { a: bell([5, 5]) },
    call: ({ a }) => ops.matmul(a as never, a as never, { transB: true }),
    tolerance: { sum: 5 },
    gradientSum: 10,
  },
  ...convolutions.map(
    ([name, x, kernel, options]): OpCase => ({
      of: "conv2d",
      name,
      inputs: { x: bell(x), kernel: bell(kernel) },
      call: (t) => ops.conv2d(t.x as never, t.kernel as never, options),
      tolerance: { sum: (kernel[0] as number) * (kernel[1] as number) * (kernel[2] as number) },
      gradientSum: 200,
    }),
  ),
  ...depthwise.map(
    ([name, x, kernel, options]): OpCase => ({
      of: "depthwiseConv2d",
      name,
      inputs: { x: bell(x), kernel: bell(kernel) },
      call: (t) => ops.depthwiseConv2d(t.x as never, t.kernel as never, options),
      tolerance: { sum: (kernel[0] as number) * (kernel[1] as number) },
      gradientSum: 100,
    }),
  ),
  ...pools.map(
    ([name, x, options]): OpCase => ({
      of: "maxPool2d",
      name,
      inputs: { x: bell(x) },
      call: (t) => ops.maxPool2d(t.x as never, options),
      gradientSum: 9,
    }),
  ),
  ...pools.map(
    ([name, x, options]): OpCase => ({
      of: "averagePool2d",
      name,
      inputs: { x: bell(x) },
      call: (t) => ops.averagePool2d(t.x as never, options),
      tolerance: { sum: 9 },
    }),
  ),
];

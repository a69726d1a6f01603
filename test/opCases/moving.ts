// Ops that move numbers, reductions, gather.

import { ops } from "../../src/index.ts";
import type { OpCase } from "../opCase.ts";
import { below, given, real } from "../opCase.ts";

const six = [2, 3, 1, 4, 2, 3];

function reductions(): OpCase[] {
  const shapes: [shape: number[], axes: number[] | number | undefined][] = [
    [[], undefined],
    [[7], undefined],
    [[1], 0],
    [[3, 5], 0],
    [[3, 5], -1],
    [[3, 5], []],
    [
      [4, 3, 5],
      [0, 2],
    ],
    [[4, 3, 5], 1],
    [
      [2, 3, 1, 4, 2],
      [0, 2, 4],
    ],
    [six, [1, 3, -1]],
    [[33, 65], undefined],
  ];
  return shapes.flatMap(([shape, axes]) =>
    (["sum", "mean", "max", "min"] as const).flatMap((of) =>
      [false, true].map((keepDims): OpCase => {
        const summed = shape.reduce((n, size) => n * size, 1);
        return {
          of,
          name: `[${shape}] over ${axes ?? "all"}${keepDims ? ", kept" : ""}`,
          inputs: { x: real(shape) },
          call: ({ x }) => ops[of](x as never, { ...(axes !== undefined && { axes }), keepDims }),
          tolerance: of === "sum" || of === "mean" ? { sum: summed } : { ulp: 0 },
        };
      }),
    ),
  );
}

const permutations = [
  [5, 4, 3, 2, 1, 0],
  [1, 0, 3, 2, 5, 4],
  [2, 4, 0, 5, 1, 3],
];

export const movingCases: readonly OpCase[] = [
  ...reductions(),
  {
    of: "max",
    name: "equal largest entries share the gradient",
    inputs: { x: given([2, 3], [1, 4, 4, 5, 0, 2]) },
    call: ({ x }) =>
      ops.max(ops.mul(x as never, ops.constant({ data: [1, 1, 1, 1, 1, 1], shape: [2, 3] })), { axes: 0 }),
  },
  {
    of: "max",
    name: "NaN",
    inputs: { x: given([2, 3], [1, Number.NaN, 4, 5, 0, 2]) },
    call: ({ x }) => ops.max(x as never, { axes: 1 }),
    differentiable: [],
  },
  ...[[7], [3, 5], [4, 1], [2, 3, 4]].map(
    (shape): OpCase => ({
      of: "argMax",
      name: `[${shape}]`,
      inputs: { x: real(shape) },
      call: ({ x }) => ops.argMax(x as never),
      differentiable: [],
    }),
  ),
  ...[0, 1, -1].map(
    (axis): OpCase => ({
      of: "argMax",
      name: `axis ${axis}, equal entries`,
      inputs: { x: given([2, 2, 3], [1, 3, 3, 1, 3, 2, 1, 3, 5, 1, 0, 5]) },
      call: ({ x }) => ops.argMax(x as never, axis),
      differentiable: [],
    }),
  ),
  ...permutations.map(
    (permutation): OpCase => ({
      of: "transpose",
      name: `[${six}] to ${permutation}`,
      inputs: { x: real(six) },
      call: ({ x }) => ops.transpose(x as never, permutation),
    }),
  ),
  { of: "transpose", name: "[3, 5]", inputs: { x: real([3, 5]) }, call: ({ x }) => ops.transpose(x as never) },
  ...six.flatMap((size, axis) =>
    [
      [0, 1],
      [size - 1, 1],
      [1, size - 1],
    ]
      .filter(([begin, n]) => (begin as number) + (n as number) <= size && (n as number) > 0)
      .map(
        ([begin, n]): OpCase => ({
          of: "slice",
          name: `[${six}] axis ${axis} from ${begin}, ${n}`,
          inputs: { x: real(six) },
          call: ({ x }) => ops.slice(x as never, axis, begin as number, n as number),
        }),
      ),
  ),
  ...six.map(
    (_, axis): OpCase => ({
      of: "concatenate",
      name: `rank 6, axis ${axis}`,
      inputs: {
        a: real(six),
        b: real(six.map((n, i) => (i === axis ? 1 : n))),
        c: real(six.map((n, i) => (i === axis ? 5 : n))),
      },
      call: ({ a, b, c }) => ops.concatenate([a, b, c] as never, axis),
    }),
  ),
  {
    of: "concatenate",
    name: "a tensor beside itself",
    inputs: { a: real([3, 2]) },
    call: ({ a }) => ops.concatenate([a, a] as never),
    gradientSum: 2,
  },
  {
    of: "reshape",
    name: "[2, 3, 4] to [4, -1]",
    inputs: { x: real([2, 3, 4]) },
    call: ({ x }) => ops.reshape(ops.mul(x as never, 2), [4, -1]),
  },
  ...(
    [
      [[], [2, 3]],
      [[3], [2, 3]],
      [
        [2, 1, 3],
        [4, 2, 5, 3],
      ],
      [
        [2, 1, 2, 1, 3, 1],
        [2, 3, 2, 2, 3, 2],
      ],
    ] as [number[], number[]][]
  ).map(
    ([from, to]): OpCase => ({
      of: "broadcastTo",
      name: `[${from}] to [${to}]`,
      inputs: { x: real(from) },
      call: ({ x }) => ops.broadcastTo(x as never, to),
      gradientSum: 24,
    }),
  ),
  {
    of: "stopGradient",
    name: "one factor of two",
    inputs: { x: real([5]), c: real([5]) },
    call: ({ x, c }) => ops.mul(x as never, ops.stopGradient(ops.exp(c as never))),
    differentiable: ["x"],
    tolerance: { ulp: 3 },
  },
  {
    of: "constant",
    name: "a vector",
    inputs: { x: real([2, 3]) },
    call: ({ x }) => ops.mul(x as never, ops.constant([1, -2, 3])),
  },
  {
    of: "gather",
    name: "rows, repeated",
    inputs: { x: real([5, 3]), i: { shape: [7], dtype: "int32", values: Int32Array.of(0, 4, 4, 2, 0, 4, 1) } },
    call: ({ x, i }) => ops.gather(x as never, i as never),
    gradientSum: 3,
  },
  {
    of: "gather",
    name: "entries of a vector by a matrix",
    inputs: { x: real([9]), i: below([3, 4], 9) },
    call: ({ x, i }) => ops.gather(x as never, i as never),
    gradientSum: 12,
  },
  {
    of: "gather",
    name: "planes",
    inputs: { x: real([3, 2, 5]), i: below([40], 3) },
    call: ({ x, i }) => ops.gather(x as never, i as never),
    gradientSum: 40,
  },
  { of: "oneHot", name: "[7] of 5", inputs: { i: below([7], 5) }, call: ({ i }) => ops.oneHot(i as never, 5) },
  { of: "oneHot", name: "[2, 3] of 1", inputs: { i: below([2, 3], 1) }, call: ({ i }) => ops.oneHot(i as never, 1) },
];

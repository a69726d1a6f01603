// Records of assembly/pointwise/.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase, ulpOf } from "../kernelCase.ts";
import { integers, normal, sizes, uniform } from "../values.ts";

/** Values at which functions break: signed zeros, denormals, ends of the range, infinities, NaN. */
const special = Float32Array.of(
  ...[0, -0, 1, -1, 0.5, -0.5, 2, -2, 3.5, -3.5, 1e-45, -1e-45, 1e-40, -1e-40, 2 ** -126, -(2 ** -126), 1e-10, -1e-10],
  ...[5, -5, 9, -9, 17, -17, 40, -40, 80, -80, 87.5, -87.5, 88.7, 88.8, -88.8, 91, -91, 103.9, -103.9, 104.1, -104.1],
  ...[1e10, -1e10, 2.2e9, -2.2e9, 2147483520, -2147483648, 16777217, 3.4e38, -3.4e38],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
);

/** All exponents, both signs, random fractions. */
function everywhere(n: number, seed: number): Float32Array {
  const next = integers(seed);
  return new Float32Array(Uint32Array.from({ length: n }, next).buffer);
}

/** Where activations bend: a dense sample of [-12, 12], finer towards 0. */
const dense = uniform(6000, 3, -1, 1).map((x, i) => (i % 2 ? 12 * x : 4 * x * x * x));

const inputs: readonly (readonly [string, Float32Array])[] = [
  ...sizes.map((n) => [`n = ${n}`, normal(n, n + 1, 2)] as const),
  ["special values", special],
  ["all exponents", everywhere(6000, 11)],
  ["dense", dense],
  ["two pieces", normal(16389, 5)],
];

type Tolerance = KernelCase["tolerance"];
type UnaryName = "negate" | "absolute" | "square" | "sqrt" | "reciprocal" | "sign" | "relu";
type LongName = "exp" | "log" | "erf" | "sigmoid" | "tanh" | "softplus" | "gelu" | "silu";

const unary = (kernel: UnaryName | LongName, tolerance?: (x: Float32Array) => Tolerance): KernelCase[] =>
  inputs.map(([name, x]) => {
    const n = x.length;
    return kernelCase(kernel, name, { n, x, out: new Float32Array(n) }, tolerance?.(x));
  });

const ulp = (count: number) => (): Tolerance => ({ ulp: count });

/** Beyond it what is scaled by x is exact: Phi is 0 or 1, the sigmoid 0 or a whole number of denormals. */
const SCALE_MOST = 128;

/** Near cancellation an error of the factor counts, times |x|. */
const ulpOrScaled =
  (count: number, unit: number) =>
  (x: Float32Array): Tolerance =>
  (_operand, i, expected) =>
    // an infinite x has an exact result
    count * ulpOf(expected) + unit * Math.min(Math.abs(x[i] as number), SCALE_MOST);

const exact: readonly UnaryName[] = ["negate", "absolute", "square", "sqrt", "reciprocal", "sign", "relu"];

const unaryCases = [
  ...exact.flatMap((kernel) => unary(kernel)),
  ...unary("exp", ulp(2)),
  ...unary("log", ulp(2)),
  ...unary("erf", ulp(4)),
  ...unary("sigmoid", ulp(4)),
  ...unary("tanh", ulp(4)),
  ...unary("softplus", ulp(4)),
  // Phi is within 2^-23 of the truth, silu's factor within half a denormal
  ...unary("gelu", ulpOrScaled(4, 2 ** -23)),
  ...unary("silu", ulpOrScaled(5, 2 ** -149)),
  ...inputs.flatMap(([name, x]) => {
    const n = x.length;
    const out = new Float32Array(n);
    const alpha = Math.fround(0.3);
    const beta = Math.fround(-1.7);
    return [
      kernelCase("leakyRelu", name, { n, slope: 0.01, x, out }),
      kernelCase("elu", name, { n, alpha: 1, x, out }, { ulp: 2 }),
      kernelCase("elu", `${name}, alpha 1.3`, { n, alpha: 1.3, x, out }, { ulp: 4 }),
      // two roundings: of the product, and of the sum
      kernelCase(
        "affine",
        name,
        { n, alpha, beta, x, out },
        (_o, i, expected) => 0.5 * ulpOf(alpha * (x[i] as number)) + 0.5 * ulpOf(expected),
      ),
      kernelCase("clip", name, { n, low: -1, high: 0.75, x, out }),
      kernelCase("float32ToInt32", name, { n, x, out: new Int32Array(n) }),
    ];
  }),
  ...sizes.map((n) =>
    kernelCase("int32ToFloat32", `n = ${n}`, {
      n,
      x: Int32Array.from({ length: n }, integers(n)),
      out: new Float32Array(n),
    }),
  ),
];

const gradientCases = inputs.flatMap(([name, x]) => {
  const n = x.length;
  const dy = normal(n, 77);
  const dx = new Float32Array(n);
  const sigmoid = x.map((v) => 1 / (1 + Math.exp(-v)));
  const tanh = x.map((v) => Math.tanh(v));
  const relu = x.map((v) => Math.max(v, 0));
  const leaky = x.map((v) => (v < 0 ? 0.1 * v : v));
  const elu = x.map((v) => (v < 0 ? Math.expm1(v) : v));
  /** The slope may be off by `unit` where its terms cancel. */
  const slopeOff =
    (unit: number): Tolerance =>
    (_operand, i, expected) =>
      4 * ulpOf(expected) + unit * Math.abs(dy[i] as number);
  return [
    kernelCase("reluGradient", name, { n, y: relu, dy, dx }),
    kernelCase("leakyReluGradient", name, { n, slope: 0.1, y: leaky, dy, dx }),
    kernelCase("sigmoidGradient", name, { n, y: sigmoid, dy, dx }, { ulp: 2.5 }),
    kernelCase("tanhGradient", name, { n, y: tanh, dy, dx }, { ulp: 2.5 }),
    kernelCase("eluGradient", name, { n, alpha: 1, y: elu, dy, dx }, { ulp: 2 }),
    kernelCase("softplusGradient", name, { n, x, dy, dx }, slopeOff(2 ** -149)),
    kernelCase("geluGradient", name, { n, x, dy, dx }, slopeOff(2 ** -22)),
    kernelCase("siluGradient", name, { n, x, dy, dx }, slopeOff(2 ** -22)),
  ];
});

interface Layout {
  readonly name: string;
  readonly d: readonly [number, number, number, number];
  readonly a: readonly [number, number, number, number];
  readonly b: readonly [number, number, number, number];
}

/** Elements that sizes and strides reach. */
function reach(d: readonly number[], s: readonly number[]): number {
  return d.some((size) => size === 0) ? 0 : d.reduce((sum, size, i) => sum + (size - 1) * (s[i] as number), 1);
}

const layouts: readonly Layout[] = [
  ...sizes.map((n) => ({ name: `n = ${n}`, d: [1, 1, 1, n], a: [0, 0, 0, 1], b: [0, 0, 0, 1] }) as const),
  ...sizes.flatMap((n): Layout[] => [
    { name: `row [3, ${n}] + [${n}]`, d: [1, 1, 3, n], a: [0, 0, n, 1], b: [0, 0, 0, 1] },
    { name: `column [3, ${n}] + [3, 1]`, d: [1, 1, 3, n], a: [0, 0, n, 1], b: [0, 0, 1, 0] },
    { name: `[3, 1] + [3, ${n}]`, d: [1, 1, 3, n], a: [0, 0, 1, 0], b: [0, 0, n, 1] },
  ]),
  { name: "outer [5, 1] + [1, 9]", d: [1, 1, 5, 9], a: [0, 0, 1, 0], b: [0, 0, 0, 1] },
  { name: "strides 2 and 3", d: [1, 1, 2, 9], a: [0, 0, 20, 2], b: [0, 0, 30, 3] },
  { name: "both repeated", d: [1, 1, 1, 6], a: [0, 0, 0, 0], b: [0, 0, 0, 0] },
  { name: "transposed", d: [1, 1, 6, 7], a: [0, 0, 1, 6], b: [0, 0, 7, 1] },
  { name: "four dimensions", d: [2, 3, 4, 5], a: [60, 0, 5, 1], b: [0, 20, 0, 1] },
  { name: "two pieces, broken inside a row", d: [1, 1, 3, 6007], a: [0, 0, 6007, 1], b: [0, 0, 1, 0] },
  { name: "nothing in the middle", d: [2, 0, 4, 5], a: [0, 0, 5, 1], b: [0, 20, 0, 1] },
];

function binaryOperands({ d, a, b }: Layout, special: boolean) {
  const count = reach(d, a);
  const other = reach(d, b);
  return {
    ...{ d0: d[0], d1: d[1], d2: d[2], d3: d[3] },
    ...{ a0: a[0], a1: a[1], a2: a[2], a3: a[3] },
    ...{ b0: b[0], b1: b[1], b2: b[2], b3: b[3] },
    a: special ? everywhere(count, 5) : normal(count, 5),
    b: special ? everywhere(other, 6) : normal(other, 6),
    out: new Float32Array(d[0] * d[1] * d[2] * d[3]),
  };
}

const arithmetic = ["add", "sub", "mul", "div", "maximum", "minimum"] as const;
const comparisons = ["greater", "greaterEqual", "less", "lessEqual", "equal", "notEqual"] as const;

/** Every special value with every other. */
const pairs = {
  ...{ d0: 1, d1: 1, d2: special.length, d3: special.length },
  ...{ a0: 0, a1: 0, a2: 1, a3: 0, b0: 0, b1: 0, b2: 0, b3: 1 },
  a: special,
  b: special,
  out: new Float32Array(special.length ** 2),
};

const binaryCases = [
  ...layouts.map((layout) => kernelCase("add", layout.name, binaryOperands(layout, false))),
  ...layouts.map((layout) => kernelCase("sub", `${layout.name}, all exponents`, binaryOperands(layout, true))),
  ...[...arithmetic, ...comparisons].flatMap((kernel) => [
    kernelCase(kernel, "special values in pairs", pairs),
    kernelCase(
      kernel,
      "dense",
      binaryOperands({ name: "", d: [1, 1, 1, 501], a: [0, 0, 0, 1], b: [0, 0, 0, 1] }, false),
    ),
  ]),
  ...layouts.map((layout) =>
    // the difference is rounded, then squared, then rounded
    kernelCase("squaredDifference", layout.name, binaryOperands(layout, false), { ulp: 2.5 }),
  ),
  ...layouts.flatMap((layout) => {
    const operands = binaryOperands(layout, true);
    const { d } = layout;
    const condition = (n: number) => normal(n, 9).map((x, i) => (i % 7 === 0 ? Number.NaN : i % 3 === 0 ? -0 : x));
    const contiguous = { c0: d[1] * d[2] * d[3], c1: d[2] * d[3], c2: d[3], c3: 1 };
    return [
      kernelCase("select", layout.name, { ...operands, ...contiguous, condition: condition(operands.out.length) }),
      kernelCase("select", `${layout.name}, one condition a row`, {
        ...operands,
        ...{ c0: 0, c1: 0, c2: 1, c3: 0, condition: condition(Math.max(1, d[2])) },
      }),
    ];
  }),
];

type Six = readonly [number, number, number, number, number, number];

const stridedLayouts: readonly (readonly [name: string, d: Six, s: Six])[] = [
  ...sizes.map((n) => [`n = ${n}`, [1, 1, 1, 1, 1, n], [0, 0, 0, 0, 0, 1]] as const),
  ...[1, 2, 3, 4, 5, 7, 8, 9, 16, 33].flatMap((m) =>
    [0, 1, 3, 4, 5, 8, 17].map((n) => [`transpose ${m} x ${n}`, [1, 1, 1, 1, m, n], [0, 0, 0, 0, 1, m]] as const),
  ),
  ["cut [5, 7] from [9, 11]", [1, 1, 1, 1, 5, 7], [0, 0, 0, 0, 11, 1]],
  ["NHWC to NCHW", [1, 1, 1, 2, 5, 12], [0, 0, 0, 60, 1, 5]],
  ["transpose in two pieces", [1, 1, 1, 2, 301, 70], [0, 0, 0, 21070, 1, 301]],
  ["every third", [1, 1, 1, 1, 4, 9], [0, 0, 0, 0, 30, 3]],
  ["six dimensions", [2, 3, 2, 2, 3, 5], [1000, 300, 120, 60, 16, 2]],
  ["permuted", [2, 3, 2, 2, 5, 3], [1, 2, 90, 6, 18, 360]],
  ["many rows", [1, 1, 1, 7, 900, 5], [0, 0, 0, 8, 64, 1]],
  ["rows repeated", [1, 1, 1, 3, 4, 9], [0, 0, 0, 9, 0, 1]],
  ["elements repeated", [1, 1, 1, 1, 6, 9], [0, 0, 0, 0, 1, 0]],
  ["nothing", [1, 1, 0, 2, 3, 4], [0, 0, 0, 12, 4, 1]],
];

const stridedCases = stridedLayouts.map(([name, d, s]) => {
  const shape = { d0: d[0], d1: d[1], d2: d[2], d3: d[3], d4: d[4], d5: d[5] };
  const strides = { s0: s[0], s1: s[1], s2: s[2], s3: s[3], s4: s[4], s5: s[5] };
  const n = d.reduce((product, size) => product * size, 1);
  const far = reach(d, s);
  return kernelCase("stridedCopy", name, { ...shape, ...strides, x: normal(far, 3), out: new Float32Array(n) });
});

export const pointwiseCases: readonly KernelCase[] = [...unaryCases, ...gradientCases, ...binaryCases, ...stridedCases];

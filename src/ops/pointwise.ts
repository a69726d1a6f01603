// Elementwise ops: one number in, one out (unary), or two with NumPy broadcasting (binary).
// Forward and derivative stand side by side.

import { LanewiseError } from "../../bindings/errors.ts";
import type { KernelName } from "../../bindings/generated/kernels.ts";
import { finite, nonNegative, positive } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, LowerContext, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { broadcastShapes, sizeOf, stridesOf } from "../shape.ts";
import { requireFloat, sumTo } from "./broadcasting.ts";
import { broadcastStrides, loopOperands } from "./loops.ts";

interface UnaryRule {
  readonly kernel: KernelName;
  /** Scalar operand, where the kernel has one. */
  readonly scalar?: "slope" | "alpha";
  /** Gradient with respect to x. */
  gradient?(x: Tensor, y: Tensor, dy: Tensor, scalar: number): Tensor | null;
}

interface UnaryAttributes {
  readonly scalar: number;
}

function unaryOp(name: string, { kernel, scalar, gradient }: UnaryRule): Op<UnaryAttributes> {
  return {
    name,
    infer: ([x]) => {
      requireFloat(`ops.${name}`, x as Tensor);
      return [{ shape: (x as Tensor).dims, dtype: "float32" }];
    },
    ...(gradient && {
      gradient: ({ inputs: [x], outputs: [y], upstream: [dy], attributes }) => [
        gradient(x as Tensor, y as Tensor, dy as Tensor, attributes.scalar),
      ],
    }),
    inPlace: [0],
    lower({ inputs: [x], outputs: [out], attributes, emit }) {
      const operands: Record<string, unknown> = { n: (x as Buffer).length, x, out };
      if (scalar) operands[scalar] = attributes.scalar;
      emit(kernel, operands as never);
    },
    ...(scalar && { describe: ({ scalar: value }: UnaryAttributes) => `${scalar} ${value}` }),
  };
}

/**
 * Gradients that are kernels of their own: dx = dy f(v), v being y or x. They are linear in dy; `slope` is
 * f' and absent where it is 0.
 */
function gradientOp(
  kernel: KernelName,
  from: "x" | "y",
  slope?: (value: Tensor) => Tensor,
  scalar?: "slope" | "alpha",
): Op<UnaryAttributes> {
  return {
    name: kernel,
    infer: ([, dy]) => [{ shape: (dy as Tensor).dims, dtype: "float32" }],
    gradient({ inputs: [value, dy], upstream: [u], attributes, wanted }) {
      const [v, d, up] = [value, dy, u] as [Tensor, Tensor, Tensor];
      return [wanted(0) && slope ? mul(mul(up, d), slope(v)) : null, apply(this, [v, up], attributes)];
    },
    inPlace: [1, 0],
    lower({ inputs: [value, dy], outputs: [dx], attributes, emit }) {
      const operands: Record<string, unknown> = { n: (dy as Buffer).length, [from]: value, dy, dx };
      if (scalar) operands[scalar] = attributes.scalar;
      emit(kernel, operands as never);
    },
  };
}

export const reluGradient: Op<UnaryAttributes> = gradientOp("reluGradient", "y");
const leakyReluGradient = gradientOp("leakyReluGradient", "y", undefined, "slope");
// y (1 - y), 1 - y^2
const sigmoidGradient = gradientOp("sigmoidGradient", "y", (y) => sub(1, mul(y, 2)));
const tanhGradient = gradientOp("tanhGradient", "y", (y) => mul(y, -2));
// y + alpha below 0
const eluGradient = gradientOp("eluGradient", "y", (y) => less(y, 0), "alpha");
// s, s + x s (1 - s), s being the sigmoid of x
const sigmoidSlope = (s: Tensor): Tensor => mul(s, sub(1, s));
const softplusGradient = gradientOp("softplusGradient", "x", (x) => sigmoidSlope(sigmoid(x)));
const siluGradient = gradientOp("siluGradient", "x", (x) => {
  const s = sigmoid(x);
  return mul(sigmoidSlope(s), add(mul(x, sub(1, mul(s, 2))), 2));
});
// Phi(x) + x phi(x), phi(x) = e^(-x^2/2) / sqrt(2 pi)
const geluGradient = gradientOp("geluGradient", "x", (x) => {
  const squared = square(x);
  return mul(mul(exp(mul(squared, -0.5)), 0.3989422804014327), sub(2, squared));
});
const one = { scalar: 0 };

const unaryRules = {
  neg: { kernel: "negate", gradient: (_x, _y, dy) => neg(dy) },
  abs: { kernel: "absolute", gradient: (x, _y, dy) => mul(sign(x), dy) },
  sign: { kernel: "sign" },
  square: { kernel: "square", gradient: (x, _y, dy) => mul(mul(x, 2), dy) },
  sqrt: { kernel: "sqrt", gradient: (_x, y, dy) => div(mul(dy, 0.5), y) },
  reciprocal: { kernel: "reciprocal", gradient: (_x, y, dy) => neg(mul(square(y), dy)) },
  exp: { kernel: "exp", gradient: (_x, y, dy) => mul(y, dy) },
  log: { kernel: "log", gradient: (x, _y, dy) => div(dy, x) },
  // d erf = 2/sqrt(pi) e^(-x^2)
  erf: { kernel: "erf", gradient: (x, _y, dy) => mul(mul(exp(neg(square(x))), 1.1283791670955126), dy) },
  relu: { kernel: "relu", gradient: (_x, y, dy) => apply(reluGradient, [y, dy], one) },
  sigmoid: { kernel: "sigmoid", gradient: (_x, y, dy) => apply(sigmoidGradient, [y, dy], one) },
  tanh: { kernel: "tanh", gradient: (_x, y, dy) => apply(tanhGradient, [y, dy], one) },
  softplus: { kernel: "softplus", gradient: (x, _y, dy) => apply(softplusGradient, [x, dy], one) },
  gelu: { kernel: "gelu", gradient: (x, _y, dy) => apply(geluGradient, [x, dy], one) },
  silu: { kernel: "silu", gradient: (x, _y, dy) => apply(siluGradient, [x, dy], one) },
} satisfies Record<string, UnaryRule>;

const scalarRules = {
  leakyRelu: {
    kernel: "leakyRelu",
    scalar: "slope",
    gradient: (_x, y, dy, scalar) => apply(leakyReluGradient, [y, dy], { scalar }),
  },
  elu: { kernel: "elu", scalar: "alpha", gradient: (_x, y, dy, scalar) => apply(eluGradient, [y, dy], { scalar }) },
} satisfies Record<string, UnaryRule>;

type UnaryName =
  | "neg"
  | "abs"
  | "sign"
  | "square"
  | "sqrt"
  | "reciprocal"
  | "exp"
  | "log"
  | "erf"
  | "relu"
  | "sigmoid"
  | "tanh"
  | "softplus"
  | "gelu"
  | "silu"
  | "leakyRelu"
  | "elu";

/** The unary ops by name; rules look here. */
export const unaryOps: Readonly<Record<UnaryName, Op<UnaryAttributes>>> = Object.fromEntries(
  Object.entries({ ...unaryRules, ...scalarRules }).map(([name, rule]) => [name, unaryOp(name, rule)]),
) as Record<UnaryName, Op<UnaryAttributes>>;

/** A unary op as a function of tensors, of a scalar that is known to be right. */
export const unaryOf =
  (name: UnaryName, scalar = 0) =>
  (x: Tensor): Tensor =>
    apply(unaryOps[name], [x], { scalar });

const unary =
  (name: UnaryName) =>
  (x: TensorLike): Tensor =>
    apply(unaryOps[name], [toTensor(`ops.${name}`, x)], { scalar: 0 });

/** -x */
export const neg: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("neg");
/** |x|; the gradient at 0 is 0 */
export const abs: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("abs");
/** -1, 0 or 1; gradients stop here */
export const sign: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("sign");
/** x^2 */
export const square: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("square");
/** Square root; NaN below 0 */
export const sqrt: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("sqrt");
/** 1 / x */
export const reciprocal: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("reciprocal");
/** e^x, within 2 ULP */
export const exp: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("exp");
/** Natural logarithm, within 2 ULP; -Infinity at 0, NaN below */
export const log: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("log");
/** Error function, within 4 ULP */
export const erf: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("erf");
/** max(x, 0); the gradient at 0 is 0 */
export const relu: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("relu");
/** 1 / (1 + e^-x), within 4 ULP */
export const sigmoid: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("sigmoid");
/** Hyperbolic tangent, within 4 ULP */
export const tanh: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("tanh");
/** log(1 + e^x) */
export const softplus: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("softplus");
/** x/2 (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel 2016) */
export const gelu: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("gelu");
/** x sigmoid(x) */
export const silu: (x: TensorLike) => Tensor = /* @__PURE__ */ unary("silu");

/** x where x > 0, slope x elsewhere; slope must not be negative. */
export function leakyRelu(x: TensorLike, slope = 0.01): Tensor {
  nonNegative(slope, "slope", "ops.leakyRelu");
  return apply(unaryOps.leakyRelu, [toTensor("ops.leakyRelu", x)], { scalar: slope });
}

/** x where x > 0, alpha (e^x - 1) elsewhere (Clevert et al. 2015); alpha must be positive. */
export function elu(x: TensorLike, alpha = 1): Tensor {
  positive(alpha, "alpha", "ops.elu");
  return apply(unaryOps.elu, [toTensor("ops.elu", x)], { scalar: alpha });
}

interface ClipAttributes {
  readonly low: number;
  readonly high: number;
}

const clipOp: Op<ClipAttributes> = {
  name: "clip",
  infer: ([x]) => {
    requireFloat("ops.clip", x as Tensor);
    return [{ shape: (x as Tensor).dims, dtype: "float32" }];
  },
  // dy where low <= x <= high
  gradient: ({ inputs: [x], upstream: [dy], attributes: { low, high } }) => [
    mul(dy as Tensor, mul(greaterEqual(x as Tensor, low), lessEqual(x as Tensor, high))),
  ],
  inPlace: [0],
  lower({ inputs: [x], outputs: [out], attributes: { low, high }, emit }) {
    emit("clip", { n: (x as Buffer).length, x: x as Buffer, low, high, out: out as Buffer });
  },
  describe: ({ low, high }) => `${low} to ${high}`,
};

/** min(max(x, low), high), of limits that are known to be right. */
export function between(x: Tensor, low: number, high: number): Tensor {
  return apply(clipOp, [x], { low, high });
}

/** min(max(x, low), high) */
export function clip(x: TensorLike, low: number, high: number): Tensor {
  finite(low, "low", "ops.clip");
  finite(high, "high", "ops.clip");
  if (low > high) throw new LanewiseError("invalid-argument", `ops.clip: low ${low} is above high ${high}.`);
  return between(toTensor("ops.clip", x), low, high);
}

type BinaryKernel =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "maximum"
  | "minimum"
  | "squaredDifference"
  | "greater"
  | "greaterEqual"
  | "less"
  | "lessEqual"
  | "equal"
  | "notEqual";

type BinaryGradient = (a: Tensor, b: Tensor, y: Tensor, dy: Tensor, side: 0 | 1) => Tensor;

function binaryOp(kernel: BinaryKernel, gradient?: BinaryGradient): Op<null> {
  return {
    name: kernel,
    infer: ([a, b]) => {
      requireFloat(`ops.${kernel}`, a as Tensor, "a");
      requireFloat(`ops.${kernel}`, b as Tensor, "b");
      return [{ shape: broadcastShapes(`ops.${kernel}`, (a as Tensor).dims, (b as Tensor).dims), dtype: "float32" }];
    },
    ...(gradient && {
      gradient: ({ inputs, outputs: [y], upstream: [dy], wanted }) => {
        const [a, b] = inputs as [Tensor, Tensor];
        return ([0, 1] as const).map((side) =>
          wanted(side) ? sumTo(gradient(a, b, y as Tensor, dy as Tensor, side), (side ? b : a).dims) : null,
        );
      },
    }),
    inPlace: [0, 1],
    lower: (context) => lowerBinary(kernel, context),
  };
}

function lowerBinary(kernel: BinaryKernel, context: LowerContext<null>): void {
  const { inputs, inputTypes, outputs, outputTypes, emit, temporary } = context;
  const shape = outputTypes[0]?.shape ?? [];
  let [a, b] = inputs as [Buffer, Buffer];
  let strides = {
    a: broadcastStrides(inputTypes[0]?.shape ?? [], shape),
    b: broadcastStrides(inputTypes[1]?.shape ?? [], shape),
  };
  let loops = loopOperands(shape, strides, 4);
  if (!loops) {
    // more than four axes that cannot be joined: stretch the operands first
    const stretched = (buffer: Buffer, s: number[]): Buffer => {
      const sixth = loopOperands(shape, { s }, 6);
      if (!sixth)
        throw new LanewiseError("unsupported", `ops.${kernel}: broadcasting over more than six axes is not supported.`);
      const out = temporary(sizeOf(shape));
      emit("stridedCopy", { ...sixth, x: buffer, out } as never);
      return out;
    };
    a = stretched(a, strides.a);
    b = stretched(b, strides.b);
    strides = { a: stridesOf(shape), b: stridesOf(shape) };
    loops = loopOperands(shape, strides, 4);
  }
  emit(kernel, { ...loops, a, b, out: outputs[0] } as never);
}

const addOp = /* @__PURE__ */ binaryOp("add", (_a, _b, _y, dy) => dy);
const subOp = /* @__PURE__ */ binaryOp("sub", (_a, _b, _y, dy, side) => (side ? neg(dy) : dy));
const mulOp = /* @__PURE__ */ binaryOp("mul", (a, b, _y, dy, side) => mul(dy, side ? a : b));
// d(a/b) = 1/b, -y/b
const divOp = /* @__PURE__ */ binaryOp("div", (_a, b, y, dy, side) => (side ? neg(mul(div(dy, b), y)) : div(dy, b)));
// where both are equal the gradient goes to a
const maximumOp = /* @__PURE__ */ binaryOp("maximum", (a, b, _y, dy, side) =>
  mul(dy, side ? less(a, b) : greaterEqual(a, b)),
);
const minimumOp = /* @__PURE__ */ binaryOp("minimum", (a, b, _y, dy, side) =>
  mul(dy, side ? greater(a, b) : lessEqual(a, b)),
);
const squaredDifferenceOp = /* @__PURE__ */ binaryOp("squaredDifference", (a, b, _y, dy, side) => {
  const slope = mul(mul(sub(a, b), 2), dy);
  return side ? neg(slope) : slope;
});

/** Ops that rules look for. */
export const binaryOps: { readonly add: Op<null>; readonly mul: Op<null> } = { add: addOp, mul: mulOp };

const binary =
  (op: Op<null>) =>
  (a: TensorLike, b: TensorLike): Tensor =>
    apply(op, [toTensor(`ops.${op.name}`, a, "a"), toTensor(`ops.${op.name}`, b, "b")], null);

type Binary = (a: TensorLike, b: TensorLike) => Tensor;
/** a + b, broadcasting */
export const add: Binary = /* @__PURE__ */ binary(addOp);
/** a - b, broadcasting */
export const sub: Binary = /* @__PURE__ */ binary(subOp);
/** a b elementwise, broadcasting */
export const mul: Binary = /* @__PURE__ */ binary(mulOp);
/** a / b, broadcasting */
export const div: Binary = /* @__PURE__ */ binary(divOp);
/** Larger of a and b, NaN where either is; the gradient goes to a where they are equal */
export const maximum: Binary = /* @__PURE__ */ binary(maximumOp);
/** Smaller of a and b, NaN where either is; the gradient goes to a where they are equal */
export const minimum: Binary = /* @__PURE__ */ binary(minimumOp);
/** (a - b)^2, broadcasting */
export const squaredDifference: Binary = /* @__PURE__ */ binary(squaredDifferenceOp);
/** 1 where a > b, else 0; gradients stop here */
export const greater: Binary = /* @__PURE__ */ binary(/* @__PURE__ */ binaryOp("greater"));
/** 1 where a >= b, else 0 */
export const greaterEqual: Binary = /* @__PURE__ */ binary(/* @__PURE__ */ binaryOp("greaterEqual"));
/** 1 where a < b, else 0 */
export const less: Binary = /* @__PURE__ */ binary(/* @__PURE__ */ binaryOp("less"));
/** 1 where a <= b, else 0 */
export const lessEqual: Binary = /* @__PURE__ */ binary(/* @__PURE__ */ binaryOp("lessEqual"));
/** 1 where a = b, else 0 */
export const equal: Binary = /* @__PURE__ */ binary(/* @__PURE__ */ binaryOp("equal"));
/** 1 where a and b differ, else 0 */
export const notEqual: Binary = /* @__PURE__ */ binary(/* @__PURE__ */ binaryOp("notEqual"));

const whereOp: Op<null> = {
  name: "where",
  infer: ([condition, a, b]) => {
    for (const x of [condition, a, b]) requireFloat("ops.where", x as Tensor);
    const values = broadcastShapes("ops.where", (a as Tensor).dims, (b as Tensor).dims);
    return [{ shape: broadcastShapes("ops.where", (condition as Tensor).dims, values), dtype: "float32" }];
  },
  gradient: ({ inputs: [condition, a, b], upstream: [dy], wanted }) => [
    null,
    wanted(1) ? sumTo(where(condition as Tensor, dy as Tensor, 0), (a as Tensor).dims) : null,
    wanted(2) ? sumTo(where(condition as Tensor, 0, dy as Tensor), (b as Tensor).dims) : null,
  ],
  inPlace: [1, 2],
  lower({ inputs: [condition, a, b], inputTypes, outputs: [out], outputTypes, emit }) {
    const shape = outputTypes[0]?.shape ?? [];
    const [c, s, t] = inputTypes.map((type) => broadcastStrides(type.shape, shape));
    const loops = loopOperands(shape, { c: c as number[], a: s as number[], b: t as number[] }, 4);
    if (!loops)
      throw new LanewiseError("unsupported", "ops.where: broadcasting over more than four axes is not supported.");
    emit("select", { ...loops, condition, a, b, out } as never);
  },
};

/** a where condition is not 0, b elsewhere, broadcasting. A NaN on the side not taken does no harm, forward and back. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const inputs = [
    toTensor("ops.where", condition, "condition"),
    toTensor("ops.where", a, "a"),
    toTensor("ops.where", b, "b"),
  ];
  return apply(whereOp, inputs, null);
}

const castOp: Op<{ to: "float32" | "int32" }> = {
  name: "cast",
  infer: ([x], { to }) => [{ shape: (x as Tensor).dims, dtype: to }],
  gradient: ({ inputs: [x], upstream: [dy], attributes: { to } }) => [
    to === "float32" && (x as Tensor).dtype === "float32" ? (dy as Tensor) : null,
  ],
  lower({ inputs: [x], outputs: [out], attributes: { to }, emit }) {
    const operands = { n: (x as Buffer).length, x: x as Buffer, out: out as Buffer };
    if (to === "float32") emit("int32ToFloat32", operands);
    else emit("float32ToInt32", operands);
  },
};

/** x as another type; float32 becomes int32 by dropping the fraction. */
export function cast(x: TensorLike, to: "float32" | "int32"): Tensor {
  const tensor = toTensor("ops.cast", x);
  if (to !== "float32" && to !== "int32") {
    throw new LanewiseError("invalid-argument", `ops.cast: dtype must be "float32" or "int32", got ${String(to)}.`);
  }
  return tensor.dtype === to ? tensor : apply(castOp, [tensor], { to });
}

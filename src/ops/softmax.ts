// Softmax and the losses that belong to it. Cross-entropies take logits; the ones that follow a softmax or a
// sigmoid look through it, so that both together are computed in the stable form.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { formatShape, normalizeAxis, sameShape, sizeOf } from "../shape.ts";
import { meanOver, noSecondGradient, requireFloat, reshaped, sumOver } from "./broadcasting.ts";
import { add, between, log, mul, neg, sub, unaryOps } from "./pointwise.ts";
import { transpose } from "./shaping.ts";

const rowsOf = (shape: readonly number[] | undefined) => {
  const dims = shape ?? [];
  const columns = dims.at(-1) ?? 1;
  return { rows: sizeOf(dims.slice(0, -1)), columns };
};

function rowOp(kernel: "softmax" | "logSoftmax"): Op<null> {
  const gradientKernel = kernel === "softmax" ? "softmaxGradient" : "logSoftmaxGradient";
  const gradient: Op<null> = {
    name: gradientKernel,
    gradient: () => noSecondGradient(gradientKernel),
    infer: ([, dy]) => [{ shape: (dy as Tensor).dims, dtype: "float32" }],
    inPlace: [1],
    lower({ inputs: [y, dy], inputTypes, outputs: [dx], emit }) {
      emit(gradientKernel, { ...rowsOf(inputTypes[0]?.shape), y: y as Buffer, dy: dy as Buffer, dx: dx as Buffer });
    },
  };
  return {
    name: kernel,
    infer: ([x]) => {
      requireFloat(`ops.${kernel}`, x as Tensor);
      return [{ shape: (x as Tensor).dims, dtype: "float32" }];
    },
    gradient: ({ outputs: [y], upstream: [dy] }) => [apply(gradient, [y as Tensor, dy as Tensor], null)],
    inPlace: [0],
    lower({ inputs: [x], inputTypes, outputs: [out], emit }) {
      emit(kernel, { ...rowsOf(inputTypes[0]?.shape), x: x as Buffer, out: out as Buffer });
    },
  };
}

/** Op that rules look for. */
export const softmaxOp: Op<null> = /* @__PURE__ */ rowOp("softmax");
const logSoftmaxOp: Op<null> = /* @__PURE__ */ rowOp("logSoftmax");

function alongAxis(where: string, op: Op<null>, x: TensorLike, axis: number): Tensor {
  const tensor = toTensor(where, x);
  const rank = tensor.dims.length;
  const at = normalizeAxis(where, axis, rank);
  if (at === rank - 1) return apply(op, [tensor], null);
  const order = [...tensor.dims.keys()].filter((i) => i !== at);
  order.push(at);
  const back = order.map((_, i) => order.indexOf(i));
  return transpose(apply(op, [transpose(tensor, order)], null), back);
}

/** e^x / sum e^x over the last axis: what activations need, without the transposes of other axes. */
export function softmaxOfRows(x: Tensor): Tensor {
  return apply(softmaxOp, [x], null);
}

/** e^x / sum e^x along an axis (the last by default); stable for any finite x. */
export function softmax(x: TensorLike, axis = -1): Tensor {
  return alongAxis("ops.softmax", softmaxOp, x, axis);
}

/** log(softmax(x)), without the loss of precision. */
export function logSoftmax(x: TensorLike, axis = -1): Tensor {
  return alongAxis("ops.logSoftmax", logSoftmaxOp, x, axis);
}

/** -log softmax(logits)[label] for each row, or -sum t log softmax(logits) where targets are float32. */
const crossEntropyGradientOp: Op<null> = {
  name: "softmaxCrossEntropyGradient",
  gradient: () => noSecondGradient("softmaxCrossEntropyGradient"),
  infer: ([logits]) => [{ shape: (logits as Tensor).dims, dtype: "float32" }],
  inPlace: [0],
  lower({ inputs: [logits, targets, dout], inputTypes, outputs: [dx], emit }) {
    const common = {
      ...rowsOf(inputTypes[0]?.shape),
      logits: logits as Buffer,
      dout: dout as Buffer,
      dx: dx as Buffer,
    };
    if (inputTypes[1]?.dtype === "int32") emit("crossEntropyInt32Gradient", { ...common, labels: targets as Buffer });
    else emit("crossEntropyGradient", { ...common, targets: targets as Buffer });
  },
};

const crossEntropyOp: Op<null> = {
  name: "softmaxCrossEntropy",
  infer: (inputs) => {
    const [logits, targets] = inputs as [Tensor, Tensor];
    const wanted = targets.dtype === "int32" ? logits.dims.slice(0, -1) : logits.dims;
    if (!sameShape(targets.dims, wanted)) {
      throw new LanewiseError(
        "shape-mismatch",
        `softmaxCrossEntropy: targets ${formatShape(targets.shape)} do not fit logits ${formatShape(logits.shape)}: integer labels must have shape ${formatShape(logits.shape.slice(0, -1))}, probabilities the shape of the logits.`,
      );
    }
    return [{ shape: logits.dims.slice(0, -1), dtype: "float32" }];
  },
  gradient: ({ inputs, upstream: [dy] }) => [
    apply(crossEntropyGradientOp, [inputs[0] as Tensor, inputs[1] as Tensor, dy as Tensor], null),
    null,
  ],
  lower({ inputs: [logits, targets], inputTypes, outputs: [out], emit }) {
    const common = { ...rowsOf(inputTypes[0]?.shape), logits: logits as Buffer, out: out as Buffer };
    if (inputTypes[1]?.dtype === "int32") emit("crossEntropyInt32", { ...common, labels: targets as Buffer });
    else emit("crossEntropy", { ...common, targets: targets as Buffer });
  },
};

/**
 * Cross-entropy of softmax(logits), one value a row: -log p[label] for int32 labels [B], -sum t log p for
 * float32 targets [B, C]. Fused and stable for logits of any size. No gradient flows to the targets.
 */
export function softmaxCrossEntropy(logits: TensorLike, targets: TensorLike): Tensor {
  const x = toTensor("softmaxCrossEntropy", logits, "logits");
  requireFloat("softmaxCrossEntropy", x, "logits");
  return apply(crossEntropyOp, [x, toTensor("softmaxCrossEntropy", targets, "targets")], null);
}

const sigmoidCrossEntropyGradientOp: Op<null> = {
  name: "sigmoidCrossEntropyGradient",
  gradient: () => noSecondGradient("sigmoidCrossEntropyGradient"),
  infer: ([logits]) => [{ shape: (logits as Tensor).dims, dtype: "float32" }],
  inPlace: [2, 0],
  lower({ inputs: [logits, targets, dout], outputs: [dx], emit }) {
    const [x, t] = [logits as Buffer, targets as Buffer];
    emit("sigmoidCrossEntropyGradient", { n: x.length, logits: x, targets: t, dout: dout as Buffer, dx: dx as Buffer });
  },
};

const sigmoidCrossEntropyOp: Op<null> = {
  name: "sigmoidCrossEntropy",
  infer: (inputs) => {
    const [logits, targets] = inputs as [Tensor, Tensor];
    requireFloat("sigmoidCrossEntropy", logits, "logits");
    requireFloat("sigmoidCrossEntropy", targets, "targets");
    if (!sameShape(logits.dims, targets.dims)) {
      throw new LanewiseError(
        "shape-mismatch",
        `sigmoidCrossEntropy: targets ${formatShape(targets.shape)} must have the shape of the logits ${formatShape(logits.shape)}.`,
      );
    }
    return [{ shape: logits.dims, dtype: "float32" }];
  },
  gradient: ({ inputs, upstream: [dy] }) => [
    apply(sigmoidCrossEntropyGradientOp, [...inputs, dy as Tensor], null),
    null,
  ],
  inPlace: [0],
  lower({ inputs: [logits, targets], outputs: [out], emit }) {
    emit("sigmoidCrossEntropy", {
      n: (out as Buffer).length,
      logits: logits as Buffer,
      targets: targets as Buffer,
      out: out as Buffer,
    });
  },
};

/** -t log s(x) - (1 - t) log(1 - s(x)) elementwise, s the sigmoid: max(x, 0) - x t + log(1 + e^-|x|). */
export function sigmoidCrossEntropy(logits: TensorLike, targets: TensorLike): Tensor {
  const inputs = [
    toTensor("sigmoidCrossEntropy", logits, "logits"),
    toTensor("sigmoidCrossEntropy", targets, "targets"),
  ];
  return apply(sigmoidCrossEntropyOp, inputs, null);
}

/** What a softmax or sigmoid was applied to, seen through reshapes that keep the rows; null where there is none. */
function logitsOf(prediction: Tensor, op: Op<never>): Tensor | null {
  const { node } = prediction;
  return (node.op as unknown) === op ? (node.inputs[0] as Tensor) : null;
}

/** Keeps probabilities away from 0 and 1 where only they are known (Keras's 1e-7). */
const SMALLEST = 1e-7;

/** Cross-entropy of probabilities [B, C] against labels [B] (int32) or targets [B, C]; one value a row. */
export function categoricalCrossEntropy(probabilities: Tensor, targets: Tensor): Tensor {
  const logits = logitsOf(probabilities, softmaxOp as Op<never>);
  if (logits) return softmaxCrossEntropy(logits, targets);
  // scaled to sum 1 a row, as Keras does: log p / sum p = softmax of log p
  return softmaxCrossEntropy(log(between(probabilities, SMALLEST, 1)), targets);
}

/** Cross-entropy of probabilities against targets, elementwise. */
export function binaryCrossEntropy(probabilities: Tensor, targets: Tensor): Tensor {
  const logits = logitsOf(probabilities, unaryOps.sigmoid as unknown as Op<never>);
  if (logits) return sigmoidCrossEntropy(logits, targets);
  const p = between(probabilities, SMALLEST, 1 - SMALLEST);
  return neg(add(mul(targets, log(p)), mul(sub(1, targets), log(sub(1, p)))));
}

/** Mean over all axes but the first: one value an example. */
export function meanPerExample(x: Tensor): Tensor {
  return x.dims.length === 1 ? x : meanOver(reshaped(x, [x.dims[0] as number, -1]), [1]);
}

/** Sum over all axes but the first. */
export function sumPerExample(x: Tensor): Tensor {
  return x.dims.length === 1 ? x : sumOver(reshaped(x, [x.dims[0] as number, -1]), [1]);
}

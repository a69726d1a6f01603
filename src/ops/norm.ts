// Batch normalisation (Ioffe and Szegedy 2015) over the last axis.

import type { Tensor } from "../graph/graph.ts";
import { apply, applyOp } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import { sizeOf } from "../shape.ts";
import { noSecondGradient } from "./broadcasting.ts";

interface NormAttributes {
  readonly epsilon: number;
  /** Whether mean and variance were computed from x (training), so that gradients flow through them. */
  readonly ofBatch: boolean;
  readonly scaled: boolean;
  readonly centered: boolean;
}

const rowsOf = (dims: readonly number[] | undefined) => {
  const channels = dims?.at(-1) ?? 1;
  return { rows: sizeOf(dims ?? []) / channels, channels };
};

/** Op that notes look for. */
export const statisticsOp: Op<null> = {
  name: "batchNormStatistics",
  infer: ([x]) => {
    const shape = [(x as Tensor).dims.at(-1) as number];
    return [
      { shape, dtype: "float32" },
      { shape, dtype: "float32" },
    ];
  },
  lower({ inputs: [x], inputTypes, outputs: [mean, variance], emit }) {
    const operands = rowsOf(inputTypes[0]?.shape);
    emit("batchNormStatistics", { ...operands, x: x as Buffer, mean: mean as Buffer, variance: variance as Buffer });
  },
};

/** Mean and population variance of each channel over all other axes. No gradient flows through them here. */
export function batchStatistics(x: Tensor): { mean: Tensor; variance: Tensor } {
  const [mean, variance] = applyOp(statisticsOp, [x], null) as [Tensor, Tensor];
  return { mean, variance };
}

/** Inputs after x, mean and variance: gamma and beta, where they are. */
function parametersOf(inputs: readonly Buffer[], { scaled, centered }: NormAttributes) {
  return {
    mean: inputs[1] as Buffer,
    variance: inputs[2] as Buffer,
    gamma: scaled ? (inputs[3] as Buffer) : null,
    beta: centered ? (inputs[scaled ? 4 : 3] as Buffer) : null,
  };
}

const normGradientOp: Op<NormAttributes> = {
  name: "batchNormGradient",
  gradient: () => noSecondGradient("batchNormGradient"),
  infer: ([x]) => {
    const shape = [(x as Tensor).dims.at(-1) as number];
    return [
      { shape: (x as Tensor).dims, dtype: "float32" },
      { shape, dtype: "float32" },
      { shape, dtype: "float32" },
    ];
  },
  lower({ inputs, inputTypes, outputs: [dx, dgamma, dbeta], attributes, emit }) {
    const { mean, variance, gamma } = parametersOf(inputs, attributes);
    const kernel = attributes.ofBatch ? "batchNormGradient" : "batchNormInferenceGradient";
    emit(kernel, {
      ...rowsOf(inputTypes[0]?.shape),
      epsilon: attributes.epsilon,
      x: inputs[0] as Buffer,
      mean,
      variance,
      gamma,
      dy: inputs[inputs.length - 1] as Buffer,
      dx: dx as Buffer,
      dgamma: dgamma as Buffer,
      dbeta: dbeta as Buffer,
    });
  },
};

/** Op that recalibrate and notes look for. */
export const normOp: Op<NormAttributes> = {
  name: "batchNorm",
  infer: ([x]) => [{ shape: (x as Tensor).dims, dtype: "float32" }],
  gradient: ({ inputs, upstream: [dy], attributes }) => {
    const [dx, dgamma, dbeta] = applyOp(normGradientOp, [...inputs, dy as Tensor], attributes) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const result: (Tensor | null)[] = [dx, null, null];
    if (attributes.scaled) result.push(dgamma);
    if (attributes.centered) result.push(dbeta);
    return result;
  },
  lower({ inputs, inputTypes, outputs: [out], attributes, emit }) {
    emit("batchNorm", {
      ...rowsOf(inputTypes[0]?.shape),
      epsilon: attributes.epsilon,
      x: inputs[0] as Buffer,
      ...parametersOf(inputs, attributes),
      out: out as Buffer,
    });
  },
  describe: ({ epsilon, ofBatch }) => `epsilon ${epsilon}, ${ofBatch ? "batch" : "moving"} statistics`,
};

/**
 * gamma (x - mean) / sqrt(variance + epsilon) + beta for each channel. With `ofBatch`, mean and variance are
 * x's own and the gradient flows through them.
 */
export function batchNorm(
  x: Tensor,
  statistics: { mean: Tensor; variance: Tensor },
  options: { gamma?: Tensor | undefined; beta?: Tensor | undefined; epsilon: number; ofBatch: boolean },
): Tensor {
  const { gamma, beta, epsilon, ofBatch } = options;
  const inputs = [x, statistics.mean, statistics.variance];
  if (gamma) inputs.push(gamma);
  if (beta) inputs.push(beta);
  return apply(normOp, inputs, { epsilon, ofBatch, scaled: gamma !== undefined, centered: beta !== undefined });
}

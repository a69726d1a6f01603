// Layer normalisation (Ba, Kiros and Hinton 2016) over the last numbers of a tensor, as rows.

import type { Tensor } from "../graph/graph.ts";
import { apply, applyOp } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import { noSecondGradient, reshape } from "./broadcasting.ts";

interface LayerNormAttributes {
  /** Neighbouring numbers that are normalised together. */
  readonly columns: number;
  readonly epsilon: number;
  readonly scaled: boolean;
  readonly centered: boolean;
}

const gradientOp: Op<LayerNormAttributes> = {
  name: "layerNormGradient",
  gradient: () => noSecondGradient("layerNormGradient"),
  infer: ([x], { columns }) => [
    { shape: (x as Tensor).dims, dtype: "float32" },
    { shape: [columns], dtype: "float32" },
    { shape: [columns], dtype: "float32" },
  ],
  lower({ inputs, outputs: [dx, dgamma, dbeta], attributes: { columns, epsilon, scaled }, emit }) {
    const x = inputs[0] as Buffer;
    emit("layerNormGradient", {
      ...{ rows: x.length / columns, columns, epsilon, x },
      gamma: scaled ? (inputs[1] as Buffer) : null,
      dy: inputs.at(-1) as Buffer,
      dx: dx as Buffer,
      dgamma: dgamma as Buffer,
      dbeta: dbeta as Buffer,
    });
  },
};

const layerNormOp: Op<LayerNormAttributes> = {
  name: "layerNorm",
  infer: ([x]) => [{ shape: (x as Tensor).dims, dtype: "float32" }],
  gradient: ({ inputs, upstream: [dy], attributes }) => {
    const { scaled, centered } = attributes;
    const needed = [inputs[0], ...(scaled ? [inputs[1]] : []), dy] as Tensor[];
    const [dx, dgamma, dbeta] = applyOp(gradientOp, needed, attributes) as [Tensor, Tensor, Tensor];
    return [dx, ...(scaled ? [dgamma] : []), ...(centered ? [dbeta] : [])];
  },
  lower({ inputs, outputs: [out], attributes: { columns, epsilon, scaled, centered }, emit }) {
    const x = inputs[0] as Buffer;
    emit("layerNorm", {
      ...{ rows: x.length / columns, columns, epsilon, x },
      gamma: scaled ? (inputs[1] as Buffer) : null,
      beta: centered ? (inputs[scaled ? 2 : 1] as Buffer) : null,
      out: out as Buffer,
    });
  },
  describe: ({ columns, epsilon }) => `rows of ${columns}, epsilon ${epsilon}`,
};

/** gamma (x - mean) / sqrt(variance + epsilon) + beta for each `columns` neighbouring numbers of x, population variance. */
export function layerNorm(
  x: Tensor,
  columns: number,
  options: { gamma?: Tensor | undefined; beta?: Tensor | undefined; epsilon: number },
): Tensor {
  const { gamma, beta, epsilon } = options;
  const inputs = [x];
  for (const each of [gamma, beta]) if (each) inputs.push(reshape(each, [columns]));
  return apply(layerNormOp, inputs, { columns, epsilon, scaled: gamma !== undefined, centered: beta !== undefined });
}

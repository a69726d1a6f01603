// Rewrite rules of the simplify stage, beside the ops they name.

import type { Rule } from "../compile/simplify.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import { makeNode } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import { sameShape } from "../shape.ts";
import type { activationCodes } from "./activation.ts";
import type { ConvAttributes } from "./conv.ts";
import { conv2dOp } from "./conv.ts";
import type { MatmulAttributes } from "./matmul.ts";
import { matmulOp } from "./matmul.ts";
import { binaryOps, reluGradient, unaryOps } from "./pointwise.ts";
import type { PoolGradientAttributes } from "./pool.ts";
import { maxPoolGradient } from "./pool.ts";
import { argMaxOp } from "./reduce.ts";
import { softmaxOp } from "./softmax.ts";

const isOp = <A>(node: Node, op: Op<A>): boolean => node.op === (op as Op<unknown>);

/** A node in the place of another: same number, same scope, same types. */
function inPlaceOf(node: Node, op: Op<never>, inputs: readonly Tensor[], attributes: unknown): readonly Tensor[] {
  const types = node.outputs.map((output) => ({ shape: output.dims, dtype: output.dtype }));
  return makeNode(op as Op<unknown>, inputs, attributes, types, { id: node.id, scope: node.scope }).outputs;
}

interface Epilogue {
  readonly activation: keyof typeof activationCodes;
}

/** The op and its number of filters or columns, where a node is a product that can end in bias and activation. */
function productOf(tensor: Tensor): { op: Op<never>; node: Node; columns: number; attributes: Epilogue } | null {
  const { node } = tensor;
  if (isOp(node, matmulOp) || isOp(node, conv2dOp)) {
    const attributes = node.attributes as MatmulAttributes | ConvAttributes;
    return { op: node.op as unknown as Op<never>, node, columns: tensor.dims.at(-1) as number, attributes };
  }
  return null;
}

/** x W + b, where nobody else reads x W: the bias goes into the product's epilogue. */
const biasIntoProduct: Rule = {
  name: "bias into product",
  apply(node, { uses }) {
    if (!isOp(node, binaryOps.add)) return null;
    for (const [x, bias] of [node.inputs, [...node.inputs].reverse()] as [Tensor, Tensor][]) {
      const product = productOf(x);
      if (!product || uses(x) !== 1 || product.node.inputs.length !== 2) continue;
      if (product.attributes.activation !== "linear" || !sameShape(bias.dims, [product.columns])) continue;
      if (!sameShape(node.outputs[0]?.dims ?? [], x.dims) || x.dims.length > (isOp(product.node, matmulOp) ? 2 : 4))
        continue;
      return inPlaceOf(node, product.op, [...product.node.inputs, bias], product.attributes);
    }
    return null;
  },
};

const epilogues = (["relu", "sigmoid", "tanh", "elu", "softplus", "gelu", "silu", "leakyRelu"] as const).map(
  (name) => [name, unaryOps[name]] as const,
);
/** The slope or alpha that the epilogues have. */
const epilogueScalar: Readonly<Record<string, number>> = { leakyRelu: Math.fround(0.01), elu: 1 };

/** activation(x W + b), where nobody else reads x W + b. */
const activationIntoProduct: Rule = {
  name: "activation into product",
  apply(node, { uses }) {
    const found = epilogues.find(([, op]) => isOp(node, op));
    const x = node.inputs[0];
    if (!found || !x || uses(x) !== 1) return null;
    const product = productOf(x);
    if (product?.attributes.activation !== "linear") return null;
    const scalar = epilogueScalar[found[0]];
    if (scalar !== undefined && Math.fround((node.attributes as { scalar: number }).scalar) !== scalar) return null;
    return inPlaceOf(node, product.op, product.node.inputs, { ...product.attributes, activation: found[0] });
  },
};

/** The largest probability is the largest logit. */
const argMaxOfSoftmax: Rule = {
  name: "argMax of softmax",
  apply(node) {
    const x = node.inputs[0];
    if (!isOp(node, argMaxOp) || !x || !isOp(x.node, softmaxOp)) return null;
    return inPlaceOf(node, argMaxOp as Op<never>, x.node.inputs, node.attributes);
  },
};

/** The gradient of relu at a maximum asks whether the maximum is above 0. */
const reluIntoPoolGradient: Rule = {
  name: "relu into pool gradient",
  apply(node, { uses }) {
    const [y, dy] = node.inputs;
    if (!isOp(node, reluGradient) || !dy || !isOp(dy.node, maxPoolGradient)) return null;
    if (dy.node.inputs[1] !== y || uses(dy) !== 1) return null;
    const attributes = { ...(dy.node.attributes as PoolGradientAttributes), relu: true };
    return inPlaceOf(node, maxPoolGradient as Op<never>, dy.node.inputs, attributes);
  },
};

export const rules: readonly Rule[] = [biasIntoProduct, activationIntoProduct, argMaxOfSoftmax, reluIntoPoolGradient];

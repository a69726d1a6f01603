// differentiate: (y, xs) -> gradients, as more graph. Walks backwards from y and asks each op for its rule.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors } from "../graph/graph.ts";

/** How the pass makes the tensors it needs; given by the ops, which it does not know. */
export interface GradientArithmetic {
  add(a: Tensor, b: Tensor): Tensor;
  zerosLike(x: Tensor): Tensor;
}

/**
 * Gradient of sum(y * upstream) with respect to each of `xs`; zeros where y does not depend on one.
 */
export function differentiate(
  y: Tensor,
  xs: readonly Tensor[],
  upstream: Tensor,
  arithmetic: GradientArithmetic,
): Tensor[] {
  const order = ancestors([y.node]);
  // only nodes between an x and y matter
  const wanted = new Set<Tensor>(xs);
  const onPath = new Set<Node>();
  for (const node of order) {
    const through = node.op.gradient !== undefined && node.inputs.some((input) => wanted.has(input));
    if (!through) continue;
    onPath.add(node);
    for (const output of node.outputs) wanted.add(output);
  }

  const gradients = new Map<Tensor, Tensor>([[y, upstream]]);
  for (const node of order.reverse()) {
    if (!onPath.has(node)) continue;
    const arrived = node.outputs.map((output) => gradients.get(output) ?? null);
    if (arrived.every((gradient) => gradient === null)) continue;
    const results = node.op.gradient?.({
      inputs: node.inputs,
      outputs: node.outputs,
      attributes: node.attributes,
      upstream: arrived,
      wanted: (i) => wanted.has(node.inputs[i] as Tensor),
    });
    node.inputs.forEach((input, i) => {
      const gradient = results?.[i];
      if (!gradient || !wanted.has(input)) return;
      if (gradient.dims.length !== input.dims.length || gradient.dims.some((n, axis) => n !== input.dims[axis])) {
        throw new LanewiseError(
          "shape-mismatch",
          `gradient of "${node.op.name}" with respect to input ${i} has shape [${gradient.dims}], expected [${input.dims}].`,
        );
      }
      const sum = gradients.get(input);
      gradients.set(input, sum ? arithmetic.add(sum, gradient) : gradient);
    });
  }
  return xs.map((x) => gradients.get(x) ?? arithmetic.zerosLike(x));
}

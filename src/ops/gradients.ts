// The public gradients(): differentiate, with the arithmetic it needs.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid } from "../check.ts";
import { differentiate } from "../compile/differentiate.ts";
import type { Tensor } from "../graph/graph.ts";
import { isTensor } from "../graph/graph.ts";
import type { TensorLike } from "../graph/trace.ts";
import { readVariable, requireTrace, toTensor } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { isVariable } from "../graph/variable.ts";
import { formatShape, sameShape } from "../shape.ts";
import { requireFloat, stretch } from "./broadcasting.ts";
import { add } from "./pointwise.ts";

const arithmetic = { add, zerosLike: (x: Tensor): Tensor => stretch(toTensor("gradients", 0), x.dims) };

/**
 * The version of a variable that y was computed from, by ops that gradients flow through: a loss computed after
 * an update has the new one. The oldest where there are several.
 */
function versionIn(y: Tensor, variable: Variable): Tensor {
  let oldest: Tensor | null = null;
  const seen = new Set<Tensor>([y]);
  for (const tensor of seen) {
    const { op, attributes, inputs, id } = tensor.node;
    const written = op.source === "variable" ? [attributes as Variable] : (op.writes?.(attributes) ?? []);
    if (written[tensor.index] === variable && (oldest === null || id < oldest.node.id)) oldest = tensor;
    if (op.gradient) for (const input of inputs) seen.add(input);
  }
  return oldest ?? readVariable(variable);
}

/** Throws where no gradient can be taken of a tensor, or to it. */
function requireDifferentiable(x: Tensor, name: string): void {
  if (x.symbolic)
    throw new LanewiseError(
      "unsupported",
      "gradients cannot be recorded on tensors of input(); use a plain function as a layer.",
    );
  if (x.dtype !== "float32")
    throw new LanewiseError(
      "dtype-mismatch",
      `gradients: ${name} must be float32, got int32 ${formatShape(x.shape)}, which has no gradient.`,
    );
}

/** Gradients of a scalar with respect to variables: what optimizers ask for, who have checked both. */
export function gradientsOfLoss(loss: Tensor, variables: readonly Variable[]): Tensor[] {
  requireDifferentiable(loss, "y");
  const versions = variables.map((variable) => versionIn(loss, variable));
  return differentiate(loss, versions, toTensor("gradients", 1), arithmetic);
}

/**
 * Gradients of sum(y * upstream) with respect to each of `xs` (tensors or variables), as tensors of their
 * shapes; zeros where y does not depend on one. `upstream` is ones by default. The gradient with respect to a
 * variable is taken at the values that y was computed from, also after an update was recorded.
 */
export function gradients<const X extends readonly (Tensor | Variable)[]>(
  y: Tensor,
  xs: X,
  options: { upstream?: TensorLike } = {},
): { -readonly [K in keyof X]: Tensor } {
  requireTrace("gradients");
  if (!isTensor(y)) throw invalid("gradients", "y", "a tensor", y);
  if (!Array.isArray(xs)) throw invalid("gradients", "xs", "an array of tensors and variables", xs);
  checkOptions("gradients", options, { upstream: (value) => value });
  const tensors = xs.map((x: unknown, i) => {
    if (isVariable(x)) return versionIn(y, x);
    if (isTensor(x)) return x;
    throw invalid("gradients", `xs[${i}]`, "a tensor or a variable", x);
  });
  requireDifferentiable(y, "y");
  for (const [i, x] of tensors.entries()) requireDifferentiable(x, `xs[${i}]`);
  const { upstream: given = 1 } = options;
  const upstream = toTensor("gradients", given, "upstream");
  requireFloat("gradients", upstream, "upstream");
  if (!sameShape(upstream.dims, y.dims) && upstream.dims.length > 0) {
    throw new LanewiseError(
      "shape-mismatch",
      `gradients: upstream ${formatShape(upstream.shape)} must have y's shape ${formatShape(y.shape)}.`,
    );
  }
  return differentiate(y, tensors, stretch(upstream, y.dims), arithmetic) as { -readonly [K in keyof X]: Tensor };
}

// The graph: tensors are outputs of nodes, a node applies an op to tensors. Symbols only, no numbers.

import type { Shape } from "../shape.ts";
import { SYMBOLIC_BATCH } from "../shape.ts";
import type { Op } from "./op.ts";

export type DType = "float32" | "int32";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A symbolic tensor: one output of a node. */
export interface Tensor {
  readonly kind: "tensor";
  readonly node: Node;
  /** Which output of the node. */
  readonly index: number;
  /** Sizes; the batch size of a tensor that came from `input` is unknown and shown as null. */
  readonly shape: readonly (number | null)[];
  /** Sizes as numbers; an unknown batch size is SYMBOLIC_BATCH. */
  readonly dims: Shape;
  readonly dtype: DType;
  /** True for tensors that came from `input`: the batch size is not known yet. */
  readonly symbolic: boolean;
}

export interface Node {
  /** Nodes are numbered in the order of creation, so inputs always have smaller numbers. */
  readonly id: number;
  readonly op: Op<unknown>;
  readonly attributes: unknown;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Layer or function that recorded it, for messages and explain. */
  readonly scope: string;
}

let nodeCount = 0;
const scopes: string[] = [];

/** Runs `body` with a name that its nodes carry. */
export function withScope<T>(name: string, body: () => T): T {
  scopes.push(name);
  try {
    return body();
  } finally {
    scopes.pop();
  }
}

export function currentScope(): string {
  return scopes.join("/");
}

/** Makes a node; `id` is given only where a node takes the place of another. */
export function makeNode(
  op: Op<unknown>,
  inputs: readonly Tensor[],
  attributes: unknown,
  types: readonly TensorType[],
  options: { id?: number; scope?: string; symbolic?: boolean } = {},
): Node {
  const outputs: Tensor[] = [];
  const node: Node = {
    id: options.id ?? nodeCount++,
    op,
    attributes,
    inputs,
    outputs,
    scope: options.scope ?? currentScope(),
  };
  const symbolic = options.symbolic ?? inputs.some((input) => input.symbolic);
  types.forEach(({ shape, dtype }, index) => {
    outputs.push({
      kind: "tensor",
      node,
      index,
      dims: shape,
      shape: symbolic ? shape.map((n) => (n === SYMBOLIC_BATCH ? null : n)) : shape,
      dtype,
      symbolic,
    });
  });
  return node;
}

/** Applies an op to tensors: infers the types of its outputs and records a node. */
export function applyOp<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  return makeNode(op as Op<unknown>, inputs, attributes, op.infer(inputs, attributes)).outputs;
}

/** applyOp for ops of one output. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return applyOp(op, inputs, attributes)[0] as Tensor;
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && (value as Tensor).kind === "tensor";
}

/** All nodes that the given ones depend on, themselves included, each after its inputs. */
export function ancestors(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  // an explicit stack: graphs may be deeper than the call stack
  const stack: [Node, number][] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push([root, 0]);
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as [Node, number];
      const input = top[0].inputs[top[1]++];
      if (input === undefined) {
        order.push(top[0]);
        stack.pop();
      } else if (!seen.has(input.node)) {
        seen.add(input.node);
        stack.push([input.node, 0]);
      }
    }
  }
  return order;
}

// simplify: graph -> graph. Applies rewrite rules (they stand beside the ops, in src/ops/rules.ts) until none
// fits. Dead code goes by itself: only what outputs and effects depend on is scheduled.

import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors, makeNode } from "../graph/graph.ts";

export interface RuleContext {
  /** How many nodes read this tensor; outputs of the program count as readers. */
  uses(tensor: Tensor): number;
}

/** A rewrite: for a node that it fits, the tensors that take the place of its outputs. */
export interface Rule {
  readonly name: string;
  apply(node: Node, context: RuleContext): readonly Tensor[] | null;
}

export interface GraphResults {
  readonly outputs: readonly Tensor[];
  readonly effects: readonly Node[];
}

/** One round over all nodes in order; `changed` says whether a rule fitted. */
function round(graph: GraphResults, rules: readonly Rule[]): { graph: GraphResults; changed: boolean } {
  const order = ancestors([...graph.outputs.map((t) => t.node), ...graph.effects]);
  const readers = new Map<Tensor, number>();
  const count = (tensor: Tensor) => readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
  for (const node of order) node.inputs.forEach(count);
  graph.outputs.forEach(count);
  const context: RuleContext = { uses: (tensor) => readers.get(tensor) ?? 0 };

  const replaced = new Map<Tensor, Tensor>();
  const nodes = new Map<Node, Node>();
  let changed = false;
  for (const node of order) {
    let rewritten: readonly Tensor[] | null = null;
    // a rule sees the node as it was: its pattern's nodes are the old ones
    for (const rule of rules) {
      rewritten = rule.apply(node, context);
      if (rewritten) break;
    }
    if (rewritten) {
      changed = true;
      for (const [i, tensor] of rewritten.entries()) replaced.set(node.outputs[i] as Tensor, tensor);
      continue;
    }
    nodes.set(node, node);
  }
  if (!changed) return { graph, changed };

  // rebuild what reads a replaced tensor; numbers are kept, so the order of execution is too
  const final = new Map<Tensor, Tensor>();
  const rebuilt = new Map<Node, Node>();
  const resolve = (tensor: Tensor): Tensor => {
    let t = tensor;
    for (let next = replaced.get(t); next !== undefined; next = replaced.get(t)) t = next;
    return final.get(t) ?? t;
  };
  const pending = [...graph.outputs.map(follow), ...graph.effects.flatMap((node) => node.inputs.map(follow))];
  function follow(tensor: Tensor): Node {
    let t = tensor;
    for (let next = replaced.get(t); next !== undefined; next = replaced.get(t)) t = next;
    return t.node;
  }
  const visit = (root: Node): void => {
    const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: Node; next: number };
      if (rebuilt.has(top.node)) {
        stack.pop();
        continue;
      }
      const input = top.node.inputs[top.next++];
      if (input !== undefined) {
        const source = follow(input);
        if (!rebuilt.has(source)) stack.push({ node: source, next: 0 });
        continue;
      }
      const { node } = top;
      const inputs = node.inputs.map(resolve);
      let fresh = node;
      if (inputs.some((tensor, i) => tensor !== node.inputs[i])) {
        fresh = makeNode(
          node.op,
          inputs,
          node.attributes,
          node.outputs.map((o) => ({ shape: o.dims, dtype: o.dtype })),
          {
            id: node.id,
            scope: node.scope,
          },
        );
        for (const [i, old] of node.outputs.entries()) final.set(old, fresh.outputs[i] as Tensor);
      }
      rebuilt.set(node, fresh);
      stack.pop();
    }
  };
  for (const node of pending) visit(node);
  for (const node of graph.effects) visit(node);
  return {
    graph: {
      outputs: graph.outputs.map(resolve),
      effects: graph.effects.map((node) => rebuilt.get(node) ?? node),
    },
    changed,
  };
}

export function simplify(graph: GraphResults, rules: readonly Rule[]): GraphResults {
  let result = graph;
  for (let i = 0; i < 100; i++) {
    const next = round(result, rules);
    if (!next.changed) return result;
    result = next.graph;
  }
  throw new Error("simplify: the rules do not come to an end");
}

// schedule: graph -> order of nodes. Values before the effects that overwrite what they read, guards before
// all effects; where an old version is wanted after its effect, a copy is put in.

import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors, makeNode } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import type { Variable } from "../graph/variable.ts";
import type { GraphResults } from "./simplify.ts";

export interface Schedule {
  readonly order: readonly Node[];
  readonly outputs: readonly Tensor[];
}

const writtenBy = (node: Node): readonly Variable[] => node.op.writes?.(node.attributes) ?? [];
const isEffect = (node: Node): boolean => writtenBy(node).length > 0;

/** The tensor whose bytes this one has: views are followed to their source. */
export function bytesOf(tensor: Tensor): Tensor {
  let t = tensor;
  while (t.node.op.view) t = t.node.inputs[0] as Tensor;
  return t;
}

/** The variable whose bytes a tensor has, if any. */
export function variableOf(tensor: Tensor): Variable | null {
  const { node, index } = bytesOf(tensor);
  if (node.op.source === "variable") return node.attributes as Variable;
  return writtenBy(node)[index] ?? null;
}

function descendants(order: readonly Node[], roots: ReadonlySet<Node>): Set<Node> {
  const found = new Set(roots);
  for (const node of order) if (node.inputs.some((input) => found.has(input.node))) found.add(node);
  return found;
}

/** Replaces inputs of one node; makes it anew under its old number. */
function withInputs(node: Node, map: (tensor: Tensor) => Tensor): Node {
  const inputs = node.inputs.map(map);
  if (inputs.every((tensor, i) => tensor === node.inputs[i])) return node;
  const types = node.outputs.map((o) => ({ shape: o.dims, dtype: o.dtype }));
  return makeNode(node.op, inputs, node.attributes, types, { id: node.id, scope: node.scope });
}

/** Rebuilds the graph with inputs replaced where `replace` says so for a reader. */
function rebuild(graph: GraphResults, replace: (reader: Node, input: Tensor) => Tensor): GraphResults {
  const order = ancestors([...graph.outputs.map((t) => t.node), ...graph.effects]);
  const fresh = new Map<Node, Node>();
  const moved = (tensor: Tensor): Tensor => (fresh.get(tensor.node) ?? tensor.node).outputs[tensor.index] as Tensor;
  for (const node of order)
    fresh.set(
      node,
      withInputs(node, (input) => moved(replace(node, input))),
    );
  return { outputs: graph.outputs.map(moved), effects: graph.effects.map((node) => fresh.get(node) ?? node) };
}

/**
 * Puts the nodes into an order in which every reader of an old version comes before the effect that
 * overwrites it. `copyOp` copies a tensor into bytes of its own.
 */
export function schedule(graph: GraphResults, copyOp: Op<null>): Schedule {
  const copyOf = (tensor: Tensor): Tensor =>
    makeNode(copyOp as Op<unknown>, [tensor], null, [{ shape: tensor.dims, dtype: tensor.dtype }], {
      id: tensor.node.id + 0.5, // right behind what it copies
    }).outputs[0] as Tensor;

  // outputs that lie in a variable's or an input's bytes get bytes of their own
  const outputs = graph.outputs.map((tensor) => {
    const bytes = bytesOf(tensor);
    return variableOf(tensor) !== null || bytes.node.op.source !== undefined ? copyOf(tensor) : tensor;
  });
  let current: GraphResults = { outputs, effects: graph.effects };

  // readers of an old version that also depend on the effect (or on a later one) read a copy
  const copies = new Map<Tensor, Tensor>();
  for (let i = 0; i < current.effects.length; i++) {
    const order = ancestors([...current.outputs.map((t) => t.node), ...current.effects]);
    const effect = current.effects[i] as Node;
    if (!isEffect(effect)) continue;
    const later = new Set(current.effects.slice(i).filter(isEffect));
    const after = descendants(order, later);
    const written = new Set(writtenBy(effect));
    const old = new Set(effect.inputs.filter((input) => written.has(variableOf(input) as Variable)).map(bytesOf));
    const lateReader = (reader: Node, input: Tensor): boolean =>
      reader !== effect && after.has(reader) && old.has(bytesOf(input));
    if (!order.some((node) => node.inputs.some((input) => lateReader(node, input)))) continue;
    current = rebuild(current, (reader, input) => {
      if (!lateReader(reader, input)) return input;
      const source = bytesOf(input);
      let copy = copies.get(source);
      if (!copy) {
        copy = copyOf(source);
        copies.set(source, copy);
      }
      if (copy.dims.length === input.dims.length && copy.dims.every((n, axis) => n === input.dims[axis])) return copy;
      const view = input.node; // the same view, of the copy
      return makeNode(view.op, [copy], view.attributes, [{ shape: input.dims, dtype: input.dtype }])
        .outputs[0] as Tensor;
    });
  }
  return { order: sorted(current), outputs: current.outputs };
}

/** Kahn's algorithm; of all nodes that are ready the one recorded first. */
function sorted(graph: GraphResults): Node[] {
  const nodes = ancestors([...graph.outputs.map((t) => t.node), ...graph.effects]);
  const before = new Map<Node, Set<Node>>(nodes.map((node) => [node, new Set(node.inputs.map((input) => input.node))]));
  const effects = graph.effects.filter(isEffect);
  const guards = graph.effects.filter((node) => node.op.guard);

  for (const guard of guards) {
    const needed = new Set(ancestors([guard]));
    for (const effect of effects) if (!needed.has(effect)) before.get(effect)?.add(guard);
  }
  for (let i = 1; i < effects.length; i++) before.get(effects[i] as Node)?.add(effects[i - 1] as Node);
  const readers = new Map<Tensor, Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const bytes = bytesOf(input);
      const list = readers.get(bytes);
      if (list) list.push(node);
      else readers.set(bytes, [node]);
    }
  }
  for (const effect of effects) {
    const written = new Set(writtenBy(effect));
    for (const input of effect.inputs) {
      if (!written.has(variableOf(input) as Variable)) continue;
      for (const reader of readers.get(bytesOf(input)) ?? []) if (reader !== effect) before.get(effect)?.add(reader);
    }
  }

  const after = new Map<Node, Node[]>();
  const missing = new Map<Node, number>();
  for (const [node, set] of before) {
    missing.set(node, set.size);
    for (const earlier of set) {
      const list = after.get(earlier);
      if (list) list.push(node);
      else after.set(earlier, [node]);
    }
  }
  // effects are held back until nothing else is ready; what reads their results comes behind those that are, so that updates
  // stay side by side
  const late = descendants(nodes, new Set(effects));
  const rank = new Map<Node, number>(
    nodes.map((node) => [node, isEffect(node) ? 1e12 + effects.indexOf(node) : node.id + (late.has(node) ? 2e12 : 0)]),
  );
  const ready = nodes.filter((node) => missing.get(node) === 0);
  const byRank = (a: Node, b: Node) => (rank.get(b) as number) - (rank.get(a) as number);
  ready.sort(byRank);
  const order: Node[] = [];
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    order.push(node);
    for (const later of after.get(node) ?? []) {
      const left = (missing.get(later) as number) - 1;
      missing.set(later, left);
      if (left === 0) insertSorted(ready, later, byRank);
    }
  }
  if (order.length !== nodes.length) throw new Error("schedule: the graph has a cycle");
  return order;
}

function insertSorted(list: Node[], node: Node, compare: (a: Node, b: Node) => number): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(list[middle] as Node, node) < 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, node);
}

// A bias just before batch normalisation: what a model is told about it.

import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors } from "../graph/graph.ts";
import { createTrace, makeInput, withTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { normOp, statisticsOp } from "../ops/norm.ts";
import { binaryOps } from "../ops/pointwise.ts";
import { sizeOf } from "../shape.ts";
import type { Layer } from "./layer.ts";
import type { Network, NetworkInput } from "./network.ts";

/** The bias that a node adds to what it is given, null where it does not. */
function biasAddedBy({ op, inputs }: Node): Variable | null {
  if (op !== (binaryOps.add as unknown)) return null;
  const found = inputs.find(({ node }) => node.op.source === "variable");
  const variable = found?.node.attributes as Variable | undefined;
  return variable?.name.endsWith("/bias") ? variable : null;
}

/** Biases whose only readers take the mean of the batch off again. */
export function biasNotes(network: Network, layers: readonly Layer[]): string[] {
  const inputs = network.inputs as readonly NetworkInput[];
  const trace = createTrace(true);
  const outputs = withTrace(trace, () =>
    network.call(
      inputs.map(({ name, shape, dtype }) => makeInput({ name, shape: [2, ...shape], dtype }, false)),
      true,
    ),
  );
  const readers = new Map<Tensor, Node[]>(outputs.map((tensor) => [tensor, []]));
  const nodes = ancestors([...outputs.map(({ node }) => node), ...trace.effects]);
  for (const node of nodes) {
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const isNorm = ({ op }: Node): boolean => op === (normOp as unknown);
  const subtracts = (node: Node): boolean =>
    node.op === (statisticsOp as unknown) || (isNorm(node) && (node.attributes as { ofBatch: boolean }).ofBatch);
  const ownerOf = (variable: Variable) => layers.find((layer) => layer.variables.includes(variable));
  const notes = nodes.flatMap((node) => {
    const bias = biasAddedBy(node);
    const output = node.outputs[0] as Tensor;
    const list = readers.get(output) ?? [];
    if (!bias || list.length === 0 || outputs.includes(output) || !list.every(subtracts)) return [];
    const norm = list.find(isNorm)?.scope;
    return [
      `${ownerOf(bias)?.type ?? "layer"} "${ownerOf(bias)?.name}": its bias has no effect, because "${norm?.split("/").at(-1)}" takes the mean off again. useBias: false saves ${sizeOf(bias.shape)} parameters.`,
    ];
  });
  return [...new Set(notes)]; // a layer that is called twice is named once
}

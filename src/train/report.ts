// What a model says of itself: a table of its layers, and the bytes planned for it.

import type { Tensor } from "../graph/graph.ts";
import { ancestors } from "../graph/graph.ts";
import { createTrace, makeInput, withTrace } from "../graph/trace.ts";
import type { VariableRole } from "../graph/variable.ts";
import type { Layer } from "../layers/layer.ts";
import type { NetworkInput } from "../layers/network.ts";
import { layerPaths } from "../layers/network.ts";
import { openedMachine } from "../machine.ts";
import { formatShape, sizeOf } from "../shape.ts";
import { textTable } from "../text.ts";
import type { ModelCore } from "./model.ts";
import { compileModel, layersOf, notesOf, variablesOf } from "./model.ts";

/** Bytes by role. */
export interface ModelMemory {
  readonly parameters: number;
  /** Moving statistics. */
  readonly statistics: number;
  readonly slots: number;
  readonly gradients: number;
  readonly activations: number;
  readonly data: number;
  readonly constants: number;
  readonly control: number;
  /** Of the machine, shared by all programs; 0 before it was opened. */
  readonly scratch: number;
  readonly total: number;
}

const BATCH_SIZE = 32;

/** The bytes of the largest program made so far, or of a batch of 32 where none was. */
export function memoryOf(core: ModelCore): ModelMemory {
  const made = [...core.programs.values()].map(({ executable }) => executable.compiled);
  const kind = core.training ? "train" : "predict";
  const all = made.length > 0 ? made : [compileModel(core, kind, BATCH_SIZE, "")];
  const most = (role: "gradients" | "activations" | "data" | "constants" | "control") =>
    Math.max(...all.map(({ plan }) => plan.arenas[role]));
  const variables = new Set([...variablesOf(core), ...all.flatMap(({ listing }) => listing.variables)]);
  const held = (role: VariableRole) =>
    [...variables].filter((each) => each.role === role).reduce((bytes, { shape }) => bytes + 4 * sizeOf(shape), 0);
  const parts = {
    parameters: held("parameters"),
    statistics: held("statistics"),
    slots: held("slots"),
    gradients: most("gradients"),
    activations: most("activations"),
    data: most("data"),
    constants: most("constants"),
    control: most("control"),
    scratch: openedMachine()?.memory.scratch ?? 0,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) };
}

/** Multiply-adds of one example by layer, from a trace for one example; undefined for what is in none. */
function multiplyAddsByLayer(core: ModelCore): Map<Layer | undefined, number> {
  const counts = new Map<Layer | undefined, number>();
  const paths = [...layerPaths(core.network.layers)];
  /** The layer with the scope as its full name; or else one whose own name the scope ends with. */
  const layerOf = (scope: string): Layer | undefined =>
    (paths.find(([, path]) => path === scope) ?? paths.find(([{ name }]) => `/${scope}`.endsWith(`/${name}`)))?.[0];
  const inputs = core.network.inputs as readonly NetworkInput[];
  const outputs = withTrace(createTrace(false), () =>
    core.network.call(
      inputs.map(({ name, shape, dtype }) => makeInput({ name, shape: [1, ...shape], dtype }, false)),
      false,
    ),
  );
  for (const node of ancestors(outputs.map((output: Tensor) => output.node))) {
    const count = node.op.multiplyAdds?.(
      node.inputs.map(({ dims, dtype }) => ({ shape: dims, dtype })),
      node.outputs.map(({ dims, dtype }) => ({ shape: dims, dtype })),
      node.attributes,
    );
    const layer = layerOf(node.scope);
    if (count) counts.set(layer, (counts.get(layer) ?? 0) + count);
  }
  return counts;
}

const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

export function summaryOf(core: ModelCore): string {
  const layers = layersOf(core);
  const counts = multiplyAddsByLayer(core);
  const parametersOf = (layer: Layer) => layer.variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const rows = layers.map((layer) => [
    `${layer.name} (${layer.type})`,
    layer.outputShape ? formatShape(layer.outputShape) : "",
    grouped(parametersOf(layer)),
    grouped(counts.get(layer) ?? 0),
  ]);
  const lines = textTable([["layer", "output shape", "parameters", "multiply-adds"], ...rows], [2, 3]);
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  const variables = variablesOf(core);
  const count = (keep: (variable: (typeof variables)[number]) => boolean) =>
    variables.filter(keep).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const total = count(() => true);
  const trainable = count((variable) => variable.trainable);
  const multiplyAdds = [...counts.values()].reduce((sum, n) => sum + n, 0);
  return [
    lines[0],
    rule,
    ...lines.slice(1),
    rule,
    `parameters: ${grouped(total)} (${grouped(total * 4)} bytes), trainable ${grouped(trainable)}, not trainable ${grouped(total - trainable)}`,
    `multiply-adds of one example: ${grouped(multiplyAdds)}`,
    ...notesOf(core).map((note) => `note: ${note}`),
  ].join("\n");
}

// A training as the rules of advise look at it: the network's graph, the data's statistics, the history.

import type { NumericArray } from "../data/arrays.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors } from "../graph/graph.ts";
import { createTrace, makeInput, withTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { isVariable } from "../graph/variable.ts";
import type { Layer } from "../layers/layer.ts";
import type { NetworkInput } from "../layers/network.ts";
import type { Loss } from "../losses.ts";
import { isScore } from "../metrics/names.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { sizeOf } from "../shape.ts";
import type { Dataset } from "../train/dataset.ts";
import type { ModelCore } from "../train/model.ts";
import { layersOf, requireTraining, variablesOf, wantedInputs, wantedTargets } from "../train/model.ts";

/** Numbers of one input or target, in rows of `size`. */
export interface Values {
  readonly label: string;
  /** Of one example. */
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
  readonly data: NumericArray;
  readonly size: number;
}

/** An output with what it is trained on. */
export interface Head {
  readonly name: string;
  readonly loss: Loss;
  readonly target: Values;
  readonly output: Tensor;
  /** Examples of each class; null where the targets are no classes. */
  readonly classes: readonly number[] | null;
}

/** A kernel: a variable of at least two axes that something is multiplied by. */
export interface Kernel {
  readonly variable: Variable;
  /** What its product goes through before other weights or an output: "relu", "sigmoid", ...; null where through none. */
  readonly activation: string | null;
  readonly isLast: boolean;
}

export interface Run {
  readonly examples: number;
  readonly inputs: readonly Values[];
  readonly heads: readonly Head[];
  readonly layers: readonly Layer[];
  /** In processing order. */
  readonly nodes: readonly Node[];
  readonly kernels: readonly Kernel[];
  readonly parameters: number;
  readonly optimizer: Optimizer;
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  /** A score that the history has, e.g. accuracy; null where it has none. */
  readonly score: string | null;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly validationSplit: number;
  /** Examples of the dev and the test set, null where they are not known. */
  readonly dev: number | null;
  readonly test: number | null;
}

/** The function of an output that ends in one: its op's name, looked for behind reshapes. */
export function lastOp(output: Tensor): string {
  let { node } = output;
  while (["reshape", "cast", "transpose"].includes(node.op.name) && node.inputs[0]) node = node.inputs[0].node;
  return node.op.name;
}

const activationOps = ["relu", "leakyRelu", "elu", "sigmoid", "tanh", "softplus", "silu", "gelu", "softmax"];
/** What stands between a product and its activation. */
const between = ["add", "batchNorm", "layerNorm", "groupNorm", "reshape", "dropout"];

const variableOf = (tensor: Tensor | undefined): Variable | null =>
  tensor && isVariable(tensor.node.attributes) ? tensor.node.attributes : null;

/** The nodes that read each node. */
function readersOf(nodes: readonly Node[]): Map<Node, Node[]> {
  const readers = new Map<Node, Node[]>();
  for (const node of nodes)
    for (const { node: from } of node.inputs) readers.set(from, [...(readers.get(from) ?? []), node]);
  return readers;
}

function kernelsOf(nodes: readonly Node[]): Kernel[] {
  const readers = readersOf(nodes);
  const found: { variable: Variable; node: Node; activation: string | null }[] = [];
  for (const node of nodes) {
    const variable = node.inputs.map(variableOf).find((each) => each !== null && each.shape.length >= 2);
    if (!variable || found.some((kernel) => kernel.variable === variable)) continue;
    let at: Node | undefined = readers.get(node)?.[0];
    while (at && between.includes(at.op.name)) at = readers.get(at)?.[0];
    found.push({ variable, node, activation: at && activationOps.includes(at.op.name) ? at.op.name : null });
  }
  // a kernel is last where no other product depends on its own
  const products = new Set(found.map(({ node }) => node));
  const inner = new Set(
    found.flatMap(({ node }) => ancestors([node]).filter((each) => each !== node && products.has(each))),
  );
  return found.map(({ variable, node, activation }) => ({ variable, activation, isLast: !inner.has(node) }));
}

/** How often each class stands in targets that are classes: indices, one-hot rows, or 0 and 1. */
function classCounts({ data, size }: Values, loss: Loss, output: Tensor): number[] | null {
  const width = output.dims.at(-1) as number;
  if (loss.targets === "labels") {
    const counts = new Array<number>(width).fill(0);
    for (let i = 0; i < data.length; i++) counts[data[i] as number] = (counts[data[i] as number] as number) + 1;
    return counts;
  }
  for (let i = 0; i < data.length; i++) if (data[i] !== 0 && data[i] !== 1) return null;
  if (size === 1) {
    const ones = Array.from(data).reduce((sum, value) => sum + value, 0);
    return [data.length - ones, ones];
  }
  if (loss.name !== "categoricalCrossentropy") return null;
  const counts = new Array<number>(width).fill(0);
  for (let i = 0; i < data.length; i++) if (data[i] === 1) counts[i % width] = (counts[i % width] as number) + 1;
  return counts;
}

/** What fit was told, as far as rules read it. */
export interface RunOptions {
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly validationSplit: number;
  readonly dev: number | null;
  readonly test: number | null;
}

export function describeRun(
  core: ModelCore,
  dataset: Dataset,
  metrics: Readonly<Record<string, readonly number[]>>,
  options: RunOptions,
): Run {
  const training = requireTraining(core, "advise");
  const inputs = core.network.inputs as readonly NetworkInput[];
  const symbols = inputs.map(({ name, shape, dtype }) => makeInput({ name, shape: [2, ...shape], dtype }, false));
  const outputs = withTrace(createTrace(false), () => core.network.call(symbols, false));
  const wanted = [...wantedInputs(inputs, core.network.inputForm), ...wantedTargets(core, training)];
  const values = wanted.map(({ label, shape, dtype }, i): Values => {
    const { data, size } = dataset.columns[i] as Dataset["columns"][number];
    return { label, shape, dtype, data, size };
  });
  const heads = training.heads.map(({ loss }, i): Head => {
    const [target, output] = [values[inputs.length + i] as Values, outputs[i] as Tensor];
    const name = core.network.outputs?.[i]?.name ?? "output";
    return { name, loss, target, output, classes: classCounts(target, loss, output) };
  });
  const nodes = ancestors(outputs.map(({ node }) => node));
  const variables = variablesOf(core).filter(({ trainable }) => trainable);
  return {
    ...options,
    examples: dataset.count,
    inputs: values.slice(0, inputs.length),
    heads,
    layers: layersOf(core),
    nodes,
    kernels: kernelsOf(nodes),
    parameters: variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    optimizer: training.optimizer,
    metrics,
    score: Object.keys(metrics).find((name) => isScore(name) && !name.startsWith("val_")) ?? null,
  };
}

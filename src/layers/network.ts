// Networks: layers put together, in a row or as a recorded graph. A network is a function from input tensors
// to output tensors; what trains it stands in src/train/.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, exampleShape, invalid, nonEmptyString, oneOf } from "../check.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors, applyOp, isTensor } from "../graph/graph.ts";
import type { InputAttributes } from "../graph/trace.ts";
import { createTrace, inputOp, makeInput, withTrace } from "../graph/trace.ts";
import type { Shape } from "../shape.ts";
import { formatShape, SYMBOLIC_BATCH } from "../shape.ts";
import type { Layer } from "./layer.ts";
import { calledLayer, isLayer } from "./layer.ts";

/** What sequential takes: layers are such functions, too. (A union with Layer would leave the type of x open.) */
export type PlainFunction = (x: Tensor) => Tensor;

export interface NetworkInput {
  readonly name: string;
  /** Of one example. */
  readonly shape: Shape;
  readonly dtype: "float32" | "int32";
}

export interface NetworkOutput {
  readonly name: string;
  /** Of one example. */
  readonly shape: Shape;
}

/** How several inputs or outputs are named by the user: one, by position, or by name. */
export type Form = "one" | "array" | "record";

export interface Network {
  /** Null until an input shape is known. */
  readonly inputs: readonly NetworkInput[] | null;
  readonly outputs: readonly NetworkOutput[] | null;
  readonly inputForm: Form;
  readonly outputForm: Form;
  /** Layers in processing order; also those inside of networks that are layers. */
  readonly layers: readonly Layer[];
  /** Settles the input's shape where it was left open. */
  build(inputs: readonly NetworkInput[]): void;
  call(inputs: readonly Tensor[], training: boolean): Tensor[];
}

/** A tensor that stands for an input of `functional`: [batch, ...shape], the batch size unknown; float32 by default. */
export function input(shape: readonly number[], options: { name?: string; dtype?: "float32" | "int32" } = {}): Tensor {
  exampleShape(shape, "shape", "input");
  checkOptions("input", options, { name: nonEmptyString, dtype: oneOf("float32", "int32") });
  const { name = "x", dtype = "float32" } = options;
  return makeInput({ name, shape: [SYMBOLIC_BATCH, ...shape], dtype }, true);
}

export function createSequential(parts: readonly PlainFunction[]): Network {
  if (!Array.isArray(parts) || parts.length === 0)
    throw invalid("sequential", "layers", "a non-empty array of layers", parts);
  parts.forEach((part: unknown, i) => {
    if (isLayer(part) || (typeof part === "function" && part.length === 1)) return;
    const hint =
      typeof part === "function"
        ? " Was a layer's function passed without calling it, e.g. flatten instead of flatten()?"
        : "";
    throw new LanewiseError(
      "invalid-argument",
      `sequential: layers[${i}] must be a layer or a function of one tensor.${hint}`,
    );
  });
  const direct = parts.filter(isLayer);
  const found = new Set<Layer>(direct);
  let inputs: NetworkInput[] | null = null;
  let outputs: NetworkOutput[] | null = null;

  const run = (x: Tensor): Tensor => {
    let y = x;
    parts.forEach((part, i) => {
      const next = part(y);
      if (!isTensor(next)) throw invalid("sequential", `what layers[${i}] returns`, "a tensor", next);
      y = next;
    });
    return y;
  };
  return {
    get inputs() {
      return inputs;
    },
    get outputs() {
      return outputs;
    },
    inputForm: "one",
    outputForm: "one",
    get layers() {
      return [...found];
    },
    build(given) {
      const shape = (given[0] as NetworkInput).shape;
      const trace = createTrace(false);
      const symbol = makeInput({ name: "x", shape: [SYMBOLIC_BATCH, ...shape], dtype: "float32" }, false);
      const output = withTrace(trace, () => run(symbol));
      // layers called inside plain functions belong to the network as well, in the order of their calls
      for (const layer of trace.layers) found.add(layer as Layer);
      if (output.dims[0] !== SYMBOLIC_BATCH) {
        throw new LanewiseError(
          "shape-mismatch",
          `sequential: the output ${formatShape(output.dims)} has lost the batch axis.`,
        );
      }
      inputs = [{ name: "x", shape: [...shape], dtype: "float32" }];
      outputs = [{ name: "output", shape: output.dims.slice(1) }];
    },
    call: ([x]) => [run(x as Tensor)],
  };
}

type Structure = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

function namedTensors(
  what: "inputs" | "outputs",
  value: unknown,
): { form: Form; entries: [name: string, tensor: Tensor][] } {
  const where = "functional";
  if (isTensor(value)) return { form: "one", entries: [[what === "inputs" ? "x" : "output", value]] };
  if (typeof value !== "object" || value === null)
    throw invalid(where, what, "a tensor, an array or a record of tensors", value);
  const form = Array.isArray(value) ? "array" : "record";
  const entries = Object.entries(value).map(([key, tensor]: [string, unknown]): [string, Tensor] => {
    if (!isTensor(tensor)) throw invalid(where, `${what}.${key}`, "a tensor", tensor);
    return [form === "array" ? `${what === "inputs" ? "x" : "output"}${key}` : key, tensor];
  });
  if (entries.length === 0) throw invalid(where, what, "at least one tensor", value);
  return { form, entries };
}

export function createFunctional(options: { inputs: Structure; outputs: Structure }): Network {
  const { form: inputForm, entries: given } = namedTensors("inputs", options.inputs);
  const { form: outputForm, entries: wanted } = namedTensors("outputs", options.outputs);
  for (const [name, tensor] of given) {
    if (tensor.node.op !== (inputOp as unknown) || !tensor.symbolic) {
      throw new LanewiseError("invalid-argument", `functional: inputs.${name} must come from input().`);
    }
  }
  const order = ancestors(wanted.map(([, tensor]) => tensor.node));
  const sources = new Set(given.map(([, tensor]) => tensor.node));
  for (const [name, tensor] of wanted) {
    if (!tensor.symbolic)
      throw new LanewiseError("invalid-argument", `functional: outputs.${name} does not depend on any input().`);
    if (tensor.dims[0] !== SYMBOLIC_BATCH) {
      throw new LanewiseError(
        "shape-mismatch",
        `functional: outputs.${name} ${formatShape(tensor.shape)} has lost the batch axis.`,
      );
    }
  }
  for (const node of order) {
    if (node.op === (inputOp as unknown) && !sources.has(node)) {
      throw new LanewiseError(
        "invalid-argument",
        `functional: the outputs depend on an input() ${formatShape(node.outputs[0]?.shape ?? [])} that is not among the inputs.`,
      );
    }
  }
  for (const [name, tensor] of given) {
    if (!order.includes(tensor.node))
      throw new LanewiseError("invalid-argument", `functional: no output depends on inputs.${name}.`);
  }
  const layers = new Set<Layer>();
  for (const node of order) {
    const layer = calledLayer(node);
    if (layer) layers.add(layer);
  }
  return {
    inputs: given.map(([name, tensor]) => ({
      name,
      shape: (tensor.node.attributes as InputAttributes).shape.slice(1),
      dtype: tensor.dtype,
    })),
    outputs: wanted.map(([name, tensor]) => ({ name, shape: tensor.dims.slice(1) })),
    inputForm,
    outputForm,
    layers: [...layers],
    build() {},
    call(inputs, training) {
      const batch = inputs[0]?.dims[0] as number;
      const made = new Map<Node, readonly Tensor[]>();
      given.forEach(([, tensor], i) => {
        made.set(tensor.node, [inputs[i] as Tensor]);
      });
      for (const node of order) {
        if (made.has(node)) continue;
        const tensors = node.inputs.map((tensor) => made.get(tensor.node)?.[tensor.index] as Tensor);
        const { op, attributes } = node;
        made.set(
          node,
          op.replay ? op.replay(tensors, attributes, { training, batch }) : applyOp(op, tensors, attributes),
        );
      }
      return wanted.map(([, tensor]) => made.get(tensor.node)?.[tensor.index] as Tensor);
    },
  };
}

/** All layers that own weights or nothing, networks opened: each once, in processing order, with names after those of their networks. */
export function layerPaths(layers: readonly Layer[]): Map<Layer, string> {
  const paths = new Map<Layer, string>();
  const visit = (layer: Layer, path: string): void => {
    const children = layer.state.children();
    for (const child of children) visit(child, `${path}${layer.name}/`);
    if (children.length === 0 && !paths.has(layer)) paths.set(layer, path + layer.name);
  };
  for (const layer of layers) visit(layer, "");
  return paths;
}

export function flattenLayers(layers: readonly Layer[]): Layer[] {
  return [...layerPaths(layers).keys()];
}

// What a layer is: a function from symbolic tensors to a symbolic tensor that owns its variables. Every layer,
// the library's and a user's own, is made by makeLayer.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { bool, checkOptions, invalid, nonEmptyString } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import type { Tensor } from "../graph/graph.ts";
import { isTensor, makeNode, withScope } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import type { TensorLike, Trace } from "../graph/trace.ts";
import {
  createTrace,
  currentTrace,
  makeInput,
  readVariable,
  requireOutside,
  toTensor,
  withTrace,
} from "../graph/trace.ts";
import type { Variable, VariableRole } from "../graph/variable.ts";
import { createVariable, noteTrainableChange } from "../graph/variable.ts";
import type { Initializer } from "../initializers.ts";
import type { Regularizer } from "../regularizers.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sameShape } from "../shape.ts";
import { LAYER_STREAM } from "../streams.ts";
import type { Network } from "./network.ts";

/** Options of a call of a layer: `layer(x, { training: false })`. */
export interface CallOptions {
  /** Whether this call behaves as in training; by default as the program around it. */
  readonly training?: boolean;
  /** For layers that take one. */
  readonly mask?: Tensor;
}

/** Options that every layer has. */
export interface LayerOptions {
  /** By default the layer's type, counted in its model: "conv2d_1". */
  readonly name?: string;
  /** Whether optimizers change its weights, by default true. */
  readonly trainable?: boolean;
}

export interface WeightSpec {
  readonly shape: Shape;
  readonly initializer: Initializer;
  readonly regularizer?: Regularizer | undefined;
  readonly constraint?: Constraint | undefined;
  /** "statistics" for what is not trained but kept, such as moving averages. By default "parameters". */
  readonly role?: Exclude<VariableRole, "slots">;
}

/** What a layer's `call` is told beside tensors and weights. */
export interface CallContext {
  /** Whether to behave as in training. */
  readonly training: boolean;
  readonly mask: Tensor | undefined;
  /** The layer's variables by name, for effects. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** For messages: conv2d "conv2d_2". */
  readonly where: string;
  /** A random stream that no other call in this program has. */
  stream(): number;
}

/** A function from tensors to a tensor that owns its variables. Called again it shares them. */
export interface Layer {
  (x: TensorLike | readonly TensorLike[], options?: CallOptions): Tensor;
  readonly kind: "layer";
  /** "dense", "conv2d", ... */
  readonly type: string;
  readonly name: string;
  /** May be changed between steps; the next step is compiled for it. */
  trainable: boolean;
  /** Built at the first call; empty before. */
  readonly variables: readonly Variable[];
  /** Shapes of the last call: inputs and output. */
  readonly inputShapes: readonly (readonly (number | null)[])[];
  readonly outputShape: readonly (number | null)[] | null;
  /** For the machinery below. */
  readonly state: LayerState;
}

export interface LayerState {
  /** Given by the user, or by the first model that took the layer. */
  name: string | null;
  owned: boolean;
  seed: number;
  /** Position in its model: the random stream of its initial values. */
  position: number;
  weights: ReadonlyMap<string, Variable> | null;
  readonly regularizers: Map<Variable, Regularizer>;
  readonly constraints: Map<Variable, Constraint>;
  /** Whether it works against overfitting in another way than by penalties on weights: by chance, or by one on activations. */
  readonly regularises: boolean;
  /** For layers made of layers. */
  readonly children: () => readonly Layer[];
  /** What a network with this layer could do better as it is built. */
  readonly notes: ((network: Network, layers: readonly Layer[]) => string[]) | undefined;
  inputShapes: readonly (readonly (number | null)[])[];
  outputShape: readonly (number | null)[] | null;
}

export interface LayerDefinition {
  readonly type: string;
  readonly options: LayerOptions;
  /** Inputs it takes: one tensor, or an array of at least one. */
  readonly inputs?: "one" | "many";
  readonly children?: () => readonly Layer[];
  /** Whether it behaves by chance while training. */
  readonly noise?: true;
  readonly activityRegularizer?: Regularizer | undefined;
  readonly notes?: LayerState["notes"];
  build?(inputShapes: readonly Shape[], where: string): Readonly<Record<string, WeightSpec>>;
  call(inputs: readonly Tensor[], weights: Readonly<Record<string, Tensor>>, context: CallContext): Tensor;
}

/** Checkers of the options that every layer has. */
export const layerOptions: Readonly<Record<string, Checker>> = { name: nonEmptyString, trainable: bool };

export function isLayer(value: unknown): value is Layer {
  return typeof value === "function" && (value as Layer).kind === "layer";
}

const callOptions: Readonly<Record<string, Checker>> = {
  training: bool,
  mask(value, name, where) {
    if (isTensor(value)) return value;
    throw invalid(where, name, "a tensor", value);
  },
};

/** A recorded call of a layer on tensors of input(): made again for each batch size. */
const callOp: Op<{ layer: Layer; options: CallOptions; many: boolean; type: { shape: Shape } }> = {
  name: "layer",
  infer: (_, { type }) => [{ shape: type.shape, dtype: "float32" }],
  replay: (inputs, { layer, options, many }, { training }) => [
    layer(many ? inputs : (inputs[0] as Tensor), { training, ...options }),
  ],
};

/** The layer that a recorded node calls, if it calls one. */
export function calledLayer(node: Tensor["node"]): Layer | null {
  return node.op === (callOp as unknown) ? (node.attributes as { layer: Layer }).layer : null;
}

export function makeLayer(definition: LayerDefinition): Layer {
  const { type, options, inputs: takes = "one" } = definition;
  requireOutside(type);
  let trainable = options.trainable ?? true;
  const state: LayerState = {
    name: options.name ?? null,
    owned: false,
    seed: 0,
    position: 0,
    weights: null,
    regularizers: new Map(),
    constraints: new Map(),
    regularises: definition.noise === true || definition.activityRegularizer !== undefined,
    children: definition.children ?? (() => []),
    notes: definition.notes,
    inputShapes: [],
    outputShape: null,
  };
  const where = (): string => (state.name === null ? type : `${type} "${state.name}"`);

  const build = (shapes: readonly Shape[]): ReadonlyMap<string, Variable> => {
    const specs = definition.build?.(shapes, where()) ?? {};
    const variables = new Map<string, Variable>();
    for (const [i, [key, spec]] of Object.entries(specs).entries()) {
      const role = spec.role ?? "parameters";
      const variable = createVariable(spec.shape, spec.initializer.values(spec.shape), {
        name: `${state.name ?? type}/${key}`,
        role,
        trainable: trainable && role === "parameters",
      });
      variable.state.seed = state.seed;
      variable.state.stream = state.position * 256 + i;
      if (spec.regularizer) state.regularizers.set(variable, spec.regularizer);
      if (spec.constraint) {
        spec.constraint.check(spec.shape, `${where()}, weight "${key}"`);
        state.constraints.set(variable, spec.constraint);
      }
      variables.set(key, variable);
    }
    return variables;
  };

  /** One call while a trace is current. */
  const callTraced = (tensors: readonly Tensor[], trace: Trace, callOptions: CallOptions): Tensor => {
    const inner: Trace = callOptions.training === undefined ? trace : { ...trace, training: callOptions.training };
    // a model belongs to every model it is called in
    if ((!state.owned || definition.children) && !trace.layers.includes(self)) trace.layers.push(self);
    const shapes = tensors.map(({ dims }) => dims);
    return withTrace(inner, () =>
      withScope(state.name ?? type, () => {
        if (!state.weights) state.weights = build(shapes);
        else requireSameShapes(where(), definition, state, shapes);
        const weights = Object.fromEntries([...state.weights].map(([key, variable]) => [key, readVariable(variable)]));
        const silenced = definition.noise === true && inner.training && trace.watch?.quiet === true;
        const output = definition.call(tensors, weights, {
          training: inner.training && !silenced,
          mask: callOptions.mask,
          variables: Object.fromEntries(state.weights),
          where: where(),
          stream: () => LAYER_STREAM + trace.streams.count++,
        });
        if (!isTensor(output)) throw invalid(where(), "what call returns", "a tensor", output);
        trace.watch?.calls.push({ layer: self, output, silenced });
        const penalty = definition.activityRegularizer?.ofExamples(output);
        if (penalty) trace.penalties.push(penalty);
        const unknown = (dims: Shape) => dims.map((n, axis) => (axis === 0 ? null : n));
        state.inputShapes = shapes.map(unknown);
        state.outputShape = unknown(output.dims);
        return output;
      }),
    );
  };

  const call = (x: TensorLike | readonly TensorLike[], callOptions: CallOptions = {}): Tensor => {
    const tensors = tensorsOf(where(), x, takes);
    checkCallOptions(where(), callOptions);
    const trace = currentTrace();
    const symbolic = tensors.some((tensor) => tensor.symbolic);
    if (trace && !symbolic) return callTraced(tensors, trace, callOptions);
    if (trace)
      throw new LanewiseError("invalid-argument", `${where()}: a tensor of input() cannot be used inside a program.`);
    if (!symbolic)
      throw new LanewiseError(
        "invalid-argument",
        `${where()}: layers are called on tensors of input(), inside program() or inside another layer.`,
      );
    // recorded: called once on stand-ins to build it and to learn the shape of the output
    const standIns = tensors.map(({ dims, dtype }) => makeInput({ name: "x", shape: dims, dtype }, false));
    const output = callTraced(standIns, createTrace(callOptions.training ?? false), callOptions);
    const attributes = { layer: self, options: callOptions, many: Array.isArray(x), type: { shape: output.dims } };
    const node = makeNode(callOp as Op<unknown>, tensors, attributes, callOp.infer([], attributes), { symbolic: true });
    return node.outputs[0] as Tensor;
  };

  const self: Layer = Object.defineProperties(call as unknown as Layer, {
    kind: { value: "layer" },
    type: { value: type },
    state: { value: state },
    name: { get: () => state.name ?? type },
    inputShapes: { get: () => state.inputShapes },
    outputShape: { get: () => state.outputShape },
    variables: {
      get: () => [...(state.weights?.values() ?? []), ...state.children().flatMap((child) => child.variables)],
      configurable: true,
    },
    trainable: {
      get: () => trainable,
      set: (value: unknown) => {
        if (typeof value !== "boolean") throw invalid(where(), "trainable", "true or false", value);
        trainable = value;
        noteTrainableChange();
        for (const variable of state.weights?.values() ?? [])
          variable.trainable = value && variable.role === "parameters";
        for (const child of state.children()) child.trainable = value;
      },
    },
  });
  return self;
}

function tensorsOf(where: string, x: unknown, takes: "one" | "many"): Tensor[] {
  if (takes === "one") {
    if (Array.isArray(x)) throw invalid(where, "x", "one tensor", x);
    return [toTensor(where, x)];
  }
  if (!Array.isArray(x) || x.length === 0) throw invalid(where, "x", "a non-empty array of tensors", x);
  return x.map((each, i) => toTensor(where, each, `x[${i}]`));
}

function checkCallOptions(where: string, options: unknown): void {
  if (isTensor(options)) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: options must be an object { training, mask }, got a tensor. Layers take one tensor, or an array of tensors where they join several; ops.add adds two.`,
    );
  }
  checkOptions(where, options, callOptions);
}

/** Weights fit one shape of input; a layer built for another is an error that says so. */
function requireSameShapes(
  where: string,
  definition: LayerDefinition,
  state: LayerState,
  shapes: readonly Shape[],
): void {
  if (!definition.build || !state.weights || state.weights.size === 0) return;
  const specs = definition.build(shapes, where);
  for (const [key, { shape }] of Object.entries(specs)) {
    const built = state.weights.get(key);
    if (!built || sameShape(built.shape, shape)) continue;
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: built with ${key} ${formatShape(built.shape)}, an input ${formatShape(shapes[0] ?? [])} would need ${formatShape(shape)}. Use another layer, or inputs of one shape.`,
    );
  }
}

/**
 * Names, seeds and positions for the layers of a model; names are counted a type. `direct` are those that are not
 * inside of another model: names given to them must differ.
 */
export function settleLayers(layers: readonly Layer[], seed: number, direct: readonly Layer[] = layers): void {
  const counts = new Map<string, number>();
  const all = [...new Set([...layers, ...direct])];
  const taken = new Set(all.map(({ state }) => state.name));
  for (const { state } of direct) {
    // layers that other models own keep the names they got there
    if (
      state.name !== null &&
      !state.owned &&
      direct.some((other) => other.state !== state && other.state.name === state.name)
    )
      throw invalid("model", "name", "another for each layer", state.name);
  }
  for (const [position, layer] of all.entries()) {
    const { state, type } = layer;
    if (state.owned) continue;
    state.owned = true;
    state.seed = seed;
    state.position = position;
    if (state.name === null) {
      let name: string;
      do {
        const count = (counts.get(type) ?? 0) + 1;
        counts.set(type, count);
        name = `${type}_${count}`;
      } while (taken.has(name));
      state.name = name;
      taken.add(name);
    }
    for (const [i, [key, variable]] of [...(state.weights ?? [])].entries()) {
      variable.name = `${state.name}/${key}`;
      variable.state.seed = seed;
      variable.state.stream = position * 256 + i;
    }
  }
}

/** The same for layers that were called in a program and belong to no model. */
export function settleLooseLayers(layers: readonly object[], seed: number): void {
  settleLayers(layers as readonly Layer[], seed);
}

// Models as users see them: sequential and functional.

import { LanewiseError } from "../bindings/errors.ts";
import {
  bool,
  checkOptions,
  exampleShape,
  invalid,
  nonEmptyString,
  oneOf,
  positiveInteger,
  seedValue,
} from "./check.ts";
import type { Stage } from "./compile/explain.ts";
import { explain, stages } from "./compile/explain.ts";
import { placeVariables } from "./executable.ts";
import { isTensor, type Tensor } from "./graph/graph.ts";
import type { Variable } from "./graph/variable.ts";
import type { LoadOptions } from "./io/checkpoint.ts";
import type { ByteSource } from "./io/source.ts";
import type { Layer } from "./layers/layer.ts";
import { makeLayer } from "./layers/layer.ts";
import type { Network, PlainFunction } from "./layers/network.ts";
import { createFunctional, createSequential } from "./layers/network.ts";
import { defaultMachine, openedMachine, requireIdle } from "./machine.ts";
import type { Logs } from "./train/callbacks.ts";
import type { CompileOptions } from "./train/compileOptions.ts";
import { checkCompile } from "./train/compileOptions.ts";
import type { EvaluateOptions } from "./train/evaluate.ts";
import { evaluate } from "./train/evaluate.ts";
import type { Arrays, BatchSource, Examples } from "./train/examples.ts";
import { fit } from "./train/fit.ts";
import type { FitOptions } from "./train/fitPlan.ts";
import type { History } from "./train/history.ts";
import type { ModelCore } from "./train/model.ts";
import {
  compileModel,
  disposeModel,
  dropPrograms,
  ensureBuilt,
  registerCore,
  requireAlive,
  requireOutputs,
  settle,
  variablesOf,
} from "./train/model.ts";
import type { Prediction } from "./train/predict.ts";
import { predict } from "./train/predict.ts";
import { type ModelMemory, memoryOf, summaryOf } from "./train/report.ts";
import { trainOnBatch } from "./train/step.ts";

/** Options of every model. */
export interface ModelOptions {
  readonly name?: string;
  /** Settles initial values, shuffling and dropout. By default 0. */
  readonly seed?: number;
}

/** Options of `sequential`. */
export interface SequentialOptions extends ModelOptions {
  /** Shape of one example; where it is left out the first data settle it. */
  readonly inputShape?: readonly number[];
}

/** Options of `model.explain`. */
export interface ExplainOptions {
  /** By default 32. */
  readonly batchSize?: number;
  /** By default whether the model is compiled. */
  readonly training?: boolean;
}

/** A network that can be trained. It is a layer as well: `model(x)` shares its weights. `P` is what `predict` resolves with. */
export interface Model<P = Prediction> extends Layer {
  readonly layers: readonly Layer[];
  /** As given, or as `load` found it. */
  readonly seed: number;
  /** Bytes planned for each role; of a training step where the model is compiled. */
  readonly memory: ModelMemory;
  /** Chooses what `fit` and `evaluate` work with. Slots live with the optimizer. */
  compile(options: CompileOptions): void;
  /** Trains; resolves with one value an epoch of loss, metrics and val_ values. */
  fit(data: Examples | BatchSource, options?: FitOptions): Promise<History>;
  /** Loss and metrics, exact means over all examples, also over those of all batches of a source. */
  evaluate(data: Examples | BatchSource, options?: EvaluateOptions): Promise<Logs>;
  /** Outputs for each example: one, or an array or record of several as the model was made. */
  predict(x: Arrays, options?: EvaluateOptions): Promise<P>;
  /** One training step on one batch; resolves with its loss and metrics before the update. */
  trainOnBatch(x: Arrays, y: Arrays, options?: Pick<Examples, "sampleWeight">): Promise<Logs>;
  /** A table of layers, output shapes, parameters and multiply-adds. */
  summary(): string;
  /** The graph, plan or program of a step, as text. */
  explain(stage: Stage, options?: ExplainOptions): string;
  /** Weights, moving statistics, optimizer slots, step counter and seed as safetensors; with a path also written to a file (Node). */
  save(path?: string): Promise<Uint8Array>;
  /** Reads what `save` gave: bytes, a Blob, a path (Node) or a URL. Nothing is changed where anything does not fit. */
  load(source: ByteSource, options?: LoadOptions): Promise<void>;
  /** Gives all memory back at once; not needed. */
  dispose(): void;
}

function createModel(network: Network, options: ModelOptions, inputShape?: readonly number[]): Model {
  const core: ModelCore = {
    name: options.name ?? "model",
    network,
    seed: options.seed ?? 0,
    training: null,
    step: 0,
    disposed: false,
    calls: [],
    programs: new Map(),
    last: null,
  };
  const layer = makeLayer({
    type: "model",
    options: options.name === undefined ? {} : { name: options.name },
    inputs: network.inputForm === "one" ? "one" : "many",
    children: () => network.layers,
    call(inputs, _, { training, where }) {
      requireAlive(core, where);
      const [x] = inputs;
      if (!network.inputs && x) network.build([{ name: "x", shape: x.dims.slice(1), dtype: x.dtype }]);
      const outputs = network.call(inputs, training);
      if (outputs.length !== 1) {
        throw new LanewiseError(
          "unsupported",
          `${where}: a model of ${outputs.length} outputs cannot be called as a layer.`,
        );
      }
      return outputs[0] as Tensor;
    },
  });
  const idle = (what: string): void => {
    const machine = openedMachine();
    if (machine) requireIdle(machine, what);
  };
  const inForm = (outputs: readonly Prediction[]): Prediction => {
    if (network.outputForm === "one") return outputs[0] as Prediction;
    if (network.outputForm === "array") return outputs as unknown as Prediction;
    return Object.fromEntries(requireOutputs(core).map(({ name }, i) => [name, outputs[i]])) as unknown as Prediction;
  };
  /** Notes a call for as long as it works with the model, from the moment it was asked for. */
  const during = async <T>(what: string, call: Promise<T>): Promise<T> => {
    core.calls.push(what);
    try {
      return await call;
    } finally {
      core.calls.splice(core.calls.indexOf(what), 1);
    }
  };
  const requireBuilt = (what: string): void => {
    requireAlive(core, what);
    ensureBuilt(core, what, null);
  };

  const members = {
    compile(given: CompileOptions): void {
      requireAlive(core, "compile");
      if (core.calls.length > 0)
        throw new LanewiseError("busy", `compile: ${core.calls[0]} is running. Await it first.`);
      if (core.programs.size > 0) idle("compile"); // they are dropped
      const training = checkCompile(core, given);
      dropPrograms(core);
      core.training = training;
    },
    fit: (data: Examples | BatchSource, given?: FitOptions): Promise<History> =>
      during("fit", fit(core, model, data, given)),
    evaluate: (data: Examples | BatchSource, given?: EvaluateOptions): Promise<Logs> =>
      during("evaluate", evaluate(core, data, given)),
    predict: (x: Arrays, given?: EvaluateOptions): Promise<Prediction> =>
      during("predict", predict(core, x, given)).then(inForm),
    trainOnBatch: (x: Arrays, y: Arrays, given?: Pick<Examples, "sampleWeight">): Promise<Logs> =>
      during("trainOnBatch", trainOnBatch(core, x, y, given)),
    summary(): string {
      requireBuilt("summary");
      return summaryOf(core);
    },
    explain(stage: Stage, given: ExplainOptions = {}): string {
      requireBuilt("explain");
      oneOf(...stages)(stage, "stage", "explain");
      checkOptions("explain", given, { batchSize: positiveInteger, training: bool });
      const { batchSize = 32, training = core.training !== null } = given;
      return explain(compileModel(core, training ? "train" : "predict", batchSize, ""), stage);
    },
    async save(path?: string): Promise<Uint8Array> {
      requireBuilt("save");
      if (path !== undefined) nonEmptyString(path, "path", "save");
      idle("save");
      const { encodeCheckpoint, writeBytes } = await import("./io/saving.ts");
      const machine = await defaultMachine();
      requireAlive(core, "save");
      idle("save");
      placeVariables(machine, variablesOf(core));
      const bytes = encodeCheckpoint(core, variablesOf(core));
      if (path !== undefined) await writeBytes("save", path, bytes);
      return bytes;
    },
    async load(source: ByteSource, given: LoadOptions = {}): Promise<void> {
      requireBuilt("load");
      checkOptions("load", given, { optimizer: bool, partial: bool });
      idle("load");
      const { bytesOf, restoreCheckpoint } = await import("./io/saving.ts");
      const bytes = await bytesOf("load", source);
      const machine = await defaultMachine();
      requireAlive(core, "load");
      idle("load");
      placeVariables(machine, variablesOf(core));
      const where = typeof source === "string" ? `load "${source}"` : "load";
      restoreCheckpoint(core, variablesOf(core), bytes, where, given);
    },
    dispose(): void {
      idle("dispose");
      disposeModel(core);
    },
  };
  const model = Object.defineProperties(layer, {
    ...Object.fromEntries(Object.entries(members).map(([name, value]) => [name, { value }])),
    layers: { get: () => network.layers },
    seed: { get: () => core.seed },
    variables: { get: (): Variable[] => variablesOf(core) },
    memory: {
      get: () => {
        requireBuilt("memory");
        return memoryOf(core);
      },
    },
  }) as Model;
  registerCore(model, core);
  if (network.inputs) settle(core);
  else if (inputShape) ensureBuilt(core, "sequential", inputShape);
  return model;
}

const modelOptions = { name: nonEmptyString, seed: seedValue };

/**
 * A model of layers in a row; plain functions of one tensor may stand among them.
 * Throws `shape-mismatch` where a layer does not fit what comes before it.
 */
export function sequential(layers: readonly PlainFunction[], options: SequentialOptions = {}): Model {
  checkOptions("sequential", options, { ...modelOptions, inputShape: exampleShape });
  return createModel(createSequential(layers), options, options.inputShape);
}

type Structure = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** A prediction for each output, in the form of the outputs: one, an array or a record. */
export type Predictions<O> = O extends Tensor ? Prediction : { -readonly [K in keyof O]: Prediction };

/**
 * A model from tensors of input() to what was computed from them; arrays or records of tensors for several.
 * Throws `invalid-argument` where outputs depend on other inputs, or an input is not used.
 */
export function functional<const O extends Structure>(
  options: ModelOptions & { readonly inputs: Structure; readonly outputs: O },
): Model<Predictions<O>> {
  if (isTensor(options)) throw invalid("functional", "options", "{ inputs, outputs }", options);
  checkOptions("functional", options, { ...modelOptions, inputs: (v) => v, outputs: (v) => v }, ["inputs", "outputs"]);
  return createModel(createFunctional(options), options) as unknown as Model<Predictions<O>>;
}

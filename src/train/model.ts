// A model: a network, what it is trained with, and its programs by signature. What works with it stands beside: fit.ts, step.ts, evaluate.ts, predict.ts.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Machine } from "../../bindings/machine.ts";
import { invalid } from "../check.ts";
import type { Compiled } from "../compile/compile.ts";
import { compile } from "../compile/compile.ts";
import type { Executable } from "../executable.ts";
import { placeVariables } from "../executable.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Trace } from "../graph/trace.ts";
import { createTrace, makeInput, withTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { disposeVariable, trainableChanges } from "../graph/variable.ts";
import type { Layer } from "../layers/layer.ts";
import { settleLayers } from "../layers/layer.ts";
import type { Network, NetworkInput, NetworkOutput } from "../layers/network.ts";
import { flattenLayers } from "../layers/network.ts";
import type { Loss } from "../losses.ts";
import { openedMachine } from "../machine.ts";
import type { ExampleMetric, WholeMetric } from "../metrics.ts";
import { meanOver, sumOver } from "../ops/broadcasting.ts";
import { add, div, mul } from "../ops/pointwise.ts";
import { vocabulary } from "../ops/vocabulary.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { formatShape } from "../shape.ts";
import type { Wanted } from "./dataset.ts";
import { classWeightColumn, SAMPLE_WEIGHT, sampleWeightColumn, weightWanted } from "./dataset.ts";
import { openProgram } from "./openProgram.ts";
import { batchPenalty, penaltyParts } from "./penalties.ts";
import { createSlices } from "./queue.ts";

export interface Head {
  readonly loss: Loss;
  readonly metrics: readonly ExampleMetric[];
  /** Metrics over the whole set: they want targets and predictions of each batch. */
  readonly whole: readonly WholeMetric[];
  readonly weight: number;
}

export interface Training {
  readonly optimizer: Optimizer;
  /** One for each output. */
  readonly heads: readonly Head[];
}

export type ProgramKind = "train" | "evaluate" | "predict";

export interface ModelProgram {
  readonly executable: Executable;
  readonly batchSize: number;
}

/** What a model is to the files beside this one. */
export interface ModelCore {
  readonly name: string;
  readonly network: Network;
  seed: number;
  training: Training | null;
  /** Training steps taken: the step of random numbers. */
  step: number;
  disposed: boolean;
  /** Calls that work with the model, or wait to. */
  readonly calls: string[];
  readonly programs: Map<string, ModelProgram>;
  /** The program used last, good while its signature comes again and nothing became trainable or frozen. */
  last: { kind: ProgramKind; batch: number; weights: string; changes: number; program: ModelProgram } | null;
}

const cores = new WeakMap<object, ModelCore>();

/** Lets the tools that take a model find its core. */
export function registerCore(model: object, core: ModelCore): void {
  cores.set(model, core);
}

/** The core of a model; throws where the value is none. */
export function coreOf(where: string, value: unknown): ModelCore {
  const core = typeof value === "function" ? cores.get(value) : undefined;
  if (!core) throw invalid(where, "model", "a model made by sequential or functional", value);
  requireAlive(core, where);
  return core;
}

export function layersOf(core: ModelCore): Layer[] {
  return flattenLayers(core.network.layers);
}

export function variablesOf(core: ModelCore): Variable[] {
  return [...new Set(layersOf(core).flatMap((layer) => [...layer.variables]))];
}

export function outputNames(core: ModelCore): string[] {
  return core.network.outputs?.map(({ name }) => name) ?? ["output"];
}

/** Throws where the model was disposed of. */
export function requireAlive(core: ModelCore, what: string): void {
  if (core.disposed) throw new LanewiseError("disposed", `${what}: this model was disposed of.`);
}

export function requireTraining(core: ModelCore, what: string): Training {
  if (!core.training) {
    throw new LanewiseError("not-ready", `${what}: call model.compile({ optimizer, loss }) first.`);
  }
  return core.training;
}

/** Settles names, seeds and streams; again after a network learned its input's shape. */
export function settle(core: ModelCore): void {
  settleLayers(layersOf(core), core.seed, core.network.layers);
  const place = (): void => {
    const machine = openedMachine();
    if (machine && !machine.busy) placeVariables(machine, variablesOf(core));
  };
  for (const { state } of variablesOf(core)) state.place ??= place;
}

/** The outputs of a network that is built. */
export function requireOutputs({ name, network }: ModelCore): readonly NetworkOutput[] {
  if (!network.outputs)
    throw new LanewiseError(
      "not-ready",
      `model "${name}": its outputs are not known before the shape of its input is.`,
    );
  return network.outputs;
}

/** Builds a network whose input was left open for the shape that data has. */
export function ensureBuilt(
  core: ModelCore,
  what: string,
  exampleShape: readonly number[] | null,
): readonly NetworkInput[] {
  if (!core.network.inputs) {
    if (!exampleShape) {
      throw new LanewiseError(
        "not-ready",
        `${what}: the shape of the input is not known. Give the model an inputShape, or let fit or predict take it from { data, shape } or nested numbers.`,
      );
    }
    settleLayers(layersOf(core), core.seed, core.network.layers);
    core.network.build([{ name: "x", shape: exampleShape, dtype: "float32" }]);
    settle(core);
  }
  return core.network.inputs as readonly NetworkInput[];
}

/** What the inputs must be. */
export function wantedInputs(inputs: readonly NetworkInput[], form: Network["inputForm"]): Wanted[] {
  return inputs.map(({ name, shape, dtype }, i) => ({
    label: form === "one" ? "x" : form === "array" ? `x[${i}]` : `x.${name}`,
    shape,
    dtype,
  }));
}

/** What the targets must be, by each output's loss. */
export function wantedTargets(core: ModelCore, training: Training): Wanted[] {
  return requireOutputs(core).map(({ name, shape }, i) => {
    const { loss } = training.heads[i] as Head;
    const form = core.network.outputForm;
    const label = form === "one" ? "y" : form === "array" ? `y[${i}]` : `y.${name}`;
    const classes = shape.at(-1) as number;
    if (loss.targets === "values") {
      const wanted = { label, shape, dtype: "float32" } as const;
      if (loss.name !== "categoricalCrossentropy") return wanted;
      const hint = ` Of class indices: oneHot(labels, { classes: ${classes} }), or the loss "sparseCategoricalCrossentropy".`;
      return { ...wanted, hint };
    }
    if (shape.length === 0) {
      throw new LanewiseError("shape-mismatch", `${loss.name}: the output ${formatShape([null])} has no class axis.`);
    }
    const hint = ' Wanted are class indices; for one-hot rows take the loss "categoricalCrossentropy".';
    return { label, shape: shape.slice(0, -1), dtype: "int32", classes, hint };
  });
}

/** Names of metrics, after their output where there are several. */
function metricNames(core: ModelCore, training: Training, kind: "metrics" | "whole"): string[] {
  const names = outputNames(core);
  return training.heads.flatMap((head, i) =>
    head[kind].map(({ name }) => (names.length > 1 ? `${names[i]}_${name}` : name)),
  );
}

/** Names of what a program reports: loss, the losses of several outputs, metrics that are means. */
export function scalarNames(core: ModelCore, training: Training): string[] {
  const names = outputNames(core);
  const losses = names.length > 1 ? names.map((name) => `${name}_loss`) : [];
  return ["loss", ...losses, ...metricNames(core, training, "metrics")];
}

/** Names of metrics over the whole set. */
export function wholeNames(core: ModelCore, training: Training): string[] {
  return metricNames(core, training, "whole");
}

/** Names of all that training and evaluation report. */
export function reportNames(core: ModelCore, training: Training): string[] {
  return [...scalarNames(core, training), ...wholeNames(core, training)];
}

export interface Symbols {
  readonly inputs: readonly Tensor[];
  readonly targets: readonly Tensor[];
  /** By the name of their column. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

export function makeSymbols(core: ModelCore, batch: number, training: Training | null, weights: string): Symbols {
  const symbol = ({ label, shape, dtype }: Wanted): Tensor =>
    makeInput({ name: label, shape: [batch, ...shape], dtype }, false);
  const inputs = core.network.inputs as readonly NetworkInput[];
  return {
    inputs: wantedInputs(inputs, core.network.inputForm).map(symbol),
    targets: training ? wantedTargets(core, training).map(symbol) : [],
    weights: new Map(weights === "" ? [] : weights.split("\n").map((name) => [name, symbol(weightWanted(name))])),
  };
}

/** The factors of an output's losses and of its metrics: class weights are for the loss alone. */
function weightsOf({ weights }: Symbols, output: string): { ofLoss: Tensor | null; ofMetrics: Tensor | null } {
  const sample = weights.get(SAMPLE_WEIGHT) ?? weights.get(sampleWeightColumn(output)) ?? null;
  const byClass = weights.get(classWeightColumn(output)) ?? null;
  return { ofLoss: sample && byClass ? mul(sample, byClass) : (sample ?? byClass), ofMetrics: sample };
}

/** Mean over the batch of one value an example; with weights the sum of weighted values over the batch size. */
const batchMean = (values: Tensor, weight: Tensor | null): Tensor => meanOver(weight ? mul(values, weight) : values);

/** Targets and predictions of the outputs that have metrics over the whole set. */
function tracked(training: Training, targets: readonly Tensor[], predictions: readonly Tensor[]): Tensor[] {
  return training.heads.flatMap(({ whole }, i) =>
    whole.length > 0 ? [targets[i] as Tensor, predictions[i] as Tensor] : [],
  );
}

/** Forward as in training: what is minimised, and what scalarNames lists; then what is tracked. */
export function traceObjective(
  core: ModelCore,
  training: Training,
  symbols: Symbols,
): { objective: Tensor; report: readonly Tensor[] } {
  const predictions = core.network.call(symbols.inputs, true);
  const names = outputNames(core);
  const losses: Tensor[] = [];
  const metrics: Tensor[] = [];
  let total: Tensor | null = null;
  for (const [i, { loss, metrics: wanted, weight }] of training.heads.entries()) {
    const [target, prediction] = [symbols.targets[i] as Tensor, predictions[i] as Tensor];
    const { ofLoss, ofMetrics } = weightsOf(symbols, names[i] as string);
    const value = batchMean(loss.call(target, prediction), ofLoss);
    losses.push(value);
    const scaled = weight === 1 ? value : mul(value, weight);
    total = total ? add(total, scaled) : scaled;
    for (const metric of wanted) {
      const values = metric.call(target, prediction);
      metrics.push(ofMetrics ? div(sumOver(mul(values, ofMetrics)), sumOver(ofMetrics)) : meanOver(values));
    }
  }
  const extra = batchPenalty(layersOf(core), (symbols.inputs[0] as Tensor).dims[0] as number);
  const objective = extra ? add(total as Tensor, extra) : (total as Tensor);
  const report = [objective, ...(losses.length > 1 ? losses : []), ...metrics];
  return { objective, report: [...report, ...tracked(training, symbols.targets, predictions)] };
}

/** The variables that training changes; throws where there is none. */
export function trainableOf(core: ModelCore, what: string): Variable[] {
  const trainable = variablesOf(core).filter((variable) => variable.trainable);
  if (trainable.length === 0)
    throw new LanewiseError("invalid-argument", `${what}: no layer of this model is trainable.`);
  return trainable;
}

/** Records the update of all that is trained, and constraints behind it. */
export function traceUpdate(core: ModelCore, training: Training, objective: Tensor, what: string): void {
  const constraints = new Map(layersOf(core).flatMap(({ state }) => [...state.constraints]));
  training.optimizer.minimize(objective, trainableOf(core, what), constraints);
}

/** Forward, backward, update and constraints. Outputs: what scalarNames lists; then what is tracked. */
function traceTrain(core: ModelCore, training: Training, symbols: Symbols): readonly Tensor[] {
  const { objective, report } = traceObjective(core, training, symbols);
  traceUpdate(core, training, objective, "fit");
  return report;
}

/** Values of single examples, so that batches of any size give the same: losses, metrics; then what is tracked; then penaltyParts. */
function traceEvaluate(core: ModelCore, training: Training, symbols: Symbols): Tensor[] {
  const predictions = core.network.call(symbols.inputs, false);
  const losses: Tensor[] = [];
  const metrics: Tensor[] = [];
  for (const [i, { loss, metrics: wanted }] of training.heads.entries()) {
    const [target, prediction] = [symbols.targets[i] as Tensor, predictions[i] as Tensor];
    losses.push(loss.call(target, prediction));
    for (const metric of wanted) metrics.push(metric.call(target, prediction));
  }
  const batch = (symbols.inputs[0] as Tensor).dims[0] as number;
  const values = [...losses, ...metrics, ...tracked(training, symbols.targets, predictions)];
  return [...values, ...penaltyParts(layersOf(core), batch)];
}

/** The stages of one program of a model; nothing is placed or run. */
export function compileModel(core: ModelCore, kind: ProgramKind, batch: number, weights: string): Compiled {
  const training = kind === "predict" ? null : requireTraining(core, kind);
  const trace: Trace = createTrace(kind === "train");
  const outputs = withTrace(trace, () => {
    const symbols = makeSymbols(core, batch, training, weights);
    if (kind === "predict") return core.network.call(symbols.inputs, false);
    return kind === "train"
      ? traceTrain(core, training as Training, symbols)
      : traceEvaluate(core, training as Training, symbols);
  });
  return compile({ outputs, effects: trace.effects }, vocabulary);
}

/** Most programs a model keeps; the one not used for longest goes. */
const PROGRAMS_MAX = 24;

/** The program of a signature, `weights` the names of the columns that hold some (weightsIn), made at its first use, behind `before`: a promise then, because its kernels may have to be loaded. */
export function programFor(
  core: ModelCore,
  machine: Machine,
  kind: ProgramKind,
  batch: number,
  weights: string,
  before?: () => Promise<void> | null,
): ModelProgram | Promise<ModelProgram> {
  const { last } = core;
  const changes = trainableChanges();
  if (last?.kind === kind && last.batch === batch && last.weights === weights && last.changes === changes)
    return last.program;
  // layers too: batch normalisation without weights behaves otherwise when frozen
  const mask =
    kind === "train"
      ? [...variablesOf(core), ...layersOf(core)].map(({ trainable }) => (trainable ? 1 : 0)).join("")
      : "";
  const key = `${kind} ${batch} ${weights} ${mask}`;
  const keep = (program: ModelProgram): ModelProgram => {
    core.programs.delete(key); // to the end: used last
    core.programs.set(key, program);
    core.last = { kind, batch, weights, changes, program };
    return program;
  };
  const known = core.programs.get(key);
  if (known) return keep(known);
  return (async () => {
    await before?.();
    return keep(await makeProgram(core, machine, kind, batch, weights));
  })();
}

/** What layers have to say about a model that is built: each kind once. */
export function notesOf(core: ModelCore): string[] {
  const layers = layersOf(core);
  const kinds = new Set(layers.map(({ state }) => state.notes));
  return [...kinds].flatMap((notes) => notes?.(core.network, layers) ?? []);
}

const told = new Set<string>();

/** Warns in the console, of each thing once: who trains the same model forty times is not told forty times. */
function tellNotes(core: ModelCore): void {
  for (const note of notesOf(core)) {
    if (!told.has(note)) console.warn(`lanewise: ${note}`);
    told.add(note);
  }
}

async function makeProgram(
  core: ModelCore,
  machine: Machine,
  kind: ProgramKind,
  batch: number,
  weights: string,
): Promise<ModelProgram> {
  const slices = createSlices(); // compiling counts
  const compiled = compileModel(core, kind, batch, weights);
  if (kind === "train") tellNotes(core);
  const executable = await openProgram(machine, core.calls[0] ?? kind, slices, compiled, variablesOf(core));
  const program = { executable, batchSize: batch };
  if (core.programs.size >= PROGRAMS_MAX) {
    const [oldest, last] = core.programs.entries().next().value as [string, ModelProgram];
    last.executable.dispose();
    core.programs.delete(oldest);
  }
  return program;
}

export function dropPrograms(core: ModelCore): void {
  for (const { executable } of core.programs.values()) executable.dispose();
  core.programs.clear();
  core.last = null;
}

export function disposeModel(core: ModelCore): void {
  if (core.disposed) return;
  core.disposed = true;
  dropPrograms(core);
  for (const variable of variablesOf(core)) {
    const optimizer = core.training?.optimizer;
    const state = optimizer?.stateOf(variable);
    if (state) for (const slot of Object.values(state.slots)) disposeVariable(slot);
    optimizer?.state.swapped.delete(variable);
    disposeVariable(variable);
  }
}

// Checkpoints: a model's variables, its optimizer's slots and its counters as one safetensors file.

import { LanewiseError } from "../../bindings/errors.ts";
import { show } from "../check.ts";
import type { Variable } from "../graph/variable.ts";
import type { Layer } from "../layers/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { SavedState } from "../optimizers/state.ts";
import { freshSlot, restore } from "../optimizers/state.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import type { ModelCore } from "../train/model.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const FORMAT = "lanewise 1";

/** Options of `model.load`. */
export interface LoadOptions {
  /** Whether the optimizer's slots and steps are read too; by default where the file has them and the model has that optimizer. */
  readonly optimizer?: boolean;
  /** Whether names missing from the file, or unknown to the model, are passed over. By default an error. */
  readonly partial?: boolean;
}

/** What other writers of safetensors note as their format. */
const FORMATS: readonly string[] = [FORMAT, "pt", "tf", "np", "flax", "mlx"];

const STEPS_MAX = 1e8;

/**
 * Variables by the names they have in a file: their own; where several have one name, after the models inside of this
 * model that hold them ("model_2/dense_1/kernel"); numbered where that does not tell them apart either.
 */
function namedVariables(core: ModelCore, variables: readonly Variable[]): Map<string, Variable> {
  const paths = new Map<Variable, string>();
  const visit = (layer: Layer, path: string): void => {
    const children = layer.state.children();
    for (const child of children) visit(child, `${path}${layer.name}/`);
    if (children.length > 0) return;
    for (const variable of layer.variables) if (!paths.has(variable)) paths.set(variable, path);
  };
  for (const layer of core.network.layers) visit(layer, "");
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { name } of variables) (seen.has(name) ? repeated : seen).add(name);
  const named = new Map<string, Variable>();
  for (const variable of variables) {
    const full = repeated.has(variable.name) ? `${paths.get(variable) ?? ""}${variable.name}` : variable.name;
    let name = full;
    for (let i = 2; named.has(name); i++) name = `${full}~${i}`;
    named.set(name, variable);
  }
  return named;
}

const slotName = (optimizer: string, variable: string, slot: string): string =>
  `optimizer/${optimizer}/${variable}/${slot}`;

/** Whether a state is the one before the first call; it may exist for having been planned. */
const isUntouched = (
  { state }: Optimizer,
  { steps, calls, slots }: NonNullable<ReturnType<Optimizer["stateOf"]>>,
): boolean =>
  steps + calls === 0 &&
  Object.entries(slots).every(([name, slot]) => {
    const [initial] = freshSlot(state, name, 1);
    return slot.read().data.every((value) => value === initial);
  });

/** The bytes of a file with everything that training goes on from. */
export function encodeCheckpoint(core: ModelCore, variables: readonly Variable[]): Uint8Array {
  const tensors: { name: string; dtype: "F32"; shape: readonly number[]; data: Float32Array }[] = [];
  const metadata: Record<string, string> = { format: FORMAT, seed: String(core.seed), step: String(core.step) };
  const optimizer = core.training?.optimizer ?? null;
  const steps: Record<string, number> = {};
  const calls: Record<string, number> = {};
  const swapped: Record<string, number> = {};
  const named = namedVariables(core, variables);
  for (const [name, variable] of named) tensors.push({ name, dtype: "F32", ...variable.read() });
  for (const [name, variable] of named) {
    const state = optimizer?.stateOf(variable);
    if (!optimizer || !state || isUntouched(optimizer, state)) continue;
    steps[name] = state.steps;
    if (state.calls > 0) calls[name] = state.calls;
    if (optimizer.state.swapped.has(variable)) swapped[name] = 1;
    for (const [slot, values] of Object.entries(state.slots)) {
      tensors.push({ name: slotName(optimizer.name, name, slot), dtype: "F32", ...values.read() });
    }
  }
  if (optimizer) {
    metadata.optimizer = optimizer.name;
    metadata.optimizerSteps = JSON.stringify(steps);
    if (optimizer.learningRateScale !== 1) metadata.learningRateScale = String(optimizer.learningRateScale);
    if (Object.keys(calls).length > 0) metadata.optimizerCalls = JSON.stringify(calls);
    if (Object.keys(swapped).length > 0) metadata.optimizerSwapped = JSON.stringify(swapped);
  }
  return encodeSafetensors(tensors, metadata);
}

/** Everything that a load will change, checked before anything is. */
interface Restoration {
  readonly weights: [Variable, Float32Array][];
  readonly slots: readonly SavedState[];
  readonly step: number | null;
  readonly seed: number | null;
  readonly learningRateScale: number | null;
}

function restorationOf(
  core: ModelCore,
  variables: readonly Variable[],
  bytes: Uint8Array,
  where: string,
  options: LoadOptions,
): Restoration {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const { partial = false } = options;
  const bad = (message: string): LanewiseError => new LanewiseError("bad-file", `${where}: ${message}`);
  const { format = FORMAT } = metadata;
  if (!FORMATS.includes(format)) throw bad(`its metadata format must be ${show(FORMAT)}, got ${show(format)}.`);
  const named = namedVariables(core, variables);
  const weights: Restoration["weights"] = [];
  const used = new Set<string>();
  const take = (name: string, shape: readonly number[]): Float32Array | null => {
    const tensor = tensors.get(name);
    if (!tensor) return null;
    used.add(name);
    if (!sameShape(tensor.shape, shape)) {
      throw bad(`"${name}" has shape ${formatShape(tensor.shape)} in the file, ${formatShape(shape)} in the model.`);
    }
    return Float32Array.from(tensor.data);
  };
  for (const [name, variable] of named) {
    const values = take(name, variable.shape);
    if (values) weights.push([variable, values]);
    else if (!partial) throw bad(`"${name}" is missing. Use { partial: true } to load what is there.`);
  }
  if (named.size > 0 && weights.length === 0) throw bad("the file has none of the model's names.");

  const optimizer = core.training?.optimizer ?? null;
  const inFile = metadata.optimizer;
  const wanted = options.optimizer ?? (inFile !== undefined && optimizer?.name === inFile);
  let slots: readonly SavedState[] = [];
  if (wanted) {
    if (!optimizer)
      throw new LanewiseError("not-ready", `${where}: compile the model before loading the optimizer's state.`);
    if (inFile !== optimizer.name)
      throw bad(
        `the file holds the state of ${inFile ?? "no optimizer"}, the model is compiled with ${optimizer.name}.`,
      );
    slots = savedStates({ optimizer, named, metadata, names: [...tensors.keys()], take, bad, partial });
  }
  if (!partial) {
    for (const name of tensors.keys()) {
      const optimizerState = name.startsWith("optimizer/") && !wanted;
      if (!used.has(name) && !optimizerState)
        throw bad(`"${name}" is not in the model. Use { partial: true } to pass over it.`);
    }
  }
  const count = (key: string, max: number): number | null => {
    const text = metadata[key];
    if (text === undefined) return null;
    if (!/^\d+$/.test(text) || Number(text) > max)
      throw bad(`its metadata ${key} must be an integer from 0 to ${max}, got ${show(text)}.`);
    return partial ? null : Number(text);
  };
  const scale = Number(metadata.learningRateScale ?? 1);
  if (!(Math.fround(scale) > 0 && Number.isFinite(Math.fround(scale))))
    throw bad(`its metadata learningRateScale must be a number above 0, got ${show(metadata.learningRateScale)}.`);
  return {
    weights,
    slots,
    step: count("step", STEPS_MAX),
    seed: count("seed", Number.MAX_SAFE_INTEGER),
    learningRateScale: wanted && !partial ? scale : null,
  };
}

interface OptimizerFile {
  readonly optimizer: Optimizer;
  readonly named: ReadonlyMap<string, Variable>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the tensors in the file. */
  readonly names: readonly string[];
  take(name: string, shape: readonly number[]): Float32Array | null;
  bad(message: string): LanewiseError;
  readonly partial: boolean;
}

/** The state of an optimizer as a file has it. */
function savedStates({ optimizer, named, metadata, names, take, bad, partial }: OptimizerFile): SavedState[] {
  const steps = parseCounts("optimizerSteps", metadata, bad);
  const calls = parseCounts("optimizerCalls", metadata, bad);
  const swapped = parseCounts("optimizerSwapped", metadata, bad);
  const callsOfUpdate = optimizer.state.options.gradientAccumulationSteps ?? 1;
  const saved: SavedState[] = [];
  for (const [name, variable] of named) {
    const count = steps[name];
    if (count === undefined) {
      // not updated yet when it was saved: back to the beginning
      if (partial || !optimizer.stateOf(variable)) continue;
      const fresh = optimizer.slotNames.map((slot) => [slot, freshSlot(optimizer.state, slot, sizeOf(variable.shape))]);
      saved.push({ variable, steps: 0, calls: 0, swapped: false, values: Object.fromEntries(fresh) });
      continue;
    }
    const values: Record<string, Float32Array> = {};
    const prefix = slotName(optimizer.name, name, "");
    for (const tensorName of names) {
      if (!tensorName.startsWith(prefix)) continue;
      const slot = tensorName.slice(prefix.length);
      if (!optimizer.slotNames.includes(slot))
        throw bad(`"${tensorName}" is a slot that the model's ${optimizer.name} does not have.`);
      values[slot] = take(tensorName, variable.shape) as Float32Array;
    }
    for (const slot of optimizer.slotNames) if (!values[slot]) throw bad(`"${prefix}${slot}" is missing.`);
    const made = calls[name] ?? 0;
    if (made >= callsOfUpdate) {
      throw bad(
        `"${name}" was saved after ${made} calls of an update, the model's ${optimizer.name} makes one of ${callsOfUpdate}.`,
      );
    }
    saved.push({ variable, steps: count, calls: made, swapped: swapped[name] === 1, values });
  }
  return saved;
}

/** A record of counts by name; none where the file has nothing of that key. */
function parseCounts(
  key: string,
  metadata: Readonly<Record<string, string>>,
  bad: (message: string) => LanewiseError,
): Record<string, number> {
  let steps: unknown;
  try {
    steps = JSON.parse(metadata[key] ?? "{}");
  } catch {
    throw bad(`its metadata ${key} is not JSON.`);
  }
  const ok =
    typeof steps === "object" &&
    steps !== null &&
    !Array.isArray(steps) &&
    Object.values(steps).every((n) => Number.isSafeInteger(n) && (n as number) >= 0 && (n as number) <= STEPS_MAX);
  if (!ok) throw bad(`its metadata ${key} is not a record of ${key === "optimizerSteps" ? "step " : ""}counts.`);
  return steps as Record<string, number>;
}

/** Reads a file back into a model; nothing is changed where anything does not fit. */
export function restoreCheckpoint(
  core: ModelCore,
  variables: readonly Variable[],
  bytes: Uint8Array,
  where: string,
  options: LoadOptions,
): void {
  const { weights, slots, step, seed, learningRateScale } = restorationOf(core, variables, bytes, where, options);
  for (const [variable, values] of weights) variable.write(values);
  const optimizer = core.training?.optimizer;
  if (slots.length > 0 && optimizer) restore(optimizer.state, slots);
  if (optimizer && learningRateScale !== null) optimizer.learningRateScale = learningRateScale;
  if (step !== null) core.step = step;
  if (seed !== null) core.seed = seed;
}

// recalibrate: moving statistics of batch normalisation from the whole training set, layer after layer.

import { LanewiseError } from "../../bindings/errors.ts";
import { abortSignal, checkOptions, isRecord, positiveInteger } from "../check.ts";
import { compile } from "../compile/compile.ts";
import type { Values } from "../data/arrays.ts";
import type { Executable, StepValues } from "../executable.ts";
import { placing } from "../executable.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors } from "../graph/graph.ts";
import { createTrace, withTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { defaultMachine } from "../machine.ts";
import { batchStatistics, normOp } from "../ops/norm.ts";
import { vocabulary } from "../ops/vocabulary.ts";
import { sizeOf } from "../shape.ts";
import type { Dataset } from "./dataset.ts";
import { byForm, checkDataset } from "./dataset.ts";
import type { Arrays, BatchSource, Examples } from "./examples.ts";
import { exampleShapeOf, isSource } from "./examples.ts";
import type { Loop, Steps } from "./loop.ts";
import { batchesOf, createLoop, inTurn, runBatches } from "./loop.ts";
import type { ModelCore } from "./model.ts";
import { coreOf, ensureBuilt, makeSymbols, variablesOf, wantedInputs } from "./model.ts";
import { openProgram } from "./openProgram.ts";
import { inSlices } from "./queue.ts";

/** Options of `recalibrate`. */
export interface RecalibrateOptions {
  /** By default 32. Results depend on it by rounding alone. */
  readonly batchSize?: number;
  /** Ends the call; it rejects with signal.reason, and the statistics are as before. */
  readonly signal?: AbortSignal;
}

/** A batch normalisation: its moving statistics, and the tensors that it normalises, one a call. */
interface Normalization {
  readonly mean: Variable;
  readonly variance: Variable;
  readonly inputs: Tensor[];
  readonly nodes: Node[];
}

/** The variables that a training step changes by themselves, not by gradients; of what is frozen, or called so, none. */
function movingVariables(core: ModelCore): ReadonlySet<Variable> {
  const trace = createTrace(true);
  withTrace(trace, () => core.network.call(makeSymbols(core, 1, null, "").inputs, true));
  return new Set(trace.effects.flatMap(({ op, attributes }) => op.writes?.(attributes) ?? []));
}

/** Those of a network traced at inference whose statistics move, in the order of their first call. */
function normalizationsOf(outputs: readonly Tensor[], moving: ReadonlySet<Variable>): Normalization[] {
  const found = new Map<Variable, Normalization>();
  for (const node of ancestors(outputs.map((output) => output.node))) {
    const [x, mean, variance] = node.inputs as [Tensor, Tensor, Tensor];
    if (node.op !== (normOp as unknown) || mean.node.op.source !== "variable") continue;
    const key = mean.node.attributes as Variable;
    if (!moving.has(key)) continue;
    const known = found.get(key);
    if (known) {
      known.inputs.push(x);
      known.nodes.push(node);
    } else found.set(key, { mean: key, variance: variance.node.attributes as Variable, inputs: [x], nodes: [node] });
  }
  return [...found.values()];
}

/** Those that can be taken at once: each level after the normalisations that it depends on. */
function levelsOf(all: readonly Normalization[]): number[] {
  const levels: number[] = [];
  for (const [i, each] of all.entries()) {
    const before = new Set(ancestors(each.nodes));
    const needed = all.slice(0, i).flatMap((other, j) => (other.nodes.some((node) => before.has(node)) ? [j] : []));
    levels.push(1 + Math.max(0, ...needed.map((j) => levels[j] as number)));
  }
  return levels;
}

/** The network at inference for a batch size; what is wanted of it is chosen by `outputs`. */
function traceNetwork<T>(core: ModelCore, batch: number, body: (outputs: readonly Tensor[]) => T): T {
  return withTrace(createTrace(false), () => body(core.network.call(makeSymbols(core, batch, null, "").inputs, false)));
}

/** Count, mean and sum of squared differences from it, for each channel, in float64. */
interface Moments {
  count: number;
  readonly mean: Float64Array;
  readonly squares: Float64Array;
}

/** Takes in more rows with their mean and variance (Chan, Golub and LeVeque 1979). */
function addMoments(moments: Moments, rows: number, mean: ArrayLike<number>, variance: ArrayLike<number>): void {
  const count = moments.count + rows;
  for (let c = 0; c < moments.mean.length; c++) {
    const d = (mean[c] as number) - (moments.mean[c] as number);
    moments.mean[c] = (moments.mean[c] as number) + (d * rows) / count;
    const between = (d * d * moments.count * rows) / count;
    moments.squares[c] = (moments.squares[c] as number) + (variance[c] as number) * rows + between;
  }
  moments.count = count;
}

/** A program that gives statistics, with the rows of each call that they are of. */
interface Opened {
  readonly executable: Executable;
  readonly rows: readonly (readonly number[])[];
}

/** The programs of one level by batch size, and what they add to. */
interface Pass {
  readonly level: number;
  readonly moving: ReadonlySet<Variable>;
  readonly moments: Moments[];
  readonly opened: Map<number, Opened>;
}

async function openFor(loop: Loop, pass: Pass, batch: number, before: Steps["end"]): Promise<Opened> {
  const known = pass.opened.get(batch);
  if (known) return known;
  await before();
  const { core, machine, what, slices } = loop;
  const { compiled, rows } = traceNetwork(core, batch, (results) => {
    const all = normalizationsOf(results, pass.moving);
    const levels = levelsOf(all);
    const wanted = all.filter((_, i) => levels[i] === pass.level);
    const outputs = wanted.flatMap(({ inputs }) =>
      inputs.flatMap((x) => {
        const { mean, variance } = batchStatistics(x);
        return [mean, variance];
      }),
    );
    return {
      compiled: compile({ outputs, effects: [] }, vocabulary),
      rows: wanted.map(({ inputs }) => inputs.map(({ dims }) => sizeOf(dims.slice(0, -1)))),
    };
  });
  const made = { executable: await openProgram(machine, what, slices, compiled, variablesOf(core)), rows };
  pass.opened.set(batch, made);
  return made;
}

/** Takes in the statistics that a batch has given. */
function takeBatch({ moments }: Pass, rows: Opened["rows"], values: StepValues): void {
  let output = 0;
  for (const [i, calls] of rows.entries()) {
    for (const n of calls) {
      const [mean, variance] = [values.output(output), values.output(output + 1)];
      addMoments(moments[i] as Moments, n, mean, variance);
      output += 2;
    }
  }
}

/** What the network reads of the data; targets and weights do not count. */
function inputsOf(core: ModelCore, where: string, data: unknown): Dataset {
  const isAlone = !isRecord(data) || ("data" in data && "shape" in data);
  if (!isAlone) checkOptions(where, data, { x: (v) => v, y: (v) => v, sampleWeight: (v) => v }, ["x"]);
  const x = (isAlone ? data : data.x) as Arrays;
  const { network } = core;
  const inputs = ensureBuilt(core, where, network.inputs ? null : exampleShapeOf(x));
  return checkDataset(where, wantedInputs(inputs, network.inputForm), byForm(where, "x", network.inputForm, inputs, x));
}

async function addAll(loop: Loop, pass: Pass, data: Dataset | BatchSource, batchSize: number): Promise<void> {
  const add = (dataset: Dataset, size: number): Promise<void> =>
    runBatches(
      loop,
      dataset,
      size,
      (count, before) => openFor(loop, pass, count, before),
      (values, _first, _count, { rows }) => takeBatch(pass, rows, values),
    );
  if (typeof data === "object" && "columns" in data) return add(data, batchSize);
  let batches = 0;
  for await (const examples of batchesOf(loop, data)) {
    const dataset = inputsOf(loop.core, `${loop.what}, batch ${batches++}`, examples);
    await add(dataset, dataset.count);
  }
  if (batches === 0) {
    throw new LanewiseError(
      "empty-data",
      `${loop.what}: data gave no batch in pass ${pass.level}. There is a pass for each depth of batch normalisation: give a function that makes a new iterable each time.`,
    );
  }
}

async function takeLevel(
  loop: Loop,
  level: number,
  moving: ReadonlySet<Variable>,
  wanted: readonly Normalization[],
  data: Dataset | BatchSource,
  batchSize: number,
): Promise<void> {
  const channels = (variable: Variable) => variable.shape[0] as number;
  const moments = wanted.map(({ mean }) => ({
    count: 0,
    mean: new Float64Array(channels(mean)),
    squares: new Float64Array(channels(mean)),
  }));
  const pass: Pass = { level, moving, moments, opened: new Map() };
  try {
    await addAll(loop, pass, data, batchSize);
  } finally {
    for (const { executable } of pass.opened.values()) executable.dispose();
  }
  for (const [i, { mean, variance }] of wanted.entries()) {
    const { count, mean: center, squares } = moments[i] as Moments;
    const taken = [Float32Array.from(center), Float32Array.from(squares, (sum) => sum / count)] as const;
    if (!taken.every((values) => values.every(Number.isFinite)))
      throw new LanewiseError(
        "non-finite",
        `${loop.what}: what "${mean.name.slice(0, mean.name.lastIndexOf("/"))}" is given over the data is not finite. Check the data and the weights.`,
      );
    mean.write(taken[0]);
    variance.write(taken[1]);
  }
}

/**
 * Sets the moving mean and variance of every batch normalisation to the exact mean and population variance of what it is
 * given over the whole of `data`, with the weights as they are. Layers are taken in order, one pass over the data for each depth:
 * those before already have their new statistics and dropout is off, so that at inference each normalisation sees mean 0 and variance 1.
 * A layer called several times pools its calls; layers that are frozen, or called with `{ training: false }`, keep what they have. `data` is x as `adapt` takes it, `{ x }` (`y` may stand beside it), or batches as `fit` takes
 * them, from a function where there are several passes. Throws `invalid-argument` where nothing is to be calibrated, `non-finite`
 * for statistics that are not, and what `fit` throws for data that do not fit; then, and where `signal` ends it, the statistics are as before.
 */
export async function recalibrate(
  model: unknown,
  data: Values | { readonly x: Arrays; readonly y?: Arrays } | Examples | BatchSource,
  options: RecalibrateOptions = {},
): Promise<void> {
  const where = "recalibrate";
  const core = coreOf(where, model);
  checkOptions(where, options, { batchSize: positiveInteger, signal: abortSignal });
  const { batchSize = 32, signal } = options;
  const source = isSource(data) ? data : inputsOf(core, where, data);
  ensureBuilt(core, where, null);
  const machine = await defaultMachine();
  return inTurn(core, machine, where, signal, async () => {
    const moving = movingVariables(core);
    const all = traceNetwork(core, 1, (outputs) => normalizationsOf(outputs, moving));
    if (all.length === 0)
      throw new LanewiseError(
        "invalid-argument",
        `${where}: the model has no batchNormalization that training would change.`,
      );
    const loop = createLoop(core, machine, where, signal, "continue");
    const levels = levelsOf(all);
    await inSlices(machine, where, loop.slices, placing(machine, variablesOf(core)));
    const before = all
      .flatMap(({ mean, variance }) => [mean, variance])
      .map((each) => [each, each.read().data] as const);
    try {
      for (let level = 1; level <= Math.max(...levels); level++) {
        const wanted = all.filter((_, i) => levels[i] === level);
        if (wanted.length > 0) await takeLevel(loop, level, moving, wanted, source, batchSize);
      }
    } catch (error) {
      if (!core.disposed) for (const [variable, values] of before) variable.write(values);
      throw error;
    }
  });
}

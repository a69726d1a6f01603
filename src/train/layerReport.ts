// layerReport: what one batch does to each layer of a model. Activations, gradients and the next update come from one
// program; the model is as before afterwards. The numbers are judged in layerVerdict.ts.

import type { Floats } from "../../bindings/engine.ts";
import type { Machine } from "../../bindings/machine.ts";
import { compile } from "../compile/compile.ts";
import type { Executable } from "../executable.ts";
import type { Tensor } from "../graph/graph.ts";
import { ancestors } from "../graph/graph.ts";
import type { WatchedCall } from "../graph/trace.ts";
import { createTrace, withTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import type { Layer } from "../layers/layer.ts";
import { layerPaths } from "../layers/network.ts";
import { defaultMachine } from "../machine.ts";
import type { Model } from "../model.ts";
import { gradients } from "../ops/gradients.ts";
import { unaryOps } from "../ops/pointwise.ts";
import { vocabulary } from "../ops/vocabulary.ts";
import { withText } from "../text.ts";
import type { Dataset } from "./dataset.ts";
import { weightsIn } from "./dataset.ts";
import type { Examples } from "./examples.ts";
import { examplesOf } from "./examples.ts";
import { judge, printReport } from "./layerVerdict.ts";
import { feed, inTurn } from "./loop.ts";
import type { ModelCore } from "./model.ts";
import { coreOf, makeSymbols, requireTraining, traceObjective, traceUpdate, variablesOf } from "./model.ts";
import { openProgram } from "./openProgram.ts";
import type { Slices } from "./queue.ts";
import { createSlices, runSliced } from "./queue.ts";

/** What is told of many numbers. */
export interface Distribution {
  readonly mean: number;
  /** Of the population: divided by the number of values. */
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
  /** Root of the sum of squares. */
  readonly norm: number;
  /** Values that are NaN or infinite; the other numbers are of the rest. */
  readonly nonFinite: number;
  /** Share of the values in each of 20 equal bins from `min` to `max`. */
  readonly histogram: readonly number[];
}

/** One call of a layer. */
export interface LayerStatistics {
  /** With the names of the models that it stands in; a layer called again is named "dense_1 (2)". */
  readonly name: string;
  readonly type: string;
  /** [null, ...] */
  readonly outputShape: readonly (number | null)[];
  readonly activations: Distribution;
  /** Of what is minimised with respect to the layer's output; of what its softmax or sigmoid got where the loss is computed from that; null where none flows. */
  readonly gradients: Distribution | null;
  /** Units of a relu that are 0 for every example of the batch, everywhere; null for other layers. */
  readonly deadShare: number | null;
  /** Values of a tanh beyond 0.99 in size, or of a sigmoid outside of 0.01 to 0.99; null for other layers. */
  readonly saturatedShare: number | null;
  /**
   * Norm of the weights that training changes, and of the change of the next step; null without such weights, and where the next step
   * is one of `gradientAccumulationSteps` that makes no update yet.
   */
  readonly weightNorm: number | null;
  readonly updateNorm: number | null;
  /** updateNorm / weightNorm: about 1e-3 is usual. Null where the weights are all 0. */
  readonly updateRatio: number | null;
  readonly verdict: LayerVerdict;
  /** Why, with the number and the limit. */
  readonly reason: string;
}

export type LayerVerdict = "fine" | "exploding" | "vanishing" | "dead" | "saturated";

/** What `layerReport` resolves with. */
export interface LayerReport {
  /** What is minimised, on this batch. */
  readonly loss: number;
  readonly examples: number;
  /** In the order of their calls. */
  readonly layers: readonly LayerStatistics[];
  /** A table of them, and the reasons of what is not fine. */
  toString(): string;
}

/** The part of LayerStatistics that is measured. */
export type Measured = Omit<LayerStatistics, "verdict" | "reason">;

const BINS = 20;

/** Mean, deviation, extremes and histogram of finite values. */
export function distributionOf(values: ArrayLike<number>): Distribution {
  let [count, sum, squares] = [0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number;
    if (!Number.isFinite(x)) continue;
    count++;
    sum += x;
    squares += x * x;
    if (x < min) min = x;
    if (x > max) max = x;
  }
  const mean = sum / count;
  const bins = new Array<number>(BINS).fill(0);
  let spread = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number;
    if (!Number.isFinite(x)) continue;
    spread += (x - mean) ** 2;
    const bin = max > min ? Math.min(BINS - 1, Math.floor(((x - min) / (max - min)) * BINS)) : 0;
    bins[bin] = (bins[bin] as number) + 1;
  }
  return {
    mean,
    deviation: Math.sqrt(spread / count),
    min,
    max,
    norm: Math.sqrt(squares),
    nonFinite: values.length - count,
    histogram: bins.map((n) => n / count),
  };
}

/** Share of the units, places of the last axis, that are 0 in every row. */
function deadShareOf(values: Floats, units: number): number {
  const alive = new Uint8Array(units);
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) alive[i % units] = 1;
  return 1 - alive.reduce((sum, each) => sum + each, 0) / units;
}

function shareOf(values: Floats, test: (x: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (test(values[i] as number)) count++;
  return count / values.length;
}

const isOp = (tensor: Tensor, name: "relu" | "tanh" | "sigmoid"): boolean =>
  tensor.node.op === (unaryOps[name] as unknown);

/** A call of a layer, with the places of its outputs in the program; -1 where there is none. */
interface Probe {
  readonly layer: Layer;
  readonly output: Tensor;
  readonly gradient: number;
}

interface Probed {
  readonly executable: Executable;
  readonly probes: readonly Probe[];
}

/** The training step of one batch that gives out activations and their gradients, too. */
async function probingProgram(
  core: ModelCore,
  machine: Machine,
  dataset: Dataset,
  slices: Slices,
  where: string,
): Promise<Probed> {
  const training = requireTraining(core, where);
  const calls: WatchedCall[] = [];
  const trace = createTrace(true, { quiet: false, calls });
  const { outputs, probes } = withTrace(trace, () => {
    const symbols = makeSymbols(core, dataset.count, training, weightsIn(dataset));
    const { objective } = traceObjective(core, training, symbols);
    const onPath = new Set(ancestors([objective.node]));
    const leaves = (calls as { layer: Layer; output: Tensor }[]).filter(
      ({ layer, output }) => layer.state.children().length === 0 && output.dtype === "float32",
    );
    const sources = leaves.map(({ output }): Tensor | null => {
      if (onPath.has(output.node)) return output;
      // a loss that looks through softmax or sigmoid is computed from what they got
      const before = output.node.inputs[0];
      return before && onPath.has(before.node) ? before : null;
    });
    const wanted = sources.filter((source) => source !== null);
    const found = gradients(objective, wanted);
    traceUpdate(core, training, objective, where);
    let next = 1 + leaves.length;
    const probes = leaves.map(
      ({ layer, output }, i): Probe => ({ layer, output, gradient: sources[i] === null ? -1 : next++ }),
    );
    return { outputs: [objective, ...leaves.map(({ output }) => output), ...found], probes };
  });
  const compiled = compile({ outputs, effects: trace.effects }, vocabulary);
  return { executable: await openProgram(machine, where, slices, compiled, variablesOf(core)), probes };
}

const storedValues = (machine: Machine, { state }: Variable): Floats =>
  machine.values(state.storage as NonNullable<typeof state.storage>);

/**
 * Runs the step, and returns how far each variable of the model moved; then everything written has its old value again. What
 * changes variables runs in one go with putting them back, so that nobody sees it.
 */
async function stepAndBack(core: ModelCore, { executable }: Probed, dataset: Dataset, slices: Slices, where: string) {
  const { machine } = executable;
  const { optimizer } = requireTraining(core, where);
  const { gradientAccumulationSteps = 1 } = optimizer.state.options;
  const updates = (variable: Variable): boolean =>
    (optimizer.stateOf(variable)?.calls ?? 0) + 1 >= gradientAccumulationSteps;
  executable.prepare({ step: core.step, epoch: 0, seed: core.seed });
  feed(executable, dataset, null, 0, dataset.count);
  const before = executable.effectsFrom;
  // a guard may end a run: a loss that is not finite is what the report is to show
  for (let at = 0; at < before; ) at = await runSliced(executable, where, slices, at, before, null);
  const moved = new Map<Variable, { weights: number; change: number }>();
  const kept = executable.compiled.listing.written.map((variable) => ({
    variable,
    values: storedValues(machine, variable).slice(),
  }));
  try {
    for (let at = before; at < executable.length; ) at = executable.run(at, executable.length);
    for (const { variable, values } of kept.filter(({ variable }) => updates(variable))) {
      const now = storedValues(machine, variable);
      let [weights, change] = [0, 0];
      for (let i = 0; i < values.length; i++) {
        weights += (values[i] as number) ** 2;
        change += ((now[i] as number) - (values[i] as number)) ** 2;
      }
      moved.set(variable, { weights, change });
    }
  } finally {
    for (const { variable, values } of kept) storedValues(machine, variable).set(values);
  }
  return moved;
}

function measure(
  name: string,
  { layer, output, gradient }: Probe,
  index: number,
  executable: Executable,
  moved: ReadonlyMap<Variable, { weights: number; change: number }>,
): Measured {
  const values = executable.output(1 + index) as Floats;
  let [weights, change, trained] = [0, 0, 0];
  for (const variable of layer.variables) {
    const own = variable.trainable ? moved.get(variable) : undefined;
    if (!own) continue;
    trained++;
    weights += own.weights;
    change += own.change;
  }
  const [weightNorm, updateNorm] = [Math.sqrt(weights), Math.sqrt(change)];
  const saturated = isOp(output, "tanh")
    ? (x: number) => Math.abs(x) > 0.99
    : isOp(output, "sigmoid")
      ? (x: number) => x < 0.01 || x > 0.99
      : null;
  return {
    name,
    type: layer.type,
    outputShape: output.dims.map((n, axis) => (axis === 0 ? null : n)),
    activations: distributionOf(values),
    gradients: gradient < 0 ? null : distributionOf(executable.output(gradient) as Floats),
    deadShare: isOp(output, "relu") ? deadShareOf(values, output.dims.at(-1) as number) : null,
    saturatedShare: saturated ? shareOf(values, saturated) : null,
    weightNorm: trained > 0 ? weightNorm : null,
    updateNorm: trained > 0 ? updateNorm : null,
    updateRatio: trained > 0 && weightNorm > 0 ? updateNorm / weightNorm : null,
  };
}

/** Full names of the layers; those called again are counted. */
function namesOf(core: ModelCore, probes: readonly Probe[]): string[] {
  const paths = layerPaths(core.network.layers);
  const counts = new Map<Layer, number>();
  return probes.map(({ layer }) => {
    const count = (counts.get(layer) ?? 0) + 1;
    counts.set(layer, count);
    const name = paths.get(layer) ?? layer.name;
    return count === 1 ? name : `${name} (${count})`;
  });
}

/**
 * What one batch does to each layer of a compiled model: mean and deviation of its activations and of the gradients with respect
 * to them, dead and saturated units, and |update| / |weight| of the next optimizer step. The model does not change. Each layer gets
 * a verdict: "exploding" or "vanishing" where activations or gradients are not finite, or a thousandfold larger or smaller than at the
 * other end of the network; "dead" or "saturated" where more than half is (Glorot and Bengio 2010). Dropout is on, as in the next step.
 * Throws as `model.fit` does for a model that is not compiled or data that do not fit.
 */
export async function layerReport(model: Model<unknown>, batch: Examples): Promise<LayerReport> {
  const where = "layerReport";
  const core = coreOf(where, model);
  const dataset = examplesOf(core, where, batch);
  const machine = await defaultMachine();
  return inTurn(core, machine, where, undefined, async () => {
    const slices = createSlices();
    const probed = await probingProgram(core, machine, dataset, slices, where);
    const { executable, probes } = probed;
    try {
      const moved = await stepAndBack(core, probed, dataset, slices, where);
      const names = namesOf(core, probes);
      const measured: Measured[] = [];
      for (const [i, probe] of probes.entries()) {
        measured.push(measure(names[i] as string, probe, i, executable, moved));
        await slices.turn();
      }
      const layers = judge(measured, dataset.count);
      const report = { loss: executable.output(0)[0] as number, examples: dataset.count, layers };
      return withText(report, () => printReport(report));
    } finally {
      executable.dispose();
    }
  });
}

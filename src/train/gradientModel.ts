// gradientCheck of a model: what fit minimises on one batch, as float64 programs over copies of the variables.

import type { Floats } from "../../bindings/engine.ts";
import type { Machine } from "../../bindings/machine.ts";
import { placing } from "../executable.ts";
import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors } from "../graph/graph.ts";
import type { WatchedCall } from "../graph/trace.ts";
import { makeInput } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import type { Layer } from "../layers/layer.ts";
import { defaultMachine } from "../machine.ts";
import { sum } from "../ops/broadcasting.ts";
import { customFunctionOf } from "../ops/customGradient.ts";
import { gradients } from "../ops/gradients.ts";
import { mul } from "../ops/pointwise.ts";
import { constant } from "../ops/shaping.ts";
import { wordSource } from "../random.ts";
import { sizeOf } from "../shape.ts";
import { UPSTREAM_STREAM } from "../streams.ts";
import type { Dataset } from "./dataset.ts";
import { weightsIn } from "./dataset.ts";
import type { Checked, Comparison, Evaluation, GradientCheckOptions, Part } from "./differences.ts";
import { compareParts, differenceOptions, EPSILON, requireFinite, samplesFor } from "./differences.ts";
import type { ExactProgram } from "./exactProgram.ts";
import { exactProgram, openExactMachine, variableView, workOf, writeVariables } from "./exactProgram.ts";
import { examplesOf } from "./examples.ts";
import type { GradientEntry, GradientReport } from "./gradientReport.ts";
import { createReport, entryOf } from "./gradientReport.ts";
import { kinkFingerprint } from "./kinks.ts";
import { feed, inTurn } from "./loop.ts";
import type { ModelCore } from "./model.ts";
import { coreOf, makeSymbols, requireTraining, traceObjective, trainableOf, variablesOf } from "./model.ts";
import type { Slices } from "./queue.ts";
import { createSlices, inSlices } from "./queue.ts";

/** Everything that the programs of one check share. */
interface Setting {
  readonly core: ModelCore;
  readonly dataset: Dataset;
  readonly machine: Machine;
  readonly variables: readonly Variable[];
  readonly values: ReadonlyMap<Variable, Float32Array>;
  readonly options: GradientCheckOptions;
  readonly slices: Slices;
}

/** A call of an ops.customGradient in the model, with the numbers that went in. */
interface CustomCall {
  readonly node: Node;
  readonly inputs: readonly (Float64Array | Int32Array)[];
}

/** What `body` gives out, fed with the batch and the variables. */
function programOf(
  { core, dataset, machine, variables, values, slices }: Setting,
  body: () => readonly Tensor[],
  calls: WatchedCall[] = [],
): ExactProgram {
  const state = { step: core.step, epoch: 0, seed: core.seed };
  const program = exactProgram(machine, variables, state, slices, body, { quiet: true, calls });
  feed(program.executable, dataset, null, 0, dataset.count);
  writeVariables(program, variables, values);
  return program;
}

function objectiveOf({ core, dataset }: Setting): Tensor {
  const training = requireTraining(core, "gradientCheck");
  return traceObjective(core, training, makeSymbols(core, dataset.count, training, weightsIn(dataset))).objective;
}

/** A function for differences: outputs are its value and, where it has kinks, their fingerprint. */
function evaluator(program: ExactProgram): Checked["evaluate"] {
  const hasKinks = program.executable.compiled.listing.outputs.length > 1;
  const result = (): Evaluation => ({
    value: program.output(0)[0] as number,
    fingerprint: hasKinks ? (program.output(1)[0] as number) : 0,
  });
  return () => program.run()?.then(result) ?? result();
}

const withFingerprint = (y: Tensor): Tensor[] => {
  const fingerprint = kinkFingerprint(y);
  return fingerprint ? [y, fingerprint] : [y];
};

/** The value, the gradients, and what went into custom gradients. */
async function gradientsOf(setting: Setting, trainable: readonly Variable[]) {
  const calls: WatchedCall[] = [];
  let nodes: Node[] = [];
  const program = programOf(
    setting,
    () => {
      const objective = objectiveOf(setting);
      nodes = ancestors([objective.node]).filter((node) => customFunctionOf(node) !== null);
      return [objective, ...gradients(objective, trainable), ...nodes.flatMap(({ inputs }) => inputs.slice(1))];
    },
    calls,
  );
  await program.run();
  const value = program.output(0)[0] as number;
  const found = trainable.map((_, i) => program.output(1 + i).slice());
  let next = 1 + trainable.length;
  const custom = nodes.map(
    (node): CustomCall => ({
      node,
      inputs: node.inputs.slice(1).map(() => program.executable.output(next++).slice() as Float64Array | Int32Array),
    }),
  );
  program.executable.dispose();
  const silenced = new Set(calls.filter((call) => call.silenced).map(({ layer }) => (layer as Layer).name));
  return { value, found, custom, silenced: [...silenced] };
}

/** Differences of a forward program, which is not needed afterwards. */
async function compareWith(setting: Setting, forward: ExactProgram, parts: readonly Part[]): Promise<Comparison[]> {
  const samples = samplesFor(
    parts.map(({ values }) => values.length),
    workOf(forward),
  );
  const options = differenceOptions(setting.options, samples, setting.slices);
  const comparisons = await compareParts({ parts, evaluate: evaluator(forward) }, options);
  forward.executable.dispose();
  return comparisons;
}

/** One call of a custom gradient: sum(value * upstream) for a random upstream, as a function of what went in. */
async function checkCustom(setting: Setting, { node, inputs }: CustomCall, at: number): Promise<GradientEntry[]> {
  const symbols = (): Tensor[] =>
    inputs.map((_, i) => {
      const { dims, dtype } = node.inputs[i + 1] as Tensor;
      return makeInput({ name: `custom ${i}`, shape: dims, dtype }, false);
    });
  const call = (xs: readonly Tensor[]): Tensor => {
    const value = node.op.replay?.([xs[0] as Tensor, ...xs], node.attributes, {
      training: true,
      batch: 1,
    })[0] as Tensor;
    const next = wordSource(0, UPSTREAM_STREAM, at);
    const upstream = Float32Array.from({ length: sizeOf(value.dims) }, () => (next() / 2 ** 31 - 1) * 2);
    return sum(mul(value, constant({ data: upstream, shape: value.dims })));
  };
  const floats = inputs.flatMap((values, i) => (values instanceof Int32Array ? [] : [i]));
  const write = (program: ExactProgram): void =>
    inputs.forEach((values, i) => {
      program.executable.input(`custom ${i}`)?.set(values);
    });

  const backward = programOf(setting, () => {
    const xs = symbols();
    return gradients(
      call(xs),
      floats.map((i) => xs[i] as Tensor),
    );
  });
  write(backward);
  await backward.run();
  const found = floats.map((_, k) => backward.output(k).slice());
  backward.executable.dispose();

  const forward = programOf(setting, () => withFingerprint(call(symbols())));
  write(forward);
  const where = node.scope ? ` in ${node.scope}` : "";
  const parts = floats.map((i, k): Part => {
    const { dims } = node.inputs[i + 1] as Tensor;
    const name = `${node.op.name}${where}, input ${i}`;
    return {
      name,
      shape: dims,
      values: forward.input(`custom ${i}`, sizeOf(dims)),
      gradient: found[k] as Float64Array,
    };
  });
  const comparisons = await compareWith(setting, forward, parts);
  return comparisons.map((each) => entryOf(each));
}

/** Copies of all variables, taken between two steps. */
async function readValues(core: ModelCore, slices: Slices, where: string): Promise<Map<Variable, Float32Array>> {
  const machine = await defaultMachine();
  return inTurn(core, machine, where, undefined, async () => {
    const variables = variablesOf(core);
    await inSlices(machine, where, slices, placing(machine, variables));
    const valuesOf = ({ state }: Variable): Floats =>
      machine.values(state.storage as NonNullable<typeof state.storage>);
    return new Map(variables.map((variable) => [variable, Float32Array.from(valuesOf(variable))]));
  });
}

export async function checkModel(
  where: string,
  model: unknown,
  batch: unknown,
  options: GradientCheckOptions,
): Promise<GradientReport> {
  const core = coreOf(where, model);
  const dataset = examplesOf(core, where, batch);
  const trainable = trainableOf(core, where);
  const slices = createSlices();
  const values = await readValues(core, slices, where);
  const machine = await openExactMachine();
  const variables = variablesOf(core);
  const setting: Setting = { core, dataset, machine, variables, values, options, slices };

  const { value, found, custom, silenced } = await gradientsOf(setting, trainable);
  requireFinite(value);
  const forward = programOf(setting, () => withFingerprint(objectiveOf(setting)));
  const parts = trainable.map(
    (variable, i): Part => ({
      name: variable.name,
      shape: variable.shape,
      values: variableView(forward, variables, variable),
      gradient: found[i] as Float64Array,
    }),
  );
  const comparisons = await compareWith(setting, forward, parts);
  const operations: GradientEntry[] = [];
  for (const [at, call] of custom.entries()) operations.push(...(await checkCustom(setting, call, at)));

  const frozen = variables.filter(({ role, trainable: free }) => role === "parameters" && !free);
  const notes = [
    ...(silenced.length > 0 ? [`Switched off, because it behaves by chance: ${silenced.join(", ")}.`] : []),
    ...(frozen.length > 0 ? [`Not trained, and not checked: ${frozen.map(({ name }) => name).join(", ")}.`] : []),
  ];
  return createReport({ value, epsilon: options.epsilon ?? EPSILON, comparisons, operations, notes });
}

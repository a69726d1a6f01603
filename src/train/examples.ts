// Examples as users give them, and what a model makes of them: checked datasets, and batches from anywhere.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, isRecord } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import type { Dataset } from "./dataset.ts";
import { byForm, checkDataset, SAMPLE_WEIGHT, sampleWeightColumn, weightWanted } from "./dataset.ts";
import type { ModelCore } from "./model.ts";
import { ensureBuilt, outputNames, requireOutputs, requireTraining, wantedInputs, wantedTargets } from "./model.ts";

/** One array, or several as the model's inputs or outputs are: an array or a record. */
export type Arrays = Values | readonly Values[] | Readonly<Record<string, Values>>;

/** Inputs and targets, as many examples of each. */
export interface Examples {
  readonly x: Arrays;
  readonly y: Arrays;
  /** A factor of the loss for each example; with several outputs one for all, or some by output name. */
  readonly sampleWeight?: Values | Readonly<Record<string, Values>>;
}

/** Batches from anywhere: an (async) iterable, or a function called once an epoch, with its number, that gives one. */
export type BatchSource =
  | AsyncIterable<Examples>
  | Iterable<Examples>
  | ((epoch: number) => AsyncIterable<Examples> | Iterable<Examples>);

/** Whether data are batches, and not one set of examples. */
export const isSource = (data: unknown): data is BatchSource =>
  typeof data === "function" ||
  (Array.isArray(data)
    ? isRecord(data[0]) // batches; of anything else it is no data
    : typeof data === "object" &&
      data !== null &&
      !ArrayBuffer.isView(data) &&
      (Symbol.asyncIterator in data || Symbol.iterator in data));

/** Shape of one example where the data say it, for a model that was not built yet. */
export const exampleShapeOf = (x: unknown): number[] | null => {
  if (x === null || typeof x !== "object") return null;
  const { shape } = flattenArray("x", x);
  return shape && shape.length > 1 ? [...shape.slice(1)] : null;
};

export function requireExamples(where: string, data: unknown): asserts data is Examples {
  if (typeof data !== "object" || data === null || Array.isArray(data) || ArrayBuffer.isView(data))
    throw invalid(where, "data", "one object { x, y }, not x and y one after the other", data);
  checkOptions(where, data, { x: (v) => v, y: (v) => v, sampleWeight: (v) => v }, ["x", "y"]);
}

/** Checks x, y and weights against the model. */
export function examplesOf(core: ModelCore, where: string, data: unknown): Dataset {
  requireExamples(where, data);
  const training = requireTraining(core, where);
  const { network } = core;
  const inputs = ensureBuilt(core, where, network.inputs ? null : exampleShapeOf(data.x));
  const wanted = [...wantedInputs(inputs, network.inputForm), ...wantedTargets(core, training)];
  const values = [
    ...byForm(where, "x", network.inputForm, inputs, data.x),
    ...byForm(where, "y", network.outputForm, requireOutputs(core), data.y),
  ];
  for (const [label, weights] of sampleWeightsOf(core, where, data.sampleWeight)) {
    wanted.push(weightWanted(label));
    values.push(weights);
  }
  return checkDataset(where, wanted, values);
}

/** Weights for all outputs, or for some by name: the names of their columns, and the values. */
function sampleWeightsOf(core: ModelCore, where: string, given: unknown): [string, unknown][] {
  if (given === undefined) return [];
  const names = outputNames(core);
  if (names.length === 1 || !isRecord(given) || ("data" in given && "shape" in given)) return [[SAMPLE_WEIGHT, given]];
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw new LanewiseError(
        "unknown-option",
        `${where}: sampleWeight.${name} names no output. Outputs: ${names.join(", ")}.`,
      );
    }
  }
  return Object.entries(given)
    .filter(([, weights]) => weights !== undefined)
    .map(([name, weights]) => [sampleWeightColumn(name), weights]);
}

// Weights by class, as one more column of a dataset for each output that has them. Loaded where `fit` is given some: what it
// imports is what other parts that are loaded on demand import, so that nothing more is cut into a file of its own.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, isRecord, nonNegative } from "../check.ts";
import { labelsOf } from "../data/labelRows.ts";
import { sizeOf } from "../shape.ts";
import type { Column, Dataset, Wanted } from "./dataset.ts";

/** How the examples of one output are weighed. */
interface Weighing {
  /** Name of the column that is added. */
  readonly column: string;
  readonly target: Wanted;
  readonly classes: number;
  /** By class; null: balanced, by each dataset's own counts. */
  readonly weights: Float32Array | null;
}

/**
 * Checks the option `classWeight` of `fit`; returns what adds the weights to a dataset. `targets` and `outputs` are those of
 * the model, `ofArrays` whether datasets hold all examples, so that classes can be counted, `columnName` names the weights of an
 * output.
 */
export function createClassWeights(
  where: string,
  classWeight: unknown,
  targets: readonly Wanted[],
  outputs: readonly string[],
  ofArrays: boolean,
  columnName: (output: string) => string,
): (dataset: Dataset) => Dataset {
  const named: [string, unknown][] =
    outputs.length === 1 ? [[outputs[0] as string, classWeight]] : byOutput(where, classWeight, outputs);
  const weighings = named.map(([output, given]): Weighing => {
    const target = targets[outputs.indexOf(output)] as Wanted;
    const classes = classesOf(where, target);
    const column = columnName(output);
    const label = outputs.length === 1 ? "classWeight" : `classWeight.${output}`;
    if (given !== "balanced") return { column, target, classes, weights: readWeights(where, label, given, classes) };
    if (!ofArrays)
      throw invalid(where, label, "weights of your own where batches come from a function: classWeights counts", given);
    return { column, target, classes, weights: null };
  });
  return (dataset) => ({
    count: dataset.count,
    columns: [...dataset.columns, ...weighings.map((weighing) => weightsOf(where, weighing, dataset))],
  });
}

function byOutput(where: string, value: unknown, outputs: readonly string[]): [string, unknown][] {
  if (!isRecord(value))
    throw invalid(where, "classWeight", `a record by output name (${outputs.join(", ")}) of weights by class`, value);
  for (const name of Object.keys(value)) {
    if (!outputs.includes(name)) {
      throw new LanewiseError(
        "unknown-option",
        `${where}: classWeight.${name} names no output. Outputs: ${outputs.join(", ")}.`,
      );
    }
  }
  return Object.entries(value).filter(([, each]) => each !== undefined);
}

/** How many classes a target tells apart: class indices, one-hot rows, or 0 and 1. */
function classesOf(where: string, { label, shape, classes }: Wanted): number {
  const size = sizeOf(shape);
  if (classes !== undefined && size === 1) return classes;
  if (classes === undefined && shape.length <= 1) return size === 1 ? 2 : size;
  throw new LanewiseError(
    "invalid-argument",
    `${where}: classWeight needs one label an example, ${label} has ${size}. Give sampleWeight.`,
  );
}

function readWeights(where: string, label: string, value: unknown, classes: number): Float32Array {
  const weights = new Float32Array(classes).fill(1);
  const list = Array.isArray(value);
  if (list ? value.length !== classes : !isRecord(value) || Object.keys(value).length === 0)
    throw invalid(where, label, `"balanced", ${classes} weights, or a record of weights by class`, value);
  for (const [key, weight] of Object.entries(value as object)) {
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index >= classes || key !== String(index)) {
      throw new LanewiseError(
        "invalid-argument",
        `${where}: ${label} has the class "${key}", the classes are 0 to ${classes - 1}.`,
      );
    }
    weights[index] = nonNegative(weight, `${label}[${key}]`, where);
  }
  return weights;
}

function weightsOf(where: string, { column, target, classes, weights }: Weighing, dataset: Dataset): Column {
  const { data, size } = dataset.columns.find(({ name }) => name === target.label) as Column;
  const labels = labelsOf(`${where}, classWeight`, { name: target.label, data, width: size });
  const highest = labels.reduce((most, label) => Math.max(most, label), 0);
  if (highest >= classes)
    throw invalid(`${where}, classWeight`, target.label, `labels below ${classes}`, `the label ${highest}`);
  const byClass = weights ?? balanced(labels, classes);
  return {
    name: column,
    data: Float32Array.from(labels, (label) => byClass[label] as number),
    size: 1,
  };
}

/** n / (classes * count), of the classes that have examples. */
function balanced(labels: Int32Array, classes: number): Float32Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(counts, (count) => (count > 0 ? labels.length / (present * count) : 0));
}

// Training afresh, again and again: models made by the user's function, on parts of the user's data.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { gatherInto } from "../data/feed.ts";
import { likewise } from "../data/rows.ts";
import type { Form } from "../layers/network.ts";
import type { Model } from "../model.ts";
import type { Dataset } from "../train/dataset.ts";
import { SAMPLE_WEIGHT, sampleWeightColumn } from "../train/dataset.ts";
import type { Arrays, Examples } from "../train/examples.ts";
import { examplesOf } from "../train/examples.ts";
import { coreOf, reportNames, requireTraining, wantedInputs, wantedTargets } from "../train/model.ts";

/** What a function that makes a model is told. */
export interface FreshModel {
  /** Another one each repeat: give it to the model, so that its initial values differ. */
  readonly seed: number;
  /** Counted from 0. */
  readonly repeat: number;
}

/** Makes a compiled model, a new one at each call. `P` is what it predicts. */
export type CreateModel<P = unknown> = (about: FreshModel) => Model<P> | Promise<Model<P>>;

/** Calls the user's function, the argument `name`; what it returns must be a compiled model that it has not returned before. */
export async function freshModel<P, A>(
  where: string,
  create: (about: A) => Model<P> | Promise<Model<P>>,
  about: A,
  before: WeakSet<object>,
  name = "create",
): Promise<Model<P>> {
  const model: unknown = await create(about);
  // first of all: one that was given back may be disposed of by now
  if (before.has(model as Model<P>)) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: what ${name} returns must be a new model at each call, but it is one that was trained before. Make the model inside of ${name}.`,
    );
  }
  requireTraining(coreOf(`${where}, what ${name} returns`, model), where);
  before.add(model as Model<P>);
  return model as Model<P>;
}

/** The user's examples, checked against a model, ready for taking parts of them. */
export interface ExamplePool {
  readonly count: number;
  /** The examples of these indices, in this order. */
  take(indices: Uint32Array): Examples;
}

function inForm(form: Form, names: readonly string[], values: readonly Values[]): Arrays {
  if (form === "one") return values[0] as Values;
  return form === "array" ? values : Object.fromEntries(names.map((name, i) => [name, values[i] as Values]));
}

export function examplePool(where: string, model: Model<unknown>, data: unknown): ExamplePool {
  const core = coreOf(where, model);
  const dataset: Dataset = examplesOf(core, where, data);
  const { inputs, outputs, inputForm, outputForm } = core.network;
  const inputNames = (inputs ?? []).map(({ name }) => name);
  const outputNames = (outputs ?? []).map(({ name }) => name);
  const shapes = [...wantedInputs(inputs ?? [], inputForm), ...wantedTargets(core, requireTraining(core, where))].map(
    ({ shape }) => shape,
  );
  return {
    count: dataset.count,
    take(indices) {
      const n = indices.length;
      const taken = dataset.columns.map(({ data: all, size }, i): Values => {
        const part = ArrayBuffer.isView(all) ? likewise(all, n * size) : new Float64Array(n * size);
        gatherInto(part, all, size, indices, 0, n);
        return { data: part, shape: [n, ...(shapes[i] ?? [])] };
      });
      const x = inForm(inputForm, inputNames, taken);
      const y = inForm(outputForm, outputNames, taken.slice(inputNames.length));
      const weights = new Map(dataset.columns.map(({ name }, i) => [name, taken[i] as Values]));
      const forAll = weights.get(SAMPLE_WEIGHT);
      if (forAll) return { x, y, sampleWeight: forAll };
      const named = outputNames.filter((name) => weights.has(sampleWeightColumn(name)));
      if (named.length === 0) return { x, y };
      const byOutput = named.map((name) => [name, weights.get(sampleWeightColumn(name)) as Values]);
      return { x, y, sampleWeight: Object.fromEntries(byOutput) };
    },
  };
}

/** Checks that what makes models is a function. */
export function requireCreate(where: string, create: unknown, name = "create"): void {
  if (typeof create !== "function" || "kind" in create)
    throw invalid(where, name, "a function that makes a compiled model", create);
}

/** The names that `evaluate` of a compiled model reports. */
export function reported(where: string, model: Model<unknown>): string[] {
  const core = coreOf(where, model);
  return reportNames(core, requireTraining(core, where));
}

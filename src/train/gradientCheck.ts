// gradientCheck: gradients against two-sided differences in float64, of a model on a batch or of a function of one's own.

import { LanewiseError } from "../../bindings/errors.ts";
import {
  anyFunction,
  checkOptions,
  either,
  invalid,
  isRecord,
  positive,
  positiveInteger,
  seedValue,
} from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import { isLayer } from "../layers/layer.ts";
import type { Model } from "../model.ts";
import { formatShape } from "../shape.ts";
import type { GradientCheckOptions, Part } from "./differences.ts";
import { compareParts, differenceOptions, requireFinite } from "./differences.ts";
import type { Examples } from "./examples.ts";
import { checkModel } from "./gradientModel.ts";
import type { GradientReport } from "./gradientReport.ts";
import { createReport } from "./gradientReport.ts";
import { createSlices } from "./queue.ts";

/** What a function and its gradient may be checked at: numbers by name. */
type NamedNumbers = Readonly<Record<string, Values>>;

/**
 * Compares gradients with (f(x + epsilon) - f(x - epsilon)) / (2 epsilon), in float64 on the reference engine: for each variable, and
 * for all at once, ||a - b|| / (||a|| + ||b||), a the gradient and b the differences. Below 1e-7 is "ok", above 1e-3 "wrong"
 * (Deep Learning Specialization, course 2). Of a compiled model on a batch `{ x, y, sampleWeight }`: what `fit` minimises, penalties
 * included, in training mode; dropout is off, and named in the notes. Elements at kinks, such as a relu's 0, are listed and left out.
 * Gradients of `ops.customGradient` are checked one by one, so that a wrong one is named. The model does not change.
 */
export function gradientCheck(
  model: Model<unknown>,
  batch: Examples,
  options?: GradientCheckOptions,
): Promise<GradientReport>;
/** Of a function of a number and its derivative. */
export function gradientCheck(
  f: (x: number) => number,
  gradient: (x: number) => number,
  at: number,
  options?: GradientCheckOptions,
): Promise<GradientReport>;
/** Of a function of several arrays by name, flat, and its gradient: a record of as many numbers. */
export function gradientCheck<const N extends NamedNumbers>(
  f: (x: { [K in keyof N]: Float64Array }) => number,
  gradient: (x: { [K in keyof N]: Float64Array }) => { readonly [K in keyof N]: Values },
  at: N,
  options?: GradientCheckOptions,
): Promise<GradientReport>;
/** Of a function of an array, flat, and its gradient: as many numbers. */
export function gradientCheck(
  f: (x: Float64Array) => number,
  gradient: (x: Float64Array) => Values,
  at: Exclude<Values, number>,
  options?: GradientCheckOptions,
): Promise<GradientReport>;
export async function gradientCheck(
  first: unknown,
  second: unknown,
  third?: unknown,
  fourth?: unknown,
): Promise<GradientReport> {
  const where = "gradientCheck";
  const ofModel = isLayer(first);
  const last = ofModel ? third : fourth;
  const given: unknown = last === undefined ? {} : last;
  const count = either(positiveInteger, unlimited, "a positive integer or Infinity");
  checkOptions(where, given, { epsilon: positive, samples: count, seed: seedValue });
  const options = given as GradientCheckOptions;
  if (ofModel) return checkModel(where, first, second, options);
  if (typeof first !== "function") throw invalid(where, "model", "a model or a function", first);
  anyFunction(second, "gradient", where);
  return checkFunction(first as FunctionOfRecord, second as FunctionOfRecord, third, options);
}

const unlimited = (value: unknown, name: string, where: string): number => {
  if (value === Number.POSITIVE_INFINITY) return value;
  throw invalid(where, name, "Infinity", value);
};

type FunctionOfRecord = (x: unknown) => unknown;

/** The numbers that a function is checked at, and how they are handed to it. */
interface Arguments {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly values: readonly Float64Array[];
  /** As the function takes them. */
  pass(): unknown;
  /** What the gradient returned, by array. */
  split(returned: unknown): readonly unknown[];
}

function argumentsOf(where: string, at: unknown): Arguments {
  const named = isRecord(at) && !("data" in at && "shape" in at);
  const entries: [string, unknown][] = named ? Object.entries(at) : [["x", at]];
  if (entries.length === 0) throw invalid(where, "at", "numbers, or a record of arrays", at);
  const arrays = entries.map(([name, value]) => flattenArray(`${where}: ${named ? `at.${name}` : "at"}`, value));
  const values = arrays.map(({ data }) => Float64Array.from(data as ArrayLike<number>));
  for (const [i, array] of values.entries()) {
    if (array.length === 0)
      throw new LanewiseError("empty-data", `${where}: at${named ? `.${entries[i]?.[0]}` : ""} has no numbers.`);
    const bad = array.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) throw invalid(where, "at", `finite, but element ${bad} is not`, array[bad]);
  }
  const isNumber = typeof at === "number";
  const names = entries.map(([name]) => name);
  return {
    names,
    values,
    shapes: arrays.map(({ shape }, i) => shape ?? [(values[i] as Float64Array).length]),
    // copies: what a function does to its argument stays there
    pass() {
      if (named) return Object.fromEntries(names.map((name, i) => [name, values[i]?.slice()]));
      return isNumber ? values[0]?.[0] : values[0]?.slice();
    },
    split(returned) {
      if (!named) return [returned];
      if (!isRecord(returned))
        throw invalid(where, "what gradient returns", `a record with ${names.join(", ")}`, returned);
      return names.map((name) => returned[name]);
    },
  };
}

/** Checks a function of numbers. */
async function checkFunction(
  f: FunctionOfRecord,
  gradient: FunctionOfRecord,
  at: unknown,
  options: GradientCheckOptions,
): Promise<GradientReport> {
  const where = "gradientCheck";
  const { names, shapes, values, pass, split } = argumentsOf(where, at);
  const returned = split(gradient(pass()));
  const parts = names.map((name, i): Part => {
    const label = names.length === 1 && name === "x" ? "what gradient returns" : `what gradient returns for ${name}`;
    const { data } = flattenArray(`${where}: ${label}`, returned[i]);
    const own = values[i] as Float64Array;
    if (data.length !== own.length)
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: ${label} has ${data.length} numbers, at ${formatShape(shapes[i] as number[])} has ${own.length}. One for each is needed.`,
      );
    return { name, shape: shapes[i] as number[], values: own, gradient: data as ArrayLike<number> };
  });
  const evaluate = (): { value: number; fingerprint: null } => {
    const value: unknown = f(pass());
    if (typeof value !== "number") throw invalid(where, "what f returns", "a number", value);
    return { value, fingerprint: null };
  };
  const { value } = evaluate();
  requireFinite(value);
  const settings = differenceOptions(options, Number.POSITIVE_INFINITY, createSlices());
  const comparisons = await compareParts({ parts, evaluate }, settings);
  return createReport({ value, epsilon: settings.epsilon, comparisons, operations: [], notes: [] });
}

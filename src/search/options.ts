// Options of search, checked, and what follows from them: the plan of the method, and what tells this search from others.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import {
  abortSignal,
  anyFunction,
  bool,
  checker,
  checkOptions,
  invalid,
  isRecord,
  oneOf,
  positive,
  positiveInteger,
  seedValue,
} from "../check.ts";
import { halvingRungs, halvingSearch, hyperbandBrackets } from "./halving.ts";
import type { Fingerprint, Journal } from "./journal.ts";
import { requireJournal } from "./journal.ts";
import type { Direction, Schedule } from "./methods.ts";
import { coarseToFine, gridPoints, gridSearch, randomSearch } from "./methods.ts";
import type { SearchTrial } from "./result.ts";
import type { Axis, CompiledSpace } from "./space.ts";
import { requirePlain } from "./space.ts";
import type { SteerChange, SteerMoment, TrialFolds } from "./trial.ts";

export type SearchMethod = "random" | "grid" | "coarseToFine" | "successiveHalving" | "hyperband";

/** A part of the trials, for one machine of several: "1/4" to "4/4", or the index from 0. */
export type SearchShard = string | { readonly index: number; readonly count: number };

/** Options of `search`. */
export interface SearchOptions<P> {
  /** Whether the objective's value is to be high (accuracy) or low (loss). */
  readonly direction: Direction;
  /** By default "random". */
  readonly method?: SearchMethod;
  /** How many trials; for "successiveHalving" how many it begins with. */
  readonly trials?: number;
  /** "grid": values of each range, by default 3, or a record by the names of hyperparameters. Choices are tried in full. */
  readonly points?: number | Readonly<Record<string, number>>;
  /** "coarseToFine": how often the region becomes smaller, and one; by default 3. */
  readonly stages?: number;
  /** "coarseToFine": what is left of each range from one stage to the next, by default 0.3. */
  readonly zoom?: number;
  /** What a trial may use at most, as the objective is told: epochs, say. By default 1. */
  readonly budget?: number;
  /** "successiveHalving", "hyperband": what a trial uses at least, by default 1. */
  readonly minBudget?: number;
  /** "successiveHalving", "hyperband": one of so many goes on, with so many times the budget; by default 3. */
  readonly eta?: number;
  /** Cross-validation: the objective is called for each of k folds, which `context.split` gives; the mean counts. */
  readonly cv?: number | { readonly k: number; readonly stratify?: boolean };
  /** By default 0. */
  readonly seed?: number;
  /** Ends the search: it rejects with the signal's reason. What a journal has is kept. */
  readonly signal?: AbortSignal;
  /** Seconds after which no trial goes on: the search resolves with those that are done. */
  readonly timeLimitSeconds?: number;
  /** Seconds after which a trial has failed. */
  readonly trialSeconds?: number;
  /** Watches a trial and changes its hyperparameters, or stops it: called with what the objective reports. */
  readonly steer?: (moment: SteerMoment<P>) => SteerChange | undefined | void | Promise<SteerChange | undefined | void>;
  /** Called after each trial. */
  readonly onTrial?: (trial: SearchTrial<P>, progress: { readonly done: number; readonly total: number }) => unknown;
  /** Where trials are written as they end, and read from when the search is begun again. The first of several is written to. */
  readonly journal?: Journal | readonly Journal[];
  /** Runs a part of the trials: trial t belongs to shard t mod count. */
  readonly shard?: SearchShard;
}

export interface Plan {
  readonly schedule: Schedule;
  /** Trials in all, where none fails. */
  readonly total: number;
  readonly fingerprint: Fingerprint;
  readonly folds: TrialFolds | null;
  readonly seed: number;
  readonly journals: readonly Journal[];
  readonly shard: { readonly index: number; readonly count: number };
}

/** What each method is told; the first are required. */
const methodOptions: Readonly<Record<SearchMethod, { required: readonly string[]; known: readonly string[] }>> = {
  random: { required: ["trials"], known: ["budget"] },
  grid: { required: [], known: ["points", "budget"] },
  coarseToFine: { required: ["trials"], known: ["stages", "zoom", "budget"] },
  successiveHalving: { required: ["trials", "budget"], known: ["minBudget", "eta"] },
  hyperband: { required: ["budget"], known: ["minBudget", "eta"] },
};
const ofMethods = ["trials", "points", "stages", "zoom", "budget", "minBudget", "eta"];

const isCount = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) < 2 ** 31;

/** What a timer can wait for. */
const seconds = checker<number>(
  "a number of seconds above 0 and at most 2147483",
  (value) => typeof value === "number" && value > 0 && value <= 2147483,
);

const pointsOption = checker<NonNullable<SearchOptions<unknown>["points"]>>(
  "a positive integer, or a record of such by the names of hyperparameters",
  (value) =>
    isCount(value, 1) ||
    (isRecord(value) && Object.keys(value).length > 0 && Object.values(value).every((each) => isCount(each, 1))),
);
const cvOption = checker<NonNullable<SearchOptions<unknown>["cv"]>>(
  "an integer of at least 2, or { k, stratify }",
  (value) => {
    if (!isRecord(value)) return isCount(value, 2);
    const { k, stratify = false, ...others } = value;
    return isCount(k, 2) && typeof stratify === "boolean" && Object.keys(others).length === 0;
  },
);

function shardOf(value: unknown): { index: number; count: number } {
  const [, number, of] = (typeof value === "string" && /^(\d+)\/(\d+)$/.exec(value)) || [];
  const shard = number ? { index: Number(number) - 1, count: Number(of) } : value;
  const { index, count, ...others } = (isRecord(shard) ? shard : {}) as { index?: number; count?: number };
  if (
    !isCount(count, 1) ||
    !isCount(index, 0) ||
    (index as number) >= (count as number) ||
    Object.keys(others).length > 0
  )
    throw invalid(
      "search",
      "shard",
      'from "1/4" to "4/4", or { index, count } with an index from 0 below count',
      value,
    );
  return { index, count } as { index: number; count: number };
}

const checkers: Readonly<Record<string, Checker>> = {
  direction: oneOf("maximize", "minimize"),
  method: oneOf(...(Object.keys(methodOptions) as SearchMethod[])),
  trials: positiveInteger,
  points: pointsOption,
  stages: positiveInteger,
  zoom: checker("a number above 0 and below 1", (value) => typeof value === "number" && value > 0 && value < 1),
  budget: positive,
  minBudget: positive,
  eta: checker("a number above 1", (value) => typeof value === "number" && Number.isFinite(value) && value > 1),
  cv: cvOption,
  seed: seedValue,
  signal: abortSignal,
  timeLimitSeconds: seconds,
  trialSeconds: seconds,
  steer: anyFunction,
  onTrial: anyFunction,
  journal(value, name, where) {
    for (const each of Array.isArray(value) && value.length > 0 ? value : [value]) requireJournal(where, name, each);
  },
  shard: shardOf,
};

/** Refuses what the method does not know, and misses what it needs. */
function checkMethod(options: SearchOptions<unknown>, method: SearchMethod): void {
  const { required, known } = methodOptions[method];
  const given = options as unknown as Readonly<Record<string, unknown>>;
  for (const name of ofMethods)
    if (given[name] !== undefined && ![...required, ...known].includes(name))
      throw new LanewiseError(
        "invalid-argument",
        `search: ${name} is no option of the method "${method}". It has ${[...required, ...known].join(", ")}.`,
      );
  for (const name of required)
    if (given[name] === undefined)
      throw new LanewiseError("invalid-argument", `search: the method "${method}" needs the option ${name}.`);
  const { budget = 1, minBudget, trials, stages } = options;
  if (minBudget !== undefined && minBudget > budget)
    throw new LanewiseError("invalid-argument", `search: minBudget ${minBudget} must not be above budget ${budget}.`);
  if (stages !== undefined && stages > (trials as number))
    throw new LanewiseError("invalid-argument", `search: stages must be at most trials, ${trials}, got ${stages}.`);
}

function pointsOf(axes: readonly Axis[], points: SearchOptions<unknown>["points"] = 3): (axis: Axis) => number {
  if (typeof points === "number") return () => points;
  for (const name of Object.keys(points))
    if (!axes.some((axis) => axis.name === name))
      throw new LanewiseError(
        "unknown-option",
        `search: points has "${name}", which is no hyperparameter of space. Known: ${axes.map((axis) => axis.name).join(", ")}.`,
      );
  const given = new Map(Object.entries(points));
  return ({ name }) => given.get(name) ?? 3;
}

interface MethodPlan {
  readonly schedule: Schedule;
  readonly total: number;
  /** What the trials depend on. */
  readonly settings: Fingerprint;
}

function planOf(method: SearchMethod, space: CompiledSpace, options: SearchOptions<unknown>): MethodPlan {
  const { direction, seed = 0, trials = 0, stages = 3, zoom = 0.3, budget = 1, minBudget = 1, eta = 3 } = options;
  if (method === "random")
    return { schedule: randomSearch(space, seed, trials, budget), total: trials, settings: { budget } };
  if (method === "grid") {
    const of = pointsOf(space.axes, options.points);
    const settings = { budget, points: space.axes.map(of) };
    const points = gridPoints(space, of);
    return { schedule: gridSearch(points, budget), total: points.length, settings };
  }
  if (method === "coarseToFine") {
    const settings = { trials, stages: Math.min(stages, trials), zoom, budget };
    return { schedule: coarseToFine(space, seed, direction, settings), total: trials, settings };
  }
  const halving = { budget, minBudget: Math.min(minBudget, budget), eta };
  const brackets = method === "hyperband" ? hyperbandBrackets(halving) : [halvingRungs(trials, halving)];
  const total = brackets.flat().reduce((sum, rung) => sum + rung.trials, 0);
  const settings = { ...halving, ...(method === "hyperband" ? {} : { trials }) };
  return { schedule: halvingSearch(space, seed, direction, brackets), total, settings };
}

export function checkSearchOptions(options: unknown): asserts options is SearchOptions<unknown> {
  checkOptions("search", options, checkers, ["direction"]);
  const { method = "random" } = options as { method?: SearchMethod };
  checkMethod(options as unknown as SearchOptions<unknown>, method);
}

/** What a search will do. */
export function createPlan(space: CompiledSpace, options: SearchOptions<unknown>): Plan {
  const { method = "random", direction, seed = 0, cv, journal = [], shard } = options;
  const { schedule, total, settings } = planOf(method, space, options);
  const folds = cv === undefined ? null : { stratify: false, ...(typeof cv === "number" ? { k: cv } : cv), seed };
  const fingerprint = { space: space.description, method, direction, seed, ...settings, folds };
  return {
    schedule,
    total,
    fingerprint,
    folds,
    seed,
    journals: (Array.isArray(journal) ? journal : [journal]) as readonly Journal[],
    shard: shard === undefined ? { index: 0, count: 1 } : shardOf(shard),
  };
}

const changeKeys = { stop: bool, set: (value: unknown): unknown => value };

/** What `steer` returned, checked against the hyperparameters that there are. */
export function checkChange(change: unknown, { trial, parameters }: SteerMoment): SteerChange | undefined {
  if (change === undefined) return undefined;
  checkOptions("steer", change, changeKeys);
  const { set } = change as SteerChange;
  if (set !== undefined && !isRecord(set)) throw invalid("steer", "set", "a record of hyperparameters", set);
  for (const name of Object.keys(set ?? {}))
    if (!Object.hasOwn(parameters, name))
      throw new LanewiseError(
        "unknown-option",
        `steer: set has "${name}", which trial ${trial.index} does not. Known: ${Object.keys(parameters).join(", ")}.`,
      );
  for (const [name, value] of Object.entries(set ?? {})) requirePlain("steer", `set.${name}`, value, false);
  return change as SteerChange;
}

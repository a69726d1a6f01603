// pick: the best of several candidates by one metric, among those that satisfy limits on others.

import { LanewiseError } from "../bindings/errors.ts";
import { checkOptions, invalid, isRecord } from "./check.ts";
import { withText } from "./text.ts";

/** What a metric of a candidate must satisfy. */
export interface Limit {
  readonly max?: number;
  readonly min?: number;
}

/** Options of `pick`. */
export interface PickOptions {
  /** The metric to be largest, or which way: `{ minimize: "error" }`. */
  readonly optimize: string | { readonly maximize: string } | { readonly minimize: string };
  /** Limits of other metrics by name; none by default. */
  readonly subjectTo?: Readonly<Record<string, Limit>>;
}

/** A candidate that was left out, and why. */
export interface Excluded<T> {
  readonly candidate: T;
  /** Its place among the candidates. */
  readonly index: number;
  /** "runtimeMs is 1500, at most 100" */
  readonly reasons: readonly string[];
  /** How far it is beyond its limits, each in units of the limit, added up; Infinity where a number is NaN. */
  readonly violation: number;
}

/** What `pick` returns. */
export interface Picked<T> {
  /** Null where no candidate satisfies the limits. */
  readonly best: T | null;
  /** Its place; -1 where there is none. */
  readonly index: number;
  /** In the order given. */
  readonly excluded: readonly Excluded<T>[];
  /** Where there is no best one: the one that violates the limits least. */
  readonly nearest: Excluded<T> | null;
  toString(): string;
}

const metricOf = (where: string, candidate: Readonly<Record<string, unknown>>, index: number, name: string): number => {
  const value = candidate[name];
  if (typeof value !== "number") throw invalid(where, `candidates[${index}].${name}`, "a number", value);
  return value;
};

function checkLimits(where: string, given: unknown): [name: string, limit: Limit][] {
  if (!isRecord(given)) throw invalid(where, "subjectTo", "a record of { min, max } by metric", given);
  return Object.entries(given).map(([name, limit]) => {
    const label = `${where}, subjectTo.${name}`;
    const number = (value: unknown, key: string): unknown => {
      if (typeof value === "number" && !Number.isNaN(value)) return value;
      throw invalid(label, key, "a number", value);
    };
    checkOptions(label, limit, { min: number, max: number });
    const { min, max } = limit as Limit;
    if (min === undefined && max === undefined)
      throw new LanewiseError("invalid-argument", `${label} needs min or max.`);
    return [name, limit as Limit];
  });
}

function goalOf(where: string, given: unknown): { name: string; sign: 1 | -1 } {
  const expected = "the name of a metric, { maximize } or { minimize }";
  const isName = (value: unknown): value is string => typeof value === "string" && value.length > 0;
  if (isName(given)) return { name: given, sign: 1 };
  if (!isRecord(given)) throw invalid(where, "optimize", expected, given);
  const [[key, name] = [], ...more] = Object.entries(given);
  if (more.length > 0 || (key !== "maximize" && key !== "minimize") || !isName(name))
    throw invalid(where, "optimize", expected, given);
  return { name, sign: key === "maximize" ? 1 : -1 };
}

/** Why a number is beyond its limit, and how far in units of the limit; null where it is not. */
function beyond(name: string, value: number, { min, max }: Limit): { reason: string; violation: number } | null {
  if (Number.isNaN(value)) return { reason: `${name} is NaN`, violation: Number.POSITIVE_INFINITY };
  const share = (excess: number, limit: number): number => (limit === 0 ? excess : excess / Math.abs(limit));
  if (max !== undefined && value > max)
    return { reason: `${name} is ${value}, at most ${max}`, violation: share(value - max, max) };
  if (min !== undefined && value < min)
    return { reason: `${name} is ${value}, at least ${min}`, violation: share(min - value, min) };
  return null;
}

/**
 * The candidate that is best by one metric among those whose others are good enough: an optimizing metric and satisficing ones (Deep
 * Learning Specialization, course 3). `pick(models, { optimize: "accuracy", subjectTo: { runtimeMs: { max: 100 } } })`. Candidates are
 * records with these numbers and whatever else. Of equal ones the first. Where none satisfies the limits `best` is null and `nearest`
 * is the one that violates them least. Throws `invalid-argument` for numbers that are missing, `empty-data` without candidates.
 */
export function pick<T extends object>(candidates: readonly T[], options: PickOptions): Picked<T> {
  const where = "pick";
  if (!Array.isArray(candidates)) throw invalid(where, "candidates", "an array of records", candidates);
  if (candidates.length === 0) throw new LanewiseError("empty-data", `${where}: candidates is empty.`);
  checkOptions(where, options, { optimize: (v) => v, subjectTo: (v) => v }, ["optimize"]);
  const { name, sign } = goalOf(where, options.optimize);
  const limits = checkLimits(where, options.subjectTo === undefined ? {} : options.subjectTo);
  const excluded: Excluded<T>[] = [];
  let [index, most] = [-1, 0];
  candidates.forEach((candidate: unknown, i) => {
    if (!isRecord(candidate)) throw invalid(where, `candidates[${i}]`, "a record of metrics", candidate);
    const goal = metricOf(where, candidate, i, name);
    const looked = limits.some(([metric]) => metric === name) ? limits : [...limits, [name, {}] as const];
    const found = looked.flatMap(
      ([metric, limit]) => beyond(metric, metricOf(where, candidate, i, metric), limit) ?? [],
    );
    if (found.length > 0) {
      const violation = found.reduce((sum, each) => sum + each.violation, 0);
      excluded.push({ candidate: candidate as T, index: i, reasons: found.map(({ reason }) => reason), violation });
    } else if (index < 0 || sign * goal > most) [index, most] = [i, sign * goal];
  });
  const best = index < 0 ? null : (candidates[index] as T);
  const nearest =
    best === null ? excluded.reduce((near, each) => (each.violation < near.violation ? each : near)) : null;
  const lines = excluded.map(({ index: i, reasons }) => `candidate ${i} is left out: ${reasons.join("; ")}`);
  const head = best
    ? `candidate ${index}, ${name} ${sign * most}`
    : `no candidate satisfies the limits; the nearest is candidate ${nearest?.index}`;
  return withText({ best, index, excluded, nearest }, () => [head, ...lines].join("\n"));
}

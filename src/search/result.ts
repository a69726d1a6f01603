// What a search comes to: trials, the best of them, a table, importances.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, positiveInteger } from "../check.ts";
import { textTable } from "../text.ts";
import { mainEffects } from "./importance.ts";
import type { Direction, Finished } from "./methods.ts";
import { rank } from "./methods.ts";
import type { Axis } from "./space.ts";
import { optionAt } from "./space.ts";
import type { Trial, TrialResult } from "./trial.ts";

/** A trial that was run, with what came of it. */
export type SearchTrial<P> = Pick<Trial<P>, "configuration" | "parameters" | "budget"> & Omit<TrialResult, "states">;

/** How much a hyperparameter matters. */
export interface Importance {
  /** "learningRate"; below a record "hidden.units", below the second option of a choice "optimizer[1].momentum". */
  readonly parameter: string;
  /** Its share in the variance of values, 0 to 1. */
  readonly importance: number;
}

/** What `search` resolves with. */
export interface SearchResult<P> {
  /** All trials that were run, by index. */
  readonly trials: readonly SearchTrial<P>[];
  /** Those with a value, the best first; of equal ones that with the greater budget, then the earlier. */
  readonly ranking: readonly SearchTrial<P>[];
  /** The first of the ranking. Throws `not-ready` where no trial has a value. */
  readonly best: SearchTrial<P>;
  /** Whether all trials were run; not so where the time was up, or other shards have not run theirs. */
  readonly complete: boolean;
  /** What is worth knowing: lines of a journal that a crash cut off, what a search waits for. */
  readonly notes: readonly string[];
  /** A text: the best trials first, failed ones last. */
  table(options?: { readonly rows?: number }): string;
  /**
   * Hyperparameters by how much of the variance of values each explains by itself, the greatest first: `V_i / V`, where V is the variance over
   * the space and V_i that of the mean over all others, of a forest of 64 regression trees fitted to the ranks of values (functional ANOVA,
   * Hutter et al. 2014). Shares add up to 1 less what only several explain together. Throws `not-ready` below 10 trials with values.
   */
  importance(): Importance[];
}

export interface Row<P> {
  readonly finished: Finished;
  readonly trial: SearchTrial<P>;
}

const IMPORTANCE_TRIALS_MIN = 10;

function formatValue(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The first line of a message, cut where it is long. */
const lineOf = (message: string): string => {
  const [line = ""] = message.split("\n");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
};

/** The hyperparameter of a name; undefined in trials where its condition does not hold. */
const hyperparameterOf = (parameters: unknown, name: string): unknown =>
  new Map(Object.entries(parameters as object)).get(name);

function tableOf<P>(trials: readonly SearchTrial<P>[], most: number): string {
  const shown = trials.slice(0, most);
  const names = [...new Set(shown.flatMap(({ parameters }) => Object.keys(parameters as object)))];
  const budgets = new Set(trials.map(({ budget }) => budget)).size > 1;
  const whole = trials.every(({ status }) => status === "completed");
  const head = ["trial", "value", ...(budgets ? ["budget"] : []), "seconds", ...names, ...(whole ? [] : ["status"])];
  const rows = shown.map(({ index, value, budget, seconds, status, error, parameters }) => [
    String(index),
    value === null ? "-" : formatValue(value),
    ...(budgets ? [formatValue(budget)] : []),
    seconds.toFixed(2),
    ...names.map((name) => formatValue(hyperparameterOf(parameters, name))),
    ...(whole ? [] : [error ? [status, error.name, lineOf(error.message)].filter(Boolean).join(": ") : status]),
  ]);
  const right = head.flatMap((name, i) => (i < head.length - (whole ? 0 : 1) && !isText(shown, name) ? [i] : []));
  const lines = textTable([head, ...rows], right);
  return [...lines, ...(trials.length > shown.length ? [`... and ${trials.length - shown.length} more`] : [])].join(
    "\n",
  );
}

const isText = <P>(trials: readonly SearchTrial<P>[], name: string): boolean =>
  trials.some(({ parameters }) => {
    const value = hyperparameterOf(parameters, name);
    return value !== undefined && typeof value !== "number";
  });

/** Results at one budget, that of most trials: at different ones values cannot be compared. */
function comparable<P>(rows: readonly Row<P>[]): Row<P>[] {
  const valued = rows.filter(({ trial }) => trial.value !== null);
  const counts = new Map<number, number>();
  for (const { trial } of valued) counts.set(trial.budget, (counts.get(trial.budget) ?? 0) + 1);
  const [budget] = [...counts].sort(([a, m], [b, n]) => n - m || b - a)[0] ?? [];
  return valued.filter(({ trial }) => trial.budget === budget);
}

function importances<P>(rows: readonly Row<P>[], axes: readonly Axis[]): Importance[] {
  const known = comparable(rows);
  if (known.length < IMPORTANCE_TRIALS_MIN)
    throw new LanewiseError(
      "not-ready",
      `importance: ${IMPORTANCE_TRIALS_MIN} trials with a value, at one budget, are the least, and there are ${known.length}.`,
    );
  const points = known.map(({ finished }) =>
    finished.proposal.point.map((share, i) => {
      const { rule } = axes[i] as Axis;
      // all points of an option are one
      return rule.type === "choice" ? (optionAt(rule.options.length, share) + 0.5) / rule.options.length : share;
    }),
  );
  const shares = mainEffects(
    points,
    known.map(({ trial }) => trial.value as number),
  );
  return axes
    .map(({ name }, i) => ({ parameter: name, importance: shares[i] as number }))
    .sort((a, b) => b.importance - a.importance);
}

/** The result of a search from its rows in the order of their indices. */
export function createResult<P>(
  rows: readonly Row<P>[],
  axes: readonly Axis[],
  direction: Direction,
  complete: boolean,
  notes: readonly string[],
): SearchResult<P> {
  const trials = rows.map(({ trial }) => trial);
  const byIndex = new Map(rows.map(({ trial }) => [trial.index, trial]));
  const ranking = rank(
    rows.map(({ finished }) => finished),
    direction,
  ).map(({ result }) => byIndex.get(result.index) as SearchTrial<P>);
  return {
    trials,
    ranking,
    complete,
    notes,
    get best() {
      const [best] = ranking;
      if (best) return best;
      const failed = trials.find(({ error }) => error)?.error;
      const why = failed ? `${trials.length} failed, the first by ${failed.name}: ${failed.message}` : "none was run";
      throw new LanewiseError("not-ready", `search: no trial has a value: ${why}`);
    },
    table(options = {}) {
      checkOptions("table", options, { rows: positiveInteger });
      const failed = trials.filter(({ value }) => value === null);
      return tableOf([...ranking, ...failed], options.rows ?? 20);
    },
    importance: () => importances(rows, axes),
  };
}

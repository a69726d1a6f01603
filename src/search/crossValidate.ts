// Cross-validation of a model: k folds, each held out once.

import { LanewiseError } from "../../bindings/errors.ts";
import {
  anyFunction,
  bool,
  checkOptions,
  either,
  invalid,
  nonEmptyString,
  positiveInteger,
  requireRecord,
  seedValue,
} from "../check.ts";
import { foldsOfData } from "../data/folds.ts";
import { freshModel, requireCreate } from "../diagnosis/fresh.ts";
import type { Model } from "../model.ts";
import { textTable, withText } from "../text.ts";
import type { Examples } from "../train/examples.ts";
import type { FitOptions } from "../train/fitPlan.ts";
import type { History } from "../train/history.ts";
import { seedOf } from "./methods.ts";

/** What a model of a fold is made from. */
export interface FoldContext {
  /** From 0. */
  readonly fold: number;
  /** What the model will be trained on: a search in here is nested cross-validation. */
  readonly train: Examples;
  /** One for each fold, by the seed of the folds: for the model, or what searches for its hyperparameters. */
  readonly seed: number;
}

/** Options of `crossValidate`. */
export interface CrossValidateOptions {
  /** Folds, by default 5. */
  readonly k?: number;
  /** Whether each fold has each class in proportion; by default false. */
  readonly stratify?: boolean;
  /** Of the folds, by default 0. */
  readonly seed?: number;
  /** How each model is trained. */
  readonly fit?: FitOptions;
  /** What `evaluate` calls it, by default "loss", or a function of the trained model and the fold that was held out. */
  readonly score?: string | ((model: Model, validation: Examples) => number | Promise<number>);
}

/** What `crossValidate` resolves with. */
export interface CrossValidation {
  /** One for each fold. */
  readonly scores: readonly number[];
  /** `sum of scores / k` */
  readonly mean: number;
  /** `sqrt(sum of (score - mean)^2 / k)` */
  readonly deviation: number;
  readonly histories: readonly History[];
  /** A table of the scores, their mean and deviation. */
  toString(): string;
}

async function scoreOf(
  where: string,
  model: Model,
  validation: Examples,
  score: NonNullable<CrossValidateOptions["score"]>,
  batchSize: number | undefined,
): Promise<number> {
  let value: unknown;
  if (typeof score === "function") value = await score(model, validation);
  else {
    const logs = await model.evaluate(validation, batchSize === undefined ? {} : { batchSize });
    if (!Object.hasOwn(logs, score))
      throw new LanewiseError(
        "invalid-argument",
        `${where}: score "${score}" is not what evaluate gives. Known: ${Object.keys(logs).join(", ")}.`,
      );
    value = logs[score];
  }
  if (typeof value !== "number") throw invalid(where, "what score returns", "a number", value);
  if (!Number.isFinite(value)) throw new LanewiseError("non-finite", `${where}: the score is ${value}.`);
  return value;
}

/**
 * Trains a model on k - 1 of k folds and scores it on the one that is left, k times (Stone 1974). `createModel` makes a fresh, compiled model for
 * each fold; it may be async, and search for hyperparameters within `train`. Models are disposed of after their fold.
 * Throws `invalid-argument` where k exceeds the number of examples, or createModel gives the same model again.
 */
export async function crossValidate(
  createModel: (context: FoldContext) => Model | Promise<Model>,
  data: Examples,
  options: CrossValidateOptions = {},
): Promise<CrossValidation> {
  const where = "crossValidate";
  requireCreate(where, createModel, "createModel");
  checkOptions(where, options, {
    k: positiveInteger,
    stratify: bool,
    seed: seedValue,
    fit: (value) => requireRecord(`${where}, fit`, value),
    score: either(
      nonEmptyString,
      anyFunction,
      "a name that evaluate gives, or a function (model, validation) => number",
    ),
  });
  const { k = 5, stratify = false, seed = 0, fit = {}, score = "loss" } = options;
  if (typeof data !== "object" || data === null) throw invalid(where, "data", "{ x, y }", data);
  const folds = foldsOfData(where, data, { k, stratify, seed });
  const scores: number[] = [];
  const histories: History[] = [];
  const seen = new WeakSet<object>();
  for (const [fold, parts] of folds.entries()) {
    fit.signal?.throwIfAborted();
    const { train, validation } = parts;
    const about = { fold, train, seed: seedOf(seed, fold) };
    const model = await freshModel(where, createModel, about, seen, "createModel");
    histories.push(await model.fit(train, fit));
    const batchSize = typeof fit.batchSize === "number" ? fit.batchSize : undefined; // of training alone otherwise
    scores.push(await scoreOf(where, model, validation, score, batchSize));
    model.dispose();
  }
  const mean = scores.reduce((sum, each) => sum + each, 0) / k;
  const deviation = Math.sqrt(scores.reduce((sum, each) => sum + (each - mean) ** 2, 0) / k);
  return withText({ scores, mean, deviation, histories }, () => {
    const rows = scores.map((value, fold) => [String(fold), value.toPrecision(4)]);
    const table = textTable([["fold", typeof score === "string" ? score : "score"], ...rows], [0, 1]);
    return [...table, `mean ${mean.toPrecision(4)}, deviation ${deviation.toPrecision(4)}`].join("\n");
  });
}

// Cross-validation: every example is in the validation part of one fold and in the training part of all others.

import { LanewiseError } from "../../bindings/errors.ts";
import { anything, bool, checkOptions, invalid, isRecord, positiveInteger, seedValue } from "../check.ts";
import { permutation } from "../random.ts";
import { FOLD_STREAM } from "../streams.ts";
import type { Values } from "./arrays.ts";
import { strataOf } from "./labels.ts";
import type { Table } from "./rows.ts";
import { tableOf } from "./rows.ts";

/** Options of `kFold`. */
export interface KFoldOptions {
  /** Number of folds, at least 2; by default 5. */
  readonly k?: number;
  /** Whether examples are dealt in a random order; by default true. Without, each validation part is a stretch; stratified, a class's examples are dealt in turn. */
  readonly shuffle?: boolean;
  /** Of the random order, by default 0. */
  readonly seed?: number;
  /** How many examples there are, where typed arrays alone do not say. */
  readonly examples?: number;
}

/** Options of `stratifiedKFold`. */
export interface StratifiedKFoldOptions extends KFoldOptions {
  /** One label an example; by default `y` of the data. */
  readonly labels?: Values | readonly string[];
}

/** One of k ways to train and validate. */
export interface Fold<D> {
  /** What to train on. */
  readonly train: D;
  /** What to validate on. */
  readonly validation: D;
  /** The same as indices, in increasing order. */
  readonly indices: { readonly train: Uint32Array; readonly validation: Uint32Array };
}

const checkers = { k: positiveInteger, shuffle: bool, seed: seedValue, examples: positiveInteger };

/**
 * k folds whose validation parts have no example in common and together hold all; their sizes differ by one at most.
 * Of a number of examples the folds are indices; of data (as `split` takes them) they are data, whose rows are
 * copied whenever `train` or `validation` is read, so that one fold is held at a time.
 * Throws `invalid-argument` where k exceeds the number of examples.
 */
export function kFold(count: number, options?: KFoldOptions): Fold<Uint32Array>[];
export function kFold<D extends object>(data: D, options?: KFoldOptions): Fold<D>[];
export function kFold(data: object | number, options: KFoldOptions = {}): Fold<unknown>[] {
  const where = "kFold";
  checkOptions(where, options, checkers);
  const { table, count } = examplesOf(where, data, options.examples);
  return makeFolds(cut(where, count, options), table);
}

/**
 * As `kFold`, with each class's share in every validation part, rounded down or up. Of data the labels are `y`; labels alone
 * give indices. A class with fewer than k examples is missing from some validation parts.
 */
export function stratifiedKFold(
  labels: Values | readonly string[],
  options?: StratifiedKFoldOptions,
): Fold<Uint32Array>[];
export function stratifiedKFold<D extends object>(data: D, options?: StratifiedKFoldOptions): Fold<D>[];
export function stratifiedKFold(data: unknown, options: StratifiedKFoldOptions = {}): Fold<unknown>[] {
  const where = "stratifiedKFold";
  checkOptions(where, options, { ...checkers, labels: anything });
  const named = isRecord(data) && !("data" in data && "shape" in data);
  const { table, count } = named
    ? examplesOf(where, data, options.examples)
    : { table: null, count: options.examples ?? null };
  const labels = options.labels !== undefined ? options.labels : named ? data.y : data;
  if (labels === undefined) throw invalid(where, "labels", "one label an example, as data has no y", labels);
  const strata = strataOf(where, options.labels === undefined && !named ? "data" : "labels", labels, count);
  return makeFolds(deal(where, strata, options), table);
}

/** Folds of data for what has `k`, `seed` and `stratify` alone: stratified they go by `y` of the data. */
export function foldsOfData<D extends object>(
  where: string,
  data: D,
  { k, stratify, seed }: { readonly k: number; readonly stratify: boolean; readonly seed: number },
): Fold<D>[] {
  const table = tableOf(where, data, null);
  if (!stratify) return makeFolds(cut(where, table.count, { k, seed }), table) as Fold<D>[];
  const { y } = data as { readonly y?: unknown };
  if (y === undefined) throw invalid(where, "data.y", "one label an example, as stratify goes by it", y);
  const strata = strataOf(where, "data.y", y, table.count);
  return makeFolds(deal(where, strata, { k, seed }), table) as Fold<D>[];
}

/** The fold that validates on each example. */
interface Parts {
  readonly k: number;
  readonly of: Uint32Array;
}

/** One stretch of the order for each fold. */
function cut(where: string, count: number, options: KFoldOptions): Parts {
  const k = foldsOf(where, count, options.k);
  const order = orderOf(count, options);
  const of = new Uint32Array(count);
  for (let fold = 0, at = 0; fold < k; fold++) {
    const size = Math.floor(count / k) + (fold < count % k ? 1 : 0);
    for (const end = at + size; at < end; at++) of[order[at] as number] = fold;
  }
  return { k, of };
}

/** The examples of each class in turn. */
function deal(where: string, strata: Int32Array, options: KFoldOptions): Parts {
  const k = foldsOf(where, strata.length, options.k);
  const order = orderOf(strata.length, options);
  // classes one behind the other, dealt round: neighbours in a class go to different folds
  const classes = new Map<number, number[]>();
  for (const index of order) {
    const stratum = strata[index] as number;
    const members = classes.get(stratum);
    if (members) members.push(index);
    else classes.set(stratum, [index]);
  }
  const of = new Uint32Array(strata.length);
  let dealt = 0;
  for (const members of classes.values()) for (const index of members) of[index] = dealt++ % k;
  return { k, of };
}

function examplesOf(where: string, data: unknown, examples?: number): { table: Table | null; count: number } {
  if (typeof data === "number") return { table: null, count: positiveInteger(data, "data", where) };
  const table = tableOf(where, data, examples);
  return { table, count: table.count };
}

function foldsOf(where: string, count: number, k = 5): number {
  if (k < 2) throw invalid(where, "k", "at least 2", k);
  if (k > count) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: k is ${k}, but there are only ${count} examples, and each fold validates on one at least.`,
    );
  }
  return k;
}

const orderOf = (count: number, { shuffle = true, seed = 0 }: KFoldOptions): Uint32Array =>
  shuffle ? permutation(count, seed, FOLD_STREAM, 0) : Uint32Array.from({ length: count }, (_, i) => i);

function makeFolds({ k, of: parts }: Parts, table: Table | null): Fold<unknown>[] {
  const sizes = new Uint32Array(k);
  for (const part of parts) sizes[part] = (sizes[part] as number) + 1;
  return Array.from(sizes, (size, fold) => {
    const train = new Uint32Array(parts.length - size);
    const validation = new Uint32Array(size);
    let [trained, validated] = [0, 0];
    parts.forEach((part, index) => {
      if (part === fold) validation[validated++] = index;
      else train[trained++] = index;
    });
    const indices = { train, validation };
    if (!table) return { train, validation, indices };
    return {
      get train() {
        return table.pick(train);
      },
      get validation() {
        return table.pick(validation);
      },
      indices,
    };
  });
}

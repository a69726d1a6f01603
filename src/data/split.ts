// Parts of a data set: train, train-dev, dev, test. Which example goes where is decided by indices alone.

import { LanewiseError } from "../../bindings/errors.ts";
import { anything, bool, checkOptions, invalid, isRecord, positiveInteger, seedValue } from "../check.ts";
import { permutation } from "../random.ts";
import { SPLIT_STREAM } from "../streams.ts";
import type { Values } from "./arrays.ts";
import { strataOf } from "./labels.ts";
import { tableOf } from "./rows.ts";

/** The parts a data set can be split into, in the order in which they are dealt. */
export type PartName = "train" | "trainDev" | "dev" | "test";

const partNames: readonly PartName[] = ["train", "trainDev", "dev", "test"];

type Shares = Readonly<Partial<Record<PartName, number>>>;

/** Options of `split` and `splitIndices`. */
export interface SplitOptions {
  /**
   * Shares that sum to 1: by name, where `train` may be left out and is the rest; `[train, test]` or `[train, dev, test]`; or
   * "auto" (default), by the number of examples: below 100,000 60/20/20, 70/30 without dev; up to 1,000,000 98/1/1, 99/1;
   * above that 99.5/0.25/0.25, 99.75/0.25.
   */
  readonly ratios?: "auto" | readonly [number, number] | readonly [number, number, number] | Shares;
  /** Numbers of examples in place of ratios, by name; `train` may be left out and is the rest. */
  readonly counts?: Shares;
  /** What "auto" makes, by default train, dev and test. A train-dev part is as large as dev, and taken from train. */
  readonly parts?: readonly PartName[];
  /**
   * Keeps each class's share in every part, rounded down or up: true (by `y`), or one label an example. Of a class too rare
   * for all parts, train is the first to have an example. By default false.
   */
  readonly stratify?: boolean | Values | readonly string[];
  /** Whether examples are dealt in a random order; by default true. Without, each part is a stretch: the first to train. */
  readonly shuffle?: boolean;
  /** Of the random order, by default 0. */
  readonly seed?: number;
  /** How many examples there are, where typed arrays alone do not say. */
  readonly examples?: number;
}

/** The parts that options ask for. */
export type PartsOf<O> = O extends { readonly parts: readonly (infer P)[] }
  ? Extract<P, PartName>
  : O extends { readonly counts: infer C extends object }
    ? Extract<keyof C, PartName> | "train"
    : O extends { readonly ratios: readonly [number, number] }
      ? "train" | "test"
      : O extends { readonly ratios: "auto" | readonly number[] }
        ? "train" | "dev" | "test"
        : O extends { readonly ratios: infer R extends object }
          ? Extract<keyof R, PartName> | "train"
          : "train" | "dev" | "test";

const checkers = {
  ratios: anything,
  counts: anything,
  parts: anything,
  stratify: anything,
  shuffle: bool,
  seed: seedValue,
  examples: positiveInteger,
};

/**
 * Splits data into parts that have no example in common and together hold all: `{ x, y, sampleWeight }`, any other record of
 * arrays with the same number of examples, or one array. Forms and number types stay, rows are copied once.
 * The train-dev part has the distribution of the training part and is never trained on: it tells variance from a mismatch
 * of the data (Ng, Machine Learning Yearning, chapters 40 and 41).
 * Throws `empty-data` where a part would be empty, `shape-mismatch` where arrays have different numbers of examples.
 */
export function split<D extends object, const O extends SplitOptions = SplitOptions>(
  data: D,
  options?: O & SplitOptions,
): Record<PartsOf<O>, D> {
  const given: SplitOptions = options === undefined ? {} : options;
  checkOptions("split", given, checkers);
  const table = tableOf("split", data, given.examples);
  let { stratify } = given;
  if (stratify === true) {
    if (!isRecord(data) || !("y" in data)) throw invalid("split", "stratify", "labels, as data has no y", stratify);
    stratify = data.y as Values;
  }
  const indices = partsOf("split", table.count, { ...given, ...(stratify === undefined ? {} : { stratify }) });
  return Object.fromEntries(Object.entries(indices).map(([name, part]) => [name, table.pick(part)])) as never;
}

/**
 * The indices of the examples of each part, as `split` would deal them: for data that is not copied. `stratify` takes labels.
 */
export function splitIndices<const O extends SplitOptions = SplitOptions>(
  count: number,
  options?: O & SplitOptions,
): Record<PartsOf<O>, Uint32Array> {
  const given: SplitOptions = options === undefined ? {} : options;
  positiveInteger(count, "count", "splitIndices");
  checkOptions("splitIndices", given, { ...checkers, examples: () => refuseExamples() });
  if (given.stratify === true) throw invalid("splitIndices", "stratify", "labels", true);
  return partsOf("splitIndices", count, given) as never;
}

function refuseExamples(): never {
  throw new LanewiseError("invalid-argument", "splitIndices: examples is what count says; leave the option out.");
}

function partsOf(where: string, count: number, options: SplitOptions): Record<string, Uint32Array> {
  const sizes = sizesOf(where, count, options);
  const { stratify = false, shuffle = true, seed = 0 } = options;
  const strata = stratify === false ? null : strataOf(where, "stratify", stratify, count);
  const order = shuffle ? permutation(count, seed, SPLIT_STREAM, 0) : Uint32Array.from({ length: count }, (_, i) => i);
  const ends: number[] = [];
  for (const size of sizes.values()) ends.push((ends.at(-1) ?? 0) + size);
  const dealt = strata ? dealByStrata(order, strata, [...sizes.values()]) : null;
  return Object.fromEntries(
    [...sizes.keys()].map((name, i) => [name, dealt?.[i] ?? order.slice(ends[i - 1] ?? 0, ends[i])]),
  );
}

/** Exact sizes of the parts, in the order in which they are dealt. */
function sizesOf(where: string, count: number, options: SplitOptions): Map<PartName, number> {
  const { ratios = "auto", counts, parts } = options;
  if (counts !== undefined && options.ratios !== undefined)
    throw invalid(where, "counts", "left out where ratios are given", counts);
  if (parts !== undefined && (counts !== undefined || ratios !== "auto"))
    throw invalid(where, "parts", 'left out where ratios or counts are given: it is for "auto"', parts);
  const sizes = counts === undefined ? byRatios(where, count, ratios, parts) : byCounts(where, count, counts);
  const asked =
    counts === undefined ? `ratios ${typeof ratios === "string" ? ratios : JSON.stringify(ratios)}` : "counts";
  for (const [name, size] of sizes) {
    if (size > 0) continue;
    throw new LanewiseError(
      "empty-data",
      `${where}: by ${asked} the part ${name} of ${count} examples would be empty. Give counts, or more data.`,
    );
  }
  return sizes;
}

function byCounts(where: string, count: number, counts: unknown): Map<PartName, number> {
  const given = readShares(where, "counts", counts, "non-negative integers", (n) => Number.isInteger(n) && n >= 0);
  const sum = [...given.values()].reduce((total, n) => total + n, 0);
  if (sum > count || (given.has("train") && sum !== count)) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: counts sum to ${sum}, but there are ${count} examples, each of which goes into one part. Leave train out to give it the rest.`,
    );
  }
  return inOrder(given.has("train") ? given : given.set("train", count - sum));
}

/** Below it the sets of a course before big data, above it those after; the middle of 10,000 and 1,000,000 by ratio. */
const MANY = 100_000;
const VERY_MANY = 1_000_000;

function autoShares(where: string, count: number, parts: unknown): Map<PartName, number> {
  const wanted = parts === undefined ? ["train", "dev", "test"] : parts;
  const list = wanted as readonly PartName[];
  const known = Array.isArray(wanted) && list.every((name) => partNames.includes(name));
  if (!known || !list.includes("train") || list.length < 2 || new Set(list).size < list.length)
    throw invalid(where, "parts", `an array with "train" and others of ${partNames.join(", ")}, each once`, parts);
  const few = list.length === 2 ? 0.3 : 0.2;
  const share = count < MANY ? few : count <= VERY_MANY ? 0.01 : 0.0025;
  const shares = new Map<PartName, number>(list.map((name) => [name, share]));
  return shares.set("train", 1 - share * (list.length - 1));
}

function byRatios(where: string, count: number, ratios: unknown, parts: unknown): Map<PartName, number> {
  if (ratios === "auto") return apportion(count, inOrder(autoShares(where, count, parts)));
  let record = ratios;
  if (Array.isArray(ratios)) {
    if (ratios.length !== 2 && ratios.length !== 3)
      throw invalid(where, "ratios", "[train, test] or [train, dev, test]", ratios);
    const names = ratios.length === 2 ? ["train", "test"] : ["train", "dev", "test"];
    record = Object.fromEntries(names.map((name, i) => [name, ratios[i] as unknown]));
  }
  const shares = readShares(where, "ratios", record, "numbers from 0 to 1", (n) => n >= 0 && n <= 1);
  const sum = [...shares.values()].reduce((total, n) => total + n, 0);
  if (!shares.has("train")) shares.set("train", Math.max(0, 1 - sum));
  else if (Math.abs(sum - 1) > 1e-9) {
    throw new LanewiseError("invalid-argument", `${where}: ratios must sum to 1, these sum to ${sum}.`);
  }
  if (sum > 1 + 1e-9)
    throw new LanewiseError("invalid-argument", `${where}: ratios must not exceed 1, these sum to ${sum}.`);
  return apportion(count, inOrder(shares));
}

function readShares(
  where: string,
  option: string,
  value: unknown,
  expected: string,
  test: (n: number) => boolean,
): Map<PartName, number> {
  if (!isRecord(value) || Object.keys(value).length === 0)
    throw invalid(where, option, `a record of ${expected} by ${partNames.join(", ")}`, value);
  const shares = new Map<PartName, number>();
  for (const [name, share] of Object.entries(value)) {
    if (!partNames.includes(name as PartName)) {
      throw new LanewiseError("unknown-option", `${where}: ${option} has "${name}". Known: ${partNames.join(", ")}.`);
    }
    if (share === undefined) continue;
    if (typeof share !== "number" || !test(share)) throw invalid(where, `${option}.${name}`, expected, share);
    shares.set(name as PartName, share);
  }
  return shares;
}

const inOrder = <T>(parts: Map<PartName, T>): Map<PartName, T> =>
  new Map(partNames.filter((name) => parts.has(name)).map((name) => [name, parts.get(name) as T]));

/** Whole numbers in the proportion of shares, by the largest remainders; of equal ones the first. */
function apportion(count: number, shares: Map<PartName, number>): Map<PartName, number> {
  // a share such as 0.29 times 100 is a little below 29
  const quotas = [...shares].map(([name, share]) => {
    const quota = share * count;
    const near = Math.round(quota);
    return { name, quota: Math.abs(quota - near) < 1e-9 * count ? near : quota };
  });
  const sizes = new Map(quotas.map(({ name, quota }) => [name, Math.floor(quota)]));
  let left = count - [...sizes.values()].reduce((total, n) => total + n, 0);
  const byRemainder = [...quotas].sort((a, b) => (b.quota % 1) - (a.quota % 1));
  for (const { name, quota } of byRemainder) {
    if (left-- <= 0) break;
    if (quota > 0) sizes.set(name, (sizes.get(name) as number) + 1);
  }
  return sizes;
}

/**
 * Deals the examples of `order` to parts of exact sizes, so that each part has of each stratum its share, rounded down or up.
 * A stratum with too few examples for every part goes to the first part, train, before the others, as far as sizes allow.
 */
function dealByStrata(order: Uint32Array, strata: Int32Array, sizes: readonly number[]): Uint32Array[] {
  const members = new Map<number, number>();
  for (const stratum of strata) members.set(stratum, (members.get(stratum) ?? 0) + 1);
  const shares = shareStrata(members, sizes, true) ?? (shareStrata(members, sizes, false) as Map<number, number[]>);
  const parts = sizes.map((size) => new Uint32Array(size));
  const filled = sizes.map(() => 0);
  for (const index of order) {
    const left = shares.get(strata[index] as number) as number[];
    const part = left.findIndex((n) => n > 0);
    left[part] = (left[part] as number) - 1;
    (parts[part] as Uint32Array)[filled[part] as number] = index;
    filled[part] = (filled[part] as number) + 1;
  }
  return parts;
}

/**
 * How many of each stratum each part gets: the quota size * members / count rounded down, and what is left one by one to the
 * parts that lack most (which always works out: Gale and Ryser 1957). With `firstServed`, the first part is served first
 * where it would have none of a stratum; null where that does not work out.
 */
function shareStrata(
  members: ReadonlyMap<number, number>,
  sizes: readonly number[],
  firstServed: boolean,
): Map<number, number[]> | null {
  const count = sizes.reduce((total, n) => total + n, 0);
  const lacking = [...sizes];
  const rows = [...members].map(([stratum, n]) => {
    const quotas = sizes.map((size) => (size * n) / count);
    const shares = sizes.map((size) => Math.floor((size * n) / count));
    shares.forEach((share, part) => {
      lacking[part] = (lacking[part] as number) - share;
    });
    return { stratum, n, shares, quotas, left: n - shares.reduce((total, share) => total + share, 0) };
  });
  for (const { shares, quotas, left } of [...rows].sort((a, b) => a.n - b.n)) {
    const wish = (part: number): number => (firstServed && part === 0 && shares[0] === 0 ? 1 : 0);
    const remainder = (part: number): number => (quotas[part] as number) % 1;
    const best = sizes
      .map((_, part) => part)
      .filter((part) => (lacking[part] as number) > 0)
      .sort(
        (a, b) =>
          wish(b) - wish(a) || (lacking[b] as number) - (lacking[a] as number) || remainder(b) - remainder(a) || a - b,
      )
      .slice(0, left);
    if (best.length < left) return null;
    for (const part of best) {
      shares[part] = (shares[part] as number) + 1;
      lacking[part] = (lacking[part] as number) - 1;
    }
  }
  return new Map(rows.map(({ stratum, shares }) => [stratum, shares]));
}

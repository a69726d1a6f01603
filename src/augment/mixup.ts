// Mixup: batches of sums of two examples each, for fit.

import { LanewiseError } from "../../bindings/errors.ts";
import {
  bool,
  checkOptions,
  invalid,
  isRecord,
  nonNegativeInteger,
  positive,
  positiveInteger,
  seedValue,
} from "../check.ts";
import type { FlatArray, NumericArray, Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import type { BatchSize } from "../data/batchSize.ts";
import { batchSizeOf, batchSizeOption, noWholeBatch } from "../data/batchSize.ts";
import { part } from "../data/feed.ts";
import { exp, log } from "../math.ts";
import { permutation } from "../random.ts";
import type { RandomNumbers } from "../randomNumbers.ts";
import { createRandom } from "../randomNumbers.ts";
import { formatShape, sizeOf } from "../shape.ts";
import { MIXUP_AMOUNT_STREAM, MIXUP_STREAM } from "../streams.ts";
import type { Examples } from "../train/examples.ts";

/** Options of `augment.mixup`. */
export interface MixupOptions {
  /** Of the distribution Beta(alpha, alpha) of the weights, above 0; by default 0.2. Small: mostly one of the two. */
  readonly alpha?: number;
  /** By default 32; "full" and "auto" as of `fit`. */
  readonly batchSize?: BatchSize;
  /** By default 0. */
  readonly seed?: number;
  /** How many classes there are, where y holds labels. */
  readonly classes?: number;
  /** Whether a last batch that is smaller is left out, by default false. */
  readonly dropRemainder?: boolean;
}

/** log of a draw of the gamma distribution of shape alpha (Marsaglia and Tsang 2000; below 1 by a power of a uniform number). */
function logGamma(alpha: number, random: RandomNumbers): number {
  if (alpha < 1) return logGamma(alpha + 1, random) + log(1 - random.uniform()) / alpha;
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = random.normal();
    const root = 1 + c * z;
    if (root <= 0) continue;
    const v = root * root * root;
    if (log(1 - random.uniform()) < 0.5 * z * z + d - d * v + d * log(v)) return log(d) + log(v);
  }
}

/** A draw of Beta(alpha, alpha): a / (a + b), a and b gamma; by logarithms, so that small ones are not lost. */
function beta(alpha: number, random: RandomNumbers): number {
  const difference = logGamma(alpha, random) - logGamma(alpha, random);
  // 1 / (1 + b / a) without an overflow
  const small = exp(-Math.abs(difference));
  return difference >= 0 ? 1 / (1 + small) : small / (1 + small);
}

interface Part {
  readonly data: NumericArray;
  /** Of one example. */
  readonly shape: readonly number[];
  readonly size: number;
}

function xOf(where: string, x: FlatArray, count: number): Part {
  const fits = x.shape ? x.shape[0] === count : x.data.length > 0 && x.data.length % count === 0;
  if (!fits) {
    const came = x.shape ? `shape ${formatShape(x.shape)}` : `${x.data.length} numbers`;
    throw new LanewiseError("shape-mismatch", `${where}: x must have as many examples as y, ${count}, got ${came}.`);
  }
  const shape = x.shape ? x.shape.slice(1) : [x.data.length / count];
  return { data: x.data, shape, size: sizeOf(shape) };
}

/** Examples of y as shares of classes: given as such, or labels. */
function yOf(where: string, y: FlatArray, classes: number | undefined): Part {
  const { data, shape } = y;
  const isLabels =
    shape === null || shape.length < 2 || (shape.length === 2 && shape[1] === 1 && classes !== undefined);
  if (!isLabels) {
    if (classes !== undefined && (shape.length !== 2 || shape[1] !== classes))
      throw new LanewiseError("shape-mismatch", `${where}: y ${formatShape(shape)} does not have ${classes} classes.`);
    return { data, shape: shape.slice(1), size: sizeOf(shape.slice(1)) };
  }
  if (classes === undefined) {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: classes is required where y holds labels: how many there are.`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    const label = data[i] as number;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new LanewiseError(
      "invalid-argument",
      `${where}: label ${i} is ${label}, expected an integer from 0 to ${classes - 1}.`,
    );
  }
  return { data, shape: [classes], size: 0 };
}

/** Two examples, and the share of the first. */
interface Pair {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/** Writes a mixture of two examples to `out`, which holds one; labels become shares of classes. */
function mix(out: Float32Array, { data, size }: Part, { first, second, weight }: Pair): void {
  const rest = 1 - weight;
  if (size === 0) {
    const [one, other] = [data[first] as number, data[second] as number];
    out[one] = weight;
    out[other] = one === other ? 1 : rest;
    return;
  }
  // of each example a view of its own, so that there is nothing to add in the loop
  const [a, b] = [part(data, first * size, (first + 1) * size), part(data, second * size, (second + 1) * size)];
  for (let i = 0; i < size; i++) out[i] = weight * (a[i] as number) + rest * (b[i] as number);
}

/**
 * Batches for `fit` of mixed examples: x = w x[i] + (1 - w) x[j] and y = w y[i] + (1 - w) y[j] for every i of the data and a j
 * drawn with it, w of Beta(alpha, alpha) for each pair; labels become shares of classes, for the loss
 * "categoricalCrossentropy". What is drawn follows from the seed and the epoch: that which `fit` says, also when it goes on after a
 * load; called without, the next. (Zhang, Cisse, Dauphin, Lopez-Paz 2018, "mixup: beyond empirical risk minimization".)
 *
 * Throws `shape-mismatch`, `empty-data` (also where `dropRemainder` would leave no batch), `invalid-argument`.
 */
export function mixup(
  data: { readonly x: Values; readonly y: Values },
  options: MixupOptions = {},
): (epoch?: number) => Generator<Examples, void, undefined> {
  const where = "augment.mixup";
  if (!isRecord(data) || Array.isArray(data)) throw invalid(where, "data", "{ x, y }", data);
  checkOptions(`${where}, data`, data, { x: (v) => v, y: (v) => v }, ["x", "y"]);
  checkOptions(where, options, {
    ...{ alpha: positive, batchSize: batchSizeOption, seed: seedValue, classes: positiveInteger, dropRemainder: bool },
  });
  const { alpha = 0.2, seed = 0, classes, dropRemainder = false } = options;
  const yFlat = flattenArray(`${where}: y`, data.y);
  const xFlat = flattenArray(`${where}: x`, data.x);
  const y = yOf(where, yFlat, classes);
  const count = yFlat.data.length / Math.max(1, y.size);
  if (count === 0) throw new LanewiseError("empty-data", `${where}: there are no examples.`);
  const x = xOf(where, xFlat, count);
  const batchSize = batchSizeOf(options.batchSize ?? 32, count);
  const end = dropRemainder ? count - (count % batchSize) : count;
  if (end === 0) throw noWholeBatch(where, batchSize, count);
  const mixedBatches = function* (epoch: number): Generator<Examples, void, undefined> {
    const order = permutation(count, seed, MIXUP_STREAM, 2 * epoch);
    const partners = permutation(count, seed, MIXUP_STREAM, 2 * epoch + 1);
    const random = createRandom(seed, MIXUP_AMOUNT_STREAM, epoch);
    for (let first = 0; first < end; first += batchSize) {
      const batch = Math.min(batchSize, end - first);
      const width = sizeOf(y.shape);
      const mixedX = new Float32Array(batch * x.size);
      const mixedY = new Float32Array(batch * width);
      for (let i = 0; i < batch; i++) {
        const weight = beta(alpha, random);
        const pair = { first: order[first + i] as number, second: partners[first + i] as number, weight };
        mix(mixedX.subarray(i * x.size, (i + 1) * x.size), x, pair);
        mix(mixedY.subarray(i * width, (i + 1) * width), y, pair);
      }
      yield { x: { data: mixedX, shape: [batch, ...x.shape] }, y: { data: mixedY, shape: [batch, ...y.shape] } };
    }
  };
  let next = 0;
  return (epoch = next) => {
    next = 1 + nonNegativeInteger(epoch, "epoch", where);
    return mixedBatches(epoch);
  };
}

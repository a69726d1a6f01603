// Examples taken by index, in another order, or batch by batch.

import { bool, checkOptions, invalid, nonNegativeInteger, positiveInteger, seedValue } from "../check.ts";
import { permutation } from "../random.ts";
import { BATCH_STREAM, REORDER_STREAM } from "../streams.ts";
import type { BatchSize } from "./batchSize.ts";
import { batchSizeOf, batchSizeOption, noWholeBatch } from "./batchSize.ts";
import { tableOf } from "./rows.ts";

/** Options of `select`. */
export interface SelectOptions {
  /** How many examples there are, where typed arrays alone do not say. */
  readonly examples?: number;
}

/** Options of `shuffle`. */
export interface ShuffleOptions extends SelectOptions {
  /** By default 0. */
  readonly seed?: number;
}

/** Options of `batches`. */
export interface BatchesOptions extends ShuffleOptions {
  /** By default 32; "full" and "auto" as of `fit`. */
  readonly batchSize?: BatchSize;
  /** Whether each pass has an order of its own; by default true. */
  readonly shuffle?: boolean;
  /** Whether a last batch that is smaller is left out; by default false. */
  readonly dropRemainder?: boolean;
  /** The pass to begin with, which settles the order with the seed; by default 0. */
  readonly epoch?: number;
}

/**
 * The examples that `indices` name, in that order, copied: of `{ x, y, ... }` as `split` takes it, or of one array.
 * Throws `invalid-argument` for an index that is not from 0 to the number of examples.
 */
export function select<D extends object>(data: D, indices: ArrayLike<number>, options: SelectOptions = {}): D {
  const where = "select";
  checkOptions(where, options, { examples: positiveInteger });
  const table = tableOf(where, data, options.examples);
  const list = indices as unknown;
  if (!(Array.isArray(list) || (ArrayBuffer.isView(list) && !(list instanceof DataView))) || indices.length === 0)
    throw invalid(where, "indices", "a non-empty array of integers", list);
  for (let i = 0; i < indices.length; i++) {
    const index: unknown = indices[i];
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= table.count)
      throw invalid(where, `indices[${i}]`, `an integer from 0 to ${table.count - 1}`, index);
  }
  return table.pick(indices) as D;
}

/** All examples in a random order, settled by the seed: a copy, with x, y and whatever else there is kept together. */
export function shuffle<D extends object>(data: D, options: ShuffleOptions = {}): D {
  checkOptions("shuffle", options, { seed: seedValue, examples: positiveInteger });
  const table = tableOf("shuffle", data, options.examples);
  return table.pick(permutation(table.count, options.seed ?? 0, REORDER_STREAM, 0)) as D;
}

/**
 * Batches of the examples, for loops of one's own, or to change batches on their way into `fit`. Each time it is iterated, it
 * is the next pass, in another order. Without `shuffle` batches are views of typed arrays, not copies.
 * Throws `empty-data` where `dropRemainder` would leave no batch.
 */
export function batches<D extends object>(data: D, options: BatchesOptions = {}): Iterable<D> {
  const where = "batches";
  checkOptions(where, options, {
    batchSize: batchSizeOption,
    shuffle: bool,
    seed: seedValue,
    dropRemainder: bool,
    epoch: nonNegativeInteger,
    examples: positiveInteger,
  });
  const { shuffle: shuffled = true, seed = 0, dropRemainder = false } = options;
  const table = tableOf(where, data, options.examples);
  const batchSize = batchSizeOf(options.batchSize ?? 32, table.count);
  const end = dropRemainder ? table.count - (table.count % batchSize) : table.count;
  if (end === 0) throw noWholeBatch(where, batchSize, table.count);
  let pass = options.epoch ?? 0;
  return {
    *[Symbol.iterator](): Generator<D> {
      const order = shuffled ? permutation(table.count, seed, BATCH_STREAM, pass++) : null;
      for (let first = 0; first < end; first += batchSize) {
        const last = Math.min(first + batchSize, end);
        yield (order ? table.pick(order.subarray(first, last)) : table.slice(first, last)) as D;
      }
    },
  };
}

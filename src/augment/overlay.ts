// Synthesis from two sources: parts of one cut out at random and added to the examples of the other.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { checkOptions, invalid, seedValue } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray, newArray } from "../data/arrays.ts";
import { pow } from "../math.ts";
import type { RandomNumbers } from "../randomNumbers.ts";
import { createRandom } from "../randomNumbers.ts";
import { formatShape, sizeOf } from "../shape.ts";
import { OVERLAY_STREAM } from "../streams.ts";
import { isNumber, isPair, valueRange } from "./options.ts";

/** A number, or two between which one is drawn for each example. */
type Drawn = number | readonly [from: number, to: number];

/** Options of `augment.overlay`: `gain` or `snr`. */
export interface OverlayOptions {
  /** What the second source is multiplied by, by default 1. */
  readonly gain?: Drawn;
  /** In decibels: the gain is such that 10 log10(power of a / power of what is added) is this; power is the mean square. */
  readonly snr?: Drawn;
  /** Results are kept within. */
  readonly valueRange?: readonly [low: number, high: number];
  /** By default 0. */
  readonly seed?: number;
}

const drawnNumber = (value: unknown, name: string, where: string): Drawn => {
  if (isNumber(value) || (isPair(value) && value[0] <= value[1])) return value;
  throw invalid(where, name, "a number, or [from, to] to draw one for each example", value);
};

const drawn = (of: Drawn, random: RandomNumbers): number =>
  typeof of === "number" ? of : of[0] + (of[1] - of[0]) * random.uniform();

interface Source {
  readonly data: NumericArray;
  readonly shape: readonly number[];
}

/** Examples [n, length], [n, length, channels] or [n, height, width, channels]. */
function sourceOf(where: string, name: string, value: unknown): Source {
  const { data, shape } = flattenArray(`${where}: ${name}`, value);
  if (!shape || shape.length < 2 || shape.length > 4) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: ${name} must be { data, shape } or nested numbers, [n, length], [n, length, channels] or [n, height, width, channels], got ${shape ? `shape ${formatShape(shape)}` : "an array without a shape"}.`,
    );
  }
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: ${name} is empty.`);
  return { data, shape };
}

/** Axes along which a part is cut out; the last of three and more holds channels. */
const cutAxes = (rank: number): number => (rank === 4 ? 2 : 1);

/** Throws where no part of b is as large as an example of a. */
function checkSizes(where: string, a: Source, b: Source): void {
  const fits = a.shape.every((n, axis) => {
    const m = b.shape[axis] as number;
    return axis === 0 || (axis <= cutAxes(a.shape.length) ? m >= n : m === n);
  });
  if (a.shape.length === b.shape.length && fits) return;
  throw new LanewiseError(
    "shape-mismatch",
    `${where}: examples of b must be at least as long (high, wide) as those of a and have as many channels, got a ${formatShape(a.shape)} and b ${formatShape(b.shape)}. Repeat short ones before.`,
  );
}

/** Copies a part of an example of b, as large as one of a, at a place drawn. */
function cutOut(part: Float64Array, a: Source, b: Source, random: RandomNumbers): void {
  const axes = cutAxes(a.shape.length);
  const example = random.integer(b.shape[0] as number);
  const begins = [1, 2].map((axis) =>
    axis <= axes ? random.integer((b.shape[axis] as number) - (a.shape[axis] as number) + 1) : 0,
  );
  const inner = sizeOf(a.shape.slice(axes + 1));
  const [rows, columns] = axes === 2 ? [a.shape[1] as number, a.shape[2] as number] : [1, a.shape[1] as number];
  const bColumns = b.shape[axes] as number;
  const [top, left] = axes === 2 ? (begins as [number, number]) : [0, begins[0] as number];
  const from = example * sizeOf(b.shape.slice(1));
  for (let row = 0; row < rows; row++) {
    const start = from + ((top + row) * bColumns + left) * inner;
    for (let i = 0; i < columns * inner; i++) part[row * columns * inner + i] = b.data[start + i] as number;
  }
}

/** The mean of squares of n values. */
function powerOf(values: ArrayLike<number>, first: number, n: number): number {
  let sum = 0;
  for (let i = first; i < first + n; i++) sum += (values[i] as number) * (values[i] as number);
  return sum / n;
}

/**
 * out[i] = a[i] + gain part, where the part, as large as an example of a, is cut out of an example of b drawn for each i, at a place
 * drawn: speech with the noise of cars under it, objects before other backgrounds. Signals [n, length] or
 * [n, length, channels], images [n, height, width, channels]; the same seed gives the same result everywhere.
 *
 * With `snr` in decibels, gain = sqrt(power of a[i] / (power of the part 10^(snr / 10))); silence stays silent. Throws `shape-mismatch`,
 * `empty-data`, `invalid-argument`.
 */
export function overlay(
  a: Values,
  b: Values,
  options: OverlayOptions = {},
): { readonly data: Float32Array; readonly shape: number[] } {
  const where = "augment.overlay";
  const [first, second] = [sourceOf(where, "a", a), sourceOf(where, "b", b)];
  checkOptions(where, options, {
    gain: drawnNumber as Checker,
    snr: drawnNumber as Checker,
    valueRange,
    seed: seedValue,
  });
  if (options.gain !== undefined && options.snr !== undefined)
    throw new LanewiseError("invalid-argument", `${where}: give gain or snr, not both.`);
  checkSizes(where, first, second);
  const {
    gain = 1,
    snr,
    seed = 0,
    valueRange: [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  } = options;
  const size = sizeOf(first.shape.slice(1));
  const data = newArray(where, "float32", first.data.length) as Float32Array;
  const part = new Float64Array(size);
  for (let i = 0; i < (first.shape[0] as number); i++) {
    // a step each, so that an example's numbers do not depend on those before it
    const random = createRandom(seed, OVERLAY_STREAM, i);
    cutOut(part, first, second, random);
    let by = drawn(snr ?? gain, random);
    if (snr !== undefined) {
      const power = powerOf(part, 0, size);
      by = power > 0 ? Math.sqrt(powerOf(first.data, i * size, size) / (power * pow(10, by / 10))) : 0;
    }
    for (let k = 0; k < size; k++) {
      const sum = (first.data[i * size + k] as number) + by * (part[k] as number);
      data[i * size + k] = Math.min(Math.max(sum, low), high);
    }
  }
  return { data, shape: [...first.shape] };
}

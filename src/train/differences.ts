// Two-sided differences of a function of many numbers, compared with its gradient. What the function is stands elsewhere.

import { LanewiseError } from "../../bindings/errors.ts";
import { permutation } from "../random.ts";
import { DIFFERENCE_STREAM } from "../streams.ts";
import type { Slices } from "./queue.ts";

/** Options of `gradientCheck`. */
export interface GradientCheckOptions {
  /** Step to both sides, by default 1e-5. */
  readonly epsilon?: number;
  /**
   * Most elements checked of each variable. By default all of them where that takes at most 10^9 multiply-adds, else as many as
   * fit into that, and at least ten.
   */
  readonly samples?: number;
  /** Settles which elements those are; by default 0. */
  readonly seed?: number;
}

/** An array of the function's arguments. */
export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  /** May be written to, between evaluations. */
  readonly values: Float64Array;
  /** To be checked. */
  readonly gradient: ArrayLike<number>;
}

export interface Evaluation {
  readonly value: number;
  /** Changes where a kink was crossed; null where that is not known. */
  readonly fingerprint: number | null;
}

export interface Checked {
  readonly parts: readonly Part[];
  /** At the present values of the parts. */
  evaluate(): Evaluation | Promise<Evaluation>;
}

export interface DifferenceOptions {
  readonly epsilon: number;
  /** Elements checked of each part, at most. */
  readonly samples: number;
  readonly seed: number;
  readonly slices: Slices;
}

/** One element of one part. */
export interface Element {
  readonly name: string;
  /** Place of the element. */
  readonly index: readonly number[];
  /** The gradient under test. */
  readonly analytic: number;
  /** (f(x + epsilon) - f(x - epsilon)) / 2 epsilon */
  readonly numeric: number;
  /** |analytic - numeric| / (|analytic| + |numeric|) */
  readonly relativeError: number;
}

/** An element that has a kink within epsilon, with the slopes on its two sides. */
export interface Kink {
  readonly name: string;
  readonly index: readonly number[];
  readonly analytic: number;
  readonly slopeBelow: number;
  readonly slopeAbove: number;
}

/** Elements that were compared, and what they come to. */
export interface Comparison {
  readonly part: Part;
  readonly checked: number;
  /** Norms of the gradient, of the differences, and of how far they are apart; without elements at kinks. */
  readonly analyticNorm: number;
  readonly numericNorm: number;
  readonly distance: number;
  /** What rounding alone may make of the distance. */
  readonly rounding: number;
  readonly worst: Element | null;
  readonly kinks: readonly Kink[];
}

export const EPSILON = 1e-5;
const WORK_MAX = 1e9;
const SAMPLES_MIN = 10;

/** Elements of each array that are checked by default, where one evaluation takes `work` multiply-adds. */
export function samplesFor(sizes: readonly number[], work: number): number {
  const affordable = WORK_MAX / (2 * work);
  if (sizes.reduce((sum, n) => sum + n, 0) <= affordable) return Number.POSITIVE_INFINITY;
  return Math.max(SAMPLES_MIN, Math.floor(affordable / sizes.length));
}

/** The options with their defaults. */
export function differenceOptions(options: GradientCheckOptions, samples: number, slices: Slices): DifferenceOptions {
  const { epsilon = EPSILON, seed = 0 } = options;
  return { epsilon, samples: options.samples ?? samples, seed, slices };
}

export function requireFinite(value: number): void {
  if (Number.isFinite(value)) return;
  throw new LanewiseError("non-finite", `gradientCheck: what is differentiated is ${value}; it must be finite.`);
}

/** Differences below this, relative to what is usual in the part, are not looked at again. */
const NOTICED = 1e-7;
/** Rounding of the function's value, in units of 2^-52 of it. */
const ROUNDINGS = 16;

interface Quotient {
  readonly numeric: number;
  readonly below: number;
  readonly above: number;
  readonly crossed: boolean | null;
}

export function placeOf(index: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis] as number;
    place.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return place;
}

export function relativeError(analytic: number, numeric: number): number {
  const size = Math.abs(analytic) + Math.abs(numeric);
  return size === 0 ? 0 : Math.abs(analytic - numeric) / size;
}

/** Slopes to both sides of one element; its value is as before afterwards. */
async function quotientOf(checked: Checked, base: Evaluation, values: Float64Array, at: number, step: number) {
  const value = values[at] as number;
  try {
    values[at] = value + step;
    const above = (values[at] as number) - value;
    const plus = await checked.evaluate();
    values[at] = value - step;
    const below = value - (values[at] as number);
    const minus = await checked.evaluate();
    const quotient: Quotient = {
      numeric: (plus.value - minus.value) / (above + below),
      below: (base.value - minus.value) / below,
      above: (plus.value - base.value) / above,
      crossed:
        base.fingerprint === null
          ? null
          : Math.abs((plus.fingerprint as number) - base.fingerprint) > 1e-7 ||
            Math.abs((minus.fingerprint as number) - base.fingerprint) > 1e-7,
    };
    return quotient;
  } finally {
    values[at] = value;
  }
}

const roundingOf = (base: Evaluation, step: number): number =>
  (ROUNDINGS * Number.EPSILON * Math.max(Math.abs(base.value), Number.MIN_VALUE)) / step;

/**
 * Whether the gradient is a slope of a function with a kink within the step: that between the kinks where a smaller step stays there,
 * or one between those on both sides where none does. Null where there is no kink.
 */
async function examineKink(
  checked: Checked,
  base: Evaluation,
  part: Part,
  at: number,
  first: Quotient,
  epsilon: number,
): Promise<{ fits: boolean; last: Quotient } | null> {
  const analytic = part.gradient[at] as number;
  let last = first;
  for (const step of [epsilon / 10, epsilon / 100, epsilon / 1000]) {
    const next = await quotientOf(checked, base, part.values, at, step);
    const tolerance = 1e-4 * Math.max(Math.abs(analytic), Math.abs(next.numeric)) + roundingOf(base, step);
    if (first.crossed === null) {
      // a smooth function's slopes come together as the steps do
      const jump = first.above - first.below;
      const bent = Math.abs(jump - (epsilon / step) * (next.above - next.below));
      if (bent <= 0.1 * Math.abs(jump) + (4 * epsilon * roundingOf(base, step)) / step) return null;
      if (Math.abs(analytic - next.numeric) <= tolerance) return { fits: true, last: next };
    } else if (!next.crossed) return { fits: Math.abs(analytic - next.numeric) <= tolerance, last: next };
    last = next;
  }
  const tolerance = 1e-4 * Math.max(Math.abs(last.below), Math.abs(last.above)) + roundingOf(base, epsilon / 1000);
  const [low, high] = [Math.min(last.below, last.above), Math.max(last.below, last.above)];
  return { fits: analytic >= low - tolerance && analytic <= high + tolerance, last };
}

/** Compares one part, elements in order, at most `samples` of them. */
export async function comparePart(
  checked: Checked,
  base: Evaluation,
  part: Part,
  stream: number,
  { epsilon, samples, seed, slices }: DifferenceOptions,
): Promise<Comparison> {
  const { values, gradient, name, shape } = part;
  const chosen =
    values.length <= samples
      ? Uint32Array.from(values.keys())
      : permutation(values.length, seed, DIFFERENCE_STREAM, stream).slice(0, samples).sort();
  const quotients: Quotient[] = [];
  let [scale, count] = [0, 0];
  for (const at of chosen) {
    const quotient = await quotientOf(checked, base, values, at, epsilon);
    quotients.push(quotient);
    scale += Math.abs(gradient[at] as number) + Math.abs(quotient.numeric);
    await slices.turn();
  }
  const rounding = roundingOf(base, epsilon);
  const noticed = (NOTICED * scale) / chosen.length + rounding;

  let [analyticSquares, numericSquares, squares, farthest] = [0, 0, 0, -1];
  let worst: Element | null = null;
  const kinks: Kink[] = [];
  for (const [i, at] of chosen.entries()) {
    const analytic = gradient[at] as number;
    const quotient = quotients[i] as Quotient;
    let { numeric } = quotient;
    const apart = !(Math.abs(analytic - numeric) <= noticed);
    if (apart && quotient.crossed !== false) {
      const kink = await examineKink(checked, base, part, at, quotient, epsilon);
      await slices.turn();
      if (kink?.fits) {
        kinks.push({
          name,
          index: placeOf(at, shape),
          analytic,
          slopeBelow: kink.last.below,
          slopeAbove: kink.last.above,
        });
        continue;
      }
      if (kink) numeric = kink.last.numeric;
    }
    count++;
    analyticSquares += analytic ** 2;
    numericSquares += numeric ** 2;
    const distance = Math.abs(analytic - numeric);
    squares += distance ** 2;
    if (distance > farthest || (Number.isNaN(distance) && !Number.isNaN(farthest))) {
      farthest = distance;
      worst = { name, index: placeOf(at, shape), analytic, numeric, relativeError: relativeError(analytic, numeric) };
    }
  }
  return {
    part,
    checked: chosen.length,
    analyticNorm: Math.sqrt(analyticSquares),
    numericNorm: Math.sqrt(numericSquares),
    distance: Math.sqrt(squares),
    rounding: rounding * Math.sqrt(count),
    worst,
    kinks,
  };
}

/** Compares all parts. */
export async function compareParts(checked: Checked, options: DifferenceOptions): Promise<Comparison[]> {
  const base = { ...(await checked.evaluate()) };
  const found: Comparison[] = [];
  for (const [i, part] of checked.parts.entries()) found.push(await comparePart(checked, base, part, i, options));
  return found;
}

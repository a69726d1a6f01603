// Numbers as text, and the round numbers of axes. Nothing here depends on the engine: powers of ten are read from
// text, which is exact.

import { short } from "../text.ts";

/** 10^exponent, exactly rounded in every engine (Math.pow is not). */
export const powerOfTen = (exponent: number): number => Number(`1e${exponent}`);

/** The decimal exponent of a number above 0: 3 for 1000, -2 for 0.05. */
export const decimalExponent = (value: number): number => Number(value.toExponential().split("e")[1]);

/** Rounds to 2 digits behind the point, for coordinates: a hundredth of a pixel is not seen. */
export function coordinate(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** The smallest and the largest of the values that can be shown, null where there is none. */
export function rangeOf(values: Iterable<number>, shown: (value: number) => boolean): [number, number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!shown(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

/** Steps of axes are 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = decimalExponent(rough);
  const size = powerOfTen(power);
  for (const factor of [1, 2, 5]) if (rough <= factor * size * (1 + 1e-9)) return Number(`${factor}e${power}`);
  return powerOfTen(power + 1);
}

/** An axis: what it spans, and its ticks in order. */
export interface Ticks {
  readonly low: number;
  readonly high: number;
  readonly values: readonly number[];
  readonly labels: readonly string[];
}

/** A multiple of a step without the digits that the product adds: 3 * 0.1 is 0.3. */
const multiple = (count: number, step: number): number => Number((count * step).toPrecision(12));

/** Labels of one axis have as many digits as their step needs, so that they differ. */
function tickLabel(value: number, step: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e6 || step < 1e-4) {
    const digits = Math.max(0, decimalExponent(size) - decimalExponent(step));
    return value.toExponential(digits).replace("e+", "e");
  }
  return value.toFixed(Math.max(0, -decimalExponent(step)));
}

/**
 * About `count` ticks at round numbers for values from `low` to `high`; the axis ends at the outermost ticks where `outward`, at
 * the values themselves otherwise. Equal values get an axis round them.
 */
export function niceTicks(low: number, high: number, count: number, outward: boolean, whole = false): Ticks {
  // values too close to 0 for float64 to tell them apart are as good as equal
  if (high - low < 1e-300) {
    const margin = Math.abs(low) < 1e-290 ? 1 : Math.abs(low) * 0.5;
    return niceTicks(low - margin, high + margin, count, outward, whole);
  }
  const rough = (high - low) / Math.max(1, count);
  // a span that labels of twelve digits cannot cut any further: two ticks
  if (!(rough > Math.max(Math.abs(low), Math.abs(high)) * 1e-10) || !Number.isFinite(rough))
    return { low, high, values: [low, high], labels: [short(low, 16), short(high, 16)] };
  const step = whole ? Math.max(1, niceStep(rough)) : niceStep(rough);
  const slack = 1e-9;
  const first = outward ? Math.floor(low / step + slack) : Math.ceil(low / step - slack);
  const last = outward ? Math.ceil(high / step - slack) : Math.floor(high / step + slack);
  const values = Array.from({ length: last - first + 1 }, (_, i) => multiple(first + i, step));
  return {
    low: outward ? (values[0] as number) : low,
    high: outward ? (values.at(-1) as number) : high,
    values,
    labels: values.map((value) => tickLabel(value, step)),
  };
}

/** Ticks of a logarithmic axis: powers of ten, with 2 and 5 between where there are few. Values above 0. */
export function logTicks(low: number, high: number, count: number): Ticks {
  const first = decimalExponent(low);
  const last = decimalExponent(high);
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil((last - first) / Math.max(1, count)));
  const all: number[] = [];
  for (let power = first; all.length === 0 || (all.at(-1) as number) < high; power += stride)
    for (const factor of factors) all.push(Number(`${factor}e${power}`));
  // the outermost ticks that hold all values
  const from = Math.max(
    0,
    all.findLastIndex((tick) => tick <= low),
  );
  const to = all.findIndex((tick) => tick >= high);
  const values = all.slice(from, to < 0 ? all.length : to + 1);
  const only = values[0] as number;
  if (values.length < 2) values.unshift(only / 10);
  return {
    low: values[0] as number,
    high: values.at(-1) as number,
    values,
    labels: values.map((value) => short(value)),
  };
}

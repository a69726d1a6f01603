// Errors of predicted numbers and probabilities, in float64, from one batch after the other.

import { exp, log } from "../math.ts";

/** Running sums for regression: `size` outputs an example. */
export interface RegressionState {
  readonly size: number;
  weight: number;
  examples: number;
  absolute: number;
  squared: number;
  /** Of each output: mean of the targets, their squared deviations, squared errors. */
  readonly means: Float64Array;
  readonly spreads: Float64Array;
  readonly errors: Float64Array;
}

export function createRegression(size: number): RegressionState {
  const zeros = (): Float64Array => new Float64Array(size);
  return {
    size,
    weight: 0,
    examples: 0,
    absolute: 0,
    squared: 0,
    means: zeros(),
    spreads: zeros(),
    errors: zeros(),
  };
}

/** Takes examples in (West 1979: the weighted mean and deviations in one pass). */
export function addRegression(
  state: RegressionState,
  targets: ArrayLike<number>,
  predictions: ArrayLike<number>,
  weights: ArrayLike<number> | null,
): void {
  const { size, means, spreads, errors } = state;
  for (let i = 0; i * size < targets.length; i++) {
    const weight = weights ? (weights[i] as number) : 1;
    state.examples++;
    if (weight === 0) continue;
    state.weight += weight;
    for (let j = 0; j < size; j++) {
      const target = targets[i * size + j] as number;
      const error = target - (predictions[i * size + j] as number);
      state.absolute += weight * Math.abs(error);
      state.squared += weight * error * error;
      const delta = target - (means[j] as number);
      const mean = (means[j] as number) + (delta * weight) / state.weight;
      spreads[j] = (spreads[j] as number) + weight * delta * (target - mean);
      means[j] = mean;
      errors[j] = (errors[j] as number) + weight * error * error;
    }
  }
}

export const meanAbsolute = ({ absolute, weight, size }: RegressionState): number => absolute / (weight * size);
export const meanSquared = ({ squared, weight, size }: RegressionState): number => squared / (weight * size);

/** 1 - errors / deviations, the mean over outputs; of constant targets 1 where all is right, else 0; NaN for fewer than two examples. */
export function determination({ size, errors, spreads, examples }: RegressionState): number {
  if (examples < 2) return Number.NaN;
  let sum = 0;
  for (let j = 0; j < size; j++) {
    const [error, spread] = [errors[j] as number, spreads[j] as number];
    sum += spread === 0 ? (error === 0 ? 1 : Number.isNaN(error) ? error : 0) : 1 - error / spread;
  }
  return sum / size;
}

/** log(1 + e^-|x|) + max(-x, 0): -log of the sigmoid of x. */
const negativeLogSigmoid = (x: number): number => log(1 + exp(-Math.abs(x))) + Math.max(-x, 0);

/** -t log p - (1 - t) log(1 - p) of one probability, kept `small` away from 0 and 1, or of one logit. */
export function binaryLogLoss(target: number, prediction: number, fromLogits: boolean, small: number): number {
  if (fromLogits) return target * negativeLogSigmoid(prediction) + (1 - target) * negativeLogSigmoid(-prediction);
  const p = Math.min(Math.max(prediction, small), 1 - small);
  return -target * log(p) - (1 - target) * log(1 - p);
}

/** -sum t log p over a row that begins at `from`, the targets given by place. */
export function rowLogLoss(
  targetAt: (place: number) => number,
  row: ArrayLike<number>,
  from: number,
  width: number,
  fromLogits: boolean,
  small: number,
): number {
  let [highest, total] = [Number.NEGATIVE_INFINITY, 0];
  if (fromLogits) {
    for (let j = 0; j < width; j++) highest = Math.max(highest, row[from + j] as number);
    for (let j = 0; j < width; j++) total += exp((row[from + j] as number) - highest);
  }
  let loss = 0;
  for (let j = 0; j < width; j++) {
    const target = targetAt(j);
    if (target === 0) continue;
    const value = row[from + j] as number;
    const logP = fromLogits ? value - highest - log(total) : log(Math.min(Math.max(value, small), 1 - small));
    loss -= target * logP;
  }
  return loss;
}

/** What keeps probabilities from 0: the spacing of numbers at 1 in the type they have (scikit-learn). */
export const smallestFor = (data: ArrayLike<number>): number => (data instanceof Float32Array ? 2 ** -23 : 2 ** -52);

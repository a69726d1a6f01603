// Mean, population variance and range of features over rows, in float64 and exact where the mean is large: each batch is
// centred before it is squared, and batches are combined (Chan, Golub and LeVeque 1979).

import { LanewiseError } from "../../bindings/errors.ts";
import type { NumericArray } from "./arrays.ts";

export interface Statistics {
  /** Rows seen. */
  readonly count: number;
  /** Of each feature, as the others. */
  readonly mean: Float64Array;
  /** The mean of (x - mean)^2; exactly 0 where all values are the same. */
  readonly variance: Float64Array;
  readonly minimum: Float64Array;
  readonly maximum: Float64Array;
}

export interface StatisticsTaker {
  /** Adds rows of as many numbers as there are features; throws `non-finite` for NaN and infinities. */
  add(where: string, data: NumericArray): void;
  result(): Statistics;
}

/** Takes statistics of so many features, batch by batch. */
export function takeStatistics(features: number): StatisticsTaker {
  const mean = new Float64Array(features);
  const squares = new Float64Array(features); // sum of (x - mean)^2
  const minimum = new Float64Array(features).fill(Number.POSITIVE_INFINITY);
  const maximum = new Float64Array(features).fill(Number.NEGATIVE_INFINITY);
  let count = 0;

  return {
    add(where, data) {
      requireFinite(where, data);
      const rows = data.length / features;
      const own = centred(data, features);
      const ratio = rows / (count + rows);
      for (let i = 0; i < data.length; i++) {
        const [x, c] = [data[i] as number, i % features];
        if (x < (minimum[c] as number)) minimum[c] = x;
        if (x > (maximum[c] as number)) maximum[c] = x;
      }
      for (let c = 0; c < features; c++) {
        const distance = (own.mean[c] as number) - (mean[c] as number);
        // mean of both = mean + d n_b / n; squares of both = their sum + d^2 n_a n_b / n
        mean[c] = count === 0 ? (own.mean[c] as number) : (mean[c] as number) + distance * ratio;
        const between = count === 0 ? 0 : distance * distance * count * ratio;
        squares[c] = (squares[c] as number) + (own.squares[c] as number) + between;
      }
      count += rows;
    },
    result: () => ({
      count,
      mean,
      variance: squares.map((sum, c) => (minimum[c] === maximum[c] ? 0 : sum / count)),
      minimum,
      maximum,
    }),
  };
}

function requireFinite(where: string, data: NumericArray): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new LanewiseError("non-finite", `${where}: x must be finite, but element ${i} is ${data[i]}.`);
  }
}

/** Mean of each feature and the sum of squares about it: two passes, the first about the first row. */
function centred(data: NumericArray, features: number): { mean: Float64Array; squares: Float64Array } {
  const rows = data.length / features;
  const sums = new Float64Array(features);
  for (let i = 0; i < data.length; i++) {
    const c = i % features;
    sums[c] = (sums[c] as number) + ((data[i] as number) - (data[c] as number));
  }
  const mean = sums.map((sum, c) => (data[c] as number) + sum / rows);
  const squares = new Float64Array(features);
  const rest = new Float64Array(features); // what rounding left of the sum of x - mean, which would be 0
  for (let i = 0; i < data.length; i++) {
    const c = i % features;
    const distance = (data[i] as number) - (mean[c] as number);
    squares[c] = (squares[c] as number) + distance * distance;
    rest[c] = (rest[c] as number) + distance;
  }
  return {
    mean,
    squares: squares.map((sum, c) => Math.max(0, sum - ((rest[c] as number) * (rest[c] as number)) / rows)),
  };
}

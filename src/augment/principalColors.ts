// The directions in which the colours of a set of images spread: eigenvectors of the covariance of its pixels.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import { formatShape } from "../shape.ts";
import type { ValueOptions } from "./options.ts";
import { valueRange } from "./options.ts";

/** Variances along the principal directions, the greatest first, and the directions. */
export interface PrincipalColors {
  /** Of values scaled to [0, 1]. */
  readonly values: readonly number[];
  /** Of length 1, a number a channel; the component of greatest size is positive. */
  readonly vectors: readonly (readonly number[])[];
}

/** Sums of rotations until nothing is left beside the diagonal. */
const SWEEPS_MOST = 50;

/**
 * Eigenvalues and eigenvectors (columns of v) of a symmetric matrix, by Jacobi's rotations: each makes one element beside the
 * diagonal 0.
 */
function eigen(a: number[][]): { values: number[]; v: number[][] } {
  const n = a.length;
  const v = a.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
  const at = (m: number[][], i: number, j: number): number => (m[i] as number[])[j] as number;
  const rotate = (m: number[][], i: number, j: number, k: number, l: number, c: number, s: number): void => {
    const [p, q] = [at(m, i, j), at(m, k, l)];
    (m[i] as number[])[j] = c * p - s * q;
    (m[k] as number[])[l] = s * p + c * q;
  };
  for (let sweep = 0; sweep < SWEEPS_MOST; sweep++) {
    let beside = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) beside += Math.abs(at(a, p, q));
    if (beside === 0) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (at(a, p, q) === 0) continue;
        // tan of the angle that makes a[p][q] 0: the smaller root of t^2 + 2 t theta - 1
        const theta = (at(a, q, q) - at(a, p, p)) / (2 * at(a, p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) rotate(a, k, p, k, q, c, s);
        for (let k = 0; k < n; k++) rotate(a, p, k, q, k, c, s);
        for (let k = 0; k < n; k++) rotate(v, k, p, k, q, c, s);
        // what rounding leaves would come back for ever
        (a[p] as number[])[q] = 0;
        (a[q] as number[])[p] = 0;
      }
    }
  }
  return { values: a.map((row, i) => row[i] as number), v };
}

/** Means of the channels, and their covariance about them (divided by the number of pixels). */
function covarianceOf(data: ArrayLike<number>, channels: number, scale: number): number[][] {
  const pixels = data.length / channels;
  const mean = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) mean[i % channels] = (mean[i % channels] as number) + (data[i] as number);
  for (let c = 0; c < channels; c++) mean[c] = (mean[c] as number) / pixels;
  const sums = Array.from({ length: channels }, () => new Array<number>(channels).fill(0));
  for (let p = 0; p < data.length; p += channels) {
    for (let i = 0; i < channels; i++) {
      const row = sums[i] as number[];
      const d = ((data[p + i] as number) - (mean[i] as number)) * scale;
      for (let j = 0; j < channels; j++)
        row[j] = (row[j] as number) + d * ((data[p + j] as number) - (mean[j] as number)) * scale;
    }
  }
  return sums.map((row) => row.map((sum) => sum / pixels));
}

/**
 * The principal colours of images [..., channels], `{ data, shape }` or nested numbers: eigenvalues and eigenvectors of the covariance
 * of all pixels, their values scaled so that valueRange becomes [0, 1]. Fit it on the training part. Throws
 * `empty-data`, `shape-mismatch` where no shape is given, `non-finite`.
 */
export function principalColors(images: Values, options: ValueOptions = {}): PrincipalColors {
  const where = "augment.principalColors";
  const { data, shape } = flattenArray(`${where}: images`, images);
  checkOptions(where, options, { valueRange });
  const [low, high] = options.valueRange ?? [0, 255];
  const channels = shape && shape.length > 1 ? (shape.at(-1) as number) : 0;
  if (!shape || shape.length < 2) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: images must be { data, shape } with the channels last, got ${shape ? `shape ${formatShape(shape)}` : "an array without a shape"}.`,
    );
  }
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: there are no pixels.`);
  const covariance = covarianceOf(data, channels, 1 / (high - low));
  if (!covariance.every((row) => row.every(Number.isFinite)))
    throw new LanewiseError("non-finite", `${where}: the images hold values that are not finite.`);
  const { values, v } = eigen(covariance);
  const order = values.map((_, k) => k).sort((a, b) => (values[b] as number) - (values[a] as number));
  return {
    values: order.map((k) => Math.max(0, values[k] as number)),
    vectors: order.map((k) => {
      const vector = v.map((row) => row[k] as number);
      const largest = vector.reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most), 0);
      return vector.map((each) => (largest < 0 ? -each : each));
    }),
  };
}

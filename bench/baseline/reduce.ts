// Baselines of the reductions: four results at a time, so that none waits for another.

import type { Baseline } from "./baseline.ts";
import { room } from "./tile.ts";

interface Reduction {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly x: Float32Array;
  readonly out: Float32Array;
}

let line: Float32Array | undefined;

type Combine = (a: number, b: number) => number;

/**
 * `first` leaves the other value as it is when it is combined with it. Along a row the greatest value seldom changes and
 * `f` may branch; `pair` must not, which combines values that nobody can predict.
 */
const reduce =
  (f: Combine, first: number, pair: Combine = f) =>
  ({ outer, size, inner, x, out }: Reduction, scale = 1): void => {
    for (let o = 0; o < outer; o++) {
      const at = o * size * inner;
      if (inner === 1) {
        let [r0, r1, r2, r3] = [first, first, first, first];
        let i = at;
        const end = at + size;
        for (; i + 4 <= end; i += 4) {
          r0 = f(r0, x[i] as number);
          r1 = f(r1, x[i + 1] as number);
          r2 = f(r2, x[i + 2] as number);
          r3 = f(r3, x[i + 3] as number);
        }
        for (; i < end; i++) r0 = f(r0, x[i] as number);
        out[o] = scale * f(f(r0, r1), f(r2, r3));
        continue;
      }
      line = room(inner, line);
      const results = line;
      results.fill(first, 0, inner);
      let i = 0;
      for (; i + 4 <= size; i += 4) {
        let p = at + i * inner;
        for (let j = 0; j < inner; j++, p++) {
          const one = pair(x[p] as number, x[p + inner] as number);
          const other = pair(x[p + 2 * inner] as number, x[p + 3 * inner] as number);
          results[j] = f(results[j] as number, pair(one, other));
        }
      }
      for (; i < size; i++) {
        for (let j = 0; j < inner; j++) results[j] = f(results[j] as number, x[at + i * inner + j] as number);
      }
      for (let j = 0; j < inner; j++) out[o * inner + j] = scale * (results[j] as number);
    }
  };

const sum = reduce((a, b) => a + b, 0);

export const reduceSum: Baseline<"reduceSum"> = (o) => sum(o, o.scale);
export const reduceMax: Baseline<"reduceMax"> = reduce(
  (a, b) => (a > b ? a : b),
  Number.NEGATIVE_INFINITY,
  (a, b) => (a + b + Math.abs(a - b)) * 0.5,
);
export const reduceMin: Baseline<"reduceMin"> = reduce(
  (a, b) => (a < b ? a : b),
  Number.POSITIVE_INFINITY,
  (a, b) => (a + b - Math.abs(a - b)) * 0.5,
);

export const argMax: Baseline<"argMax"> = ({ rows, columns, x, out }) => {
  for (let r = 0; r < rows; r++) {
    const at = r * columns;
    let best = 0;
    let most = x[at] as number;
    for (let i = 1; i < columns; i++) {
      const value = x[at + i] as number;
      if (value > most) {
        most = value;
        best = i;
      }
    }
    out[r] = best;
  }
};

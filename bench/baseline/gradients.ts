// Baselines of what happens to gradients before an update and to weights after it.

import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";

export const accumulate: Baseline<"accumulate"> = ({ n, steps, clipValue, x, sum, out, control }) => {
  expect(control[6] === 1 && control[7] === 0 && clipValue === Infinity, "the last of several calls, no clipping");
  const share = 1 / steps;
  for (let i = 0; i < n; i++) out[i] = ((x[i] as number) + (sum[i] as number)) * share;
};

export const keep: Baseline<"keep"> = ({ n, x, out, control }) => {
  expect((control[7] as number) > 0, "an idle call");
  for (let i = 0; i < n; i++) out[i] = x[i] as number;
};

export const norm: Baseline<"norm"> = ({ n, place, x, norms }) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (x[i] as number) * (x[i] as number);
  norms[place] = Math.sqrt(sum);
};

export const clipFactor: Baseline<"clipFactor"> = ({ n, places, limit, x, out }) => {
  expect(places === 1, "one factor");
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (x[i] as number) * (x[i] as number);
  out[0] = Math.min(1, limit / Math.sqrt(sum));
};

export const scaleBy: Baseline<"scaleBy"> = ({ n, place, x, factors, out }) => {
  const factor = factors[place] as number;
  for (let i = 0; i < n; i++) out[i] = factor * (x[i] as number);
};

export const weightAverage: Baseline<"weightAverage"> = ({ n, w, average, control }) => {
  expect(control[5] === 0 && control[7] === 0, "no overwriting");
  const momentum = control[4] as number;
  for (let i = 0; i < n; i++) average[i] = momentum * (average[i] as number) + (1 - momentum) * (w[i] as number);
};

// Baselines of the batch normalisation: sums of all channels side by side, line by line; what is the same for a channel
// is computed once.

import type { Operands } from "../../bindings/generated/kernels.ts";
import type { Baseline } from "./baseline.ts";
import { room } from "./tile.ts";

let scratch: Float32Array | undefined;

/** `parts` lines of `channels` floats. */
function lines(channels: number, parts: number): Float32Array[] {
  scratch = room(channels * parts, scratch);
  const all = scratch;
  return Array.from({ length: parts }, (_, i) => all.subarray(i * channels, (i + 1) * channels));
}

export const batchNormStatistics: Baseline<"batchNormStatistics"> = ({ rows, channels, x, mean, variance }) => {
  mean.fill(0, 0, channels);
  variance.fill(0, 0, channels);
  for (let r = 0, p = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++, p++) mean[c] = (mean[c] as number) + (x[p] as number);
  }
  for (let c = 0; c < channels; c++) mean[c] = (mean[c] as number) / rows;
  for (let r = 0, p = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++, p++) {
      const off = (x[p] as number) - (mean[c] as number);
      variance[c] = (variance[c] as number) + off * off;
    }
  }
  for (let c = 0; c < channels; c++) variance[c] = (variance[c] as number) / rows;
};

export const batchNorm: Baseline<"batchNorm"> = (o) => {
  const { rows, channels, epsilon, x, mean, variance, gamma, beta, out } = o;
  const [scale, offset] = lines(channels, 2) as [Float32Array, Float32Array];
  for (let c = 0; c < channels; c++) {
    const factor = (gamma?.[c] ?? 1) / Math.sqrt((variance[c] as number) + epsilon);
    scale[c] = factor;
    offset[c] = (beta?.[c] ?? 0) - factor * (mean[c] as number);
  }
  for (let r = 0, p = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++, p++) out[p] = (x[p] as number) * (scale[c] as number) + (offset[c] as number);
  }
};

type Gradient = Operands<Float32Array, Int32Array>["batchNormGradient"];

function gradient(o: Gradient, throughStatistics: boolean): void {
  const { rows, channels, epsilon, x, mean, variance, gamma, dy, dx, dgamma, dbeta } = o;
  const [inverse, scale, offset] = lines(channels, 3) as [Float32Array, Float32Array, Float32Array];
  for (let c = 0; c < channels; c++) inverse[c] = 1 / Math.sqrt((variance[c] as number) + epsilon);
  dgamma.fill(0, 0, channels);
  dbeta.fill(0, 0, channels);
  for (let r = 0, p = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++, p++) {
      const upstream = dy[p] as number;
      dbeta[c] = (dbeta[c] as number) + upstream;
      const normal = ((x[p] as number) - (mean[c] as number)) * (inverse[c] as number);
      dgamma[c] = (dgamma[c] as number) + upstream * normal;
    }
  }
  // dx = factor dy - scale x + offset
  const share = throughStatistics ? 1 / rows : 0;
  for (let c = 0; c < channels; c++) {
    const factor = (gamma?.[c] ?? 1) * (inverse[c] as number);
    scale[c] = factor * share * (dgamma[c] as number) * (inverse[c] as number);
    offset[c] = (scale[c] as number) * (mean[c] as number) - factor * share * (dbeta[c] as number);
    inverse[c] = factor;
  }
  for (let r = 0, p = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++, p++) {
      dx[p] =
        (inverse[c] as number) * (dy[p] as number) - (scale[c] as number) * (x[p] as number) + (offset[c] as number);
    }
  }
}

export const batchNormGradient: Baseline<"batchNormGradient"> = (o) => gradient(o, true);
export const batchNormInferenceGradient: Baseline<"batchNormInferenceGradient"> = (o) => gradient(o, false);

export const movingAverage: Baseline<"movingAverage"> = ({ n, momentum, value, moving }) => {
  for (let i = 0; i < n; i++) moving[i] = (moving[i] as number) * momentum + (value[i] as number) * (1 - momentum);
};

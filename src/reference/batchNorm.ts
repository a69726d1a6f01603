// Twins of assembly/batchNorm.ts.

import type { Floats } from "../../bindings/engine.ts";
import type { Twin } from "./twin.ts";

/** The mean over rows r of term(r). */
function meanOf(rows: number, term: (r: number) => number): number {
  let sum = 0;
  for (let r = 0; r < rows; r++) sum += term(r);
  return sum / rows;
}

export const batchNormStatistics: Twin<"batchNormStatistics"> = ({ rows, channels, x, mean, variance }) => {
  for (let c = 0; c < channels; c++) {
    const center = meanOf(rows, (r) => x[r * channels + c] as number);
    mean[c] = center;
    variance[c] = meanOf(rows, (r) => ((x[r * channels + c] as number) - center) ** 2);
  }
};

export const batchNorm: Twin<"batchNorm"> = (operands) => {
  const { rows, channels, epsilon, x, mean, variance, gamma, beta, out } = operands;
  for (let i = 0; i < rows * channels; i++) {
    const c = i % channels;
    const normal = ((x[i] as number) - (mean[c] as number)) / Math.sqrt((variance[c] as number) + epsilon);
    out[i] = normal * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0);
  }
};

interface Gradient {
  readonly rows: number;
  readonly channels: number;
  readonly epsilon: number;
  readonly x: Floats;
  readonly mean: Floats;
  readonly variance: Floats;
  readonly gamma?: Floats | null;
  readonly dy: Floats;
  readonly dx: Floats;
  readonly dgamma: Floats;
  readonly dbeta: Floats;
}

function gradient(operands: Gradient, throughStatistics: boolean): void {
  const { rows, channels, epsilon, x, mean, variance, gamma, dy, dx, dgamma, dbeta } = operands;
  for (let c = 0; c < channels; c++) {
    const deviation = Math.sqrt((variance[c] as number) + epsilon);
    const normal = (r: number) => ((x[r * channels + c] as number) - (mean[c] as number)) / deviation;
    const upstream = (r: number) => dy[r * channels + c] as number;
    const meanUpstream = meanOf(rows, upstream);
    const meanProduct = meanOf(rows, (r) => upstream(r) * normal(r));
    const through = (r: number) => (throughStatistics ? meanUpstream + normal(r) * meanProduct : 0);
    const values = Array.from({ length: rows }, (_, r) => ((gamma?.[c] ?? 1) / deviation) * (upstream(r) - through(r)));
    values.forEach((value, r) => {
      dx[r * channels + c] = value;
    });
    dbeta[c] = rows ? meanUpstream * rows : 0;
    dgamma[c] = rows ? meanProduct * rows : 0;
  }
}

export const batchNormGradient: Twin<"batchNormGradient"> = (operands) => gradient(operands, true);

export const batchNormInferenceGradient: Twin<"batchNormInferenceGradient"> = (operands) => gradient(operands, false);

export const movingAverage: Twin<"movingAverage"> = ({ n, momentum, value, moving }) => {
  for (let i = 0; i < n; i++) moving[i] = (moving[i] as number) * momentum + (value[i] as number) * (1 - momentum);
};

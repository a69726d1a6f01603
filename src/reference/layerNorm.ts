// Twins of assembly/layerNorm.ts.

import type { Floats } from "../../bindings/engine.ts";
import type { Twin } from "./twin.ts";

/** Element j of row r of (x - mean) / sqrt(variance + epsilon), and that deviation. */
function normalRow(x: Floats, r: number, columns: number, epsilon: number): { normal: number[]; deviation: number } {
  const row = Array.from({ length: columns }, (_, j) => x[r * columns + j] as number);
  const mean = row.reduce((sum, value) => sum + value, 0) / columns;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
  const deviation = Math.sqrt(variance + epsilon);
  return { normal: row.map((value) => (value - mean) / deviation), deviation };
}

export const layerNorm: Twin<"layerNorm"> = ({ rows, columns, epsilon, x, gamma, beta, out }) => {
  for (let r = 0; r < rows; r++) {
    const { normal } = normalRow(x, r, columns, epsilon);
    for (const [j, value] of normal.entries()) out[r * columns + j] = value * (gamma?.[j] ?? 1) + (beta?.[j] ?? 0);
  }
};

export const layerNormGradient: Twin<"layerNormGradient"> = (operands) => {
  const { rows, columns, epsilon, x, gamma, dy, dx, dgamma, dbeta } = operands;
  const [factors, offsets] = [new Float64Array(columns), new Float64Array(columns)];
  for (let r = 0; r < rows; r++) {
    const { normal, deviation } = normalRow(x, r, columns, epsilon);
    const upstream = normal.map((_, j) => dy[r * columns + j] as number);
    const g = upstream.map((value, j) => value * (gamma?.[j] ?? 1));
    const mean = g.reduce((sum, value) => sum + value, 0) / columns;
    const product = g.reduce((sum, value, j) => sum + value * (normal[j] as number), 0) / columns;
    for (const [j, value] of normal.entries()) {
      dx[r * columns + j] = ((g[j] as number) - mean - value * product) / deviation;
      factors[j] = (factors[j] as number) + (upstream[j] as number) * value;
      offsets[j] = (offsets[j] as number) + (upstream[j] as number);
    }
  }
  for (let j = 0; j < columns; j++) {
    dgamma[j] = factors[j] as number;
    dbeta[j] = offsets[j] as number;
  }
};

// Baselines of the layer normalisation: three loops over a row.

import type { Baseline } from "./baseline.ts";

export const layerNorm: Baseline<"layerNorm"> = ({ rows, columns, epsilon, x, gamma, beta, out }) => {
  for (let first = 0; first < rows * columns; first += columns) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += x[first + j] as number;
    const mean = sum / columns;
    let squares = 0;
    for (let j = 0; j < columns; j++) {
      const off = (x[first + j] as number) - mean;
      squares += off * off;
    }
    const inverse = 1 / Math.sqrt(squares / columns + epsilon);
    for (let j = 0; j < columns; j++)
      out[first + j] = ((x[first + j] as number) - mean) * inverse * (gamma?.[j] ?? 1) + (beta?.[j] ?? 0);
  }
};

export const layerNormGradient: Baseline<"layerNormGradient"> = (o) => {
  const { rows, columns, epsilon, x, gamma, dy, dx, dgamma, dbeta } = o;
  dgamma.fill(0, 0, columns);
  dbeta.fill(0, 0, columns);
  for (let first = 0; first < rows * columns; first += columns) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += x[first + j] as number;
    const mean = sum / columns;
    let squares = 0;
    for (let j = 0; j < columns; j++) {
      const off = (x[first + j] as number) - mean;
      squares += off * off;
    }
    const inverse = 1 / Math.sqrt(squares / columns + epsilon);
    let [s, t] = [0, 0];
    for (let j = 0; j < columns; j++) {
      const upstream = dy[first + j] as number;
      const normal = ((x[first + j] as number) - mean) * inverse;
      const g = upstream * (gamma?.[j] ?? 1);
      dbeta[j] = (dbeta[j] as number) + upstream;
      dgamma[j] = (dgamma[j] as number) + upstream * normal;
      s += g;
      t += g * normal;
    }
    for (let j = 0; j < columns; j++) {
      const g = (dy[first + j] as number) * (gamma?.[j] ?? 1);
      const normal = ((x[first + j] as number) - mean) * inverse;
      dx[first + j] = (g - s / columns - (normal * t) / columns) * inverse;
    }
  }
};

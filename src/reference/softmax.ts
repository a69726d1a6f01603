// Twins of assembly/softmax.ts and assembly/crossEntropy.ts.

import type { Floats } from "../../bindings/engine.ts";
import type { Twin } from "./twin.ts";

/** Row r of a matrix [rows, columns]. */
const rowOf = (x: Floats, r: number, columns: number): number[] =>
  Array.from(x.subarray(r * columns, (r + 1) * columns));

/** log(sum of exp) in two parts, the greater first: neither overflows, and x less the first is exact. */
function logSumExp(x: readonly number[]): [maximum: number, rest: number] {
  const maximum = x.reduce((a, b) => Math.max(a, b), -Infinity);
  return [maximum, Math.log(x.reduce((sum, value) => sum + Math.exp(value - maximum), 0))];
}

export const logSoftmax: Twin<"logSoftmax"> = ({ rows, columns, x, out }) => {
  for (let r = 0; r < rows; r++) {
    const row = rowOf(x, r, columns);
    const [maximum, rest] = logSumExp(row);
    for (let j = 0; j < columns; j++) out[r * columns + j] = (row[j] as number) - maximum - rest;
  }
};

export const softmax: Twin<"softmax"> = ({ rows, columns, x, out }) => {
  for (let r = 0; r < rows; r++) {
    const row = rowOf(x, r, columns);
    const [maximum, rest] = logSumExp(row);
    for (let j = 0; j < columns; j++) out[r * columns + j] = Math.exp((row[j] as number) - maximum - rest);
  }
};

export const softmaxGradient: Twin<"softmaxGradient"> = ({ rows, columns, y, dy, dx }) => {
  for (let r = 0; r < rows; r++) {
    const p = rowOf(y, r, columns);
    const d = rowOf(dy, r, columns);
    const dot = p.reduce((sum, value, j) => sum + value * (d[j] as number), 0);
    for (let j = 0; j < columns; j++) dx[r * columns + j] = (p[j] as number) * ((d[j] as number) - dot);
  }
};

export const logSoftmaxGradient: Twin<"logSoftmaxGradient"> = ({ rows, columns, y, dy, dx }) => {
  for (let r = 0; r < rows; r++) {
    const d = rowOf(dy, r, columns);
    const sum = d.reduce((a, b) => a + b, 0);
    for (let j = 0; j < columns; j++)
      dx[r * columns + j] = (d[j] as number) - Math.exp(y[r * columns + j] as number) * sum;
  }
};

export const crossEntropy: Twin<"crossEntropy"> = ({ rows, columns, logits, targets, out }) => {
  for (let r = 0; r < rows; r++) {
    const [maximum, rest] = logSumExp(rowOf(logits, r, columns));
    let loss = 0;
    for (let j = r * columns; j < (r + 1) * columns; j++) {
      loss += (targets[j] as number) * (maximum - (logits[j] as number) + rest);
    }
    out[r] = loss;
  }
};

export const crossEntropyGradient: Twin<"crossEntropyGradient"> = ({ rows, columns, logits, targets, dout, dx }) => {
  const whole = Array.from({ length: rows }, (_, r) => rowOf(targets, r, columns).reduce((a, b) => a + b, 0));
  softmax({ rows, columns, x: logits, out: dx });
  for (let i = 0; i < rows * columns; i++) {
    const r = Math.floor(i / columns);
    dx[i] = ((dx[i] as number) * (whole[r] as number) - (targets[i] as number)) * (dout[r] as number);
  }
};

export const crossEntropyInt32: Twin<"crossEntropyInt32"> = ({ rows, columns, logits, labels, out }) => {
  for (let r = 0; r < rows; r++) {
    const row = rowOf(logits, r, columns);
    const [maximum, rest] = logSumExp(row);
    out[r] = maximum - (row[labels[r] as number] ?? Number.NaN) + rest;
  }
};

export const crossEntropyInt32Gradient: Twin<"crossEntropyInt32Gradient"> = (operands) => {
  const { rows, columns, logits, labels, dout, dx } = operands;
  softmax({ rows, columns, x: logits, out: dx });
  for (let r = 0; r < rows; r++) {
    const label = labels[r] as number;
    const known = label >= 0 && label < columns;
    for (let j = 0; j < columns; j++) {
      const i = r * columns + j;
      dx[i] = known ? ((dx[i] as number) - (j === label ? 1 : 0)) * (dout[r] as number) : Number.NaN;
    }
  }
};

export const sigmoidCrossEntropy: Twin<"sigmoidCrossEntropy"> = ({ n, logits, targets, out }) => {
  for (let i = 0; i < n; i++) {
    const x = logits[i] as number;
    out[i] = Math.max(x, 0) - x * (targets[i] as number) + Math.log1p(Math.exp(-Math.abs(x)));
  }
};

export const sigmoidCrossEntropyGradient: Twin<"sigmoidCrossEntropyGradient"> = (operands) => {
  const { n, logits, targets, dout, dx } = operands;
  for (let i = 0; i < n; i++) {
    const sigmoid = 1 / (1 + Math.exp(-(logits[i] as number)));
    dx[i] = (sigmoid - (targets[i] as number)) * (dout[i] as number);
  }
};

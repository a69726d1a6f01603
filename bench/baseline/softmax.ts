// Baselines of softmax and the cross-entropies: each exponential is computed once.

import type { Baseline } from "./baseline.ts";

function maximumOf(x: Float32Array, at: number, columns: number): number {
  let most = x[at] as number;
  for (let i = at + 1; i < at + columns; i++) {
    const value = x[i] as number;
    if (value > most) most = value;
  }
  return most;
}

/** Sum of exp(x - most), each of which is left in `out`. */
function exponentials(x: Float32Array, at: number, columns: number, most: number, out: Float32Array): number {
  let sum = 0;
  for (let i = at; i < at + columns; i++) {
    const e = Math.exp((x[i] as number) - most);
    out[i] = e;
    sum += e;
  }
  return sum;
}

function sumOfExponentials(x: Float32Array, at: number, columns: number, most: number): number {
  let sum = 0;
  for (let i = at; i < at + columns; i++) sum += Math.exp((x[i] as number) - most);
  return sum;
}

export const softmax: Baseline<"softmax"> = ({ rows, columns, x, out }) => {
  for (let at = 0; at < rows * columns; at += columns) {
    const share = 1 / exponentials(x, at, columns, maximumOf(x, at, columns), out);
    for (let i = at; i < at + columns; i++) out[i] = (out[i] as number) * share;
  }
};

export const logSoftmax: Baseline<"logSoftmax"> = ({ rows, columns, x, out }) => {
  for (let at = 0; at < rows * columns; at += columns) {
    const most = maximumOf(x, at, columns);
    const offset = most + Math.log(sumOfExponentials(x, at, columns, most));
    for (let i = at; i < at + columns; i++) out[i] = (x[i] as number) - offset;
  }
};

export const softmaxGradient: Baseline<"softmaxGradient"> = ({ rows, columns, y, dy, dx }) => {
  for (let at = 0; at < rows * columns; at += columns) {
    let dot = 0;
    for (let i = at; i < at + columns; i++) dot += (y[i] as number) * (dy[i] as number);
    for (let i = at; i < at + columns; i++) dx[i] = (y[i] as number) * ((dy[i] as number) - dot);
  }
};

export const logSoftmaxGradient: Baseline<"logSoftmaxGradient"> = ({ rows, columns, y, dy, dx }) => {
  for (let at = 0; at < rows * columns; at += columns) {
    let sum = 0;
    for (let i = at; i < at + columns; i++) sum += dy[i] as number;
    for (let i = at; i < at + columns; i++) dx[i] = (dy[i] as number) - Math.exp(y[i] as number) * sum;
  }
};

export const crossEntropy: Baseline<"crossEntropy"> = ({ rows, columns, logits, targets, out }) => {
  for (let r = 0, at = 0; r < rows; r++, at += columns) {
    const most = maximumOf(logits, at, columns);
    const offset = most + Math.log(sumOfExponentials(logits, at, columns, most));
    let loss = 0;
    for (let i = at; i < at + columns; i++) loss += (targets[i] as number) * (offset - (logits[i] as number));
    out[r] = loss;
  }
};

export const crossEntropyGradient: Baseline<"crossEntropyGradient"> = (o) => {
  const { rows, columns, logits, targets, dout, dx } = o;
  for (let r = 0, at = 0; r < rows; r++, at += columns) {
    const sum = exponentials(logits, at, columns, maximumOf(logits, at, columns), dx);
    let whole = 0;
    for (let i = at; i < at + columns; i++) whole += targets[i] as number;
    const upstream = dout[r] as number;
    const share = whole / sum;
    for (let i = at; i < at + columns; i++) dx[i] = ((dx[i] as number) * share - (targets[i] as number)) * upstream;
  }
};

export const crossEntropyInt32: Baseline<"crossEntropyInt32"> = ({ rows, columns, logits, labels, out }) => {
  for (let r = 0, at = 0; r < rows; r++, at += columns) {
    const most = maximumOf(logits, at, columns);
    const offset = most + Math.log(sumOfExponentials(logits, at, columns, most));
    out[r] = offset - (logits[at + (labels[r] as number)] as number);
  }
};

export const crossEntropyInt32Gradient: Baseline<"crossEntropyInt32Gradient"> = (o) => {
  const { rows, columns, logits, labels, dout, dx } = o;
  for (let r = 0, at = 0; r < rows; r++, at += columns) {
    const sum = exponentials(logits, at, columns, maximumOf(logits, at, columns), dx);
    const upstream = dout[r] as number;
    for (let i = at; i < at + columns; i++) dx[i] = ((dx[i] as number) / sum) * upstream;
    const label = at + (labels[r] as number);
    dx[label] = (dx[label] as number) - upstream;
  }
};

export const sigmoidCrossEntropy: Baseline<"sigmoidCrossEntropy"> = ({ n, logits, targets, out }) => {
  for (let i = 0; i < n; i++) {
    const x = logits[i] as number;
    const size = Math.abs(x);
    out[i] = (x + size) * 0.5 - x * (targets[i] as number) + Math.log1p(Math.exp(-size));
  }
};

export const sigmoidCrossEntropyGradient: Baseline<"sigmoidCrossEntropyGradient"> = (o) => {
  const { n, logits, targets, dout, dx } = o;
  for (let i = 0; i < n; i++) {
    dx[i] = (1 / (1 + Math.exp(-(logits[i] as number))) - (targets[i] as number)) * (dout[i] as number);
  }
};

// Baselines of the optimizers: one pass over weights, gradient and slots.

import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";

export const sgd: Baseline<"sgd"> = (o) => {
  const { n, momentum, dampening, nesterov, w, g, velocity, control } = o;
  expect(o.weightDecay === 0, "no decay");
  const learningRate = control[0] as number;
  if (!velocity) {
    for (let i = 0; i < n; i++) w[i] = (w[i] as number) - learningRate * (g[i] as number);
    return;
  }
  const share = 1 - dampening;
  for (let i = 0; i < n; i++) {
    const gradient = share * (g[i] as number);
    const v = momentum * (velocity[i] as number) + gradient;
    velocity[i] = v;
    w[i] = (w[i] as number) - learningRate * (nesterov ? gradient + momentum * v : v);
  }
};

export const rmsprop: Baseline<"rmsprop"> = (o) => {
  const { n, rho, epsilon, momentum, w, g, s, average, velocity, control } = o;
  expect(!o.biasCorrection && o.weightDecay === 0 && o.epsilonForm === 1, "no correction, no decay, epsilon inside");
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const square = rho * (s[i] as number) + (1 - rho) * gradient * gradient;
    s[i] = square;
    let spread = square;
    if (average) {
      const mean = rho * (average[i] as number) + (1 - rho) * gradient;
      average[i] = mean;
      spread = Math.max(square - mean * mean, 0);
    }
    let u = (learningRate * gradient) / Math.sqrt(spread + epsilon);
    if (velocity) {
      u += momentum * (velocity[i] as number);
      velocity[i] = u;
    }
    w[i] = (w[i] as number) - u;
  }
};

export const adam: Baseline<"adam"> = (o) => {
  const { n, beta1, beta2, epsilon, w, g, m, v, vMax, control } = o;
  expect(o.weightDecay === 0 && o.epsilonForm === 0, "no decay");
  const [learningRate, correction1, correction2] = control as unknown as [number, number, number];
  const rate = learningRate * correction1;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const first = beta1 * (m[i] as number) + (1 - beta1) * gradient;
    let square = beta2 * (v[i] as number) + (1 - beta2) * gradient * gradient;
    m[i] = first;
    v[i] = square;
    if (vMax) {
      const before = vMax[i] as number;
      if (before > square) square = before;
      vMax[i] = square;
    }
    w[i] = (w[i] as number) - (rate * first) / (Math.sqrt(correction2 * square) + epsilon);
  }
};

export const nadam: Baseline<"nadam"> = (o) => {
  const { n, beta1, beta2, epsilon, w, g, m, v, control } = o;
  expect(o.weightDecay === 0 && o.epsilonForm === 0, "no decay");
  const [learningRate, ofAverage, ofGradient, correction] = control as unknown as [number, number, number, number];
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const first = beta1 * (m[i] as number) + (1 - beta1) * gradient;
    const square = beta2 * (v[i] as number) + (1 - beta2) * gradient * gradient;
    m[i] = first;
    v[i] = square;
    const ahead = ofAverage * first + ofGradient * gradient;
    w[i] = (w[i] as number) - (learningRate * ahead) / (Math.sqrt(correction * square) + epsilon);
  }
};

export const adamax: Baseline<"adamax"> = (o) => {
  const { n, beta1, beta2, epsilon, w, g, m, u, control } = o;
  expect(o.weightDecay === 0 && o.epsilonForm === 0, "no decay");
  const rate = (control[0] as number) * (control[1] as number);
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const first = beta1 * (m[i] as number) + (1 - beta1) * gradient;
    const largest = Math.max(beta2 * (u[i] as number), Math.abs(gradient));
    m[i] = first;
    u[i] = largest;
    w[i] = (w[i] as number) - (rate * first) / (largest + epsilon);
  }
};

export const adagrad: Baseline<"adagrad"> = (o) => {
  const { n, epsilon, w, g, s, control } = o;
  expect(o.weightDecay === 0 && o.epsilonForm === 1, "no decay, epsilon inside");
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const sum = (s[i] as number) + gradient * gradient;
    s[i] = sum;
    w[i] = (w[i] as number) - (learningRate * gradient) / Math.sqrt(sum + epsilon);
  }
};

export const adadelta: Baseline<"adadelta"> = (o) => {
  const { n, rho, epsilon, w, g, s, delta, control } = o;
  expect(o.weightDecay === 0, "no decay");
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const square = rho * (s[i] as number) + (1 - rho) * gradient * gradient;
    s[i] = square;
    const before = delta[i] as number;
    const u = (Math.sqrt(before + epsilon) / Math.sqrt(square + epsilon)) * gradient;
    delta[i] = rho * before + (1 - rho) * u * u;
    w[i] = (w[i] as number) - learningRate * u;
  }
};

export const lion: Baseline<"lion"> = (o) => {
  const { n, beta1, beta2, w, g, m, control } = o;
  expect(o.weightDecay === 0, "no decay");
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const before = m[i] as number;
    const u = Math.sign(beta1 * before + (1 - beta1) * gradient);
    m[i] = beta2 * before + (1 - beta2) * gradient;
    w[i] = (w[i] as number) - learningRate * u;
  }
};

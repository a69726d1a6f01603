// Baselines of the optimizers: one pass over weights, gradient and slots.

import type { Baseline } from "./baseline.ts";
import { expect } from "./baseline.ts";

export const sgd: Baseline<"sgd"> = (o) => {
  const { n, momentum, dampening, nesterov, w, g, velocity, control } = o;
  expect(nesterov === 0 && o.weightDecay === 0, "no Nesterov, no decay");
  const learningRate = control[0] as number;
  if (!velocity) {
    for (let i = 0; i < n; i++) w[i] = (w[i] as number) - learningRate * (g[i] as number);
    return;
  }
  const share = 1 - dampening;
  for (let i = 0; i < n; i++) {
    const v = momentum * (velocity[i] as number) + share * (g[i] as number);
    velocity[i] = v;
    w[i] = (w[i] as number) - learningRate * v;
  }
};

export const rmsprop: Baseline<"rmsprop"> = (o) => {
  const { n, rho, epsilon, w, g, s, control } = o;
  expect(!o.velocity && !o.average && o.weightDecay === 0 && o.epsilonForm === 1, "no momentum, centering or decay");
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const square = rho * (s[i] as number) + (1 - rho) * gradient * gradient;
    s[i] = square;
    w[i] = (w[i] as number) - (learningRate * gradient) / Math.sqrt(square + epsilon);
  }
};

export const adam: Baseline<"adam"> = (o) => {
  const { n, beta1, beta2, epsilon, w, g, m, v, control } = o;
  expect(!o.vMax && o.weightDecay === 0 && o.epsilonForm === 0, "no AMSGrad, no decay");
  const [learningRate, correction1, correction2] = control as unknown as [number, number, number];
  const rate = learningRate * correction1;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const first = beta1 * (m[i] as number) + (1 - beta1) * gradient;
    const square = beta2 * (v[i] as number) + (1 - beta2) * gradient * gradient;
    m[i] = first;
    v[i] = square;
    w[i] = (w[i] as number) - (rate * first) / (Math.sqrt(correction2 * square) + epsilon);
  }
};

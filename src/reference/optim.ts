// Twins of assembly/optim.ts.

import type { Twin } from "./twin.ts";

export const sgd: Twin<"sgd"> = ({ n, momentum, dampening, nesterov, weightDecay, w, g, velocity, control }) => {
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    let update = gradient;
    if (velocity) {
      const v = momentum * (velocity[i] as number) + (1 - dampening) * gradient;
      velocity[i] = v;
      update = nesterov ? (1 - dampening) * gradient + momentum * v : v;
    }
    const old = w[i] as number;
    w[i] = old - learningRate * (update + weightDecay * old);
  }
};

export const rmsprop: Twin<"rmsprop"> = (operands) => {
  const { n, rho, epsilon, epsilonForm, momentum, centered, weightDecay, w, g, s, average, velocity, control } =
    operands;
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    let square = rho * (s[i] as number) + (1 - rho) * gradient * gradient;
    s[i] = square;
    if (centered && average) {
      const mean = rho * (average[i] as number) + (1 - rho) * gradient;
      average[i] = mean;
      square = Math.max(square - mean * mean, 0);
    }
    const root = epsilonForm === 1 ? Math.sqrt(square + epsilon) : Math.sqrt(square) + epsilon;
    let update = (learningRate * gradient) / root;
    if (velocity) {
      update += momentum * (velocity[i] as number);
      velocity[i] = update;
    }
    const old = w[i] as number;
    w[i] = old - update - learningRate * weightDecay * old;
  }
};

export const adam: Twin<"adam"> = (operands) => {
  const { n, beta1, beta2, epsilon, epsilonForm, amsgrad, weightDecay, w, g, m, v, vMax, control } = operands;
  const [learningRate, correction1, correction2] = control as unknown as [number, number, number];
  for (let i = 0; i < n; i++) {
    const gradient = g[i] as number;
    const first = beta1 * (m[i] as number) + (1 - beta1) * gradient;
    let square = beta2 * (v[i] as number) + (1 - beta2) * gradient * gradient;
    m[i] = first;
    v[i] = square;
    if (amsgrad && vMax) {
      square = Math.max(vMax[i] as number, square);
      vMax[i] = square;
    }
    const corrected = correction2 * square;
    let root = Math.sqrt(corrected) + epsilon;
    if (epsilonForm === 1) root = Math.sqrt(corrected + epsilon);
    if (epsilonForm === 2) root = Math.sqrt(correction2) * (Math.sqrt(square) + epsilon);
    const old = w[i] as number;
    w[i] = old - learningRate * ((correction1 * first) / root + weightDecay * old);
  }
};

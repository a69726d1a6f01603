// Twins of the optimizers in assembly/optim/.

import type { Floats } from "../../bindings/engine.ts";
import { isIdle } from "./control.ts";
import type { Twin } from "./twin.ts";

/** w -= step + learningRate weightDecay w, element by element; nothing in an idle call. */
function pass(
  { n, weightDecay, w, control }: { n: number; weightDecay: number; w: Floats; control: Floats },
  stepOf: (i: number, learningRate: number) => number,
): void {
  if (isIdle(control)) return;
  const learningRate = control[0] as number;
  for (let i = 0; i < n; i++) {
    const step = stepOf(i, learningRate);
    const old = w[i] as number;
    w[i] = old - (step + learningRate * weightDecay * old);
  }
}

/** slot = decay slot + (1 - decay) value; returns what the slot is now. */
function blend(slot: Floats, i: number, decay: number, value: number): number {
  const next = decay * (slot[i] as number) + (1 - decay) * value;
  slot[i] = next;
  return next;
}

export const sgd: Twin<"sgd"> = (o) => {
  const { momentum, dampening, nesterov, g, velocity } = o;
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    if (!velocity) return learningRate * gradient;
    const v = momentum * (velocity[i] as number) + (1 - dampening) * gradient;
    velocity[i] = v;
    return learningRate * (nesterov ? (1 - dampening) * gradient + momentum * v : v);
  });
};

export const rmsprop: Twin<"rmsprop"> = (o) => {
  const { rho, epsilon, epsilonForm, momentum, centered, biasCorrection, g, s, average, velocity, control } = o;
  const correction = biasCorrection ? (control[1] as number) : 1;
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    let square = correction * blend(s, i, rho, gradient * gradient);
    if (centered && average) {
      const mean = correction * blend(average, i, rho, gradient);
      square = Math.max(square - mean * mean, 0);
    }
    const root = epsilonForm === 1 ? Math.sqrt(square + epsilon) : Math.sqrt(square) + epsilon;
    const u = (learningRate * gradient) / root;
    if (!velocity) return u;
    const v = momentum * (velocity[i] as number) + u;
    velocity[i] = v;
    return v;
  });
};

/** The root of Adam's kind below an update, with its epsilon. */
function rootOf(
  square: number,
  correction: number,
  { epsilon, epsilonForm }: { epsilon: number; epsilonForm: number },
): number {
  const corrected = correction * square;
  if (epsilonForm === 1) return Math.sqrt(corrected + epsilon);
  if (epsilonForm === 2) return Math.sqrt(correction) * (Math.sqrt(square) + epsilon);
  return Math.sqrt(corrected) + epsilon;
}

export const adam: Twin<"adam"> = (o) => {
  const { beta1, beta2, amsgrad, g, m, v, vMax, control } = o;
  const [, correction1, correction2] = control as unknown as [number, number, number];
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    const first = blend(m, i, beta1, gradient);
    let square = blend(v, i, beta2, gradient * gradient);
    if (amsgrad && vMax) {
      square = Math.max(vMax[i] as number, square);
      vMax[i] = square;
    }
    return (learningRate * correction1 * first) / rootOf(square, correction2, o);
  });
};

export const nadam: Twin<"nadam"> = (o) => {
  const { beta1, beta2, g, m, v, control } = o;
  const [, ofAverage, ofGradient, correction] = control as unknown as [number, number, number, number];
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    const first = blend(m, i, beta1, gradient);
    const square = blend(v, i, beta2, gradient * gradient);
    return (learningRate * (ofAverage * first + ofGradient * gradient)) / rootOf(square, correction, o);
  });
};

export const adamax: Twin<"adamax"> = (o) => {
  const { beta1, beta2, epsilon, epsilonForm, g, m, u, control } = o;
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    const first = blend(m, i, beta1, gradient);
    const inside = epsilonForm === 1 ? epsilon : 0;
    const largest = Math.max(beta2 * (u[i] as number), Math.abs(gradient) + inside);
    u[i] = largest;
    return (learningRate * (control[1] as number) * first) / (largest + epsilon - inside);
  });
};

export const adagrad: Twin<"adagrad"> = (o) => {
  const { epsilon, epsilonForm, g, s } = o;
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    const sum = (s[i] as number) + gradient * gradient;
    s[i] = sum;
    return (learningRate * gradient) / (epsilonForm === 1 ? Math.sqrt(sum + epsilon) : Math.sqrt(sum) + epsilon);
  });
};

export const adadelta: Twin<"adadelta"> = (o) => {
  const { rho, epsilon, g, s, delta } = o;
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    const square = blend(s, i, rho, gradient * gradient);
    const u = (Math.sqrt((delta[i] as number) + epsilon) / Math.sqrt(square + epsilon)) * gradient;
    blend(delta, i, rho, u * u);
    return learningRate * u;
  });
};

export const lion: Twin<"lion"> = (o) => {
  const { beta1, beta2, g, m } = o;
  pass(o, (i, learningRate) => {
    const gradient = g[i] as number;
    const u = Math.sign(beta1 * (m[i] as number) + (1 - beta1) * gradient);
    blend(m, i, beta2, gradient);
    return learningRate * u;
  });
};

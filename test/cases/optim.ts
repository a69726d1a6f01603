// Records of the optimizers in assembly/optim/.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes, uniform } from "../values.ts";

const special = [0, -0, 1e-40, -1e-40, 1e-20, 1e3, -1e3, Number.NaN, Infinity, -Infinity, 1, -1, 1e-8];

/** Gradients: about normal, or the special values in turn. */
function gradients(n: number, kind: "normal" | "special"): Float32Array {
  if (kind === "normal") return normal(n, 3);
  return Float32Array.from({ length: n }, (_, i) => special[i % special.length] as number);
}

/**
 * Allowed error: `roundings` half ULP of everything that enters an element. An update is no larger than the
 * old and the new weight together, unless it cancels inside: then `gain` times the gradient bounds it.
 */
function within(roundings: number, arrays: Readonly<Record<string, Float32Array>>, gain: number) {
  return (operand: string, i: number, expected: number): number => {
    const gradient = Math.abs(arrays.g?.[i] as number);
    const old = Math.abs(arrays[operand]?.[i] as number);
    const velocity = Math.abs(arrays.velocity?.[i] ?? 0);
    const inner = operand === "w" ? gain * (gradient + velocity) : operand === "velocity" ? gradient : 0;
    const average = operand === "m" || operand === "average" ? gradient : 0;
    return roundings * 2 ** -24 * (old + Math.abs(expected) + inner + average) + 2 ** -146;
  };
}

const control = (...values: number[]): Float32Array => {
  const block = new Float32Array(8).fill(Number.NaN);
  block.set(values);
  return block;
};

function sgdCase(n: number, kind: "normal" | "special", name: string, options: Partial<SgdOptions>): KernelCase {
  const { velocity: withVelocity = true, ...rest } = options;
  const arrays = { w: normal(n, 1), g: gradients(n, kind), ...(withVelocity ? { velocity: normal(n, 2) } : {}) };
  const scalars = { n, momentum: 0.9, dampening: 0, nesterov: 0, weightDecay: 0, ...rest };
  return kernelCase(
    "sgd",
    `${name}, ${kind}, n = ${n}`,
    { ...scalars, ...arrays, velocity: arrays.velocity ?? null, control: control(0.01) },
    within(8, arrays as Record<string, Float32Array>, 0.01),
  );
}
interface SgdOptions {
  velocity: boolean;
  momentum: number;
  dampening: number;
  nesterov: number;
  weightDecay: number;
}

function rmspropCase(
  n: number,
  kind: "normal" | "special",
  name: string,
  options: Partial<RmspropOptions>,
): KernelCase {
  const { velocity: withVelocity = false, ...rest } = options;
  const settings = { rho: 0.9, epsilon: 1e-7, epsilonForm: 1, momentum: 0.9, centered: 0, biasCorrection: 0 };
  const scalars = { n, ...settings, weightDecay: 0, ...rest };
  const arrays = {
    w: normal(n, 1),
    g: gradients(n, kind),
    s: uniform(n, 4, 1.2, 2),
    ...(scalars.centered ? { average: normal(n, 5, 0.2) } : {}),
    ...(withVelocity ? { velocity: normal(n, 2) } : {}),
  };
  return kernelCase(
    "rmsprop",
    `${name}, ${kind}, n = ${n}`,
    {
      ...scalars,
      ...arrays,
      average: arrays.average ?? null,
      velocity: arrays.velocity ?? null,
      control: scalars.biasCorrection ? control(0.01, 1 / (1 - Math.fround(scalars.rho) ** 3)) : control(0.01),
    },
    within(scalars.centered ? 40 : 12, arrays as unknown as Record<string, Float32Array>, 1),
  );
}
interface RmspropOptions {
  velocity: boolean;
  rho: number;
  epsilon: number;
  epsilonForm: number;
  momentum: number;
  centered: number;
  biasCorrection: number;
  weightDecay: number;
}

function adamCase(n: number, kind: "normal" | "special", name: string, options: Partial<AdamOptions>): KernelCase {
  const { step = 3, ...rest } = options;
  const scalars = {
    n,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    epsilonForm: 0,
    amsgrad: 0,
    weightDecay: 0,
    ...rest,
  };
  const arrays = {
    w: normal(n, 1),
    g: gradients(n, kind),
    m: normal(n, 2, step > 1 ? 1 : 0),
    v: uniform(n, 4, 0, step > 1 ? 1 : 0),
    ...(scalars.amsgrad ? { vMax: uniform(n, 5) } : {}),
  };
  const correction = (beta: number) => 1 / (1 - Math.fround(beta) ** step);
  return kernelCase(
    "adam",
    `${name}, ${kind}, n = ${n}`,
    {
      ...scalars,
      ...arrays,
      vMax: arrays.vMax ?? null,
      control: control(0.01, correction(scalars.beta1), correction(scalars.beta2)),
    },
    within(16, arrays as unknown as Record<string, Float32Array>, 0),
  );
}
interface AdamOptions {
  step: number;
  epsilon: number;
  epsilonForm: number;
  amsgrad: number;
  weightDecay: number;
}

/** A record of one of the others: scalars, slots, and the control words behind the learning rate. */
function otherCase<K extends "adadelta" | "adagrad" | "adamax" | "lion" | "nadam">(
  kernel: K,
  n: number,
  kind: "normal" | "special",
  name: string,
  options: Readonly<Record<string, number>> = {},
): KernelCase {
  const square = uniform(n, 4, kind === "special" ? 0.5 : 0, 2);
  const parts = {
    adadelta: { scalars: { rho: 0.95, epsilon: 1e-6 }, slots: { s: square, delta: uniform(n, 5) }, words: [] },
    adagrad: { scalars: { epsilon: 1e-7, epsilonForm: 1 }, slots: { s: square }, words: [] },
    adamax: {
      scalars: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonForm: 0 },
      slots: { m: normal(n, 2), u: uniform(n, 4, 0.1, 1) },
      words: [3.7],
    },
    lion: { scalars: { beta1: 0.9, beta2: 0.99 }, slots: { m: normal(n, 2) }, words: [] },
    nadam: {
      scalars: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonForm: 0 },
      slots: { m: normal(n, 2), v: uniform(n, 4) },
      words: [1.2, 3.1, 330],
    },
  }[kernel];
  const arrays = { w: normal(n, 1), g: gradients(n, kind), ...parts.slots };
  const operands = {
    n,
    weightDecay: 0,
    ...parts.scalars,
    ...options,
    ...arrays,
    control: control(0.01, ...parts.words),
  };
  // adadelta's update is as large as the gradient; nadam's numerator may cancel
  const gain = { adadelta: 2, adagrad: 0.1, adamax: 0.1, lion: 0, nadam: 0.2 }[kernel];
  const bound = within(16, arrays as unknown as Record<string, Float32Array>, gain);
  const inSlot = (operand: string, i: number): number => {
    const gradient = Math.abs(arrays.g[i] as number);
    return operand === "s" || operand === "delta" || operand === "u" ? gradient * gradient * 2 ** -20 : 0;
  };
  return kernelCase(
    kernel,
    `${name}, ${kind}, n = ${n}`,
    operands as never,
    (operand, i, expected) => bound(operand, i, expected) + (kernel === "adadelta" ? inSlot(operand, i) : 0),
  );
}

/** Nothing may change where the control words say that a call is idle. */
function idleCases(): KernelCase[] {
  const n = 9;
  const idle = Float32Array.of(0.01, 2, 3, 4, 0.5, 1, 1, 1);
  const [w, g, m, v] = [normal(n, 1), normal(n, 2), normal(n, 3), uniform(n, 4)];
  const betas = { beta1: 0.9, beta2: 0.999, weightDecay: 0.1 };
  const form = { epsilon: 1e-7, epsilonForm: 0 };
  const shared = { n, w, g, control: idle };
  return [
    kernelCase("sgd", "idle", { ...shared, momentum: 0.9, dampening: 0, nesterov: 0, weightDecay: 0.1, velocity: m }),
    kernelCase("rmsprop", "idle", {
      ...{ ...shared, ...form, rho: 0.9, momentum: 0, centered: 0, biasCorrection: 0, weightDecay: 0.1 },
      ...{ s: v, average: null, velocity: null },
    }),
    kernelCase("adam", "idle", { ...shared, ...betas, ...form, amsgrad: 0, m, v, vMax: null }),
    kernelCase("nadam", "idle", { ...shared, ...betas, ...form, m, v }),
    kernelCase("adamax", "idle", { ...shared, ...betas, ...form, m, u: v }),
    kernelCase("adagrad", "idle", { ...shared, ...form, weightDecay: 0.1, s: v }),
    kernelCase("adadelta", "idle", { ...shared, rho: 0.95, epsilon: 1e-7, weightDecay: 0.1, s: v, delta: m }),
    kernelCase("lion", "idle", { ...shared, ...betas, m }),
  ];
}

const others = ["adadelta", "adagrad", "adamax", "lion", "nadam"] as const;

export const optimCases: readonly KernelCase[] = [
  ...sizes.flatMap((n) => [
    sgdCase(n, "normal", "plain", { velocity: false }),
    sgdCase(n, "normal", "momentum", {}),
    sgdCase(n, "normal", "nesterov", { nesterov: 1 }),
    rmspropCase(n, "normal", "inside", {}),
    rmspropCase(n, "normal", "centered, momentum", { centered: 1, velocity: true }),
    adamCase(n, "normal", "outside", {}),
    adamCase(n, "normal", "amsgrad", { amsgrad: 1 }),
  ]),
  ...(["normal", "special"] as const).flatMap((kind) => [
    sgdCase(33, kind, "plain, decay", { velocity: false, weightDecay: 0.1 }),
    sgdCase(33, kind, "momentum, dampening, decay", { dampening: 0.9, weightDecay: 0.1 }),
    sgdCase(33, kind, "nesterov, dampening, decay", { nesterov: 1, dampening: 0.5, weightDecay: 0.1 }),
    rmspropCase(33, kind, "outside, decay", { epsilonForm: 0, weightDecay: 0.1 }),
    rmspropCase(33, kind, "inside, rho 0.99", { rho: 0.99 }),
    rmspropCase(33, kind, "momentum", { velocity: true }),
    rmspropCase(33, kind, "centered, outside, decay", { centered: 1, epsilonForm: 0, weightDecay: 0.1 }),
    adamCase(33, kind, "outside, decay, first step", { step: 1, weightDecay: 0.1 }),
    adamCase(33, kind, "inside", { epsilonForm: 1, epsilon: 1e-3 }),
    adamCase(33, kind, "hat", { epsilonForm: 2, epsilon: 1e-3 }),
    adamCase(33, kind, "hat, amsgrad, decay", { epsilonForm: 2, amsgrad: 1, weightDecay: 0.1 }),
    adamCase(33, kind, "late", { step: 20000 }),
  ]),
  ...(["normal", "special"] as const).flatMap((kind) => [
    rmspropCase(33, kind, "bias correction, inside", { biasCorrection: 1 }),
    rmspropCase(33, kind, "bias correction, outside", { biasCorrection: 1, epsilonForm: 0, epsilon: 1e-3 }),
    rmspropCase(33, kind, "bias correction, centered, momentum", { biasCorrection: 1, centered: 1, velocity: true }),
    ...others.map((kernel) => otherCase(kernel, 33, kind, "decay", { weightDecay: 0.1 })),
    otherCase("adagrad", 33, kind, "outside", { epsilonForm: 0, epsilon: 1e-3 }),
    otherCase("adamax", 33, kind, "inside", { epsilonForm: 1, epsilon: 1e-3 }),
    otherCase("nadam", 33, kind, "inside", { epsilonForm: 1, epsilon: 1e-3 }),
    otherCase("nadam", 33, kind, "hat", { epsilonForm: 2, epsilon: 1e-3 }),
  ]),
  ...others.flatMap((kernel) => sizes.map((n) => otherCase(kernel, n, "normal", "plain"))),
  ...idleCases(),
  // two pieces
  ...others.map((kernel) => otherCase(kernel, 16387, "normal", "two pieces")),
  sgdCase(16387, "normal", "two pieces", {}),
  rmspropCase(16387, "normal", "two pieces, momentum", { velocity: true }),
  adamCase(16387, "normal", "two pieces", {}),
];

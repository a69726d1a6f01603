// Schedules that only fall. `t` in the formulas is the step or the epoch, as `per` says.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import { bool, checkOptions, invalid, nonNegative, positive, positiveInteger } from "../check.ts";
import { cos, pow } from "../math.ts";
import { over, type Schedule, type ScheduleOptions, type ScheduleUnit, unit } from "./unit.ts";

/** Options of the decays by a rate. */
export interface RateDecayOptions extends ScheduleOptions {
  readonly initialLearningRate: number;
  /** By default 0.95 of `exponentialDecay`, 1 of `inverseTimeDecay`. */
  readonly decayRate?: number;
  /** The time in which the rate applies once, in units of `per`; by default 1. */
  readonly decaySteps?: number;
  /** By default "step" where `decaySteps` is given, as in Keras, otherwise "epoch", as in courses. */
  readonly per?: ScheduleUnit;
  /** Whether the time is rounded down to multiples of `decaySteps`: a staircase. By default false. */
  readonly staircase?: boolean;
}

/** Options of `inverseSqrtDecay`. */
export interface InverseSqrtDecayOptions extends ScheduleOptions {
  readonly initialLearningRate: number;
  /** By default 1. */
  readonly k?: number;
  /** By default "epoch". */
  readonly per?: ScheduleUnit;
}

/** Options of `stepDecay`. */
export interface StepDecayOptions extends ScheduleOptions {
  readonly initialLearningRate: number;
  /** By default 0.5: halved. */
  readonly factor?: number;
  /** How long each stair is, in units of `per`. */
  readonly every: number;
  /** By default "epoch". */
  readonly per?: ScheduleUnit;
}

/** Options of `piecewiseConstantDecay`. */
export interface PiecewiseConstantDecayOptions extends ScheduleOptions {
  /** The last time of each value but the last, rising, in units of `per`. */
  readonly boundaries: readonly number[];
  /** One more than boundaries. */
  readonly values: readonly number[];
  /** By default "step". */
  readonly per?: ScheduleUnit;
}

/** Options of `polynomialDecay`. */
export interface PolynomialDecayOptions extends ScheduleOptions {
  readonly initialLearningRate: number;
  /** When `endLearningRate` is reached, in units of `per`. */
  readonly decaySteps: number;
  /** By default 1e-4. */
  readonly endLearningRate?: number;
  /** By default 1: a straight line. */
  readonly power?: number;
  /** Whether it rises again after `decaySteps` and falls for longer each time. By default false. */
  readonly cycle?: boolean;
  /** By default "step". */
  readonly per?: ScheduleUnit;
}

/** Options of `cosineDecay`. */
export interface CosineDecayOptions extends ScheduleOptions {
  readonly initialLearningRate: number;
  /** When the end is reached, in units of `per`. */
  readonly decaySteps: number;
  /** What is left at the end, as a share of the initial rate; by default 0. */
  readonly alpha?: number;
  /** By default "step". */
  readonly per?: ScheduleUnit;
}

/** A rate that does not change. Throws `invalid-argument` for one out of range. */
export function constant(learningRate: number): Schedule {
  nonNegative(learningRate, "learningRate", "constant");
  return () => learningRate;
}

/** Checks what decays by a rate have; `passed` is the time in units of decaySteps. */
function checkedTime(
  where: string,
  options: RateDecayOptions,
  decayRate: Checker,
): { readonly per: ScheduleUnit; passed(t: number): number } {
  const checkers = {
    initialLearningRate: positive,
    decayRate,
    decaySteps: positiveInteger,
    per: unit,
    staircase: bool,
  };
  checkOptions(where, options, checkers, ["initialLearningRate"]);
  const { decaySteps = 1, per = options.decaySteps === undefined ? "epoch" : "step", staircase = false } = options;
  return { per, passed: (t) => (staircase ? Math.floor(t / decaySteps) : t / decaySteps) };
}

/**
 * a0 / (1 + decayRate t / decaySteps), a0 the initial rate: 0.2 with decay rate 1 gives 0.2, 0.1, 0.0667, 0.05, 0.04
 * in epochs 0 to 4. Without `decaySteps` t counts epochs, with it steps, where `per` does not say otherwise.
 * Throws `invalid-argument` or `unknown-option` for options out of range. Source: Keras's InverseTimeDecay.
 */
export function inverseTimeDecay(options: RateDecayOptions): Schedule {
  const { per, passed } = checkedTime("inverseTimeDecay", options, nonNegative);
  const { initialLearningRate: a0, decayRate = 1 } = options;
  return over(per, (t) => a0 / (1 + decayRate * passed(t)));
}

/**
 * a0 decayRate^(t / decaySteps), a0 the initial rate; 0.95^epoch by default. Without `decaySteps` t counts epochs, with it
 * steps, where `per` does not say otherwise. Throws `invalid-argument` or `unknown-option` for options out of range.
 * Source: Keras's ExponentialDecay.
 */
export function exponentialDecay(options: RateDecayOptions): Schedule {
  const { per, passed } = checkedTime("exponentialDecay", options, positive);
  const { initialLearningRate: a0, decayRate = 0.95 } = options;
  return over(per, (t) => a0 * pow(decayRate, passed(t)));
}

/**
 * a0 k / sqrt(t + 1), a0 the initial rate, t the epoch where `per` does not say otherwise: half at t = 3, a third at t = 8.
 * Throws `invalid-argument` or `unknown-option` for options out of range. Source: Ng's Deep Learning Specialization, course 2.
 */
export function inverseSqrtDecay(options: InverseSqrtDecayOptions): Schedule {
  const checkers = { initialLearningRate: positive, k: positive, per: unit };
  checkOptions("inverseSqrtDecay", options, checkers, ["initialLearningRate"]);
  const { initialLearningRate: a0, k = 1, per = "epoch" } = options;
  return over(per, (t) => (a0 * k) / Math.sqrt(t + 1));
}

/**
 * a0 factor^floor(t / every), a0 the initial rate, t the epoch where `per` does not say otherwise: halved every so many
 * epochs. Throws `invalid-argument` or `unknown-option` for options out of range. Source: the discrete staircase of Ng's Deep
 * Learning Specialization, course 2; PyTorch's StepLR.
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const checkers = { initialLearningRate: positive, factor: positive, every: positiveInteger, per: unit };
  checkOptions("stepDecay", options, checkers, ["initialLearningRate", "every"]);
  const { initialLearningRate: a0, factor = 0.5, every, per = "epoch" } = options;
  return over(per, (t) => a0 * pow(factor, Math.floor(t / every)));
}

/** Checks that times rise, from `least` on, and are one fewer than the parts that they divide. */
export function checkBoundaries(
  where: string,
  boundaries: unknown,
  least: 0 | 1,
  parts: string,
  partCount: number,
): void {
  const rises = (t: unknown, i: number, all: readonly number[]): boolean =>
    Number.isSafeInteger(t) && (t as number) >= (i === 0 ? least : (all[i - 1] as number) + 1);
  if (!Array.isArray(boundaries) || !boundaries.every(rises))
    throw invalid(
      where,
      "boundaries",
      `an array of integers from ${least}, each greater than the one before`,
      boundaries,
    );
  if (boundaries.length !== partCount - 1)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: boundaries must be one fewer than ${parts}, got ${boundaries.length} and ${partCount}.`,
    );
}

/**
 * values[i] up to and with t = boundaries[i], then values[i + 1], t the step where `per` does not say otherwise.
 * Throws `invalid-argument` or `unknown-option` for options out of range. Source: Keras's PiecewiseConstantDecay.
 */
export function piecewiseConstantDecay(options: PiecewiseConstantDecayOptions): Schedule {
  const where = "piecewiseConstantDecay";
  const checkers = { boundaries: (v: unknown) => v, values: (v: unknown) => v, per: unit };
  checkOptions(where, options, checkers, ["boundaries", "values"]);
  const { per = "step" } = options;
  if (!Array.isArray(options.values) || options.values.length === 0)
    throw invalid(where, "values", "a non-empty array of learning rates", options.values);
  for (const [i, value] of options.values.entries()) nonNegative(value, `values[${i}]`, where);
  checkBoundaries(where, options.boundaries, 0, "values", options.values.length);
  const [boundaries, values] = [[...options.boundaries], [...options.values]];
  return over(per, (t) => {
    let piece = 0;
    while (piece < boundaries.length && t > (boundaries[piece] as number)) piece++;
    return values[piece] as number;
  });
}

/**
 * (a0 - end) (1 - t / decaySteps)^power + end, from decaySteps on end, t the step where `per` does not say otherwise. With
 * `cycle` decaySteps is replaced by its next multiple at or behind t, so that the rate jumps up and falls again. Throws
 * `invalid-argument` or `unknown-option` for options out of range. Source: Keras's PolynomialDecay.
 */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const checkers = {
    initialLearningRate: positive,
    decaySteps: positiveInteger,
    endLearningRate: nonNegative,
    power: positive,
    cycle: bool,
    per: unit,
  };
  checkOptions("polynomialDecay", options, checkers, ["initialLearningRate", "decaySteps"]);
  const {
    initialLearningRate: a0,
    decaySteps,
    endLearningRate: end = 1e-4,
    power = 1,
    cycle = false,
    per = "step",
  } = options;
  return over(per, (t) => {
    const length = cycle ? decaySteps * Math.max(1, Math.ceil(t / decaySteps)) : decaySteps;
    return (a0 - end) * pow(1 - Math.min(t, length) / length, power) + end;
  });
}

/** Half a wave from 1 at 0 to 0 at 1. */
export const halfCosine = (share: number): number => (1 + cos(Math.PI * share)) / 2;

/**
 * a0 ((1 - alpha) (1 + cos(pi t / decaySteps)) / 2 + alpha), from decaySteps on a0 alpha, t the step where `per` does not say
 * otherwise. Throws `invalid-argument` or `unknown-option` for options out of range. Source: Loshchilov and Hutter 2017,
 * Keras's CosineDecay; for its warm-up see `warmup`.
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const checkers = { initialLearningRate: positive, decaySteps: positiveInteger, alpha: nonNegative, per: unit };
  checkOptions("cosineDecay", options, checkers, ["initialLearningRate", "decaySteps"]);
  const { initialLearningRate: a0, decaySteps, alpha = 0, per = "step" } = options;
  return over(per, (t) => a0 * ((1 - alpha) * halfCosine(Math.min(t, decaySteps) / decaySteps) + alpha));
}

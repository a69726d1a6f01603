// The namespace `spaces`: distributions of hyperparameters.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import {
  bool,
  checkOptions,
  finite,
  fraction,
  integer as integerChecker,
  invalid,
  nonEmptyString,
  positive,
  positiveInteger,
} from "../check.ts";
import type { Condition, Parameter, ParametersOf, PlainValue, SpaceNode } from "./space.ts";
import { requirePlain } from "./space.ts";

const parameter = <T>(rule: Parameter<T>["rule"]): Parameter<T> => ({ kind: "parameter", rule });

function range(where: string, checker: Checker, low: unknown, high: unknown): void {
  checker(low, "low", where);
  checker(high, "high", where);
  if ((low as number) >= (high as number))
    throw new LanewiseError(
      "invalid-argument",
      `${where}: low and high must be in this order, low below high, got low ${low} and high ${high}. What does not vary is spaces.constant(value).`,
    );
}

/** A number from low to high, every part equally likely: `low + u (high - low)`, u uniform in [0, 1). */
export function uniform(low: number, high: number): Parameter<number> {
  range("spaces.uniform", finite, low, high);
  return parameter({ type: "uniform", low, high });
}

/**
 * A number from low to high, both above 0, every order of magnitude equally likely: `low (high / low)^u`. For learning rates and
 * penalties.
 */
export function logUniform(low: number, high: number): Parameter<number> {
  range("spaces.logUniform", positive, low, high);
  return parameter({ type: "logUniform", low, high });
}

/**
 * A number from low to high, both in [0, 1), whose distance to 1 is log-uniform: `1 - (1 - low) ((1 - high) / (1 - low))^u`. For
 * momentum and decay factors: from 0.9 to 0.999 averages over 10 and over 1000 steps have the same share.
 */
export function oneMinusLogUniform(low: number, high: number): Parameter<number> {
  range("spaces.oneMinusLogUniform", fraction, low, high);
  return parameter({ type: "oneMinusLogUniform", low, high });
}

/** Options of `spaces.integer`. */
export interface IntegerOptions {
  /** Spreads them as logUniform does: k is drawn with a probability in proportion to log((k + 1) / k). */
  readonly log?: boolean;
  /** low, low + step, low + 2 step, ... up to high; by default 1. */
  readonly step?: number;
}

/** An integer from low to high, both among them. `log` needs a low of at least 1, and no step. */
export function integer(low: number, high: number, options: IntegerOptions = {}): Parameter<number> {
  const where = "spaces.integer";
  range(where, integerChecker, low, high);
  checkOptions(where, options, { log: bool, step: positiveInteger });
  const { log = false, step = 1 } = options;
  if (log && low < 1)
    throw new LanewiseError(
      "invalid-argument",
      `${where}: low must be at least 1 on a logarithmic scale (log), got ${low}.`,
    );
  if (log && step !== 1) throw new LanewiseError("invalid-argument", `${where}: give log or step, not both.`);
  return parameter({ type: "integer", low, high, step, log });
}

/**
 * One of the options, each equally likely. Options are plain values; hyperparameters inside them belong to this option alone:
 * `choice([{ name: "sgd", momentum: uniform(0, 0.99) }, { name: "adam" }])`.
 */
export function choice<const T extends readonly SpaceNode[]>(options: T): Parameter<ParametersOf<T[number]>> {
  const where = "spaces.choice";
  if (!Array.isArray(options) || options.length === 0) throw invalid(where, "options", "a non-empty array", options);
  for (const [i, option] of options.entries()) requirePlain(where, `options[${i}]`, option, true);
  return parameter({ type: "choice", options: [...options] });
}

/** A value that does not vary. */
export function constant<const T extends PlainValue>(value: T): Parameter<T> {
  requirePlain("spaces.constant", "value", value, false);
  return parameter({ type: "constant", value });
}

/**
 * `space` where a condition holds, otherwise nothing: the trial is not given this hyperparameter. The condition asks for another
 * one by name, beside it or around it, and is a list of values or a function. `units2: conditional("layers", [2, 3], integer(8, 64))`.
 */
export function conditional<const S extends SpaceNode, V = never>(
  parameterName: string,
  when: readonly PlainValue[] | ((value: V) => boolean),
  space: S,
): Parameter<ParametersOf<S> | undefined> {
  const where = "spaces.conditional";
  nonEmptyString(parameterName, "parameter", where);
  if (typeof when !== "function") {
    if (!Array.isArray(when) || when.length === 0)
      throw invalid(where, "when", "a function or a non-empty array of values", when);
    for (const [i, each] of when.entries()) requirePlain(where, `when[${i}]`, each, false);
  }
  requirePlain(where, "space", space, true);
  return parameter({ type: "conditional", parameter: parameterName, when: when as Condition, space });
}

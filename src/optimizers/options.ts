// Options that every optimizer has, and their checks.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Checker } from "../check.ts";
import {
  anyFunction,
  bool,
  checkOptions,
  either,
  fraction,
  invalid,
  nonNegative,
  positive,
  positiveInteger,
} from "../check.ts";
import type { Variable } from "../graph/variable.ts";

/** A number, or a function of the step (updates of these variables so far) and the epoch, both from 0. */
export type LearningRate = number | ((step: number, epoch: number) => number);

/** Settings of some variables. Of several groups that match the first counts. */
export interface ParameterGroup {
  /** A layer or model; a layer's or a variable's name; or whether a variable belongs to the group. */
  readonly match:
    | string
    | { readonly variables: readonly Variable[]; readonly kind: "layer" }
    | ((variable: Variable) => boolean);
  /** In the place of the optimizer's. */
  readonly learningRate?: LearningRate;
  /** Multiplies the learning rate. */
  readonly learningRateFactor?: number;
  /** In the place of the optimizer's. */
  readonly weightDecay?: number;
  /** Whether these variables are left as they are. */
  readonly frozen?: boolean;
}

/** Options of every optimizer. */
export interface OptimizerOptions {
  readonly learningRate?: LearningRate;
  /** Decoupled decay (Loshchilov and Hutter 2019): w -= learningRate weightDecay w. By default 0. */
  readonly weightDecay?: number;
  /** Gradients are clipped to [-clipValue, clipValue]. At most one of the three. */
  readonly clipValue?: number;
  /** The gradient of each variable is scaled down to this Euclidean norm. */
  readonly clipNorm?: number;
  /** All gradients of an update are scaled down together to this norm of all of them (Pascanu, Mikolov and Bengio 2013). */
  readonly globalClipNorm?: number;
  /** So many calls make one update, with the mean of their gradients. By default 1. */
  readonly gradientAccumulationSteps?: number;
  /** Whether a moving average of the weights is kept (Polyak and Juditsky 1992); see averageOf, withAverages. */
  readonly useEma?: boolean;
  /** average = emaMomentum average + (1 - emaMomentum) w after each update, the first w itself. By default 0.99. */
  readonly emaMomentum?: number;
  /** After every so many updates the weights become their averages. By default never. */
  readonly emaOverwriteFrequency?: number;
  /** Variables with settings of their own. */
  readonly groups?: readonly ParameterGroup[];
}

export const learningRateOption: Checker = either(
  nonNegative,
  anyFunction,
  "a finite number of at least 0 or a function (step, epoch) => number",
);

const isLayer = (value: unknown): boolean =>
  (typeof value === "function" || typeof value === "object") && (value as { kind?: unknown } | null)?.kind === "layer";

const groupOptions: Readonly<Record<string, Checker>> = {
  match(value, name, where) {
    if ((typeof value === "string" && value !== "") || typeof value === "function" || isLayer(value)) return;
    throw invalid(where, name, "a layer, a name or a function (variable) => boolean", value);
  },
  learningRate: learningRateOption,
  learningRateFactor: nonNegative,
  weightDecay: nonNegative,
  frozen: bool,
};

const groupList: Checker = (value, name, where) => {
  if (!Array.isArray(value)) throw invalid(where, name, "an array of { match, ... }", value);
  value.forEach((group: unknown, i) => {
    const at = `${where}, ${name}[${i}]`;
    checkOptions(at, group, groupOptions, ["match"]);
    atMostOne(at, group as object, "learningRate", "learningRateFactor");
  });
};

/** Throws where more than one of some options is given. */
function atMostOne(where: string, options: object, ...names: readonly string[]): void {
  const given = names.filter((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (given.length > 1)
    throw new LanewiseError("invalid-argument", `${where}: give one of ${given.join(" and ")}, not both.`);
}

/** Checks the options of an optimizer: those of all, and its own. */
export function checkOptimizer(where: string, options: OptimizerOptions, own: Readonly<Record<string, Checker>>): void {
  checkOptions(where, options, {
    learningRate: learningRateOption,
    weightDecay: nonNegative,
    ...own,
    clipValue: positive,
    clipNorm: positive,
    globalClipNorm: positive,
    gradientAccumulationSteps: positiveInteger,
    useEma: bool,
    emaMomentum: fraction,
    emaOverwriteFrequency: positiveInteger,
    groups: groupList,
  });
  atMostOne(where, options, "clipValue", "clipNorm", "globalClipNorm");
  for (const name of ["emaMomentum", "emaOverwriteFrequency"] as const) {
    if (options[name] !== undefined && !options.useEma)
      throw new LanewiseError("invalid-argument", `${where}: ${name} needs useEma: true.`);
  }
}

// What all optimizers share: an update recorded as one effect a variable. Neighbouring variables that are small
// become one instruction when the program is assembled.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, positive } from "../check.ts";
import type { Constraint } from "../constraints.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply, isTensor } from "../graph/graph.ts";
import type { Buffer, LowerContext, Op } from "../graph/op.ts";
import { awaitedModule } from "../graph/pending.ts";
import { readVariable, recordEffect, requireTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { isVariable } from "../graph/variable.ts";
import { requireFloat } from "../ops/broadcasting.ts";
import { guard, overwrite } from "../ops/effects.ts";
import { gradientsOfLoss } from "../ops/gradients.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { OptimizerCore, SlotState, UpdateRule } from "./counters.ts";
import { counting, settle } from "./counters.ts";
import type { Extras } from "./extras.ts";
import type { LearningRate, OptimizerOptions } from "./options.ts";
import { learningRateOption } from "./options.ts";

/** A rule of updates, with its slots and step counters by variable. */
export interface Optimizer {
  readonly kind: "optimizer";
  readonly name: string;
  readonly slotNames: readonly string[];
  /** May be changed between steps; read, it is scaled. */
  learningRate: LearningRate;
  /** A factor of all learning rates that is saved with the model's file; 1 at first, and again when learningRate is set. */
  learningRateScale: number;
  /**
   * Records an update of the variables by the gradients of the loss (a scalar). A loss that is not finite ends
   * the step before anything is changed. `constraints` are projections behind each update, before averages are taken.
   */
  minimize(loss: Tensor, variables: readonly Variable[], constraints?: ReadonlyMap<Variable, Constraint>): void;
  /** Records an update from gradients that the caller has. */
  apply(pairs: readonly (readonly [Variable, Tensor])[]): void;
  /** Slots and updates of a variable, and calls since its last one; null before its first; for saving. */
  stateOf(variable: Variable): { slots: Readonly<Record<string, Variable>>; steps: number; calls: number } | null;
  /** For the machinery below. */
  readonly state: OptimizerCore;
}

interface UpdateAttributes {
  readonly variable: Variable;
  readonly state: SlotState;
}

type Pair = readonly [Variable, Tensor];

/** Options that need what extras.ts has: it is loaded for who uses one of them. */
const extraOptions = ["clipValue", "clipNorm", "globalClipNorm", "useEma", "groups"] as const;

/** What an optimizer's own defaults are. */
export interface Defaults {
  readonly learningRate: number;
  readonly weightDecay?: number;
}

function createCore(rule: UpdateRule, options: OptimizerOptions, defaults: Defaults): OptimizerCore {
  const accumulates = (options.gradientAccumulationSteps ?? 1) > 1;
  const core: OptimizerCore = {
    rule,
    options,
    weightDecay: options.weightDecay ?? defaults.weightDecay ?? 0,
    learningRate: options.learningRate ?? defaults.learningRate,
    learningRateScale: 1,
    slotNames: [...rule.slots, ...(accumulates ? ["gradientSum"] : []), ...(options.useEma ? ["weightAverage"] : [])],
    states: new WeakMap(),
    swapped: new Set(),
    extras: null,
    counting,
  };
  const refuse = (message: string): never => {
    throw new LanewiseError("invalid-argument", `${rule.name}: ${message}`);
  };
  if (accumulates || extraOptions.some((name) => options[name])) {
    awaitedModule(
      import("./extras.ts").then(({ createExtras }) => {
        core.extras = createExtras(core, { apply, readVariable, recordEffect, guard, refuse });
      }),
    );
    core.extras = notLoaded(rule.name);
  }
  return core;
}

/** What stands for the extras until they are there. */
function notLoaded(name: string): Extras {
  const refuse = (): never => {
    throw new LanewiseError(
      "not-ready",
      `${name}: what its options need is being loaded. Call \`await init()\` after making the optimizer.`,
    );
  };
  return { write: refuse, groupOf: refuse, select: refuse, gradients: refuse, resting: refuse, averages: refuse };
}

/** An optimizer of a rule; `options` are checked. */
export function createOptimizer(rule: UpdateRule, options: OptimizerOptions, defaults: Defaults): Optimizer {
  const core = createCore(rule, options, defaults);
  const { states } = core;

  const updateOp: Op<UpdateAttributes> = {
    name: rule.name,
    infer: (inputs) => inputs.filter((_, i) => i !== 1).map((input) => ({ shape: input.dims, dtype: "float32" })),
    writes: ({ variable, state }) => [variable, ...rule.slots.map((slot) => state.slots[slot] as Variable)],
    lower: (context: LowerContext<UpdateAttributes>) => {
      const { inputs, attributes, emit, control, markGradient } = context;
      const [w, g, ...slots] = inputs as [Buffer, Buffer, ...Buffer[]];
      const { counter } = attributes.state;
      markGradient(g, attributes.variable);
      const operands: Record<string, unknown> = {
        ...rule.settings,
        weightDecay: (counter.group?.weightDecay ?? core.weightDecay) / (rule.rateFactor ?? 1),
        n: w.length,
        w,
        g,
        control: control(counter.source),
      };
      rule.slots.forEach((slot, i) => {
        operands[slot] = slots[i];
      });
      emit(rule.kernel, operands as never, { advance: ["w", "g", ...rule.slots] });
    },
    describe: ({ variable }) => variable.name,
  };

  const project = (pairs: readonly Pair[], constraints: ReadonlyMap<Variable, Constraint>): void => {
    for (const [variable] of pairs) {
      const allowed = constraints.get(variable)?.project(readVariable(variable));
      if (allowed) overwrite(variable, core.extras?.resting(variable, allowed) ?? allowed);
    }
  };

  const record = (given: readonly Pair[], constraints: ReadonlyMap<Variable, Constraint> = new Map()): void => {
    const { effects } = requireTrace(rule.name);
    const updated = (variable: Variable) =>
      effects.some(({ op, attributes }) => op === updateOp && (attributes as UpdateAttributes).variable === variable);
    const [twice] = given.find(([variable]) => updated(variable)) ?? [];
    if (twice)
      throw new LanewiseError(
        "invalid-argument",
        `${rule.name}: "${twice.name}" is updated twice in one step. Add the losses, or use two optimizers.`,
      );
    const { extras } = core;
    const selected = extras ? extras.select(given) : given;
    settle(
      core,
      selected.map(([variable]) => variable),
    );
    const pairs = extras ? extras.gradients(selected) : selected;
    for (const [variable, gradient] of pairs) {
      const state = states.get(variable) as SlotState;
      const slots = rule.slots.map((slot) => readVariable(state.slots[slot] as Variable));
      recordEffect(updateOp, [readVariable(variable), gradient, ...slots], { variable, state });
    }
    project(pairs, constraints);
    extras?.averages(pairs);
    if (options.emaOverwriteFrequency) project(pairs, constraints); // weights may just have become their averages
  };

  const self: Optimizer = {
    kind: "optimizer",
    name: rule.name,
    slotNames: core.slotNames,
    state: core,
    get learningRate() {
      const { learningRate: rate, learningRateScale: factor } = core;
      if (factor === 1) return rate;
      return typeof rate === "function" ? (step: number, epoch: number) => rate(step, epoch) * factor : rate * factor;
    },
    set learningRate(value) {
      learningRateOption(value, "learningRate", rule.name);
      core.learningRate = value;
      core.learningRateScale = 1;
    },
    get learningRateScale() {
      return core.learningRateScale;
    },
    set learningRateScale(value) {
      core.learningRateScale = positive(value, "learningRateScale", rule.name);
    },
    minimize(loss, variables, constraints) {
      const where = `${rule.name}.minimize`;
      requireTrace(where);
      if (!isTensor(loss)) throw invalid(where, "loss", "a tensor", loss);
      if (loss.dims.length !== 0) {
        throw new LanewiseError(
          "shape-mismatch",
          `${where}: the loss must be a scalar, got ${formatShape(loss.shape)}. Take ops.mean.`,
        );
      }
      checkVariables(where, variables);
      if (constraints !== undefined) checkConstraints(where, constraints);
      guard(loss, "loss");
      const found = gradientsOfLoss(loss, variables);
      record(
        variables.map((variable, i) => [variable, found[i] as Tensor]),
        constraints,
      );
    },
    apply(pairs) {
      const where = `${rule.name}.apply`;
      requireTrace(where);
      if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
        throw invalid(where, "pairs", "an array of [variable, gradient]", pairs);
      }
      checkVariables(
        where,
        pairs.map(([variable]) => variable),
      );
      for (const [variable, gradient] of pairs) {
        if (!isTensor(gradient)) throw invalid(where, `gradient of "${variable.name}"`, "a tensor", gradient);
        requireFloat(where, gradient, "gradient");
        if (!sameShape(gradient.dims, variable.shape)) {
          throw new LanewiseError(
            "shape-mismatch",
            `${where}: variable "${variable.name}" has shape ${formatShape(variable.shape)}, its gradient ${formatShape(gradient.shape)}.`,
          );
        }
      }
      record(pairs);
    },
    stateOf(variable) {
      const state = states.get(variable);
      return state ? { slots: state.slots, steps: state.counter.steps, calls: state.counter.calls } : null;
    },
  };
  return self;
}

function checkConstraints(where: string, constraints: unknown): void {
  const isPair = ([variable, constraint]: [unknown, unknown]): boolean =>
    isVariable(variable) && (constraint as Partial<Constraint> | null)?.kind === "constraint";
  if (!(constraints instanceof Map) || ![...constraints].every(isPair))
    throw invalid(where, "constraints", "a Map from variables to constraints such as maxNorm()", constraints);
}

function checkVariables(where: string, variables: readonly Variable[]): void {
  if (!Array.isArray(variables) || variables.length === 0)
    throw invalid(where, "variables", "a non-empty array of variables", variables);
  variables.forEach((each, i) => {
    if (!isVariable(each)) throw invalid(where, `variables[${i}]`, "a variable", each);
    if (!each.trainable)
      throw new LanewiseError(
        "invalid-argument",
        `${where}: variables[${i}] "${each.name}" is not trainable. Leave it out.`,
      );
    if (variables.indexOf(each) !== i)
      throw new LanewiseError("invalid-argument", `${where}: variables[${i}] "${each.name}" is named twice.`);
  });
}

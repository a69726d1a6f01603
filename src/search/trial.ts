// Trials: what an objective is called with, and what came of it. What runs trials anywhere calls runTrial.

import { LanewiseError } from "../../bindings/errors.ts";
import { untilAborted } from "../abort.ts";
import { invalid, isRecord, show } from "../check.ts";
import { foldsOfData } from "../data/folds.ts";
import type { Callback } from "../train/callbacks.ts";
import type { PlainValue } from "./space.ts";

/** Hyperparameters by name. */
export type Parameters = Readonly<Record<string, PlainValue>>;

/** How a trial divides its data for cross-validation. */
export interface TrialFolds {
  readonly k: number;
  readonly stratify: boolean;
  readonly seed: number;
}

/** One run of the objective, as executors are given it: plain data. */
export interface Trial<P = Parameters> {
  /** From 0, in the order of the method; the same in every run of the search. */
  readonly index: number;
  /** The hyperparameters by number: several trials have the same where a method grants more budget to good ones. */
  readonly configuration: number;
  readonly parameters: P;
  /** For models and what else is random in the trial; one for each configuration. */
  readonly seed: number;
  /** What the trial may use: epochs, or another measure that was agreed on. */
  readonly budget: number;
  /** An earlier trial of the same configuration, with less budget, and what that was. */
  readonly resumes: number | null;
  readonly budgetBefore: number;
  /** What the earlier trial left, one for each fold; null where nothing is known of it any more. */
  readonly states: readonly (Uint8Array | null)[];
  readonly folds: TrialFolds | null;
}

export interface TrialReport {
  readonly step: number;
  readonly value: number;
}

/** Hyperparameters that `steer` changed. */
export interface SteeredStep {
  readonly step: number;
  readonly set: Parameters;
}

/** What came of a trial. */
export interface TrialResult {
  readonly index: number;
  /** "stopped" by `steer`: its value is the last one reported. */
  readonly status: "completed" | "stopped" | "failed";
  /** A finite number, the mean over folds where there are some; null where it failed. */
  readonly value: number | null;
  /** One value for each fold. */
  readonly scores: readonly number[];
  /** What else the objective gave, means over folds. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly seconds: number;
  readonly reports: readonly TrialReport[];
  readonly steered: readonly SteeredStep[];
  /** What the objective left for a trial with more budget. */
  readonly states: readonly (Uint8Array | null)[];
}

/** What an objective is given beside the hyperparameters. */
export interface TrialContext<P = Parameters> {
  readonly trial: Trial<P>;
  /** For the model: one for each configuration, and the same wherever the trial runs. */
  readonly seed: number;
  /** Epochs, or another measure of what the trial may use in all. */
  readonly budget: number;
  /** The part of the budget that went into `state`; 0 where there is no state. */
  readonly budgetBefore: number;
  /** What the objective returned as `state` for the same hyperparameters with less budget: going on from it must give what a whole run gives. */
  readonly state: Uint8Array | null;
  /** From 0, null without cross-validation. */
  readonly fold: number | null;
  /** Aborted when the trial is to end: hand it to fit. */
  readonly signal: AbortSignal;
  /** Tells an intermediate value. Resolves with the hyperparameters, which `steer` may have changed; rejects when the trial is stopped. */
  report(step: number, value: number): Promise<P>;
  /** A callback for fit that reports `monitor` after each epoch, and gives `optimizer` the learning rate that `steer` has set. */
  watch(monitor: string, optimizer?: { learningRate: unknown }): Callback;
  /** Examples `{ x, y }` to train on, and the fold that is held out; the same folds in every trial. */
  split<D extends object>(data: D): { readonly train: D; readonly validation: D };
}

/** What an objective returns: its value, or that with more. */
export type ObjectiveValue =
  | number
  | {
      readonly value: number;
      readonly metrics?: Readonly<Record<string, number>>;
      readonly state?: Uint8Array;
    };

/** What is searched for: a value of hyperparameters. */
export type Objective<P = Parameters> = (
  parameters: P,
  context: TrialContext<P>,
) => ObjectiveValue | Promise<ObjectiveValue>;

/** What `steer` is told. */
export interface SteerMoment<P = Parameters> {
  readonly trial: Trial<P>;
  readonly step: number;
  readonly value: number;
  /** All that the trial has reported, this one last. */
  readonly reports: readonly TrialReport[];
  /** As they are now. */
  readonly parameters: P;
}

/** What `steer` wants: hyperparameters to change, or an end. */
export interface SteerChange {
  readonly set?: Parameters;
  readonly stop?: boolean;
}

export type Steer = (moment: SteerMoment) => Promise<SteerChange | undefined>;

export interface RunTrialOptions {
  /** Ends it; runTrial rejects with the reason. */
  readonly signal: AbortSignal;
  readonly steer: Steer | null;
  /** Milliseconds after which it has failed. */
  readonly milliseconds?: number | undefined;
}

/** An error as it is recorded. */
export function errorRecord(error: unknown): { name: string; message: string } {
  if (error instanceof Error) return { name: error.name, message: error.message };
  const { name, message } = (isRecord(error) ? error : {}) as { name?: unknown; message?: unknown };
  return {
    name: typeof name === "string" ? name : "Error",
    message: typeof message === "string" ? message : show(error),
  };
}

/** The result of a trial that could not be run to its end. */
export const failedResult = (index: number, error: unknown, seconds: number): TrialResult => ({
  index,
  status: "failed",
  value: null,
  scores: [],
  metrics: {},
  error: errorRecord(error),
  seconds,
  reports: [],
  steered: [],
  states: [],
});

export const timeoutError = (milliseconds: number): Error =>
  Object.assign(new Error(`the trial took longer than ${milliseconds / 1000} s`), { name: "TimeoutError" });

interface Given {
  readonly value: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly state: Uint8Array | null;
}

/** What an objective returned, checked. */
function checkGiven(given: unknown): Given {
  const { value, metrics = {}, state = null } = (isRecord(given) ? given : { value: given }) as Partial<Given>;
  const where = "objective";
  if (typeof value !== "number")
    throw invalid(where, "what it returns", "a number or { value, metrics, state }", given);
  if (!Number.isFinite(value)) throw new LanewiseError("non-finite", `${where}: its value is ${value}.`);
  if (!isRecord(metrics)) throw invalid(where, "metrics", "a record of numbers", metrics);
  for (const [name, each] of Object.entries(metrics))
    if (typeof each !== "number" || !Number.isFinite(each))
      throw invalid(where, `metrics.${name}`, "a finite number", each);
  if (state !== null && !(state instanceof Uint8Array))
    throw invalid(where, "state", "a Uint8Array, as model.save() gives", state);
  return { value, metrics, state };
}

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

/** What a trial has reported, and what was changed in answer. */
interface Reporting {
  readonly reports: readonly TrialReport[];
  readonly steered: readonly SteeredStep[];
  readonly report: TrialContext["report"];
  /** As they are now. */
  readonly parameters: Parameters;
  /** The last value since `begin`, null where there is none. */
  readonly last: number | null;
  /** Before each fold: with the hyperparameters of the trial. */
  begin(): void;
  /** Whether an error is the end that was asked for. */
  isStop(error: unknown): boolean;
}

function createReporting(trial: Trial, steer: Steer | null, control: AbortController): Reporting {
  const reports: TrialReport[] = [];
  const steered: SteeredStep[] = [];
  let { parameters } = trial;
  let last: number | null = null;
  let stop: Error | null = null;
  return {
    reports,
    steered,
    get parameters() {
      return parameters;
    },
    get last() {
      return last;
    },
    begin() {
      ({ parameters } = trial);
      last = null;
    },
    isStop: (error) => stop !== null && error === stop,
    async report(step, value) {
      if (typeof step !== "number" || !Number.isFinite(step)) throw invalid("report", "step", "a finite number", step);
      if (typeof value !== "number") throw invalid("report", "value", "a number", value);
      if (!Number.isFinite(value))
        throw new LanewiseError("non-finite", `report: the value of step ${step} is ${value}.`);
      control.signal.throwIfAborted();
      reports.push({ step, value });
      last = value;
      const change = steer ? await steer({ trial, step, value, reports: [...reports], parameters }) : undefined;
      if (change?.set) {
        parameters = { ...parameters, ...change.set };
        steered.push({ step, set: change.set });
      }
      if (change?.stop) {
        stop = new Error("the trial was stopped");
        control.abort(stop);
      }
      control.signal.throwIfAborted();
      return parameters;
    },
  };
}

function contextOf(trial: Trial, fold: number | null, reporting: Reporting, signal: AbortSignal): TrialContext {
  const { seed, budget, budgetBefore, parameters } = trial;
  const state = trial.states[fold ?? 0] ?? null;
  return {
    trial,
    seed,
    budget,
    budgetBefore: state ? budgetBefore : 0,
    state,
    fold,
    signal,
    report: reporting.report,
    watch: (monitor, optimizer) => watcher(reporting.report, parameters.learningRate, monitor, optimizer),
    split: (data) => splitFor(trial, fold, data),
  };
}

/** Calls the objective for each fold, or once. */
async function runFolds(
  objective: Objective,
  trial: Trial,
  reporting: Reporting,
  signal: AbortSignal,
  given: Given[],
): Promise<void> {
  for (const fold of trial.folds ? Array.from({ length: trial.folds.k }, (_, i) => i) : [null]) {
    signal.throwIfAborted();
    reporting.begin();
    const context = contextOf(trial, fold, reporting, signal);
    const running = (async () => objective(reporting.parameters, context))();
    given.push(checkGiven(await untilAborted(running, signal)));
  }
}

/** Runs a trial. Whatever the objective throws is a trial that has failed; rejects where the signal ends it. */
export async function runTrial(objective: Objective, trial: Trial, options: RunTrialOptions): Promise<TrialResult> {
  const { signal, steer, milliseconds } = options;
  const started = performance.now();
  const control = new AbortController();
  const reporting = createReporting(trial, steer, control);
  const given: Given[] = [];
  const result = (status: TrialResult["status"], scores: readonly number[], error: unknown): TrialResult => ({
    index: trial.index,
    status,
    value: status === "failed" ? null : mean(scores),
    scores,
    metrics: meansOf(given.map(({ metrics }) => metrics)),
    error: status === "failed" ? errorRecord(error) : null,
    seconds: (performance.now() - started) / 1000,
    reports: reporting.reports,
    steered: reporting.steered,
    states: given.map(({ state }) => state),
  });

  const abort = (): void => control.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  const late = (): void => control.abort(timeoutError(milliseconds as number));
  const timer = milliseconds === undefined ? undefined : setTimeout(late, milliseconds);
  try {
    await runFolds(objective, trial, reporting, control.signal, given);
    signal.throwIfAborted();
    return result(
      "completed",
      given.map(({ value }) => value),
      null,
    );
  } catch (error) {
    signal.throwIfAborted();
    const scores = given.map(({ value }) => value);
    if (!reporting.isStop(error)) return result("failed", scores, error);
    // a fold that was stopped counts by what it reported last
    return result("stopped", reporting.last === null ? scores : [...scores, reporting.last], null);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** Means over folds of the metrics that all of them have. */
function meansOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(all[0] ?? {}).filter((name) => all.every((each) => Object.hasOwn(each, name)));
  return Object.fromEntries(names.map((name) => [name, mean(all.map((each) => each[name] as number))]));
}

/** Rates are set when they change: a schedule that the optimizer has stays until then. */
function watcher(
  report: TrialContext["report"],
  rateBefore: PlainValue | undefined,
  monitor: string,
  optimizer?: { learningRate: unknown },
): Callback {
  let rate = rateBefore;
  return {
    async onEpochEnd(epoch, logs) {
      const value = logs[monitor];
      if (value === undefined)
        throw new LanewiseError(
          "invalid-argument",
          `watch: there is no "${monitor}" among what an epoch gives. Known: ${Object.keys(logs).join(", ")}.`,
        );
      const { learningRate } = await report(epoch, value);
      if (optimizer && learningRate !== rate) optimizer.learningRate = learningRate;
      rate = learningRate;
    },
  };
}

function splitFor<D extends object>(trial: Trial, fold: number | null, data: D): { train: D; validation: D } {
  if (fold === null || !trial.folds)
    throw new LanewiseError(
      "invalid-argument",
      "split: trials have folds where search is given cv, the number of folds.",
    );
  return foldsOfData("split", data, trial.folds)[fold] as { train: D; validation: D };
}

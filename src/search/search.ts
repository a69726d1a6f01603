// search: runs the trials that a method decides on, by an executor, and keeps a journal of them.

import { LanewiseError } from "../../bindings/errors.ts";
import { untilAborted } from "../abort.ts";
import { invalid, isRecord } from "../check.ts";
import type { Executor, ExecutorResult } from "./executor.ts";
import { inProcess } from "./executor.ts";
import type { Entry, OpenJournal } from "./journal.ts";
import { header, lineOf, mergeEntries, openJournals, requireSame } from "./journal.ts";
import type { Finished, Proposal } from "./methods.ts";
import { seedOf } from "./methods.ts";
import type { Plan, SearchOptions } from "./options.ts";
import { checkChange, checkSearchOptions, createPlan } from "./options.ts";
import type { Queue } from "./queue.ts";
import { createQueue } from "./queue.ts";
import type { Row, SearchResult, SearchTrial } from "./result.ts";
import { createResult } from "./result.ts";
import type { CompiledSpace, ParametersOf, Space } from "./space.ts";
import { compileSpace } from "./space.ts";
import type { Objective, Parameters, Steer, Trial, TrialResult } from "./trial.ts";
import { errorRecord, failedResult } from "./trial.ts";

const isExecutor = (value: unknown): value is Executor =>
  typeof value === "object" && value !== null && typeof (value as Executor).run === "function";

/** Trials on their way: what the executor is fed with, and what it gives. */
interface Line {
  readonly trials: Queue<Trial>;
  readonly results: AsyncIterator<ExecutorResult>;
}

interface Run {
  readonly options: SearchOptions<unknown>;
  readonly plan: Plan;
  readonly space: CompiledSpace;
  readonly executor: Executor;
  readonly signal: AbortSignal;
  readonly steer: Steer | null;
  readonly journal: OpenJournal | null;
  /** What is known already, from journals. */
  readonly known: ReadonlyMap<number, Entry>;
  readonly rows: Map<number, Row<Parameters>>;
  /** What trials left for those that go on from them. */
  readonly states: Map<number, TrialResult["states"]>;
  readonly notes: string[];
  line: Line | null;
}

function trialOf({ plan, space, states }: Run, { index, configuration, point, budget, resumes }: Proposal): Trial {
  return {
    index,
    configuration,
    parameters: space.read(point),
    seed: seedOf(plan.seed, configuration),
    budget,
    resumes: resumes?.index ?? null,
    budgetBefore: resumes?.budget ?? 0,
    states: (resumes && states.get(resumes.index)) ?? [],
    folds: plan.folds,
  };
}

/** Notes what came of a trial. */
function note(run: Run, proposal: Proposal, result: TrialResult, parameters: Parameters): SearchTrial<Parameters> {
  const { configuration, budget } = proposal;
  const { index, status, value, scores, metrics, error, seconds, reports, steered, states } = result;
  const came = { status, value, scores, metrics, error, seconds, reports, steered };
  const trial = { index, configuration, parameters, budget, ...came };
  run.rows.set(index, { trial, finished: { proposal, result: { index, ...came, states: [] } } });
  if (states.some((state) => state)) run.states.set(index, states);
  return trial;
}

/** A result as it came from an executor, whole; a value that is none is a failure. */
function checkResult(given: Partial<ExecutorResult>, waiting: ReadonlyMap<number, unknown>): TrialResult {
  if (!isRecord(given))
    throw invalid("search", "what the executor yields", "results { index, status, value, ... } of trials", given);
  const { index = -1, status, value = null, seconds = 0, error = null } = given;
  if (!waiting.has(index))
    throw new LanewiseError(
      "invalid-argument",
      `search: the executor gave a result of trial ${given.index}, which was not asked for.`,
    );
  const { scores = [], metrics = {}, reports = [], steered = [], states = [] } = given;
  const more = { scores, metrics, seconds, reports, steered, states };
  if (status === "failed")
    return { index, status, value: null, error: error ?? errorRecord("the executor gave no reason"), ...more };
  if (status !== "completed" && status !== "stopped")
    throw invalid("search", `the status of trial ${index}`, '"completed", "stopped" or "failed"', status);
  if (Number.isFinite(value)) return { index, status, value, error, ...more };
  return failedResult(index, new LanewiseError("non-finite", `the value of the trial is ${value}.`), seconds);
}

/** What the executor gives for the trials; throws where that cannot be iterated. */
function resultsOf(
  { executor, signal, steer, options }: Run,
  trials: AsyncIterable<Trial>,
): AsyncIterator<ExecutorResult> {
  const results: unknown = executor.run(trials, { signal, steer, trialSeconds: options.trialSeconds });
  const iterate = (results as Partial<AsyncIterable<ExecutorResult>> | null | undefined)?.[Symbol.asyncIterator];
  if (typeof iterate !== "function")
    throw invalid("search", "what run of the executor returns", "an async iterable of results", results);
  return iterate.call(results);
}

/** Runs trials and notes their results, in the order in which they come. */
async function runTrials(run: Run, proposals: readonly Proposal[]): Promise<void> {
  if (proposals.length === 0) return;
  const { signal, options, journal, plan } = run;
  if (!run.line) {
    const trials = createQueue<Trial>();
    run.line = { trials, results: resultsOf(run, trials) };
  }
  const waiting = new Map<number, { proposal: Proposal; trial: Trial }>();
  for (const proposal of proposals) {
    const trial = trialOf(run, proposal);
    waiting.set(trial.index, { proposal, trial });
    run.line.trials.push(trial);
  }
  while (waiting.size > 0) {
    const next = await untilAborted(run.line.results.next(), signal);
    if (next.done)
      throw new LanewiseError(
        "invalid-argument",
        `search: the executor ended without results of ${waiting.size} trials.`,
      );
    const result = checkResult(next.value, waiting);
    const { proposal, trial } = waiting.get(result.index) as { proposal: Proposal; trial: Trial };
    waiting.delete(result.index);
    await journal?.append(lineOf(result, trial.parameters));
    const noted = note(run, proposal, result, trial.parameters);
    await options.onTrial?.(noted, { done: run.rows.size, total: plan.total });
  }
}

/** Takes from the journals what they have of a batch; returns the trials that are missing. */
function recall(run: Run, batch: readonly Proposal[]): Proposal[] {
  return batch.filter((proposal) => {
    const entry = run.known.get(proposal.index);
    if (!entry) return true;
    const { parameters, ...result } = entry;
    if (JSON.stringify(parameters) !== JSON.stringify(run.space.read(proposal.point)))
      throw new LanewiseError(
        "bad-file",
        `search: trial ${proposal.index} has other hyperparameters in the journal. A condition of the space has changed; use another file.`,
      );
    note(run, proposal, { ...result, states: [] }, parameters);
    return false;
  });
}

/** Runs batch after batch; true where none was left out. */
async function runSchedule(run: Run): Promise<boolean> {
  const { schedule, shard } = run.plan;
  for (let step = schedule.next([]); !step.done; ) {
    const batch = step.value;
    const resumed = new Set(batch.map(({ resumes }) => resumes?.index));
    for (const index of run.states.keys()) if (!resumed.has(index)) run.states.delete(index);
    const missing = recall(run, batch);
    const own = missing.filter(({ index }) => index % shard.count === shard.index);
    await runTrials(run, own);
    if (own.length < missing.length) {
      const others = missing.length - own.length;
      run.notes.push(`${others} trials belong to other shards; with their journals beside its own the search goes on.`);
      return false;
    }
    step = schedule.next(batch.map(({ index }) => run.rows.get(index)?.finished as Finished));
  }
  return true;
}

/** An end that is none by the user's signal. */
const timeIsUp = new Error("the time of the search is up");

/** Runs a body with a signal that follows the user's and the time limit; false where the time was up. */
async function limited(
  options: SearchOptions<unknown>,
  control: AbortController,
  body: () => Promise<boolean>,
): Promise<boolean> {
  const { signal, timeLimitSeconds } = options;
  const abort = (): void => control.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  const timer =
    timeLimitSeconds === undefined ? undefined : setTimeout(() => control.abort(timeIsUp), timeLimitSeconds * 1000);
  try {
    control.signal.throwIfAborted();
    return await body();
  } catch (error) {
    control.abort(error); // whatever still runs
    if (error === timeIsUp) return false;
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** What `steer` throws ends the search: it is no failure of the trial. */
function steerOf({ steer }: SearchOptions<unknown>, control: AbortController): Steer | null {
  if (!steer) return null;
  return async (moment) => {
    try {
      return checkChange(await steer(moment), moment);
    } catch (error) {
      control.abort(error);
      throw error;
    }
  };
}

/** Journals that belong to this search; the first is begun where it is empty. */
async function journalsOf({ journals, fingerprint }: Plan): Promise<OpenJournal[]> {
  const opened = await openJournals(journals);
  try {
    for (const each of opened) if (each.fingerprint) requireSame(each.name, each.fingerprint, fingerprint);
    if (opened[0] && !opened[0].fingerprint) await opened[0].append(header(fingerprint));
    return opened;
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}

/** S, settled by the space alone: neither the objective's type nor the options' is inferred from. */
type Settled<S> = [S][S extends unknown ? 0 : never];

/**
 * Searches a space for the hyperparameters with the best value of an objective: a function of them, or an executor that runs it elsewhere
 * (`inThreads`). Trial i is settled by the seed, its number and, where the method goes by them, results of others: the same
 * wherever it runs. A trial whose objective throws, or gives no finite number, has failed and is never the best.
 * Rejects with the signal's reason; `bad-file` where a journal belongs to another search.
 */
export async function search<const S extends Space>(
  objective: Objective<ParametersOf<Settled<S>>> | Executor,
  space: S,
  options: SearchOptions<ParametersOf<Settled<S>>>,
): Promise<SearchResult<ParametersOf<S>>> {
  const where = "search";
  if (typeof objective !== "function" && !isExecutor(objective))
    throw invalid(
      where,
      "objective",
      "a function of hyperparameters, or an executor such as inThreads gives",
      objective,
    );
  const compiled = compileSpace(where, space);
  const given: unknown = options;
  checkSearchOptions(given);
  const plan = createPlan(compiled, given);
  given.signal?.throwIfAborted();
  const journals = await journalsOf(plan);
  const control = new AbortController();
  const run: Run = {
    options: given,
    plan,
    space: compiled,
    executor: typeof objective === "function" ? inProcess(objective as Objective) : objective,
    signal: control.signal,
    steer: steerOf(given, control),
    journal: journals[0] ?? null,
    known: mergeEntries(journals),
    rows: new Map(),
    states: new Map(),
    notes: journals.flatMap(({ notes }) => notes),
    line: null,
  };
  try {
    const complete = await limited(given, control, () => runSchedule(run));
    const rows = [...run.rows.values()].sort((a, b) => a.trial.index - b.trial.index);
    const result = createResult(rows, compiled.axes, given.direction, complete, run.notes);
    return result as unknown as SearchResult<ParametersOf<S>>;
  } finally {
    run.line?.trials.close();
    // an executor that hangs is not waited for
    run.line?.results.return?.()?.catch(() => {});
    for (const each of journals) await each.close();
  }
}

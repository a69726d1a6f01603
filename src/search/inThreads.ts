// Runs trials in workers, one at a time in each. A worker that fails, exits, or no longer answers loses its trial, which is a
// failed one, and another worker takes its place.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, nonEmptyString, positive, positiveInteger } from "../check.ts";
import type { Executor, RunOptions } from "./executor.ts";
import type { FromWorker, Moments, ToWorker } from "./messages.ts";
import { PROTOCOL } from "./messages.ts";
import { createQueue } from "./queue.ts";
import type { Change, Trial, TrialResult } from "./trial.ts";
import { errorRecord, failedResult, timeoutError, untilAborted } from "./trial.ts";

/** Options of `inThreads`. */
export interface ThreadsOptions {
  /** By default as many as there are cores, at most eight. */
  readonly workers?: number;
  /** The name of the module's export that is the objective; by default "default", or "objective" where there is none. */
  readonly exportName?: string;
  /**
   * Seconds without an answer after which a worker counts as hung, by default 300. It answers whenever its event loop has a turn, as it
   * has while a model is trained; what computes longer at a stretch needs more.
   */
  readonly silenceSeconds?: number;
}

/** Where the objective is: the module that exports it, or what makes a worker that calls `serveTrials`. */
export type WorkerSource = string | URL | (() => Worker);

const WORKERS_MAX = 8;
const PING_MILLISECONDS = 1000;
/** Within which a worker must have been loaded, and its module. */
const START_SECONDS = 60;

interface TrialWorker {
  readonly alive: boolean;
  /** Whatever happens to the worker, it is a result. */
  run(trial: Trial, steer: RunOptions["steer"], trialSeconds: number | undefined): Promise<TrialResult>;
  end(): void;
}

interface Start {
  readonly module: string | null;
  readonly make: (() => Worker) | undefined;
  readonly options: ThreadsOptions;
  readonly name: string;
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

function refusal(start: Start, error: unknown): LanewiseError {
  const { name, message } = errorRecord(error);
  return new LanewiseError("invalid-argument", `inThreads: ${start.name} could not be loaded: ${name}: ${message}`, {
    cause: error,
  });
}

/** Starts a worker; rejects where it, or the objective, cannot be loaded. */
async function startWorker(start: Start): Promise<TrialWorker> {
  const { startModuleWorker } = await import("#host/threads");
  const text = start.make ? "" : (await import("../../bindings/generated/trialWorker.ts")).worker;
  const limit = Math.ceil((start.options.silenceSeconds ?? 300) / (PING_MILLISECONDS / 1000));
  let [alive, unanswered, limitNow] = [true, 0, START_SECONDS];
  let lost: (error: unknown) => void = () => {};
  let heard: (message: FromWorker) => void = () => {};

  const loading = new Promise<void>((resolve, reject) => {
    lost = reject;
    heard = (message) => {
      if (message.type === "hello") {
        if (message.protocol !== PROTOCOL)
          reject(
            new Error(
              `its library is of another version: it speaks protocol ${message.protocol}, this one ${PROTOCOL}`,
            ),
          );
        else send({ type: "load", module: start.module, exportName: start.options.exportName ?? null });
      } else if (message.type === "ready") resolve();
      else if (message.type === "refused")
        reject(Object.assign(new Error(message.error.message), { name: message.error.name }));
    };
  });
  loading.catch(() => {}); // it may fail before it is awaited
  const end = (): void => {
    alive = false;
    clearInterval(timer);
    worker?.terminate();
  };
  const lose = (error: unknown): void => {
    if (!alive) return;
    end();
    lost(error);
  };
  // counted, not timed: a machine that slept, or a page in the background, is no worker that hangs
  const timer = setInterval(() => {
    if (unanswered++ === 0) send({ type: "ping" });
    if (unanswered > limitNow) lose(named("WorkerHang", `the worker has not answered for ${limitNow} s`));
  }, PING_MILLISECONDS);
  const send = (message: ToWorker): void => worker?.post(message);
  let worker: Awaited<ReturnType<typeof startModuleWorker>> | null = null;
  try {
    worker = await startModuleWorker(
      text,
      start.make,
      (message) => {
        unanswered = 0;
        if (alive) heard(message as FromWorker);
      },
      lose,
    );
    await loading;
  } catch (error) {
    end();
    throw refusal(start, error);
  }
  limitNow = limit;

  return {
    get alive() {
      return alive;
    },
    end,
    async run(trial, steer, trialSeconds) {
      const started = performance.now();
      const milliseconds = trialSeconds === undefined ? undefined : trialSeconds * 1000;
      const late =
        milliseconds === undefined ? undefined : setTimeout(() => lose(timeoutError(milliseconds)), milliseconds);
      try {
        return await new Promise<TrialResult>((resolve, reject) => {
          lost = reject;
          heard = (message) => {
            if (message.type === "result") resolve(message.result);
            else if (message.type === "report") answer(trial, message.moment, steer, send);
          };
          if (alive) send({ type: "trial", trial, steered: steer !== null });
          else reject(named("WorkerExit", "the worker ended between two trials"));
        });
      } catch (error) {
        end();
        return failedResult(trial.index, error, (performance.now() - started) / 1000);
      } finally {
        clearTimeout(late);
      }
    },
  };
}

/** Asks who steers; an error of theirs ends the search, and with it the worker. */
function answer(trial: Trial, moment: Moments, steer: RunOptions["steer"], send: (message: ToWorker) => void): void {
  const reply = (change: Change | undefined): void => send({ type: "change", change: change ?? null });
  steer?.({ trial, ...moment }).then(reply, () => {});
}

/**
 * Runs trials in workers at the same time (Node: worker_threads, pages: module workers), in each the library on one thread: as
 * fast as there are cores, and the same results. A function cannot be sent to a worker: name the module that exports the objective
 * by its URL, `new URL("./objective.js", import.meta.url)`, or give a function that makes a worker whose script calls `serveTrials`.
 * A worker that breaks down is a failed trial; a module that cannot be loaded is an error, `invalid-argument`.
 */
export function inThreads(source: WorkerSource, options: ThreadsOptions = {}): Executor {
  const where = "inThreads";
  if (typeof source !== "function" && !(source instanceof URL) && (typeof source !== "string" || source === ""))
    throw invalid(where, "source", "the URL of a module, or a function that makes a Worker", source);
  checkOptions(where, options, { workers: positiveInteger, exportName: nonEmptyString, silenceSeconds: positive });
  return { run: (trials, given) => runInThreads(source, options, trials, given) };
}

async function* runInThreads(
  source: WorkerSource,
  options: ThreadsOptions,
  trials: AsyncIterable<Trial>,
  { signal, steer, trialSeconds }: RunOptions,
): AsyncGenerator<TrialResult> {
  const { cores, moduleUrl } = await import("#host/threads");
  const make = typeof source === "function" ? source : undefined;
  const module = typeof source === "function" ? null : await moduleUrl(source);
  const start: Start = { module, make, options, name: module ?? "the worker" };
  const count = options.workers ?? Math.min(WORKERS_MAX, await cores());
  const results = createQueue<TrialResult>();
  const queue = trials[Symbol.asyncIterator]();
  const workers = new Set<TrialWorker>();
  let ended = false;

  /** Takes one trial after the other, in a worker that is made for the first, and again where it was lost. */
  const lane = async (): Promise<void> => {
    let worker: TrialWorker | null = null;
    for (;;) {
      const next = await queue.next();
      if (next.done || ended) return;
      if (!worker?.alive) {
        if (worker) workers.delete(worker);
        worker = await startWorker(start);
        workers.add(worker);
        if (ended) return worker.end();
      }
      results.push(await worker.run(next.value, steer, trialSeconds));
    }
  };
  Promise.all(Array.from({ length: count }, lane)).then(
    () => results.close(),
    (error: unknown) => results.fail(error),
  );
  try {
    for (;;) {
      const next = await untilAborted(signal, results.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    ended = true;
    for (const worker of workers) worker.end();
  }
}

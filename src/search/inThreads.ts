// Runs trials in workers, one at a time in each. A worker that fails, exits, or no longer answers loses its trial, which is a
// failed one, and another worker takes its place.

import { LanewiseError } from "../../bindings/errors.ts";
import { untilAborted } from "../abort.ts";
import { checkOptions, invalid, nonEmptyString, positive, positiveInteger } from "../check.ts";
import type { Executor, ExecutorOptions } from "./executor.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { PROTOCOL } from "./messages.ts";
import { createQueue } from "./queue.ts";
import type { Trial, TrialReport, TrialResult } from "./trial.ts";
import { errorRecord, failedResult, timeoutError } from "./trial.ts";

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
const SILENCE_SECONDS = 300;

interface TrialWorker {
  readonly alive: boolean;
  /** Whatever happens to the worker, it is a result. */
  run(trial: Trial, steer: ExecutorOptions["steer"], trialSeconds: number | undefined): Promise<TrialResult>;
}

interface Start {
  readonly module: string | null;
  readonly make: (() => Worker) | undefined;
  readonly options: ThreadsOptions;
  readonly name: string;
  /** All that were begun: whoever ends the run ends them. */
  readonly begun: Set<Channel>;
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

function refusal(start: Start, error: unknown): LanewiseError {
  const { name, message: whole } = errorRecord(error);
  const message = whole.replace(/ imported from data:\S*/, ""); // the worker's own text
  return new LanewiseError("invalid-argument", `inThreads: ${start.name} could not be loaded: ${name}: ${message}`, {
    cause: error,
  });
}

/** A worker, how it is told and how it is lost, before it can run trials. */
interface Channel {
  readonly alive: boolean;
  /** Who hears what it says, and of its end: one at a time. */
  listen(heard: (message: FromWorker) => void, lost: (error: unknown) => void): void;
  send(message: ToWorker): void;
  /** Ends it and says why. */
  lose(error: unknown): void;
  end(): void;
  /** Pings without an answer after which it counts as hung. */
  patience: number;
}

async function openChannel(start: Start): Promise<Channel> {
  const { startModuleWorker } = await import("#host/threads");
  const text = start.make ? "" : (await import("../../bindings/generated/trialWorker.ts")).worker;
  let unanswered = 0;
  let heard: (message: FromWorker) => void = () => {};
  let lost: (error: unknown) => void = () => {};
  let failure: { error: unknown } | null = null;
  const self = {
    alive: true,
    patience: START_SECONDS,
    listen(hears: typeof heard, loses: typeof lost): void {
      heard = hears;
      lost = loses;
      if (failure) lost(failure.error);
    },
    send: (message: ToWorker): void => worker?.post(message),
    lose(error: unknown): void {
      if (!self.alive) return;
      failure = { error };
      self.end();
      lost(error);
    },
    end(): void {
      self.alive = false;
      clearInterval(timer);
      worker?.terminate();
    },
  };
  // counted, not timed: a machine that slept, or a page in the background, is no worker that hangs
  const timer = setInterval(() => {
    if (unanswered++ === 0) self.send({ type: "ping" });
    if (unanswered > self.patience)
      self.lose(named("WorkerHang", `the worker has not answered for ${self.patience} s`));
  }, PING_MILLISECONDS);
  let worker: Awaited<ReturnType<typeof startModuleWorker>> | null = null;
  start.begun.add(self);
  try {
    const hear = (message: unknown): void => {
      unanswered = 0;
      if (self.alive) heard(message as FromWorker);
    };
    worker = await startModuleWorker(text, start.make, hear, self.lose);
  } catch (error) {
    self.end();
    throw error;
  }
  if (!self.alive) worker.terminate(); // it was ended while it was made
  return self;
}

/** Resolves when the objective is loaded. */
function load(channel: Channel, start: Start): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.listen((message) => {
      if (message.type === "hello") {
        if (message.protocol === PROTOCOL)
          channel.send({ type: "load", module: start.module, exportName: start.options.exportName ?? null });
        else reject(new Error(`its library is of another version: protocol ${message.protocol}, here ${PROTOCOL}`));
      } else if (message.type === "ready") resolve();
      else if (message.type === "refused") reject(named(message.error.name, message.error.message));
    }, reject);
  });
}

/** Starts a worker; rejects where it, or the objective, cannot be loaded. */
async function startWorker(start: Start): Promise<TrialWorker> {
  let channel: Channel | null = null;
  try {
    channel = await openChannel(start);
    await load(channel, start);
  } catch (error) {
    channel?.end();
    throw refusal(start, error);
  }
  const { send, listen, lose } = channel;
  channel.patience = Math.ceil(start.options.silenceSeconds ?? SILENCE_SECONDS);
  const own = channel;
  return {
    get alive() {
      return own.alive;
    },
    async run(trial, steer, trialSeconds) {
      const started = performance.now();
      const milliseconds = trialSeconds === undefined ? undefined : trialSeconds * 1000;
      const late = (): void => lose(timeoutError(milliseconds as number));
      const timer = milliseconds === undefined ? undefined : setTimeout(late, milliseconds);
      const answer = answering(trial, steer, send);
      try {
        return await new Promise<TrialResult>((resolve, reject) => {
          listen((message) => {
            if (message.type === "result") resolve(message.result);
            else if (message.type === "report") answer(message);
          }, reject);
          send({ type: "trial", trial, steered: steer !== null });
        });
      } catch (error) {
        own.end();
        return failedResult(trial.index, error, (performance.now() - started) / 1000);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Answers reports of a trial with what `steer` says; an error of it ends the search, and with it the worker. */
function answering(
  trial: Trial,
  steer: ExecutorOptions["steer"],
  send: (message: ToWorker) => void,
): (report: Extract<FromWorker, { type: "report" }>) => void {
  const reports: TrialReport[] = [];
  return ({ step, value, parameters }) => {
    reports.push({ step, value });
    steer?.({ trial, step, value, reports: [...reports], parameters }).then(
      (change) => send({ type: "change", change: change ?? null }),
      () => {},
    );
  };
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
  { signal, steer, trialSeconds }: ExecutorOptions,
): AsyncGenerator<TrialResult> {
  const { cores, moduleUrl } = await import("#host/threads");
  const make = typeof source === "function" ? source : undefined;
  const module = typeof source === "function" ? null : await moduleUrl(source);
  const begun = new Set<Channel>();
  const start: Start = { module, make, options, name: module ?? "the worker", begun };
  const count = options.workers ?? Math.min(WORKERS_MAX, await cores());
  const results = createQueue<TrialResult>();
  const queue = trials[Symbol.asyncIterator]();
  let ended = false;

  /** Takes one trial after the other, in a worker that is made for the first, and again where it was lost. */
  const lane = async (): Promise<void> => {
    let worker: TrialWorker | null = null;
    for (;;) {
      const next = await queue.next();
      if (next.done || ended) return;
      if (!worker?.alive) worker = await startWorker(start);
      results.push(await worker.run(next.value, steer, trialSeconds));
    }
  };
  Promise.all(Array.from({ length: count }, lane)).then(
    () => results.close(),
    (error: unknown) => results.fail(error),
  );
  try {
    for (;;) {
      const next = await untilAborted(results.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    ended = true;
    // whoever waits for a worker hears of it, so that no timer is left
    for (const channel of begun) channel.lose(new Error("the search has ended"));
  }
}

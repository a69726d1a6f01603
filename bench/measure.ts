// Measures one row: kernel, roof and baseline in turn, round by round, after their results were compared.

import { median } from "./harness.ts";
import { difference } from "./operands.ts";
import type { Answer, Request, Role } from "./partner.ts";
import type { Roof } from "./roof.ts";
import type { Row, Traffic } from "./row.ts";
import { smallest } from "./row.ts";
import type { Kernels, Subject } from "./subject.ts";
import { bytesOf, trafficOf } from "./traffic.ts";

/** Another process or worker that runs partner.ts. */
export interface Partner {
  ask(request: Request): Promise<Answer>;
  end(): void;
}

export interface Effort {
  /** Of one sample. Short, so that what is compared is measured at nearly the same time. */
  readonly seconds: number;
  /** After which no round begins. */
  readonly secondsMax: number;
  /** Without baseline and twin. */
  readonly alone: boolean;
}

export interface Result {
  /** Seconds an instruction: the best of the rounds, and their median. */
  readonly seconds: number;
  readonly median: number;
  readonly samples: number;
  readonly bytes: number;
  /** Seconds on several threads, where that was asked for. */
  readonly shared?: number;
  /** Seconds of the baseline and of the twin. */
  readonly baseline?: number;
  readonly twin?: number;
  /** Times faster than the baseline. */
  readonly times?: number;
  /** Percent of the roof. */
  readonly percent: number;
  /** Which roof is the lower one. */
  readonly bound: "compute" | "bytes";
  /** Floating-point operations a second of the compute roof, bytes a second of the streams; where they were measured. */
  readonly flopsRoof?: number;
  readonly bytesRoof?: number;
}

/** Samples that are one before the first round. */
const WARM = 5;
/** Samples that are one on several threads: the first call has to wake them, which takes some 50 us. */
const WAKING = 5;
const ROUNDS_LEAST = 7;
const ROUNDS_MOST = 99;

/** A row that does so many operations a byte is not bound by bytes. */
const FLOPS_A_BYTE = 100;

/** What a row is measured with. */
export interface Tools {
  readonly kernels: Kernels;
  readonly roof: Roof;
  /** One for each baseline and each twin, so that none is optimized for another's arrays. */
  startPartner(): Partner;
}

export async function measure(row: Row, tools: Tools, effort: Effort): Promise<Result> {
  const { kernels, roof, startPartner } = tools;
  const twin = effort.alone ? undefined : await runTwin(row, kernels, startPartner(), effort.seconds);
  const baseline = effort.alone ? undefined : startPartner();
  try {
    const subject = kernels.prepare(row);
    if (baseline) await compare(row, subject.outputs, baseline, "baseline");
    const traffic = trafficOf(row);
    const bytes = bytesOf(traffic);
    const taken = await takeSamples(subject, roofsOf(row, roof, traffic, bytes), baseline, effort);
    return summarize(row, taken, bytes, twin);
  } finally {
    baseline?.end();
  }
}

/** Round by round, until the time is over; a slow baseline has had its share before. */
async function takeSamples(
  subject: Subject,
  roofs: ReturnType<typeof roofsOf>,
  baseline: Partner | undefined,
  { seconds, secondsMax }: Effort,
): Promise<Sample[]> {
  const taken: Sample[] = [];
  // the engine optimizes what it runs for a while
  subject.sample(WARM * seconds);
  subject.shared?.(WARM * seconds);
  roofs.stream?.(WARM * seconds);
  const begun = performance.now();
  let other = baseline ? await secondsOf(baseline, WARM * seconds) : undefined;
  let spent = (performance.now() - begun) / 1000; // on the baseline
  while (taken.length < ROUNDS_MOST) {
    const elapsed = (performance.now() - begun) / 1000;
    if (taken.length >= ROUNDS_LEAST && elapsed > secondsMax) break;
    const compute = roofs.compute?.(seconds) ?? 0;
    const kernel = subject.sample(seconds);
    const shared = subject.shared?.(WAKING * seconds) ?? Number.POSITIVE_INFINITY;
    const stream = roofs.stream?.(seconds) ?? 0;
    const from = performance.now();
    if (baseline && spent <= secondsMax / 2) other = await secondsOf(baseline, seconds);
    spent += (performance.now() - from) / 1000;
    taken.push({ compute, kernel, shared, stream, ...(other === undefined ? {} : { baseline: other }) });
  }
  return taken;
}

interface Sample {
  readonly kernel: number;
  readonly shared: number;
  /** Seconds that the roofs allow; 0 where one does not count. */
  readonly compute: number;
  readonly stream: number;
  readonly baseline?: number;
}

function roofsOf(row: Row, roof: Roof, traffic: Traffic, bytes: number) {
  const compute = row.flops > 0 ? (seconds: number) => roof.compute(seconds) * row.flops : undefined;
  const stream = row.flops > bytes * FLOPS_A_BYTE ? undefined : roof.stream(traffic);
  return { compute, stream };
}

/** The best of each: what else runs on the machine makes samples longer, never shorter. */
function summarize(row: Row, taken: readonly Sample[], bytes: number, twin: number | undefined): Result {
  const best = (value: (sample: Sample) => number) => Math.min(...taken.map(value));
  const [kernel, compute, stream] = [best((s) => s.kernel), best((s) => s.compute), best((s) => s.stream)];
  const baseline = best((s) => s.baseline ?? Number.POSITIVE_INFINITY);
  const shared = best((s) => s.shared);
  return {
    seconds: kernel,
    median: median(taken.map((s) => s.kernel)),
    samples: taken.length,
    bytes,
    percent: (100 * Math.max(compute, stream)) / kernel,
    bound: compute > stream ? "compute" : "bytes",
    ...(Number.isFinite(shared) ? { shared } : {}),
    ...(Number.isFinite(baseline) ? { baseline, times: baseline / kernel } : {}),
    ...(twin === undefined ? {} : { twin }),
    ...(compute > 0 ? { flopsRoof: row.flops / compute } : {}),
    ...(stream > 0 ? { bytesRoof: bytes / stream } : {}),
  };
}

async function ask(partner: Partner, request: Request): Promise<Answer> {
  const answer = await partner.ask(request);
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}

async function secondsOf(partner: Partner, seconds: number): Promise<number> {
  const answer = await ask(partner, { kind: "sample", seconds });
  return "seconds" in answer ? answer.seconds : Number.NaN;
}

async function compare(row: Row, outputs: number[][], partner: Partner, role: Role): Promise<void> {
  const answer = await ask(partner, { kind: "prepare", role, row });
  const problem = difference("outputs" in answer ? answer.outputs : [], outputs);
  if (problem) throw new Error(`the ${role} differs from the kernel: ${problem}`);
}

/** Seconds of the twin, which is run on less where the row is large, and compared there with kernel and baseline. */
async function runTwin(row: Row, kernels: Kernels, partner: Partner, seconds: number): Promise<number> {
  const small = smallest(row);
  try {
    const { outputs } = kernels.prepare(small);
    await compare(small, outputs, partner, "twin");
    await secondsOf(partner, WARM * seconds);
    const measured = Math.min(await secondsOf(partner, seconds), await secondsOf(partner, seconds));
    if (small !== row) await compare(small, outputs, partner, "baseline");
    const work = (each: Row) => each.flops || bytesOf(trafficOf(each));
    return (measured * work(row)) / work(small);
  } finally {
    partner.end();
  }
}

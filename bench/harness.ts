// The only file that imports Benchmark.js. It times synchronous functions and returns seconds a call. What is compared
// is sampled in turn, a short sample each, so that a machine whose speed drifts treats all alike.

import Original from "benchmark";
import lodash from "lodash";

/** Date with the clock of `performance`, which is finer. */
class FineDate extends Date {
  static override now(): number {
    return performance.now();
  }
}

/** Benchmark.js, with what it does not find by itself once it is bundled: lodash, and a clock that pages have too. */
const Benchmark = Original.runInContext({
  ...{ _: lodash, platform: {}, Date: FineDate, performance, Array, Function, Math, Object, RegExp, String },
  ...{ setTimeout, clearTimeout, document: globalThis.document, navigator: globalThis.navigator },
}) as typeof Original;
Object.assign(globalThis, { Benchmark }); // its generated code looks there

export interface Timing {
  /** Seconds a call. */
  readonly median: number;
  readonly best: number;
  readonly samples: number;
}

/** The middle of a list, the upper of the two where there are two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

/** Times `run`; `secondsMax` is how long one function may take in all. */
export function time(run: () => void, secondsMax = 3): Timing {
  run(); // what the first call allocates and compiles is not timed
  const benchmark = new Benchmark(run, { maxTime: secondsMax, minSamples: 5 });
  benchmark.run();
  const { sample } = benchmark.stats;
  return { median: median(sample), best: Math.min(...sample), samples: sample.length };
}

/** Takes one sample of about so many seconds, at least one call; returns seconds a call. */
export type Sampler = (seconds: number) => number;

/** A function to be sampled again and again; how many calls a sample holds is found out by the first. */
export function sampler(run: () => void): Sampler {
  let count = 1;
  return (seconds) => {
    const benchmark = new Benchmark(run, { initCount: count, minTime: seconds, minSamples: 1, maxTime: seconds / 2 });
    benchmark.run();
    if (benchmark.error) throw benchmark.error;
    const period = Math.min(...benchmark.stats.sample);
    count = Math.max(1, Math.ceil(seconds / period));
    return period;
  };
}

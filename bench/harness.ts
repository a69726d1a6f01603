// The only file that imports Benchmark.js. It times a synchronous function and returns seconds a call: the
// median and the best of its samples.

import Benchmark from "benchmark";

export interface Timing {
  /** Seconds a call. */
  readonly median: number;
  readonly best: number;
  readonly samples: number;
}

/** Times `run`; `secondsMax` is how long one function may take in all. */
export function time(run: () => void, secondsMax = 3): Timing {
  run(); // what the first call allocates and compiles is not timed
  const benchmark = new Benchmark(run, { maxTime: secondsMax, minSamples: 20 });
  benchmark.run();
  const { sample } = benchmark.stats;
  const sorted = [...sample].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] as number, best: sorted[0] as number, samples: sorted.length };
}

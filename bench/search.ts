// Times a search over one worker and over two, in turns; see search.mjs. The median of the rounds counts.

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { SearchResult } from "../src/index.ts";
import { inThreads, search, spaces } from "../src/index.ts";
import type { Hyperparameters } from "./searchObjective.ts";

const { values } = parseArgs({
  options: {
    trials: { type: "string", default: "40" },
    epochs: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
  },
});
const [trials, budget, rounds] = [values.trials, values.epochs, values.rounds].map(Number) as [number, number, number];
const objective = pathToFileURL(".cache/bench/node/searchObjective.mjs");
const space = {
  learningRate: spaces.logUniform(1e-4, 1e-1),
  beta1: spaces.oneMinusLogUniform(0.5, 0.99),
  units: spaces.integer(16, 32),
};

async function timed(workers: number): Promise<{ seconds: number; result: SearchResult<Hyperparameters> }> {
  const begun = performance.now();
  const executor = inThreads(objective, { workers, exportName: "objective" });
  const result = await search(executor, space, { direction: "minimize", trials, budget, seed: 1 });
  return { seconds: (performance.now() - begun) / 1000, result };
}

const facts = ({ trials, best }: SearchResult<Hyperparameters>): string =>
  JSON.stringify([best.index, trials.map(({ seconds: _, ...rest }) => rest)]);
const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] as number;

const [one, two]: [number[], number[]] = [[], []];
const seen = new Set<string>();
for (let round = 0; round < rounds; round++) {
  for (const [workers, times] of [
    [1, one],
    [2, two],
  ] as const) {
    const { seconds, result } = await timed(workers);
    times.push(seconds);
    seen.add(facts(result));
    const { index, value } = result.best;
    console.log(
      `${workers} worker${workers > 1 ? "s" : ""}  ${seconds.toFixed(2)} s  best: trial ${index}, ${value?.toFixed(6)}`,
    );
  }
}
console.log(`two workers are ${(median(one) / median(two)).toFixed(2)} times as fast as one`);
console.log(seen.size === 1 ? "the same trials and the same best" : "trials differ");
process.exitCode = seen.size === 1 ? 0 : 1;

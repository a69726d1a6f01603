// Searches from coarse to fine, in as many workers as are wanted, and shows what it found.

import { parseArgs } from "node:util";
import { inThreads, search } from "lanewise";
import { objective, options, space, testAccuracy } from "./spirals.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    journal: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const workers = Number(values.workers);
// 0 is this thread, one trial after the other
const executor =
  workers > 0 ? inThreads(new URL("./spirals.mjs", import.meta.url), { workers, exportName: "objective" }) : objective;
const started = performance.now();
const result = await search(executor, space, {
  ...options,
  seed: Number(values.seed),
  ...(values.journal && { journal: values.journal }),
  onTrial: ({ index, value, metrics }, { done, total }) => {
    const accuracy = ((metrics.accuracy ?? 0) * 100).toFixed(1);
    console.log(
      `${String(done).padStart(3)} of ${total}  trial ${index}: loss ${value?.toFixed(4) ?? "-"}, accuracy ${accuracy} %`,
    );
  },
});
console.log(`\nThe best of ${result.trials.length}:\n\n${result.table({ rows: 8 })}\n`);
console.log("What each explains of the loss by itself:");
for (const { parameter, importance } of result.importance())
  console.log(`  ${parameter.padEnd(14)} ${(importance * 100).toFixed(0).padStart(3)} %`);
const { parameters, index } = result.best;
console.log(
  `\ntrial ${index}, trained for longer: ${((await testAccuracy(parameters, 1)) * 100).toFixed(1)} % of the test set`,
);
console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);

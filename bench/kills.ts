// Many workers lost at random moments, and what came of it. Run by kills.mjs; the exit code says whether all was right.

import type { Outcome } from "../test/kills.ts";
import { killNames, killWorkers } from "../test/kills.ts";

const [count = "200", seed = "1"] = process.argv.slice(2);
/** Within which it is to go on. */
const BACK_MILLISECONDS = 2500;

const outcomes: Outcome[] = [];
await killWorkers(Number(count), Number(seed), (outcome) => {
  outcomes.push(outcome);
  const { kill, at, threads, happened, back, lost, wrong } = outcome;
  const result = wrong || (lost ? "state-lost" : happened ? "the right weights" : "it did not come to that");
  console.log(
    `${String(outcomes.length).padStart(4)} ${kill.padEnd(10)} ${at.padEnd(24)} ${threads} threads ${String(back).padStart(6)} ms  ${result}`,
  );
});
for (const kill of killNames) {
  const all = outcomes.filter((outcome) => outcome.kill === kill && outcome.happened);
  const lost = all.filter((outcome) => outcome.lost).length;
  const worst = Math.max(0, ...all.map(({ back }) => back));
  console.log(`${kill.padEnd(10)} ${all.length} kills, ${lost} state-lost, back within ${worst} ms`);
}
const wrong = outcomes.filter((outcome) => outcome.wrong !== "").length;
const late = outcomes.filter(({ back }) => back > BACK_MILLISECONDS).length;
const happened = outcomes.filter((outcome) => outcome.happened).length;
console.log(
  `${happened} kills in ${outcomes.length} trainings, 0 hangs, ${wrong} wrong, ${late} late, worst ${Math.max(...outcomes.map(({ back }) => back))} ms`,
);
process.exit(wrong + late > 0 ? 1 : 0);

// Searches in workers of a page: what searchPage.browser.test.ts calls there.

import { inThreads, search, spaces } from "../src/index.ts";
import { objective } from "./searchObjective.ts";

const space = { learningRate: spaces.logUniform(1e-4, 1e-1), units: spaces.integer(2, 8) };
const options = { direction: "minimize", method: "successiveHalving", trials: 9, budget: 9, seed: 3 } as const;
const module = new URL("./objective.js", location.href);

/** The values of a search: here, in workers from a module, and in workers that the page makes. */
async function values(where: "here" | "module" | "own"): Promise<(number | null)[]> {
  const own = (): Worker => new Worker("./serving.js", { type: "module" });
  const executor = where === "here" ? objective : inThreads(where === "own" ? own : module, { workers: 2 });
  const { trials } = await search(executor, space, options);
  return trials.map(({ value }) => value);
}

/** What came of six trials, of which the second and the fifth end their worker. */
async function fates(exportName: string): Promise<string[]> {
  const executor = inThreads("./failing.js", { workers: 2, exportName, silenceSeconds: 2 });
  const { trials } = await search(executor, { x: spaces.uniform(0, 1) }, { direction: "minimize", trials: 6 });
  return trials.map(({ status, error }) => error?.name ?? status);
}

/** Why a search was refused. */
const refusal = async (source: string): Promise<string> =>
  search(inThreads(source), { x: spaces.uniform(0, 1) }, { direction: "minimize", trials: 1 }).then(
    () => "",
    (error: Error) => error.message,
  );

/** How many trials were done when a signal ended them all. */
async function aborted(): Promise<string> {
  const executor = inThreads("./failing.js", { workers: 2, exportName: "endless" });
  const signal = AbortSignal.timeout(500);
  const given = { direction: "minimize", trials: 6, signal } as const;
  return search(executor, { x: spaces.uniform(0, 1) }, given).then(
    () => "",
    (error: Error) => error.name,
  );
}

export interface SearchPage {
  values: typeof values;
  fates: typeof fates;
  refusal: typeof refusal;
  aborted: typeof aborted;
}
Object.assign(globalThis, { searches: { values, fates, refusal, aborted } satisfies SearchPage });

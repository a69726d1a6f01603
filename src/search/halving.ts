// Successive halving (Jamieson and Talwalkar 2016) and Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar 2018): many
// configurations with little budget, the best of them with more.

import type { Direction, Finished, Proposal, Schedule } from "./methods.ts";
import { drawPoint, rank } from "./methods.ts";
import type { CompiledSpace } from "./space.ts";

/** So many trials with so much budget each. */
export interface Rung {
  readonly trials: number;
  readonly budget: number;
}

export interface Halving {
  /** What one trial may use at most: R. */
  readonly budget: number;
  /** What a trial uses at least. */
  readonly minBudget: number;
  /** One of so many goes on, with so many times the budget. */
  readonly eta: number;
}

/** How often a budget can be multiplied by eta until it is the whole: floor(log_eta(budget / minBudget)), without logarithms. */
function timesIn({ budget, minBudget, eta }: Halving): number {
  let times = 0;
  for (let spent = minBudget * eta; spent <= budget * (1 + 1e-12); spent *= eta) times++;
  return times;
}

const power = (base: number, times: number): number =>
  Array.from({ length: times }, () => base).reduce((a, b) => a * b, 1);

/** n trials in rung 0, floor(n / eta^i) in rung i; budgets grow by eta up to the whole. Whole budgets stay whole: epochs. */
function rungsOf(trials: number, rungs: number, { budget, minBudget, eta }: Halving): Rung[] {
  const isWhole = Number.isInteger(budget) && Number.isInteger(minBudget);
  const list = Array.from({ length: rungs }, (_, i) => {
    const exact = budget / power(eta, rungs - 1 - i);
    return { trials: Math.floor(trials / power(eta, i)), budget: isWhole ? Math.max(1, Math.round(exact)) : exact };
  });
  return list.filter((rung) => rung.trials > 0);
}

/** One bracket: as many rungs as trials and budgets allow. */
export function halvingRungs(trials: number, halving: Halving): Rung[] {
  const byTrials = timesIn({ budget: trials, minBudget: 1, eta: halving.eta });
  return rungsOf(trials, 1 + Math.min(byTrials, timesIn(halving)), halving);
}

/**
 * Brackets s = s_max ... 0, s_max = floor(log_eta(R / minBudget)), each with n = ceil((s_max + 1) eta^s / (s + 1)) configurations
 * that begin with R / eta^s: from many with little budget to few with the whole.
 */
export function hyperbandBrackets(halving: Halving): Rung[][] {
  const most = timesIn(halving);
  return Array.from({ length: most + 1 }, (_, i) => {
    const s = most - i;
    const exact = ((most + 1) * power(halving.eta, s)) / (s + 1);
    return rungsOf(Math.ceil(exact - 1e-9), s + 1, halving);
  });
}

/** Rung r of all brackets is one batch: brackets do not wait for each other. Numbers are given by the plan, whatever fails. */
export function* halvingSearch(
  space: CompiledSpace,
  seed: number,
  direction: Direction,
  brackets: readonly (readonly Rung[])[],
): Schedule {
  let [index, configuration] = [0, 0];
  let survivors: (readonly Finished[])[] = [];
  for (let r = 0; brackets.some((rungs) => rungs[r]); r++) {
    const batch: Proposal[][] = brackets.map((rungs, bracket) => {
      const rung = rungs[r];
      if (!rung) return [];
      const first = index;
      index += rung.trials;
      const { budget } = rung;
      if (r === 0)
        return Array.from({ length: rung.trials }, (_, i) => {
          const point = drawPoint(seed, configuration, space.axes.length);
          return { index: first + i, configuration: configuration++, point, budget, resumes: null };
        });
      const best = rank(survivors[bracket] ?? [], direction).slice(0, rung.trials);
      return best.map(({ proposal }, i) => ({ ...proposal, index: first + i, budget, resumes: proposal }));
    });
    const finished = yield batch.flat();
    survivors = batch.map((each) => finished.filter(({ proposal }) => each.includes(proposal)));
  }
}

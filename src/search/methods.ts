// Methods of search: each decides on trials in batches, from the results of those before. Points and numbers depend on the seed and
// on results alone, so that they are the same wherever trials run.

import { LanewiseError } from "../../bindings/errors.ts";
import { createRandom } from "../randomNumbers.ts";
import { POINT_STREAM, SEED_STREAM } from "../streams.ts";
import type { Axis, CompiledSpace } from "./space.ts";
import { gridShares, optionAt } from "./space.ts";
import type { TrialResult } from "./trial.ts";

export type Direction = "maximize" | "minimize";

/** A trial as a method wants it. */
export interface Proposal {
  readonly index: number;
  readonly configuration: number;
  /** In the unit cube. */
  readonly point: readonly number[];
  readonly budget: number;
  /** The trial whose result this one goes on from. */
  readonly resumes: Proposal | null;
}

export interface Finished {
  readonly proposal: Proposal;
  readonly result: TrialResult;
}

/** Batches of trials; each is asked for with the results of the last one, in its order. */
export type Schedule = Generator<readonly Proposal[], void, readonly Finished[]>;

/** The point of a configuration: uniform in the unit cube, by seed and number alone. */
export function drawPoint(seed: number, configuration: number, axes: number): number[] {
  const random = createRandom(seed, POINT_STREAM, configuration);
  return Array.from({ length: axes }, () => random.uniform());
}

/** The seed that the trials of a configuration are given. */
export const seedOf = (seed: number, configuration: number): number =>
  createRandom(seed, SEED_STREAM, configuration).integer(2 ** 31);

/** Results with a value, the best first; of equal ones that with the greater budget, then the earlier. */
export function rank<T extends Finished>(finished: readonly T[], direction: Direction): T[] {
  const sign = direction === "maximize" ? -1 : 1;
  return finished
    .filter(({ result }) => result.value !== null)
    .sort(
      (a, b) =>
        sign * ((a.result.value as number) - (b.result.value as number)) ||
        b.proposal.budget - a.proposal.budget ||
        a.proposal.index - b.proposal.index,
    );
}

export function* randomSearch(space: CompiledSpace, seed: number, trials: number, budget: number): Schedule {
  yield Array.from({ length: trials }, (_, i) => {
    const point = drawPoint(seed, i, space.axes.length);
    return { index: i, configuration: i, point, budget, resumes: null };
  });
}

const GRID_MAX = 100_000;

/** Points of a grid, the last axis fastest; what a condition leaves out does not multiply them. */
export function gridPoints(space: CompiledSpace, pointsOf: (axis: Axis) => number): number[][] {
  const shares = space.axes.map((axis) => gridShares(axis.rule, pointsOf(axis)));
  const found: number[][] = [];
  const visit = (point: readonly number[]): void => {
    const at = point.length;
    if (at === shares.length) {
      if (found.push([...point]) > GRID_MAX)
        throw new LanewiseError(
          "invalid-argument",
          `search: the grid has more than ${GRID_MAX} trials. Give fewer points, or use the method "random".`,
        );
      return;
    }
    // whether an axis counts depends on those before it alone
    const active: boolean[] = [];
    space.read([...point, ...shares.slice(at).map(() => 0.5)], active);
    for (const share of active[at] ? (shares[at] as number[]) : [0.5]) visit([...point, share]);
  };
  visit([]);
  return found;
}

export function* gridSearch(points: readonly (readonly number[])[], budget: number): Schedule {
  yield points.map((point, i) => ({ index: i, configuration: i, point, budget, resumes: null }));
}

/** A part of the unit cube: a stretch of each range, some options of each choice. */
export type Region = readonly (readonly [low: number, high: number] | readonly number[])[];

const whole = (axes: readonly Axis[]): Region =>
  axes.map(({ rule }) => (rule.type === "choice" ? rule.options.map((_, i) => i) : [0, 1]));

function within(region: Region, axes: readonly Axis[], point: readonly number[]): number[] {
  return point.map((share, i) => {
    const { rule } = axes[i] as Axis;
    const part = region[i] as readonly number[];
    if (rule.type === "choice") return ((part[optionAt(part.length, share)] as number) + 0.5) / rule.options.length;
    const [low, high] = part as readonly [number, number];
    return low + share * (high - low);
  });
}

/** Of the results that count for it, the share whose options stay in. */
const KEPT = 0.25;

/** The region around the best result: `side` long in each range, with the options that the best quarter of all results has. */
export function zoomed(axes: readonly Axis[], ranked: readonly Finished[], side: number): Region {
  const [best] = ranked;
  if (!best) return whole(axes);
  const good = ranked.slice(0, Math.ceil(ranked.length * KEPT));
  return axes.map(({ rule }, i) => {
    if (rule.type === "choice") {
      const options = good.map(({ proposal }) => optionAt(rule.options.length, proposal.point[i] as number));
      return [...new Set(options)].sort((a, b) => a - b);
    }
    const low = Math.min(1 - side, Math.max(0, (best.proposal.point[i] as number) - side / 2));
    return [low, low + side];
  });
}

export interface CoarseToFine {
  readonly trials: number;
  readonly stages: number;
  /** What is left of each range from one stage to the next. */
  readonly zoom: number;
  readonly budget: number;
}

export function* coarseToFine(
  space: CompiledSpace,
  seed: number,
  direction: Direction,
  options: CoarseToFine,
): Schedule {
  const { axes } = space;
  const { trials, stages, zoom, budget } = options;
  const finished: Finished[] = [];
  let side = 1;
  for (let stage = 0; stage < stages; stage++, side *= zoom) {
    const region = stage === 0 ? whole(axes) : zoomed(axes, rank(finished, direction), side);
    const first = Math.floor((stage * trials) / stages);
    const end = Math.floor(((stage + 1) * trials) / stages);
    const batch = Array.from({ length: end - first }, (_, i) => {
      const index = first + i;
      const point = within(region, axes, drawPoint(seed, index, axes.length));
      return { index, configuration: index, point, budget, resumes: null };
    });
    finished.push(...(yield batch));
  }
}

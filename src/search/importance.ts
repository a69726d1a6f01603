// How much of the variation of values each hyperparameter explains by itself: functional ANOVA over a forest of regression trees
// (Hutter, Hoos and Leyton-Brown 2014). The trees cut the unit cube into boxes, over which variances are exact sums.

import { createRandom } from "../randomNumbers.ts";
import { TREE_STREAM } from "../streams.ts";

const TREES = 64;
const LEAF_MIN = 3;

interface Box {
  readonly value: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
}

interface Split {
  readonly axis: number;
  readonly at: number;
  readonly gain: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

/** Ranks from 0 to 1, equal values the mean of theirs: one trial that went far off does not count for all others. */
export function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((each) => each < value).length;
    const equal = values.filter((each) => each === value).length;
    return values.length > 1 ? (below + (equal - 1) / 2) / (values.length - 1) : 0;
  });
}

/** The cut that leaves the least sum of squares, halfway between two points. */
function bestSplit(
  points: readonly (readonly number[])[],
  values: readonly number[],
  rows: readonly number[],
): Split | null {
  const total = sum(rows.map((row) => values[row] as number));
  const before = (total * total) / rows.length;
  let best: Split | null = null;
  for (let axis = 0; axis < (points[0]?.length ?? 0); axis++) {
    const place = (row: number): number => points[row]?.[axis] as number;
    const sorted = [...rows].sort((a, b) => place(a) - place(b) || a - b);
    let left = 0;
    for (let i = 1; i < sorted.length; i++) {
      left += values[sorted[i - 1] as number] as number;
      const [low, high] = [place(sorted[i - 1] as number), place(sorted[i] as number)];
      if (low === high || i < LEAF_MIN || sorted.length - i < LEAF_MIN) continue;
      const gain = (left * left) / i + (total - left) ** 2 / (sorted.length - i) - before;
      if (gain > 1e-12 && gain > (best?.gain ?? 0)) best = { axis, at: (low + high) / 2, gain };
    }
  }
  return best;
}

/** The leaves of a tree that is grown until they are small. */
function grow(
  points: readonly (readonly number[])[],
  values: readonly number[],
  rows: readonly number[],
  low: readonly number[],
  high: readonly number[],
): Box[] {
  const split = bestSplit(points, values, rows);
  if (!split) return [{ value: sum(rows.map((row) => values[row] as number)) / rows.length, low, high }];
  const { axis, at } = split;
  const isLeft = (row: number): boolean => (points[row]?.[axis] as number) < at;
  return [
    ...grow(points, values, rows.filter(isLeft), low, high.with(axis, at)),
    ...grow(
      points,
      values,
      rows.filter((row) => !isLeft(row)),
      low.with(axis, at),
      high,
    ),
  ];
}

const sizeOf = ({ low, high }: Box, without = -1): number =>
  low.reduce((size, each, axis) => (axis === without ? size : size * ((high[axis] as number) - each)), 1);

/** Variance of the tree over the cube, and of its mean over all other axes as a function of each axis. */
function variances(boxes: readonly Box[], axes: number): { total: number; each: number[] } {
  const mean = sum(boxes.map((box) => box.value * sizeOf(box)));
  const total = sum(boxes.map((box) => (box.value - mean) ** 2 * sizeOf(box)));
  const each = Array.from({ length: axes }, (_, axis) => {
    const edges = [...new Set(boxes.flatMap(({ low, high }) => [low[axis] as number, high[axis] as number]))].sort(
      (a, b) => a - b,
    );
    return sum(
      edges.slice(1).map((end, i) => {
        const middle = ((edges[i] as number) + end) / 2;
        const inside = boxes.filter(
          ({ low, high }) => (low[axis] as number) < middle && middle < (high[axis] as number),
        );
        const effect = sum(inside.map((box) => box.value * sizeOf(box, axis))) - mean;
        return effect ** 2 * (end - (edges[i] as number));
      }),
    );
  });
  return { total, each };
}

/** The share of each axis in the variance of the ranks of values; what is missing to 1 is interactions. */
export function mainEffects(points: readonly (readonly number[])[], values: readonly number[]): number[] {
  const axes = points[0]?.length ?? 0;
  const ranked = ranks(values);
  const shares = new Array<number>(axes).fill(0);
  for (let tree = 0; tree < TREES; tree++) {
    const random = createRandom(0, TREE_STREAM, tree);
    const rows = points.map(() => random.integer(points.length));
    const boxes = grow(points, ranked, rows, new Array<number>(axes).fill(0), new Array<number>(axes).fill(1));
    const { total, each } = variances(boxes, axes);
    if (total > 0)
      for (let axis = 0; axis < axes; axis++)
        shares[axis] = (shares[axis] as number) + (each[axis] as number) / total / TREES;
  }
  return shares;
}

// Curves over thresholds: ROC and precision against recall, from all scores, exact where scores are equal.

/** Scores with their kind: 1 for the positive class, else 0. */
export interface Scored {
  readonly scores: ArrayLike<number>;
  readonly positive: ArrayLike<number>;
  readonly weights: ArrayLike<number> | null;
}

/** Weights of positives and negatives at or above each distinct score, from the highest. */
interface Steps {
  readonly thresholds: number[];
  readonly positives: number[];
  readonly negatives: number[];
}

/** Null where a score is NaN. */
export function stepsOf({ scores, positive, weights }: Scored): Steps | null {
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i] as number)) return null;
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => (scores[b] as number) - (scores[a] as number) || a - b,
  );
  const steps: Steps = { thresholds: [], positives: [], negatives: [] };
  let [p, n] = [0, 0];
  order.forEach((i, k) => {
    const weight = weights ? (weights[i] as number) : 1;
    if ((positive[i] as number) > 0.5) p += weight;
    else n += weight;
    const next = order[k + 1];
    if (next !== undefined && scores[next] === scores[i]) return;
    steps.thresholds.push(scores[i] as number);
    steps.positives.push(p);
    steps.negatives.push(n);
  });
  return steps;
}

/** Share of the pairs of a positive and a negative that are in order, equal scores half; NaN where one kind is missing. */
export function rocAuc(scored: Scored): number {
  const steps = stepsOf(scored);
  if (!steps) return Number.NaN;
  const { positives, negatives } = steps;
  const total = (positives.at(-1) ?? 0) * (negatives.at(-1) ?? 0);
  let [area, p, n] = [0, 0, 0];
  for (let i = 0; i < positives.length; i++) {
    const [nextP, nextN] = [positives[i] as number, negatives[i] as number];
    area += ((nextN - n) * (p + nextP)) / 2;
    [p, n] = [nextP, nextN];
  }
  return total === 0 ? Number.NaN : area / total;
}

/** Sum of (R_i - R_(i-1)) P_i over distinct scores; NaN without positives. */
export function averagePrecision(scored: Scored): number {
  const steps = stepsOf(scored);
  const total = steps?.positives.at(-1) ?? 0;
  if (!steps || total === 0) return Number.NaN;
  let [sum, before] = [0, 0];
  steps.positives.forEach((p, i) => {
    const all = p + (steps.negatives[i] as number);
    if (all > 0) sum += ((p - before) / total) * (p / all);
    before = p;
  });
  return sum;
}

/** Scores of several classes: row-major [count, width], and whether an example is of a class. */
export interface ScoredColumns {
  readonly scores: ArrayLike<number>;
  readonly width: number;
  readonly isPositive: (row: number, column: number) => boolean;
  readonly weights: ArrayLike<number> | null;
}

/** Each class against the rest; the mean over classes that have a score, NaN where none has. */
export function meanOverColumns(
  score: (scored: Scored) => number,
  { scores, width, isPositive, weights }: ScoredColumns,
): number {
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i] as number)) return Number.NaN;
  const count = scores.length / width;
  let [sum, columns] = [0, 0];
  for (let c = 0; c < width; c++) {
    const positive = Uint8Array.from({ length: count }, (_, i) => Number(isPositive(i, c)));
    const own = Float64Array.from(positive, (_, i) => scores[i * width + c] as number);
    const value = score({ scores: own, positive, weights });
    if (Number.isNaN(value)) continue; // a kind is missing, or weighs nothing
    sum += value;
    columns++;
  }
  return columns === 0 ? Number.NaN : sum / columns;
}

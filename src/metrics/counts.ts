// Precision, recall and F1 from what was counted for each class.

/** Weights of the examples, by class. */
export interface ClassCounts {
  /** Predicted, and right. */
  readonly truePositives: Float64Array;
  /** Predicted. */
  readonly predicted: Float64Array;
  /** In the labels: the support. */
  readonly actual: Float64Array;
}

/** How the numbers of several classes become one. */
export type Average = "binary" | "macro" | "micro" | "weighted";

export const averages: readonly Average[] = ["binary", "macro", "micro", "weighted"];

export type Score = "precision" | "recall" | "f1";

export function createCounts(classes: number): ClassCounts {
  const zeros = (): Float64Array => new Float64Array(classes);
  return { truePositives: zeros(), predicted: zeros(), actual: zeros() };
}

export function countExample(
  { truePositives, predicted, actual }: ClassCounts,
  label: number,
  prediction: number,
  weight: number,
): void {
  actual[label] = (actual[label] as number) + weight;
  predicted[prediction] = (predicted[prediction] as number) + weight;
  if (label === prediction) truePositives[label] = (truePositives[label] as number) + weight;
}

/** What of nothing is 0. */
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Precision tp / predicted, recall tp / actual, F1 2 tp / (predicted + actual); 0 where the divisor is. */
export function scoreOf(score: Score, truePositives: number, predicted: number, actual: number): number {
  if (score === "precision") return ratio(truePositives, predicted);
  if (score === "recall") return ratio(truePositives, actual);
  return ratio(2 * truePositives, predicted + actual);
}

/** Classes that are neither in the labels nor predicted do not count. */
export function averageScore(score: Score, counts: ClassCounts, average: Average): number {
  const { truePositives, predicted, actual } = counts;
  const of = (c: number): number =>
    scoreOf(score, truePositives[c] as number, predicted[c] as number, actual[c] as number);
  if (average === "binary") return of(truePositives.length - 1);
  const total = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0);
  if (average === "micro") return scoreOf(score, total(truePositives), total(predicted), total(actual));
  let [sum, weights] = [0, 0];
  for (let c = 0; c < actual.length; c++) {
    const present = (predicted[c] as number) + (actual[c] as number) > 0;
    const weight = average === "macro" ? Number(present) : (actual[c] as number);
    sum += weight * of(c);
    weights += weight;
  }
  return ratio(sum, weights);
}

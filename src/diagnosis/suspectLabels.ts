// Labels that may be wrong: examples that the model is sure of, and contradicts.

import { checkOptions, invalid, positiveInteger, share } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { labelsOf } from "../data/labelRows.ts";
import type { Rows } from "../metrics/rows.ts";
import { largestIn, requireSameCount, rowsOf } from "../metrics/rows.ts";

/** Options of `suspectLabels`. */
export interface SuspectLabelsOptions {
  /** Probability of the predicted class from which the model counts as sure, by default 0.9. */
  readonly confidence?: number;
  /** How many to return at most; by default all. */
  readonly limit?: number;
}

/** An example whose label the model contradicts. */
export interface SuspectLabel {
  readonly index: number;
  readonly label: number;
  readonly predicted: number;
  /** Probability of the predicted class. */
  readonly confidence: number;
  /** Probability of the label. */
  readonly labelProbability: number;
}

const where = "suspectLabels";

/** Probabilities of each class: [n, classes], or [n] and [n, 1] for those of the class 1 alone. */
function probabilitiesOf(values: Values): Rows {
  const rows = rowsOf(where, "probabilities", values);
  const { name, data, count, width } = rows;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!(value >= 0 && value <= 1.0001))
      throw invalid(where, name, `probabilities from 0 to 1, but example ${Math.floor(i / width)} has another`, value);
  }
  if (width > 1) return rows;
  const both = Float64Array.from({ length: count * 2 }, (_, i) => {
    const ofOne = data[i >> 1] as number;
    return i % 2 === 1 ? ofOne : 1 - ofOne;
  });
  return { name, data: both, count, width: 2 };
}

/**
 * The examples where the model gives another class than the label a probability of at least `confidence`, the surest first.
 * Look at them: some labels are wrong, some show what the model cannot do. Random label errors in a training set do little
 * harm, systematic ones do. Correct dev and test set alike, so that they keep one distribution, and look at
 * examples that the model got right, too (the course "Structuring Machine Learning Projects").
 * `probabilities` are [n, classes], or [n, 1] of the class 1; `labels` class indices or one-hot rows. Throws `shape-mismatch` where they are not
 * as many, `invalid-argument` where something is not a probability or a label.
 */
export function suspectLabels(
  probabilities: Values,
  labels: Values,
  options: SuspectLabelsOptions = {},
): SuspectLabel[] {
  checkOptions(where, options, { confidence: share, limit: positiveInteger });
  const { confidence: least = 0.9, limit = Number.POSITIVE_INFINITY } = options;
  const rows = probabilitiesOf(probabilities);
  const given = rowsOf(where, "labels", labels);
  requireSameCount(where, rows, given);
  const wanted = labelsOf(where, given);
  const { data, count, width } = rows;
  const found: SuspectLabel[] = [];
  for (let index = 0; index < count; index++) {
    const label = wanted[index] as number;
    if (label >= width)
      throw invalid(where, "labels", `class indices below ${width}, but example ${index} is not`, label);
    const predicted = largestIn(rows, index);
    const at = (of: number): number => data[index * width + of] as number;
    if (predicted === label || at(predicted) < least) continue;
    found.push({ index, label, predicted, confidence: at(predicted), labelProbability: at(label) });
  }
  // stable: equal confidences stay in the order of the examples
  return found.sort((a, b) => b.confidence - a.confidence).slice(0, limit);
}

// Where the error of a model comes from: the gaps between human, training, train-dev, dev and test error, each
// with the remedies that are usual for it.

import type { Checker } from "../check.ts";
import { checker, checkOptions } from "../check.ts";
import { percent, textTable, withText } from "../text.ts";

/** The gaps by name. */
export type Gap = "avoidableBias" | "variance" | "dataMismatch" | "overfittingToDev";

/** Error rates as fractions: 0.08 for 8 %. `train` and `dev` must be given. */
export interface ErrorRates {
  /** The best that people reach, standing for the Bayes error; where it is left out the Bayes error is taken as 0. */
  readonly human?: number;
  readonly train: number;
  /** On examples of the training distribution that were not trained on. */
  readonly trainDev?: number;
  readonly dev: number;
  readonly test?: number;
}

/** One gap: how much of the error it stands for, and what is usually done about it. */
export interface GapFinding {
  readonly name: Gap;
  /** The difference of two error rates; below 0 where the harder set has the smaller error. */
  readonly value: number;
  /** "train - human" */
  readonly difference: string;
  readonly remedies: readonly string[];
}

/** What `diagnose` returns: data, and a table as text. */
export interface Diagnosis {
  readonly avoidableBias: number;
  readonly variance: number;
  /** Null where no train-dev error was given. */
  readonly dataMismatch: number | null;
  /** Null where no test error was given. */
  readonly overfittingToDev: number | null;
  /** The gaps that could be computed, the largest first. */
  readonly gaps: readonly GapFinding[];
  /** The largest gap above 0: what to work on first. Null where there is none. */
  readonly focus: Gap | null;
  /** The remedies of the focus. */
  readonly remedies: readonly string[];
  /** What was assumed, and what is unusual about the numbers. */
  readonly notes: readonly string[];
  toString(): string;
}

const remedies: Readonly<Record<Gap, readonly string[]>> = {
  avoidableBias: [
    "train a bigger network: more units, more layers",
    "train longer, or with a better optimizer: momentum, RMSprop, Adam, a schedule",
    "search another architecture or other hyperparameters",
    "regularise less",
  ],
  variance: [
    "get more data, or augment it",
    "regularise: L2, dropout, early stopping",
    "search another architecture or other hyperparameters",
  ],
  dataMismatch: [
    "look at errors on the dev set by hand: how does it differ from the training set?",
    "make the training data more like it: collect such data, or synthesise it (from many sources, or the model fits the few)",
    "put a part of the dev distribution into the training set",
  ],
  overfittingToDev: ["get a bigger dev set, or a fresh one", "choose among fewer models by the dev set"],
};

const titles: Readonly<Record<Gap, string>> = {
  avoidableBias: "avoidable bias",
  variance: "variance",
  dataMismatch: "data mismatch",
  overfittingToDev: "overfitting to dev",
};

const errorRate: Checker<number> = checker(
  "an error rate from 0 to 1 (0.08 for 8 %)",
  (rate) => typeof rate === "number" && rate >= 0 && rate <= 1,
);

/** Differences of decimal fractions without the last digits that binary fractions add: 0.1 - 0.08 is 0.02. */
const difference = (a: number, b: number): number => Number((a - b).toFixed(12));

function gapsOf({ human, train, trainDev, dev, test }: ErrorRates): GapFinding[] {
  const found: GapFinding[] = [];
  const note = (name: Gap, value: number, from: string) =>
    found.push({ name, value, difference: from, remedies: remedies[name] });
  note("avoidableBias", difference(train, human ?? 0), human === undefined ? "train - 0" : "train - human");
  if (trainDev === undefined) note("variance", difference(dev, train), "dev - train");
  else {
    note("variance", difference(trainDev, train), "trainDev - train");
    note("dataMismatch", difference(dev, trainDev), "dev - trainDev");
  }
  if (test !== undefined) note("overfittingToDev", difference(test, dev), "test - dev");
  // sorting is stable: equal gaps keep the order of the chain, the earlier is worked on first
  return found.sort((a, b) => b.value - a.value);
}

function notesOf({ human, train, trainDev, test }: ErrorRates, gaps: readonly GapFinding[]): string[] {
  const notes: string[] = [];
  const sizeIn = (name: Gap) => gaps.find((gap) => gap.name === name)?.value ?? 0;
  if (human === undefined)
    notes.push("No human error was given: the Bayes error is taken as 0, so the avoidable bias may be overestimated.");
  else if (train < human)
    notes.push(
      `The training error is below the human one, by ${percent(human - train)}: either the model overfits by that much, or the Bayes error is lower still. Whether bias or variance is left can no longer be told from the human error.`,
    );
  if (trainDev === undefined)
    notes.push(
      "No train-dev error was given: where training and dev data come from different distributions, the variance holds their mismatch, too.",
    );
  if (sizeIn("variance") < 0)
    notes.push(
      "The error is smaller on new data than on the training set: is dropout or augmentation on while the training error is taken, or is the set small?",
    );
  if (sizeIn("dataMismatch") < 0)
    notes.push("The dev set is easier than the training distribution: mismatch costs nothing here.");
  if (test !== undefined && sizeIn("overfittingToDev") < 0)
    notes.push("The test error is below the dev error: the dev set was not overfitted.");
  return notes;
}

/**
 * Splits an error into avoidable bias = train - human, variance = trainDev - train (dev - train without a train-dev set), data
 * mismatch = dev - trainDev and overfitting to dev = test - dev, orders them by size and says what is usually done about
 * each. More data is a remedy for variance, never for bias. (Ng, Machine Learning Yearning; the course "Structuring Machine Learning
 * Projects".) Rates are fractions from 0 to 1; anything else throws `invalid-argument`.
 *
 * `String(diagnose({ human: 0.01, train: 0.07, trainDev: 0.1, dev: 0.1 }))` is a table.
 */
export function diagnose(errors: ErrorRates): Diagnosis {
  const rates = { human: errorRate, train: errorRate, trainDev: errorRate, dev: errorRate, test: errorRate };
  checkOptions("diagnose", errors, rates, ["train", "dev"]);
  const gaps = gapsOf(errors);
  const notes = notesOf(errors, gaps);
  const sizeIn = (name: Gap) => gaps.find((gap) => gap.name === name)?.value ?? null;
  const first = gaps[0] as GapFinding;
  const focus = first.value > 0 ? first : null;
  const diagnosis = {
    avoidableBias: sizeIn("avoidableBias") as number,
    variance: sizeIn("variance") as number,
    dataMismatch: sizeIn("dataMismatch"),
    overfittingToDev: sizeIn("overfittingToDev"),
    gaps,
    focus: focus?.name ?? null,
    remedies: focus?.remedies ?? [],
    notes,
  };
  return withText(diagnosis, () => {
    const rows = gaps.map(({ name, value, difference: from }) => [titles[name], percent(value), from]);
    return [
      ...textTable([["gap", "size", "is"], ...rows], [1]),
      "",
      focus ? `Work on ${titles[focus.name]} first:` : "No gap is left.",
      ...(focus?.remedies ?? []).map((remedy) => `- ${remedy}`),
      ...notes.map((note) => `Note: ${note}`),
    ].join("\n");
  });
}

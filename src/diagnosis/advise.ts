// The rules of thumb of a course in deep learning, checked against a model, its data and its history. The rules stand in rules/.

import { anything, bool, checkOptions, fraction } from "../check.ts";
import type { BatchSize } from "../data/batchSize.ts";
import { batchSizeOption } from "../data/batchSize.ts";
import type { Model } from "../model.ts";
import { withText } from "../text.ts";
import type { Examples } from "../train/examples.ts";
import { examplesOf } from "../train/examples.ts";
import type { History } from "../train/history.ts";
import { requireHistory } from "../train/history.ts";
import { coreOf, requireTraining } from "../train/model.ts";
import { dataRules } from "./rules/data.ts";
import { networkRules } from "./rules/network.ts";
import type { Finding, Severity } from "./rules/rule.ts";
import { trainingRules } from "./rules/training.ts";
import { describeRun } from "./run.ts";

/** What fit was told, and the other parts of the data; rules about what is left out are not checked. */
export interface AdviseOptions {
  /** As given to fit; by default 32. "auto" and "full" are never complained of. */
  readonly batchSize?: BatchSize;
  /** By default true. */
  readonly shuffle?: boolean;
  readonly validationSplit?: number;
  /** The dev set. */
  readonly validation?: Examples;
  readonly test?: Examples;
}

/** One piece of advice. */
export interface Advice extends Finding {
  /** The rule's name, e.g. "learningRateTooHigh". */
  readonly rule: string;
  readonly severity: Severity;
}

/** Advice in order: problems, warnings, hints. As text a paragraph each. */
export interface AdviceList extends ReadonlyArray<Advice> {
  toString(): string;
}

const where = "advise";
const order: readonly Severity[] = ["problem", "warning", "hint"];

const asText = (list: readonly Advice[]): string =>
  list.length === 0
    ? "Nothing to advise: no rule of thumb is broken."
    : list
        .map(({ rule, severity, reason, suggestion }) => `${severity}: ${rule}\n  ${reason}\n  ${suggestion}`)
        .join("\n");

/**
 * Checks rules of thumb of the courses against a compiled model, its training data and the history of its training: inputs and labels, loss and
 * output, first weights, activations, learning rate, bias and variance, validation. Each piece of advice says what was seen and what to
 * do, the worst first; `String(advise(...))` prints them. Rules are rules of thumb: their limits are stated in
 * docs/diagnosis.md. Throws as `model.fit` does where data do not fit the model, and `invalid-argument` for what is no history.
 */
export function advise(
  model: Model<unknown>,
  data: Examples,
  history: History,
  options: AdviseOptions = {},
): AdviceList {
  const core = coreOf(where, model);
  requireTraining(core, where);
  checkOptions(where, options, {
    batchSize: batchSizeOption,
    shuffle: bool,
    validationSplit: fraction,
    validation: anything,
    test: anything,
  });
  const dataset = examplesOf(core, `${where}, data`, data);
  requireHistory(where, history);
  const countOf = (name: "validation" | "test"): number | null =>
    options[name] === undefined ? null : examplesOf(core, `${where}, ${name}`, options[name]).count;
  const { shuffle = true, validationSplit = 0 } = options;
  // those chosen by the library follow the rule
  const batchSize = typeof options.batchSize === "string" ? Math.min(64, dataset.count) : (options.batchSize ?? 32);
  const parts = { batchSize, shuffle, validationSplit, dev: countOf("validation"), test: countOf("test") };
  const run = describeRun(core, dataset, history.metrics, parts);
  const found = [...trainingRules, ...networkRules, ...dataRules].flatMap((rule): Advice[] => {
    const finding = rule.check(run);
    return finding ? [{ rule: rule.name, ...finding }] : [];
  });
  found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return withText(found, () => asText(found));
}

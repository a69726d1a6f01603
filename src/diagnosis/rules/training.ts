// Rules about how training went: the history.

import { errorOf } from "../../metrics/names.ts";
import { percent, short } from "../../text.ts";
import type { Run } from "../run.ts";
import type { Rule } from "./rule.ts";

const lossOf = ({ metrics }: Run): readonly number[] => metrics.loss ?? [];
const lowestOf = (values: readonly number[]): number => values.reduce((low, value) => Math.min(low, value));

const learningRateTooHigh: Rule = {
  name: "learningRateTooHigh",
  check(run) {
    const losses = lossOf(run);
    const suggestion =
      "Take a tenth of the learning rate, or one that is warmed up and decays; clip gradients where they explode.";
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) {
      return { severity: "problem", reason: `The loss is ${losses[bad]} in epoch ${bad} of the history.`, suggestion };
    }
    if (losses.length < 2) return null;
    const [first, last] = [losses[0] as number, losses.at(-1) as number];
    if (last > 1.2 * Math.abs(first) && last > first) {
      return {
        severity: "problem",
        reason: `The loss has grown from ${short(first)} to ${short(last)}.`,
        suggestion,
      };
    }
    const [low, high] = [lowestOf(losses), -lowestOf(losses.map((loss) => -loss))];
    const rises = losses.filter((loss, i) => i > 0 && loss - (losses[i - 1] as number) > 0.15 * (high - low)).length;
    if (rises < 2 || rises < 0.15 * (losses.length - 1) || high - low < 0.05 * Math.abs(high)) return null;
    return {
      severity: "warning",
      reason: `The loss oscillates: in ${rises} of ${losses.length - 1} epochs it rose by more than 15 % of its whole range.`,
      suggestion,
    };
  },
};

const learningRateTooLow: Rule = {
  name: "learningRateTooLow",
  check(run) {
    const losses = lossOf(run);
    if (losses.length < 4 || !losses.every(Number.isFinite)) return null;
    const last = losses.at(-1) as number;
    const before = losses[Math.floor((losses.length - 1) * 0.75)] as number;
    const [whole, late] = [(losses[0] as number) - last, before - last];
    // a slow fall of every epoch is no noise, however small it is
    const falls = losses.every((loss, i) => i === 0 || loss < (losses[i - 1] as number));
    if (late <= 0.15 * whole || (late <= 0.03 * Math.abs(before) && !falls)) return null;
    return {
      severity: "warning",
      reason: `The loss still falls at the end: ${percent(late / whole)} of its fall, from ${short(before)} to ${short(last)}, is in the last quarter of the epochs.`,
      suggestion: `Train longer, or with a larger learning rate${run.optimizer.name === "sgd" ? "; adam or momentum get there in fewer steps" : ""}.`,
    };
  },
};

/** The error of always giving the best constant answer, and what it is: null where it cannot be told. */
function trivialError({ heads, score }: Run): { error: number; answer: string; metric: string } | null {
  const [head] = heads;
  if (heads.length !== 1 || !head) return null;
  if (head.classes && score && /acc(uracy)?$/i.test(score)) {
    const total = head.classes.reduce((sum, count) => sum + count, 0);
    return { error: 1 - Math.max(...head.classes) / total, answer: "always the most frequent class", metric: score };
  }
  if (head.loss.name !== "meanSquaredError") return null;
  const { data, size } = head.target;
  const n = data.length / size;
  let variance = 0;
  for (let j = 0; j < size; j++) {
    let [sum, squares] = [0, 0];
    for (let i = j; i < data.length; i += size) sum += data[i] as number;
    for (let i = j; i < data.length; i += size) squares += ((data[i] as number) - sum / n) ** 2;
    variance += squares / n / size;
  }
  return { error: variance, answer: "always the mean of the targets", metric: "loss" };
}

const underfitting: Rule = {
  name: "underfitting",
  check(run) {
    const trivial = trivialError(run);
    const values = trivial ? (run.metrics[trivial.metric] ?? []) : [];
    const last = values.at(-1);
    const suggestion =
      "Find out whether the network can learn a few examples by heart. A bigger network, longer training, another learning rate or optimizer; more data will not help.";
    if (trivial && last !== undefined && trivial.error > 0) {
      const error = errorOf(trivial.metric, last);
      if (error >= 0.9 * trivial.error) {
        return {
          severity: "problem",
          reason: `The training ${trivial.metric} of ${short(last)} is hardly better than ${trivial.answer} (${short(errorOf(trivial.metric, trivial.error))}).`,
          suggestion,
        };
      }
    }
    const losses = lossOf(run);
    if (losses.length < 4 || !losses.every(Number.isFinite)) return null;
    const [first, end] = [losses[0] as number, losses.at(-1) as number];
    if (Math.abs(first - end) >= 0.02 * Math.abs(first) || (trivial && last !== undefined)) return null;
    return {
      severity: "warning",
      reason: `The loss has hardly changed in ${losses.length} epochs: ${short(first)} and ${short(end)}.`,
      suggestion,
    };
  },
};

/** How far validation is behind training at the end: as a difference of errors, and whether that is much. */
function gapOf({ metrics, score }: Run): { text: string; wide: boolean } | null {
  const name = score ?? "loss";
  const [train, validation] = [metrics[name]?.at(-1), metrics[`val_${name}`]?.at(-1)];
  if (train === undefined || validation === undefined || !Number.isFinite(train) || !Number.isFinite(validation))
    return null;
  const bias = errorOf(name, train);
  const gap = errorOf(name, validation) - bias;
  const text = `${name} ${short(train)} in training, ${short(validation)} in validation`;
  // what has hardly learned is not regularised
  return { text, wide: score ? gap > Math.max(0.05, bias / 5) : gap > 0.3 * Math.abs(train) };
}

/** Whether anything in the network or its optimizer works against overfitting. */
const isRegularised = ({ layers, optimizer }: Run): boolean =>
  layers.some(({ state }) => state.regularises || state.regularizers.size > 0) ||
  optimizer.state.weightDecay > 0 ||
  (optimizer.state.options.groups ?? []).some(({ weightDecay = 0 }) => weightDecay > 0);

const overfitting: Rule = {
  name: "overfitting",
  check(run) {
    const gap = gapOf(run);
    if (!gap?.wide) return null;
    const regularised = isRegularised(run);
    return {
      severity: "warning",
      reason: `${gap.text}${regularised ? "" : ", and nothing regularises"}.`,
      suggestion: regularised
        ? "More data, augmentation, stronger regularisation, or early stopping."
        : "l2 as kernelRegularizer, dropout, weightDecay of the optimizer; more data or augmentation; early stopping.",
    };
  },
};

const earlyStopping: Rule = {
  name: "earlyStopping",
  check({ metrics }) {
    const losses = metrics.val_loss ?? [];
    if (losses.length < 5) return null;
    const finite = losses.filter(Number.isFinite);
    if (finite.length === 0) return null;
    const lowest = lowestOf(finite);
    const at = losses.indexOf(lowest);
    const last = losses.at(-1) as number;
    if (at > 0.7 * (losses.length - 1) || !(last > lowest + 0.05 * Math.abs(lowest))) return null;
    return {
      severity: "warning",
      reason: `val_loss was lowest in epoch ${at} (${short(lowest)}) and has risen to ${short(last)} in epoch ${losses.length - 1}.`,
      suggestion: "Stop early and keep the best weights (the callback earlyStopping), or regularise.",
    };
  },
};

const noValidation: Rule = {
  name: "noValidation",
  check({ metrics }) {
    if (Object.keys(metrics).some((name) => name.startsWith("val_"))) return null;
    return {
      severity: "warning",
      reason: "The history has no validation: overfitting cannot be seen.",
      suggestion: "Give fit validation, or validationSplit.",
    };
  },
};

export const trainingRules: readonly Rule[] = [
  learningRateTooHigh,
  underfitting,
  learningRateTooLow,
  overfitting,
  earlyStopping,
  noValidation,
];

// Rules about the data: their scale, their labels, how many there are and how they are cut.

import { percent, short } from "../../text.ts";
import type { Run, Values } from "../run.ts";
import type { Rule } from "./rule.ts";

/** Layers that bring inputs to a common scale. */
const normalising = /rescal|normali[sz]|standardi[sz]/i;
const ROWS_MAX = 5000;
/** Of images and the like all places of a channel are taken together. */
const FEATURES_MAX = 64;

/** Mean and deviation of each feature: of each of few numbers an example, otherwise of each channel. */
function featureStatistics({ data, shape, size }: Values): { mean: number; deviation: number }[] {
  const features = shape.length === 1 && size <= FEATURES_MAX ? size : shape.length > 1 ? (shape.at(-1) as number) : 1;
  const end = Math.min(data.length, ROWS_MAX * size);
  const sums = Array.from({ length: features }, () => ({ n: 0, sum: 0, squares: 0 }));
  for (let i = 0; i < end; i++) {
    const value = data[i] as number;
    const at = sums[i % features] as (typeof sums)[number];
    if (!Number.isFinite(value)) continue;
    at.n++;
    at.sum += value;
  }
  // the deviation after centring: squares of large values would swallow it
  for (let i = 0; i < end; i++) {
    const at = sums[i % features] as (typeof sums)[number];
    const from = (data[i] as number) - at.sum / at.n;
    if (Number.isFinite(from)) at.squares += from * from;
  }
  return sums
    .filter(({ n }) => n > 0)
    .map(({ n, sum, squares }) => ({ mean: sum / n, deviation: Math.sqrt(squares / n) }));
}

const inputsNotNormalised: Rule = {
  name: "inputsNotNormalised",
  check({ inputs, layers }) {
    if (layers.some(({ type }) => normalising.test(type))) return null;
    for (const input of inputs) {
      if (input.dtype !== "float32") continue;
      const features = featureStatistics(input);
      const large = features.find(({ mean, deviation }) => Math.abs(mean) > 4 || deviation > 4);
      const moving = features.map(({ deviation }) => deviation).filter((deviation) => deviation > 0);
      const [least, most] = [Math.min(...moving), Math.max(...moving)];
      const uneven = moving.length > 1 && most > 30 * least;
      const tiny = moving.length > 0 && most < 0.02;
      if (!large && !uneven && !tiny) continue;
      const reason = large
        ? `${input.label} has a feature with mean ${short(large.mean, 3)} and deviation ${short(large.deviation, 3)}, far from 0 and 1`
        : uneven
          ? `deviations of the features of ${input.label} reach from ${short(least, 3)} to ${short(most, 3)}`
          : `no feature of ${input.label} has a deviation above ${short(most, 3)}: they hardly differ from one example to the next`;
      return {
        severity: "warning",
        reason: `${reason}, and no layer brings them to one scale.`,
        suggestion:
          "Subtract the mean and divide by the deviation of the training set, the same for dev and test; bytes of images: rescaling({ scale: 1 / 255 }) as the first layer.",
      };
    }
    return null;
  },
};

const labelsSkewed: Rule = {
  name: "labelsSkewed",
  check({ heads }) {
    for (const { classes, target } of heads) {
      if (!classes || classes.length < 2) continue;
      const total = classes.reduce((sum, count) => sum + count, 0);
      const rarest = Math.min(...classes);
      const most = Math.max(...classes);
      if (rarest >= (0.2 * total) / classes.length) continue;
      const always = percent(most / total);
      return {
        severity: "warning",
        reason: `${target.label}: class ${classes.indexOf(rarest)} has ${percent(rarest / total)} of the examples; always answering class ${classes.indexOf(most)} is right in ${always}.`,
        suggestion:
          "Do not judge by accuracy alone: take precision, recall, F1. Weigh rare classes more, get more examples of them, and split with all classes in every part.",
      };
    }
    return null;
  },
};

const fewExamples: Rule = {
  name: "fewExamples",
  check({ examples, parameters }) {
    if (parameters <= 10 * examples) return null;
    return {
      severity: "hint",
      reason: `${examples} training examples for ${parameters} weights.`,
      suggestion:
        "Such a network can learn them by heart: augment the data, regularise, or begin with trained weights.",
    };
  },
};

/** Changes from one label to the next beside those that a random order would have. */
function orderOf({ heads }: Run): { changes: number; expected: number } | null {
  const head = heads.find(({ classes, target }) => classes && target.size === 1);
  if (!head?.classes) return null;
  const { data } = head.target;
  const total = head.classes.reduce((sum, count) => sum + count, 0);
  let changes = 0;
  for (let i = 1; i < data.length; i++) if (data[i] !== data[i - 1]) changes++;
  const same = head.classes.reduce((sum, count) => sum + (count / total) ** 2, 0);
  return { changes, expected: (total - 1) * (1 - same) };
}

const orderedExamples: Rule = {
  name: "orderedExamples",
  check(run) {
    const order = orderOf(run);
    const sorted = order !== null && order.expected >= 10 && order.changes < 0.2 * order.expected;
    if (sorted && run.validationSplit > 0) {
      return {
        severity: "problem",
        reason: `Examples stand in the order of their labels (${order.changes} changes of label, about ${Math.round(order.expected)} in a random order), and validationSplit takes the last ones: other classes than are trained on.`,
        suggestion: "Shuffle before splitting, or give validation data of your own.",
      };
    }
    if (run.shuffle) return null;
    if (!sorted && run.batchSize < run.examples) {
      return {
        severity: "hint",
        reason: "shuffle is false: every epoch has the same batches in the same order.",
        suggestion: "Leave shuffle on, unless the order means something.",
      };
    }
    if (!sorted || run.batchSize >= run.examples) return null;
    return {
      severity: "problem",
      reason: `shuffle is false and examples stand in the order of their labels (${order.changes} changes of label, about ${Math.round(order.expected)} in a random order): batches hold one class.`,
      suggestion: "Leave shuffle on.",
    };
  },
};

const isPowerOfTwo = (n: number): boolean => Number.isInteger(n) && n > 0 && (n & (n - 1)) === 0;

const batchSize: Rule = {
  name: "batchSize",
  check({ batchSize: size, examples, layers }) {
    if (size <= 4 && layers.some(({ type }) => type === "batchNormalization")) {
      return {
        severity: "warning",
        reason: `Batch normalisation takes its statistics from batches of ${size}.`,
        suggestion: "Take batches of at least 16, or layer or group normalisation.",
      };
    }
    if (examples > 2000 && size >= examples) {
      return {
        severity: "warning",
        reason: `One step an epoch: the batch is the whole set of ${examples} examples.`,
        suggestion: "Beyond 2,000 examples take mini-batches, a power of two from 64 to 512.",
      };
    }
    if (size === 1 && examples > 1) {
      return {
        severity: "hint",
        reason: "Batches of one example: steps are noisy, and vector arithmetic has nothing to work on.",
        suggestion: "Take a power of two from 32 to 512, or the whole set up to 2,000 examples.",
      };
    }
    if (size < examples && size > 32 && !isPowerOfTwo(size)) {
      return {
        severity: "hint",
        reason: `Batches of ${size}.`,
        suggestion: "Powers of two fit memory and vectors best: 64, 128, 256 or 512.",
      };
    }
    return null;
  },
};

/** Usual shares of dev set: [examples up to, least, most]. */
const shares = [
  [10_000, 0.1, 0.4],
  [100_000, 0.02, 0.25],
  [1_000_000, 0.005, 0.1],
  [Number.POSITIVE_INFINITY, 0.001, 0.03],
] as const;

const splitSizes: Rule = {
  name: "splitSizes",
  check({ dev, test, examples }) {
    if (dev === null) return null;
    const total = examples + dev + (test ?? 0);
    const [, least, most] = shares.find(([end]) => total <= end) as (typeof shares)[number];
    const share = dev / total;
    const numbers = `The dev set has ${dev} of ${total} examples, ${percent(share)}`;
    if (dev < 100 && total >= 500) {
      return {
        severity: "warning",
        reason: `${numbers}: one example is ${percent(1 / dev)}, so small differences between models are chance.`,
        suggestion: "Take so many that the differences you care about are many examples.",
      };
    }
    if (share >= least && share <= most) return null;
    return {
      severity: "hint",
      reason: `${numbers}; usual for so many are ${percent(least)} to ${percent(most)}.`,
      suggestion:
        "60/20/20 up to ten thousand examples, 98/1/1 from a million: a dev set need only be large enough to tell models apart.",
    };
  },
};

export const dataRules: readonly Rule[] = [
  inputsNotNormalised,
  labelsSkewed,
  orderedExamples,
  batchSize,
  fewExamples,
  splitSizes,
];

// Rules about the network: its outputs beside its losses, its activations, its first weights.

import type { InitialValues, Variable } from "../../graph/variable.ts";
import { isVariable } from "../../graph/variable.ts";
import { short } from "../../text.ts";
import type { Head, Run } from "../run.ts";
import { lastOp } from "../run.ts";
import type { Finding, Rule } from "./rule.ts";

const problem = (reason: string, suggestion: string): Finding => ({ severity: "problem", reason, suggestion });

/** Cross-entropies: the function that must or must not end the network before them. */
function checkCrossentropy({ loss, output }: Head): Finding | null {
  const wanted = loss.name === "binaryCrossentropy" ? "sigmoid" : "softmax";
  const end = lastOp(output);
  const classes = output.dims.at(-1) as number;
  if (wanted === "softmax" && classes === 1) {
    return problem(
      `${loss.name} over one output: its softmax is always 1, so nothing is learned.`,
      'Take one output a class, or binaryCrossentropy with activation "sigmoid".',
    );
  }
  if (loss.fromLogits && (end === "softmax" || end === "sigmoid")) {
    return problem(
      `${loss.name} with fromLogits takes the ${wanted} itself, but the network ends in a ${end}: it is taken twice.`,
      "Leave out the last activation, or fromLogits.",
    );
  }
  if (loss.fromLogits || end === wanted) return null;
  if (wanted === "sigmoid" && end === "softmax") {
    return problem(
      "binaryCrossentropy looks at each output by itself, but the network ends in a softmax, whose outputs add up to 1.",
      "For one class of several take sparseCategoricalCrossentropy; for several yes-or-no answers a sigmoid.",
    );
  }
  return problem(
    `${loss.name} expects probabilities, but the network does not end in a ${wanted}.`,
    `Give the last layer activation: "${wanted}", or the loss fromLogits: true.`,
  );
}

/** Squared and absolute errors: what the last activation can reach, and whether the targets are classes. */
function checkRegression({ loss, output, target, classes }: Head): Finding | null {
  const end = lastOp(output);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < target.data.length; i++) {
    low = Math.min(low, target.data[i] as number);
    high = Math.max(high, target.data[i] as number);
  }
  const reach: Readonly<Record<string, readonly [number, number]>> = {
    sigmoid: [0, 1],
    softmax: [0, 1],
    tanh: [-1, 1],
    relu: [0, Number.POSITIVE_INFINITY],
    softplus: [0, Number.POSITIVE_INFINITY],
  };
  const [least, most] = reach[end] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (low < least || high > most) {
    return problem(
      `The targets reach from ${short(low, 3)} to ${short(high, 3)}, the last activation, ${end}, only from ${least} to ${most}.`,
      "Leave out the last activation, or scale the targets.",
    );
  }
  if ((end === "sigmoid" || end === "softmax") && (classes !== null || loss.name === "meanSquaredError")) {
    const better = end === "sigmoid" ? "binaryCrossentropy" : "categoricalCrossentropy";
    return {
      severity: "warning",
      reason: `${loss.name} after a ${end}: where the output is surely wrong the gradient is almost 0.`,
      suggestion: `Take ${better}.`,
    };
  }
  return null;
}

const lossAndOutput: Rule = {
  name: "lossAndOutput",
  check({ heads }) {
    for (const head of heads) {
      const { name } = head.loss;
      const found = /rossentropy$/.test(name)
        ? checkCrossentropy(head)
        : name === "meanSquaredError" || name === "meanAbsoluteError"
          ? checkRegression(head)
          : null;
      if (found) return heads.length > 1 ? { ...found, reason: `${head.name}: ${found.reason}` } : found;
    }
    return null;
  },
};

const biasBeforeBatchNormalization: Rule = {
  name: "biasBeforeBatchNormalization",
  check({ nodes }) {
    const found: string[] = [];
    for (const node of nodes) {
      const before = node.op.name === "batchNorm" ? node.inputs[0]?.node : undefined;
      if (before?.op.name !== "add") continue;
      const bias = before.inputs.map((input) => input.node.attributes).find(isVariable);
      if (bias?.trainable) found.push(bias.name);
    }
    if (found.length === 0) return null;
    return {
      severity: "hint",
      reason: `${found.join(", ")}: batch normalisation behind it subtracts the mean, and the bias with it.`,
      suggestion: "Give the layers useBias: false; beta of the normalisation takes their place.",
    };
  },
};

/** Connections into one unit. */
const fanIn = ({ shape }: Variable): number => shape.slice(0, -1).reduce((product, n) => product * n, 1);

/** Variance of initial values, null where they are given as numbers. */
function initialVariance(initial: InitialValues): number | null {
  if (initial.kind === "constant") return 0;
  if (initial.kind === "uniform") return (initial.high - initial.low) ** 2 / 12;
  return initial.kind === "data" ? null : initial.deviation ** 2;
}

const initialWeights: Rule = {
  name: "initialWeights",
  check({ kernels, layers }) {
    const normalised = layers.some(({ type }) => /normalization/i.test(type));
    for (const { variable, isLast } of kernels) {
      if (variable.state.initial.kind === "constant" && !isLast) {
        return problem(
          `${variable.name} starts with equal weights: all units of the layer compute the same, and go on doing so.`,
          'Start with random weights: "heNormal" before relu, "glorotUniform" otherwise.',
        );
      }
    }
    const varianceOf = (variable: Variable): number | null => initialVariance(variable.state.initial);
    const large = kernels.find(({ variable }) => (varianceOf(variable) ?? 0) > 20 / fanIn(variable));
    if (large) {
      return {
        severity: "warning",
        reason: `${large.variable.name} starts with deviation ${short(Math.sqrt(varianceOf(large.variable) as number), 3)}; ${short(Math.sqrt(2 / fanIn(large.variable)), 3)} is usual for ${fanIn(large.variable)} inputs (He 2015).`,
        suggestion: "Large first weights saturate units and let gradients explode. Take heNormal or glorotUniform.",
      };
    }
    const relus = kernels.filter(({ activation }) => activation === "relu");
    const small = relus.filter(
      ({ variable }) => (varianceOf(variable) ?? Number.POSITIVE_INFINITY) < 1.5 / fanIn(variable),
    );
    if (normalised || relus.length < 5 || small.length < 5) return null;
    return {
      severity: "hint",
      reason: `${small.length} layers of relu start with variances below 2 / inputs, so that activations shrink from layer to layer.`,
      suggestion: 'Give them kernelInitializer: "heNormal".',
    };
  },
};

const DEEP = 4;

const saturatingActivations: Rule = {
  name: "saturatingActivations",
  check({ kernels, layers }: Run) {
    const hidden = kernels.filter(({ isLast }) => !isLast);
    const sigmoids = hidden.filter(({ activation }) => activation === "sigmoid");
    const flat = hidden.filter(({ activation }) => activation === "sigmoid" || activation === "tanh");
    const normalised = layers.some(({ type }) => /normalization/i.test(type));
    if (flat.length >= DEEP && !normalised) {
      return {
        severity: "warning",
        reason: `${flat.length} hidden layers of sigmoid or tanh behind each other: their slopes, at most 1/4 and 1, are multiplied, so that gradients vanish.`,
        suggestion: "Take relu with heNormal, or normalise between the layers. layerReport shows the gradients.",
      };
    }
    if (sigmoids.length === 0) return null;
    return {
      severity: "hint",
      reason: `${sigmoids.map(({ variable }) => variable.name).join(", ")}: a hidden layer of sigmoids, whose outputs have a mean of 1/2 and whose slope is at most 1/4.`,
      suggestion:
        "tanh learns faster there, relu mostly more so. Keep the sigmoid for the output of a yes-or-no answer.",
    };
  },
};

export const networkRules: readonly Rule[] = [
  lossAndOutput,
  initialWeights,
  saturatingActivations,
  biasBeforeBatchNormalization,
];

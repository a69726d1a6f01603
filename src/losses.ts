// Losses: one value an example. The library applies weights and takes the mean.

import { LanewiseError } from "../bindings/errors.ts";
import { bool, checkOptions, fraction, invalid } from "./check.ts";
import type { Tensor } from "./graph/graph.ts";
import { isTensor } from "./graph/graph.ts";
import type { NoOptions } from "./initializers/distributions.ts";
import { smoothedLabels } from "./ops/gather.ts";
import { abs, add, mul, squaredDifference, sub } from "./ops/pointwise.ts";
import {
  binaryCrossEntropy,
  categoricalCrossEntropy,
  meanPerExample,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
} from "./ops/softmax.ts";
import { formatShape, sameShape } from "./shape.ts";

/** One value an example, [batch], from a target and a prediction. */
export type LossFunction = (target: Tensor, prediction: Tensor) => Tensor;

/** A loss as the functions of `losses` make it. */
export interface Loss {
  readonly kind: "loss";
  readonly name: string;
  /** int32 class indices without the class axis, or float32 values of the prediction's shape. */
  readonly targets: "labels" | "values";
  /** Whether the prediction is logits. */
  readonly fromLogits: boolean;
  readonly call: LossFunction;
}

/** Options of the cross-entropies. */
export interface CrossentropyOptions {
  /** Whether the prediction is logits rather than probabilities, by default false. */
  readonly fromLogits?: boolean;
  /** The share s of a target that is spread evenly over all classes, 0 (default) up to but not including 1. */
  readonly labelSmoothing?: number;
}

function makeLoss(name: string, targets: Loss["targets"], fromLogits: boolean, call: LossFunction): Loss {
  return {
    kind: "loss",
    name,
    targets,
    fromLogits,
    call(target, prediction) {
      const wanted = targets === "labels" ? prediction.dims.slice(0, -1) : prediction.dims;
      if (!sameShape(target.dims, wanted)) {
        throw new LanewiseError(
          "shape-mismatch",
          `${name}: the target ${formatShape(target.shape)} does not fit the prediction ${formatShape(prediction.shape)}: ${targets === "labels" ? `class indices ${formatShape(wanted)}` : "one value for each of its values"} expected.`,
        );
      }
      return call(target, prediction);
    },
  };
}

const crossentropyOptions = (name: string, options: CrossentropyOptions): Required<CrossentropyOptions> => {
  checkOptions(name, options, { fromLogits: bool, labelSmoothing: fraction });
  return { fromLogits: options.fromLogits ?? false, labelSmoothing: options.labelSmoothing ?? 0 };
};

/** (1 - s) t + s / classes */
const smoothed = (targets: Tensor, s: number, classes: number): Tensor =>
  s > 0 ? add(mul(targets, 1 - s), s / classes) : targets;

/** Mean of (target - prediction)^2 over all axes but the first. Targets have the prediction's shape. */
export function meanSquaredError(options: NoOptions = {}): Loss {
  checkOptions("meanSquaredError", options, {});
  return makeLoss("meanSquaredError", "values", false, (t, p) => meanPerExample(squaredDifference(p, t)));
}

/** Mean of |target - prediction| over all axes but the first. Targets have the prediction's shape. */
export function meanAbsoluteError(options: NoOptions = {}): Loss {
  checkOptions("meanAbsoluteError", options, {});
  return makeLoss("meanAbsoluteError", "values", false, (t, p) => meanPerExample(abs(sub(p, t))));
}

/**
 * -t log p - (1 - t) log(1 - p), the mean over all axes but the first; with `fromLogits` p = sigmoid(prediction), with
 * `labelSmoothing` s the target is (1 - s) t + s/2. A prediction that ends in a sigmoid is looked through, so that both are computed in the stable form.
 */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const { fromLogits, labelSmoothing } = crossentropyOptions("binaryCrossentropy", options);
  return makeLoss("binaryCrossentropy", "values", fromLogits, (target, p) => {
    const t = smoothed(target, labelSmoothing, 2);
    return meanPerExample(fromLogits ? sigmoidCrossEntropy(p, t) : binaryCrossEntropy(p, t));
  });
}

/**
 * -sum t log p over the last axis, targets one-hot or probabilities; with `fromLogits` p = softmax(prediction), with
 * `labelSmoothing` s the target is (1 - s) t + s / classes (Szegedy et al. 2016). A prediction that ends in a softmax is looked through, so that both are computed in the stable form.
 */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const { fromLogits, labelSmoothing } = crossentropyOptions("categoricalCrossentropy", options);
  return makeLoss("categoricalCrossentropy", "values", fromLogits, (target, p) => {
    const t = smoothed(target, labelSmoothing, p.dims.at(-1) as number);
    return meanPerExample(fromLogits ? softmaxCrossEntropy(p, t) : categoricalCrossEntropy(p, t));
  });
}

/**
 * -log p[label], targets class indices from 0; with `labelSmoothing` s it is -(1 - s) log p[label] - s / classes sum log p.
 * Otherwise as categoricalCrossentropy.
 */
export function sparseCategoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const { fromLogits, labelSmoothing } = crossentropyOptions("sparseCategoricalCrossentropy", options);
  return makeLoss("sparseCategoricalCrossentropy", "labels", fromLogits, (labels, p) => {
    const t = labelSmoothing > 0 ? smoothedLabels(labels, p.dims.at(-1) as number, labelSmoothing) : labels;
    return meanPerExample(fromLogits ? softmaxCrossEntropy(p, t) : categoricalCrossEntropy(p, t));
  });
}

const byName: Readonly<Record<LossName, () => Loss>> = {
  meanSquaredError,
  mse: meanSquaredError,
  meanAbsoluteError,
  mae: meanAbsoluteError,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
};

/** Losses by name; mse and mae are short forms. */
export type LossName =
  | "meanSquaredError"
  | "mse"
  | "meanAbsoluteError"
  | "mae"
  | "binaryCrossentropy"
  | "categoricalCrossentropy"
  | "sparseCategoricalCrossentropy";
export const lossNames: readonly LossName[] = Object.keys(byName) as LossName[];

/** A loss by name, made, or as a function. */
export type LossLike = LossName | Loss | LossFunction;

/** The loss that an option names or is. */
export function resolveLoss(where: string, name: string, value: unknown): Loss {
  if (typeof value === "string" && Object.hasOwn(byName, value)) return byName[value as LossName]();
  if (typeof value === "object" && value !== null && (value as Loss).kind === "loss") return value as Loss;
  if (typeof value === "function" && !Object.values(byName).includes(value as never)) {
    return {
      kind: "loss",
      name: "loss",
      targets: "values",
      fromLogits: false,
      call: perExample(where, name, value as LossFunction),
    };
  }
  if (typeof value === "function") throw invalid(where, name, `made by calling it: losses.${value.name}()`, value);
  throw invalid(
    where,
    name,
    `one of ${lossNames.map((n) => JSON.stringify(n)).join(", ")}, a loss made by losses, or a function (target, prediction) => one value an example`,
    value,
  );
}

/** Checks that a user's function gives one value an example. */
export function perExample(where: string, name: string, call: LossFunction): LossFunction {
  return (target, prediction) => {
    const result: unknown = call(target, prediction);
    if (!isTensor(result)) throw invalid(where, `what ${name} returns`, "a tensor", result);
    if (result.dims.length !== 1 || result.dims[0] !== prediction.dims[0]) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: ${name} must return one value an example, ${formatShape([prediction.dims[0] as number])}, got ${formatShape(result.shape)}. Take the mean over the other axes only.`,
      );
    }
    return result;
  };
}

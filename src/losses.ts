// Losses: one value an example. The library applies weights and takes the mean.

import { LanewiseError } from "../bindings/errors.ts";
import { bool, checkOptions, invalid } from "./check.ts";
import type { Tensor } from "./graph/graph.ts";
import { isTensor } from "./graph/graph.ts";
import type { NoOptions } from "./initializers/distributions.ts";
import { abs, squaredDifference, sub } from "./ops/pointwise.ts";
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

interface LogitsOptions {
  /** Whether the prediction is logits rather than probabilities, by default false. */
  readonly fromLogits?: boolean;
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

const logitsOption = (name: string, options: LogitsOptions): boolean => {
  checkOptions(name, options, { fromLogits: bool });
  return options.fromLogits ?? false;
};

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
 * -t log p - (1 - t) log(1 - p), the mean over all axes but the first; with `fromLogits` p = sigmoid(prediction).
 * A prediction that ends in a sigmoid is looked through, so that both are computed in the stable form.
 */
export function binaryCrossentropy(options: LogitsOptions = {}): Loss {
  const fromLogits = logitsOption("binaryCrossentropy", options);
  return makeLoss("binaryCrossentropy", "values", fromLogits, (t, p) =>
    meanPerExample(fromLogits ? sigmoidCrossEntropy(p, t) : binaryCrossEntropy(p, t)),
  );
}

/**
 * -sum t log p over the last axis, targets one-hot or probabilities; with `fromLogits` p = softmax(prediction).
 * A prediction that ends in a softmax is looked through, so that both are computed in the stable form.
 */
export function categoricalCrossentropy(options: LogitsOptions = {}): Loss {
  const fromLogits = logitsOption("categoricalCrossentropy", options);
  return makeLoss("categoricalCrossentropy", "values", fromLogits, (t, p) =>
    meanPerExample(fromLogits ? softmaxCrossEntropy(p, t) : categoricalCrossEntropy(p, t)),
  );
}

/** -log p[label], targets class indices from 0; otherwise as categoricalCrossentropy. */
export function sparseCategoricalCrossentropy(options: LogitsOptions = {}): Loss {
  const fromLogits = logitsOption("sparseCategoricalCrossentropy", options);
  return makeLoss("sparseCategoricalCrossentropy", "labels", fromLogits, (t, p) =>
    meanPerExample(fromLogits ? softmaxCrossEntropy(p, t) : categoricalCrossEntropy(p, t)),
  );
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

// What the names of reported values say: whether less or more of them is better, and which are scores.

/** Names ending like these fall as a model gets better: val_loss, logLoss, meanSquaredError, rmse, categoricalCrossentropy. */
const falling =
  /(loss|errors?|errorrate|entropy|mse|mae|mape|msle|divergence|hinge|huber|logcosh|poisson|perplexity)$/i;
/** Names ending like these rise, and are 1 where nothing is wrong: accuracy, val_macroF1, rocAuc, top5. */
const rising =
  /(acc|accuracy|auc|precision|recall|sensitivity|specificity|f\d|f\d?_?score|fbeta|fbetascore|r2|r2score|iou|dice|dicescore|kappa|similarity|top_?(k|\d+))$/i;

/** Whether less ("min") or more ("max") of a value is better, by the end of its name; null where that does not say. */
export function directionOf(name: string): "min" | "max" | null {
  if (falling.test(name)) return "min";
  return rising.test(name) ? "max" : null;
}

/** Whether more of it is better, up to 1. */
export const isScore = (name: string): boolean => directionOf(name) === "max";

/** What is minimised: 1 - accuracy and its like, anything else as it is. */
export const errorOf = (name: string, value: number): number => (isScore(name) ? 1 - value : value);

/** "1 - accuracy", "loss" */
export const errorLabel = (name: string): string => (isScore(name) ? `1 - ${name}` : name);

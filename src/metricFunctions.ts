// The namespace `metrics`.

export { sparseTopKCategoricalAccuracy, topKCategoricalAccuracy } from "./metrics/topK.ts";
export {
  auc,
  averagePrecision,
  f1Score,
  logLoss,
  meanAbsoluteError,
  meanSquaredError,
  precision,
  r2Score,
  recall,
  rootMeanSquaredError,
} from "./metrics/whole.ts";
export { binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } from "./metrics.ts";

// The namespace `scores`.

export type {
  AveragedScoreOptions,
  LogLossOptions,
  PrecisionRecallPoint,
  RocPoint,
  TopKAccuracyOptions,
  WeightedOptions,
} from "./metrics/scores.ts";
export {
  accuracy,
  averagePrecision,
  f1,
  logLoss,
  meanAbsoluteError,
  meanSquaredError,
  precision,
  precisionRecallCurve,
  r2,
  recall,
  rocAuc,
  rocCurve,
  rootMeanSquaredError,
  topKAccuracy,
} from "./metrics/scores.ts";

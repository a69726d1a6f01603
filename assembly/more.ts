// Exports only: kernels that many networks do without. Built as a binary of its own, which is loaded when a program needs
// one of them.

export {
  batchNorm,
  batchNormGradient,
  batchNormGradientPhases,
  batchNormGradientScratch,
  batchNormInferenceGradient,
  batchNormInferenceGradientPhases,
  batchNormInferenceGradientScratch,
  batchNormScratch,
  batchNormStatistics,
  batchNormStatisticsPhases,
  batchNormStatisticsScratch,
  movingAverage,
} from "./batchNorm";
export { blockCopy } from "./copy";
export { gather, gatherGradient, oneHot } from "./gather";
export { equal, greater, greaterEqual, less, lessEqual, maximum, minimum, notEqual, select } from "./pointwise/binary";
export { eluGradient, geluGradient, leakyReluGradient, siluGradient, softplusGradient } from "./pointwise/gradients";
export {
  absolute,
  clip,
  elu,
  erf,
  exp,
  float32ToInt32,
  gelu,
  int32ToFloat32,
  leakyRelu,
  log,
  reciprocal,
  sign,
  silu,
  softplus,
  sqrt,
} from "./pointwise/unary";
export { averagePool2d, averagePool2dGradient } from "./pool";
export { reduceMax, reduceMaxPhases, reduceMaxScratch, reduceMin, reduceMinPhases, reduceMinScratch } from "./reduce";
export { logSoftmax, logSoftmaxGradient } from "./softmax";

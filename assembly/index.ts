// Exports only: everything but the kernels that multiply and add (products.ts).

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
export { chain, chainScratch } from "./chain";
export { blockCopy, copy, fill } from "./copy";
export {
  crossEntropy,
  crossEntropyGradient,
  crossEntropyInt32,
  crossEntropyInt32Gradient,
  sigmoidCrossEntropy,
  sigmoidCrossEntropyGradient,
} from "./crossEntropy";
export { equalInt32, gather, gatherGradient, oneHot } from "./gather";
export { guard } from "./guard";
export { adam, rmsprop, sgd } from "./optim";
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  notEqual,
  select,
  squaredDifference,
  sub,
} from "./pointwise/binary";
export {
  eluGradient,
  geluGradient,
  leakyReluGradient,
  reluGradient,
  sigmoidGradient,
  siluGradient,
  softplusGradient,
  tanhGradient,
} from "./pointwise/gradients";
export { stridedCopy } from "./pointwise/strided";
export {
  absolute,
  affine,
  clip,
  elu,
  erf,
  exp,
  float32ToInt32,
  gelu,
  int32ToFloat32,
  leakyRelu,
  log,
  negate,
  reciprocal,
  relu,
  sigmoid,
  sign,
  silu,
  softplus,
  sqrt,
  square,
  tanh,
} from "./pointwise/unary";
export { averagePool2d, averagePool2dGradient, maxPool2d, maxPool2dGradient } from "./pool";
export {
  dropout,
  dropoutScratch,
  randomNormal,
  randomNormalScratch,
  randomTruncatedNormal,
  randomTruncatedNormalScratch,
  randomUniform,
  randomUniformScratch,
} from "./random";
export {
  argMax,
  reduceMax,
  reduceMaxPhases,
  reduceMaxScratch,
  reduceMin,
  reduceMinPhases,
  reduceMinScratch,
  reduceSum,
  reduceSumPhases,
  reduceSumScratch,
} from "./reduce";
export { run } from "./run";
export { logSoftmax, logSoftmaxGradient, softmax, softmaxGradient } from "./softmax";

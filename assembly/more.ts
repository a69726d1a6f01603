// Exports only: kernels that many networks do without. Built twice like products.ts, as binaries of their own, one of
// which is loaded when a program needs one of them.

export { colorMatrices, colorMatricesScratch, colorTransform, colorTransformScratch } from "./augment/color";
export { cutout, cutoutScratch } from "./augment/cutout";
export { elasticField, elasticFieldScratch } from "./augment/elastic";
export { affineMatrices, affineMatricesScratch, cropMatrices, cropMatricesScratch } from "./augment/matrices";
export { addNoise, addNoiseScratch } from "./augment/noise";
export { imageWarp } from "./augment/warp";
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
export {
  depthwiseConv2d,
  depthwiseConv2dInputGradient,
  depthwiseConv2dInputGradientScratch,
  depthwiseConv2dKernelGradient,
  depthwiseConv2dKernelGradientPhases,
  depthwiseConv2dKernelGradientScratch,
  depthwiseConv2dScratch,
} from "./conv/depthwise";
export {
  conv2dWinograd,
  conv2dWinogradInputGradient,
  conv2dWinogradInputGradientPhases,
  conv2dWinogradInputGradientScratch,
  conv2dWinogradPhases,
  conv2dWinogradScratch,
} from "./conv/winograd";
export { blockCopy, fill } from "./copy";
export {
  crossEntropy,
  crossEntropyGradient,
  crossEntropyGradientScratch,
  crossEntropyScratch,
  sigmoidCrossEntropy,
  sigmoidCrossEntropyGradient,
} from "./crossEntropy";
export { gather, gatherGradient, oneHot } from "./gather";
export { layerNorm, layerNormGradient, layerNormGradientPhases, layerNormGradientScratch } from "./layerNorm";
export { adadelta } from "./optim/adadelta";
export { adagrad } from "./optim/adagrad";
export { adamax } from "./optim/adamax";
export {
  accumulate,
  clipFactor,
  keep,
  norm,
  normPhases,
  normScratch,
  scaleBy,
  weightAverage,
} from "./optim/gradients";
export { lion } from "./optim/lion";
export { nadam } from "./optim/nadam";
export { rmsprop } from "./optim/rmsprop";
export { sgd } from "./optim/sgd";
export { equal, greater, greaterEqual, less, lessEqual, maximum, minimum, notEqual, select } from "./pointwise/binary";
export {
  eluGradient,
  geluGradient,
  leakyReluGradient,
  sigmoidGradient,
  siluGradient,
  softplusGradient,
  tanhGradient,
} from "./pointwise/gradients";
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
  negate,
  reciprocal,
  sign,
  silu,
  softplus,
  sqrt,
} from "./pointwise/unary";
export { averagePool2dGradient } from "./pool/gradient";
export { averagePool2d } from "./pool/pool";
export { reduceMax, reduceMaxPhases, reduceMaxScratch, reduceMin, reduceMinPhases, reduceMinScratch } from "./reduce";
export { logSoftmax, logSoftmaxGradient, logSoftmaxGradientScratch, logSoftmaxScratch } from "./softmax";

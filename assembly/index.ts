// Exports only. The strict build holds everything that stands here.

export { conv2d, conv2dInputGradient, conv2dInputGradientScratch, conv2dScratch } from "./conv/conv2d";
export {
  depthwiseConv2d,
  depthwiseConv2dInputGradient,
  depthwiseConv2dKernelGradient,
  depthwiseConv2dKernelGradientPhases,
  depthwiseConv2dKernelGradientScratch,
} from "./conv/depthwise";
export {
  conv2dKernelGradient,
  conv2dKernelGradientPhases,
  conv2dKernelGradientScratch,
} from "./conv/kernelGradient";
export { blockCopy, copy, fill } from "./copy";
export {
  crossEntropy,
  crossEntropyGradient,
  crossEntropyInt32,
  crossEntropyInt32Gradient,
  sigmoidCrossEntropy,
  sigmoidCrossEntropyGradient,
} from "./crossEntropy";
export { guard } from "./guard";
export { adam, rmsprop, sgd } from "./optim";
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

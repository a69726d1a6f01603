// Exports only: the kernels that multiply and add, those with polynomials (exp, log, tanh, erf) among them. They are
// built twice, strict (multiply, then add) and relaxed (fused multiply-add); the host takes one of the two beside index.ts.

export { conv2d, conv2dScratch } from "./conv/conv2d";
export {
  depthwiseConv2d,
  depthwiseConv2dInputGradient,
  depthwiseConv2dKernelGradient,
  depthwiseConv2dKernelGradientPhases,
  depthwiseConv2dKernelGradientScratch,
} from "./conv/depthwise";
export { conv2dInputGradient, conv2dInputGradientScratch } from "./conv/inputGradient";
export {
  conv2dKernelGradient,
  conv2dKernelGradientPhases,
  conv2dKernelGradientScratch,
} from "./conv/kernelGradient";
export {
  crossEntropy,
  crossEntropyGradient,
  crossEntropyGradientScratch,
  crossEntropyInt32,
  crossEntropyInt32Gradient,
  crossEntropyInt32GradientScratch,
  crossEntropyInt32Scratch,
  crossEntropyScratch,
  sigmoidCrossEntropy,
  sigmoidCrossEntropyGradient,
} from "./crossEntropy";
export { gemm, gemmBatch, gemmBatchScratch, gemmScratch } from "./gemm/gemm";
export { geluGradient, siluGradient, softplusGradient } from "./pointwise/gradients";
export { elu, erf, exp, gelu, log, sigmoid, silu, softplus, tanh } from "./pointwise/unary";
export {
  logSoftmax,
  logSoftmaxGradient,
  logSoftmaxGradientScratch,
  logSoftmaxScratch,
  softmax,
  softmaxGradient,
  softmaxGradientScratch,
  softmaxScratch,
} from "./softmax";

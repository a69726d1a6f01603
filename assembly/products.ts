// Exports only: what most networks need of the kernels that multiply and add. They are built twice, strict (multiply,
// then add) and relaxed (fused multiply-add); the host takes one of the two beside index.ts.

export { conv2d, conv2dScratch } from "./conv/conv2d";
export { conv2dInputGradient, conv2dInputGradientScratch } from "./conv/inputGradient";
export {
  conv2dKernelGradient,
  conv2dKernelGradientPhases,
  conv2dKernelGradientScratch,
} from "./conv/kernelGradient";
export {
  crossEntropyInt32,
  crossEntropyInt32Gradient,
  crossEntropyInt32GradientScratch,
  crossEntropyInt32Scratch,
} from "./crossEntropy";
export { gemm, gemmBatch, gemmBatchScratch, gemmScratch } from "./gemm/gemm";
export { sigmoid, tanh } from "./pointwise/unary";
export { softmax, softmaxGradient, softmaxGradientScratch, softmaxScratch } from "./softmax";

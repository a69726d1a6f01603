// Exports only: the kernels that multiply and add. They are built twice, strict (multiply, then add) and relaxed
// (fused multiply-add); the host takes one of the two beside index.ts.

export { conv2d, conv2dScratch } from "./conv/conv2d";
export {
  depthwiseConv2d,
  depthwiseConv2dInputGradient,
  depthwiseConv2dInputGradientScratch,
  depthwiseConv2dKernelGradient,
  depthwiseConv2dKernelGradientPhases,
  depthwiseConv2dKernelGradientScratch,
  depthwiseConv2dScratch,
} from "./conv/depthwise";
export { conv2dInputGradient, conv2dInputGradientScratch } from "./conv/inputGradient";
export {
  conv2dKernelGradient,
  conv2dKernelGradientPhases,
  conv2dKernelGradientScratch,
} from "./conv/kernelGradient";
export {
  conv2dWinograd,
  conv2dWinogradInputGradient,
  conv2dWinogradInputGradientPhases,
  conv2dWinogradInputGradientScratch,
  conv2dWinogradPhases,
  conv2dWinogradScratch,
} from "./conv/winograd";
export { gemm, gemmBatch, gemmBatchScratch, gemmScratch } from "./gemm/gemm";

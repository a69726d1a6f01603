// The kernels that multiply and add: built a second time with fused multiply-add. The host takes these
// from the relaxed build where it may, and everything else from the strict one.

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
export { gemm, gemmBatch, gemmBatchScratch, gemmScratch } from "./gemm/gemm";

// Exports only: what most networks train with, but for the kernels that multiply and add (products.ts). The rest is in
// more.ts: a kernel that stands there is loaded when the first program with it is.

export { chain, chainScratch } from "./chain";
export { copy } from "./copy";
export { equalInt32 } from "./gather";
export { guard } from "./guard";
export { adam } from "./optim/adam";
export { add, div, mul, squaredDifference, sub } from "./pointwise/binary";
export { reluGradient } from "./pointwise/gradients";
export { stridedCopy } from "./pointwise/strided";
export { affine, relu, square } from "./pointwise/unary";
export { maxPool2dGradient } from "./pool/gradient";
export { maxPool2d } from "./pool/pool";
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
export { argMax, reduceSum, reduceSumPhases, reduceSumScratch } from "./reduce";
export { run, runPart } from "./run";

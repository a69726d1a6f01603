// The namespace `ops`: functions on symbolic tensors.

export type { ReduceOptions } from "./ops/broadcasting.ts";
export { broadcastTo, mean, reshape, sum } from "./ops/broadcasting.ts";
export type { ConvOptions } from "./ops/conv.ts";
export { conv2d, depthwiseConv2d } from "./ops/conv.ts";
export type { ValueAndGradient } from "./ops/customGradient.ts";
export { customGradient } from "./ops/customGradient.ts";
export { gather, oneHot } from "./ops/gather.ts";
export type { MatmulOptions } from "./ops/matmul.ts";
export { matmul } from "./ops/matmul.ts";
export {
  abs,
  add,
  cast,
  clip,
  div,
  elu,
  equal,
  erf,
  exp,
  gelu,
  greater,
  greaterEqual,
  leakyRelu,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  reciprocal,
  relu,
  sigmoid,
  sign,
  silu,
  softplus,
  sqrt,
  square,
  squaredDifference,
  sub,
  tanh,
  where,
} from "./ops/pointwise.ts";
export type { PoolOptions } from "./ops/pool.ts";
export { averagePool2d, maxPool2d } from "./ops/pool.ts";
export { argMax, max, min } from "./ops/reduce.ts";
export { concatenate, constant, slice, stopGradient, transpose } from "./ops/shaping.ts";
export { logSoftmax, sigmoidCrossEntropy, softmax, softmaxCrossEntropy } from "./ops/softmax.ts";

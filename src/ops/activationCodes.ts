// Activations that GEMM and convolution compute on their way out, by the numbers of assembly/activation.ts.

export const activationCodes = {
  linear: 0,
  relu: 1,
  sigmoid: 2,
  tanh: 3,
  elu: 4,
  softplus: 5,
  gelu: 6,
  silu: 7,
  leakyRelu: 8,
} as const;

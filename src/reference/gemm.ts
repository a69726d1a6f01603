// Twin of assembly/gemm/.

import { activationOf } from "./activation.ts";
import type { Twin } from "./twin.ts";

/** C = activation(alpha op(A) op(B) + beta C + bias) */
export const gemm: Twin<"gemm"> = (operands) => {
  const { m, n, k, transA, transB, lda, ldb, ldc, alpha, beta, a, b, c, bias } = operands;
  const activation = activationOf(operands.activation);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) {
        const x = a[transA ? l * lda + i : i * lda + l] as number;
        const y = b[transB ? j * ldb + l : l * ldb + j] as number;
        sum += x * y;
      }
      let value = alpha * sum;
      if (beta !== 0) value += beta * (c[i * ldc + j] as number);
      if (bias) value += bias[j] as number;
      c[i * ldc + j] = activation(value);
    }
  }
};

/** The same for matrices that lie below one another. */
export const gemmBatch: Twin<"gemmBatch"> = ({ batches, a, b, c, ...rest }) => {
  const { m, n, k, transA, transB, lda, ldb, ldc } = rest;
  for (let i = 0; i < batches; i++) {
    gemm({
      ...rest,
      a: a.subarray(i * (transA ? k : m) * lda),
      b: b.subarray(i * (transB ? n : k) * ldb),
      c: c.subarray(i * m * ldc),
    });
  }
};

// Matrix multiplication, with what GEMM can do on its way out: bias and activation.

import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import type { TensorLike } from "../graph/trace.ts";
import { toTensor } from "../graph/trace.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { activationCodes } from "./activation.ts";
import { requireFloat, reshaped } from "./broadcasting.ts";

export interface MatmulAttributes {
  readonly transA: boolean;
  readonly transB: boolean;
  /** Applied to the product plus bias (third input, [N]). */
  readonly activation: keyof typeof activationCodes;
}

const matrixOf = (dims: readonly number[], transposed: boolean): [rows: number, columns: number] => {
  const [rows, columns] = dims.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
};

export const matmulOp: Op<MatmulAttributes> = {
  name: "matmul",
  infer: (inputs, { transA, transB }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    requireFloat("ops.matmul", a, "a");
    requireFloat("ops.matmul", b, "b");
    const [m, k] = matrixOf(a.dims, transA);
    const [kB, n] = matrixOf(b.dims, transB);
    const batches = a.dims.slice(0, -2);
    if (k !== kB || !sameShape(batches, b.dims.slice(0, -2))) {
      throw new LanewiseError(
        "shape-mismatch",
        `ops.matmul: ${formatShape(a.shape)}${transA ? " transposed" : ""} times ${formatShape(b.shape)}${transB ? " transposed" : ""}: the inner sizes ${k} and ${kB} must be equal, and leading axes the same.`,
      );
    }
    return [{ shape: [...batches, m, n], dtype: "float32" }];
  },
  // C = A B: dA = dC B^T, dB = A^T dC, and so on for transposed operands
  gradient: ({ inputs, upstream, attributes: { transA, transB }, wanted }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    const dc = upstream[0] as Tensor;
    const da = () => (transA ? product(b, dc, transB, true) : product(dc, b, false, !transB));
    const db = () => (transB ? product(dc, a, true, transA) : product(a, dc, !transA, false));
    return [wanted(0) ? da() : null, wanted(1) ? db() : null];
  },
  lower({ inputs, inputTypes, outputs: [c], attributes, emit }) {
    const { transA, transB, activation } = attributes;
    const [a, b, bias = null] = inputs as [Buffer, Buffer, Buffer?];
    const dimsA = inputTypes[0]?.shape ?? [];
    const dimsB = inputTypes[1]?.shape ?? [];
    const [m, k] = matrixOf(dimsA, transA);
    const n = matrixOf(dimsB, transB)[1];
    const batches = sizeOf(dimsA.slice(0, -2));
    const matrix = {
      m,
      n,
      k,
      alpha: 1,
      beta: 0,
      transA: Number(transA),
      transB: Number(transB),
      lda: dimsA.at(-1) as number,
      ldb: dimsB.at(-1) as number,
      ldc: n,
      activation: activationCodes[activation],
      bias,
    };
    if (batches === 1) {
      emit("gemm", { ...matrix, a, b, c: c as Buffer });
      return;
    }
    emit("gemmBatch", { ...matrix, batches, a, b, c: c as Buffer });
  },
  multiplyAdds: ([a], [c], { transA }) => sizeOf(c?.shape ?? []) * (a ? matrixOf(a.shape, transA)[1] : 0),
  describe: ({ transA, transB, activation }) =>
    [transA && "A transposed", transB && "B transposed", activation !== "linear" && activation]
      .filter(Boolean)
      .join(", "),
};

function product(a: Tensor, b: Tensor, transA: boolean, transB: boolean): Tensor {
  return apply(matmulOp, [a, b], { transA, transB, activation: "linear" });
}

/** x [..., K] times one matrix [K, N]: all leading axes are rows. */
export function timesMatrix(x: Tensor, matrix: Tensor, transB = false): Tensor {
  if (x.dims.length === 2) return product(x, matrix, false, transB);
  const flat = product(reshaped(x, [-1, x.dims.at(-1) as number]), matrix, false, transB);
  return reshaped(flat, [...x.shape.slice(0, -1), flat.dims[1] as number]);
}

export interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/**
 * Matrix product a b: [..., M, K] times [K, N] or [..., K, N] (equal leading axes) gives [..., M, N].
 * `transA`, `transB` take the last two axes of an operand transposed.
 */
export function matmul(a: TensorLike, b: TensorLike, options: MatmulOptions = {}): Tensor {
  checkOptions("ops.matmul", options, { transA: bool, transB: bool });
  const { transA = false, transB = false } = options;
  const left = toTensor("ops.matmul", a, "a");
  const right = toTensor("ops.matmul", b, "b");
  for (const [name, x] of [
    ["a", left],
    ["b", right],
  ] as const) {
    if (x.dims.length < 2) {
      throw new LanewiseError(
        "shape-mismatch",
        `ops.matmul: ${name} must have at least two axes, got ${formatShape(x.shape)}. Use ops.reshape.`,
      );
    }
  }
  return left.dims.length > 2 && right.dims.length === 2 && !transA
    ? timesMatrix(left, right, transB)
    : product(left, right, transA, transB);
}

// A program of three layers, and what tests look at in variables.

import type { Tensor, Variable } from "../src/index.ts";
import { ops, variable } from "../src/index.ts";
import { normal } from "./values.ts";

export const list = (values: ArrayLike<number>): number[] => Array.from(values);
export const read = (v: Variable): number[] => list(v.read().data);

export const x0: Float32Array = normal(12, 1);
export const matrix = (rows: number, columns: number, seed: number, name: string): Variable =>
  variable({ data: normal(rows * columns, seed, 0.5), shape: [rows, columns] }, { name });

/** Two hidden layers and a loss. */
export function threeLayers(x: Tensor, [w1, w2, w3]: readonly Variable[]): Tensor {
  const h1 = ops.tanh(ops.matmul(x, w1 as Variable));
  const h2 = ops.sigmoid(ops.matmul(h1, w2 as Variable));
  return ops.mean(ops.square(ops.sub(ops.matmul(h2, w3 as Variable), 1)));
}
export const threeMatrices = (): Variable[] => [matrix(3, 5, 2, "w1"), matrix(5, 4, 3, "w2"), matrix(4, 2, 4, "w3")];

// Sums of squares and of absolute values, as penalties on weights take them. Their gradients are one product over the
// weights: the ops that they are made of would stretch a scalar to the weights' shape first.

import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, Op } from "../graph/op.ts";
import { mul, sign } from "./pointwise.ts";

function scaledSum(
  name: string,
  kernel: "square" | "absolute",
  gradient: (x: Tensor, dy: Tensor) => Tensor,
): Op<{ scale: number }> {
  return {
    name,
    infer: () => [{ shape: [], dtype: "float32" }],
    gradient: ({ inputs: [x], upstream: [dy], attributes: { scale } }) => [
      gradient(x as Tensor, mul(dy as Tensor, scale)),
    ],
    lower({ inputs: [x], outputs: [out], attributes: { scale }, emit, temporary }) {
      const n = (x as Buffer).length;
      const terms = temporary(n);
      emit(kernel, { n, x: x as Buffer, out: terms });
      emit("reduceSum", { outer: 1, size: n, inner: 1, scale, x: terms, out: out as Buffer });
    },
    describe: ({ scale }) => `times ${scale}`,
  };
}

const squaredSumOp = /* @__PURE__ */ scaledSum("squaredSum", "square", (x, dy) => mul(x, mul(dy, 2)));
const absoluteSumOp = /* @__PURE__ */ scaledSum("absoluteSum", "absolute", (x, dy) => mul(sign(x), dy));

/** scale sum x^2, a scalar */
export function squaredSum(x: Tensor, scale: number): Tensor {
  return apply(squaredSumOp, [x], { scale });
}

/** scale sum |x|, a scalar; the gradient at 0 is 0 */
export function absoluteSum(x: Tensor, scale: number): Tensor {
  return apply(absoluteSumOp, [x], { scale });
}

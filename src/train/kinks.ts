// Kinks: where ops have no derivative. A fingerprint of which side of each kink every value lies on tells whether a step
// crossed one. Only gradientCheck asks.

import type { Node, Tensor } from "../graph/graph.ts";
import { ancestors, apply } from "../graph/graph.ts";
import { kept, reshape, sum } from "../ops/broadcasting.ts";
import { add, equal, mul, sign, sub } from "../ops/pointwise.ts";
import type { PoolGradientAttributes } from "../ops/pool.ts";
import { maxPoolGradient } from "../ops/pool.ts";
import { constant } from "../ops/shaping.ts";
import { wordSource } from "../random.ts";
import { sizeOf } from "../shape.ts";
import { KINK_STREAM } from "../streams.ts";

type Pattern = (node: Node) => readonly Tensor[];

const signOfInput: Pattern = ({ inputs: [x] }) => [sign(x as Tensor)];
const signOfDifference: Pattern = ({ inputs: [a, b] }) => [sign(sub(a as Tensor, b as Tensor))];
const placeOfExtreme: Pattern = ({ inputs: [x], outputs: [y], attributes }) => {
  const { axes } = attributes as { axes: readonly number[] };
  return [equal(x as Tensor, reshape(y as Tensor, kept((x as Tensor).dims, axes)))];
};
/** Where a gradient of ones would go. */
const placeInWindow: Pattern = ({ inputs: [x], outputs: [y], attributes }) => {
  const { dims } = x as Tensor;
  const ones = constant({ data: new Float32Array(sizeOf((y as Tensor).dims)).fill(1), shape: (y as Tensor).dims });
  return [
    apply(maxPoolGradient, [ones, x as Tensor], { ...(attributes as Omit<PoolGradientAttributes, "dims">), dims }),
  ];
};

/** For each op with kinks, tensors that keep their values as long as none is crossed. */
const patterns: Readonly<Record<string, Pattern>> = {
  relu: signOfInput,
  leakyRelu: signOfInput,
  elu: signOfInput,
  abs: signOfInput,
  sign: signOfInput,
  clip: ({ inputs: [x], attributes }) => {
    const { low, high } = attributes as { low: number; high: number };
    return [sign(sub(x as Tensor, low)), sign(sub(x as Tensor, high))];
  },
  maximum: signOfDifference,
  minimum: signOfDifference,
  greater: signOfDifference,
  greaterEqual: signOfDifference,
  less: signOfDifference,
  lessEqual: signOfDifference,
  equal: signOfDifference,
  notEqual: signOfDifference,
  reduceMax: placeOfExtreme,
  reduceMin: placeOfExtreme,
  maxPool2d: placeInWindow,
};

/** A scalar that changes when a value that `y` depends on crosses a kink; null where there are none. */
export function kinkFingerprint(y: Tensor): Tensor | null {
  const next = wordSource(0, KINK_STREAM, 0);
  const found = ancestors([y.node]).flatMap((node) =>
    node.outputs[0]?.dtype === "float32" && Object.hasOwn(patterns, node.op.name)
      ? (patterns[node.op.name] as Pattern)(node)
      : [],
  );
  let total: Tensor | null = null;
  for (const pattern of found) {
    // weights that no two changes are likely to cancel by
    const weights = Float32Array.from({ length: sizeOf(pattern.dims) }, () => 0.5 + next() / 2 ** 33);
    const part = sum(mul(pattern, constant({ data: weights, shape: pattern.dims })));
    total = total ? add(total, part) : part;
  }
  return total;
}

// Random ops. Numbers depend on (seed, stream, step, element) and on nothing else.

import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, ControlSource, Op } from "../graph/op.ts";

/** Seed and step, as the random kernels read them: low and high word of the seed, step, 0. */
export const randomControl: ControlSource = {
  name: "random key",
  length: 4,
  dtype: "int32",
  write(view, { seed, step }) {
    view[0] = (seed % 2 ** 32) | 0;
    view[1] = Math.floor(seed / 2 ** 32) | 0;
    view[2] = step | 0;
    view[3] = 0;
  },
};

interface DropoutAttributes {
  readonly rate: number;
  readonly stream: number;
}

const dropoutOp: Op<DropoutAttributes> = {
  name: "dropout",
  infer: ([x]) => [{ shape: (x as Tensor).dims, dtype: "float32" }],
  // the same mask, drawn again
  gradient: ({ upstream: [dy], attributes }) => [apply(dropoutOp, [dy as Tensor], attributes)],
  inPlace: [0],
  lower({ inputs: [x], outputs: [out], attributes: { rate, stream }, emit, control }) {
    emit("dropout", {
      n: (x as Buffer).length,
      rate,
      stream,
      control: control(randomControl),
      x: x as Buffer,
      out: out as Buffer,
    });
  },
  describe: ({ rate, stream }) => `rate ${rate}, stream ${stream}`,
};

/** Inverted dropout (Srivastava et al. 2014): x / (1 - rate) with probability 1 - rate, else 0. */
export function dropout(x: Tensor, rate: number, stream: number): Tensor {
  return apply(dropoutOp, [x], { rate, stream });
}

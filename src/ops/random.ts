// Random ops. Numbers depend on (seed, stream, step, element) and on nothing else.

import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Buffer, ControlSource, Op } from "../graph/op.ts";

/** Seed and step, as the random kernels read them: low and high word of the seed, step, 0. Without a seed the program's. */
export function createRandomControl(own?: number): ControlSource {
  return {
    name: "random key",
    length: 4,
    dtype: "int32",
    write(view, state) {
      const seed = own ?? state.seed;
      view[0] = (seed % 2 ** 32) | 0;
      view[1] = Math.floor(seed / 2 ** 32) | 0;
      view[2] = state.step | 0;
      view[3] = 0;
    },
  };
}

/** Of the program's seed. */
export const randomControl: ControlSource = /* @__PURE__ */ createRandomControl();

/** Where random numbers come from: a key, and a stream that no other call in the program has. */
export interface RandomSource {
  readonly stream: number;
  readonly control: ControlSource;
}

interface DropoutAttributes extends RandomSource {
  readonly rate: number;
}

const dropoutOp: Op<DropoutAttributes> = {
  name: "dropout",
  infer: ([x]) => [{ shape: (x as Tensor).dims, dtype: "float32" }],
  // the same mask, drawn again
  gradient: ({ upstream: [dy], attributes }) => [apply(dropoutOp, [dy as Tensor], attributes)],
  inPlace: [0],
  lower({ inputs: [x], outputs: [out], attributes: { rate, stream, control: source }, emit, control }) {
    emit("dropout", {
      n: (x as Buffer).length,
      rate,
      stream,
      control: control(source),
      x: x as Buffer,
      out: out as Buffer,
    });
  },
  describe: ({ rate, stream }) => `rate ${rate}, stream ${stream}`,
};

/** Inverted dropout (Srivastava et al. 2014): x / (1 - rate) with probability 1 - rate, else 0. */
export function dropout(x: Tensor, rate: number, source: RandomSource): Tensor {
  return apply(dropoutOp, [x], { rate, ...source });
}

interface NormalAttributes extends RandomSource {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

const normalOp: Op<NormalAttributes> = {
  name: "randomNormal",
  infer: (_, { shape }) => [{ shape, dtype: "float32" }],
  lower({ outputs: [out], attributes: { mean, deviation, stream, control: source }, emit, control }) {
    emit("randomNormal", {
      n: (out as Buffer).length,
      mean,
      deviation,
      stream,
      control: control(source),
      out: out as Buffer,
    });
  },
  describe: ({ mean, deviation, stream }) => `mean ${mean}, deviation ${deviation}, stream ${stream}`,
};

/** mean + deviation z, z of the standard normal distribution, another one for each element. */
export function randomNormal(shape: readonly number[], mean: number, deviation: number, source: RandomSource): Tensor {
  return apply(normalOp, [], { shape, mean, deviation, ...source });
}

// Twins of assembly/random.ts. Element i takes word i % 4 of block i / 4.

import type { Floats } from "../../bindings/engine.ts";
import { philox } from "../random.ts";
import type { Twin } from "./twin.ts";

export type Draw = (words: Uint32Array, lane: number) => number;

/** Calls `each` with every element and its words; `attempt` is the last word of the counter. */
export function forEachWord(
  n: number,
  stream: number,
  control: Int32Array,
  each: (i: number, words: Uint32Array, lane: number) => void,
): void {
  const words = new Uint32Array(4);
  const [low, high, step] = control as unknown as [number, number, number];
  for (let i = 0; i < n; i++) {
    if (i % 4 === 0) philox(i / 4, stream, step, 0, low, high, words);
    each(i, words, i % 4);
  }
}

/** A multiple of 2^-24 in [0, 1). */
export const unit: Draw = (words, lane) => ((words[lane] as number) >>> 8) / 2 ** 24;

/** The greatest float32 below a float32. */
function below(x: number): number {
  const value = Float32Array.of(x);
  const bits = new Int32Array(value.buffer);
  if (x === 0) return -(2 ** -149);
  bits[0] = (bits[0] as number) + (x > 0 ? -1 : 1);
  return value[0] as number;
}

export const randomUniform: Twin<"randomUniform"> = ({ n, low, high, stream, control, out }) => {
  const most = Math.max(low, below(high));
  forEachWord(n, stream, control, (i, words, lane) => {
    out[i] = Math.min(low + (high - low) * unit(words, lane), most);
  });
};

/** Box and Muller: of each pair of words the first gives the radius, the second the angle. */
export const standardNormal: Draw = (words, lane) => {
  const first = words[lane & 2] as number;
  const second = words[lane | 1] as number;
  const u = Math.fround(Math.fround(first >>> 1) + 1) / 2 ** 31;
  const radius = Math.sqrt(-2 * Math.log(u));
  const turn = (second >>> 30) + (second << 2) / 2 ** 32; // in quarters
  return radius * (lane % 2 === 0 ? Math.cos((turn * Math.PI) / 2) : Math.sin((turn * Math.PI) / 2));
};

export const randomNormal: Twin<"randomNormal"> = ({ n, mean, deviation, stream, control, out }) => {
  forEachWord(n, stream, control, (i, words, lane) => {
    out[i] = mean + deviation * standardNormal(words, lane);
  });
};

export const randomTruncatedNormal: Twin<"randomTruncatedNormal"> = (operands) => {
  const { n, mean, deviation, stream, control, out } = operands;
  const [low, high, step] = control as unknown as [number, number, number];
  const again = new Uint32Array(4);
  forEachWord(n, stream, control, (i, words, lane) => {
    let z = standardNormal(words, lane);
    for (let attempt = 1; Math.abs(z) > 2; attempt++) {
      philox(i >>> 2, stream, step, attempt, low, high, again);
      z = standardNormal(again, lane);
    }
    out[i] = mean + deviation * z;
  });
};

export const dropout: Twin<"dropout"> = ({ n, rate, stream, control, x, out }) => {
  const scale: number = 1 / (1 - rate);
  const factor = (words: Uint32Array, lane: number): number => (unit(words, lane) >= rate ? scale : 0);
  const given: Floats = x;
  forEachWord(n, stream, control, (i, words, lane) => {
    out[i] = (given[i] as number) * factor(words, lane);
  });
};

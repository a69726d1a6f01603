// Random numbers one after the other, for what is drawn on the host: splits, trials, mixtures.

import { cos, log } from "./math.ts";
import { integerBelow, wordSource } from "./random.ts";

/** Numbers of one stream, in the order in which they are asked for. */
export interface RandomNumbers {
  /** From [0, 1), a multiple of 2^-53. */
  uniform(): number;
  /** Standard normal (Box and Muller 1958). */
  normal(): number;
  /** From 0 ... n - 1, each equally likely; n from 1 to 2^32 - 1. */
  integer(n: number): number;
}

/** The numbers of a (seed, stream, step): the same in every engine. */
export function createRandom(seed: number, stream = 0, step = 0): RandomNumbers {
  const next = wordSource(seed, stream, step);
  const uniform = (): number => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) * 2 ** -53;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * log(1 - uniform())) * cos(2 * Math.PI * uniform()),
    integer: (n) => integerBelow(n, next),
  };
}

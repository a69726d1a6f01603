// The numbers of an image, as assembly/augment/draws.ts takes them.

import { philox } from "../random.ts";

/** Words of an image: the four of each of its blocks, which follow those of the image before. */
export function imageWords(image: number, blocks: number, stream: number, control: Int32Array): Uint32Array {
  const words = new Uint32Array(4 * blocks);
  const [low, high, step] = control as unknown as [number, number, number];
  for (let b = 0; b < blocks; b++) {
    philox(image * blocks + b, stream, step, 0, low, high, words.subarray(4 * b, 4 * b + 4));
  }
  return words;
}

/** [0, 1) */
export const unitOf = (word: number | undefined): number => ((word as number) >>> 8) / 2 ** 24;

/** One of 0 to n - 1. */
export const belowOf = (word: number | undefined, n: number): number =>
  Number((BigInt(word as number) * BigInt(n)) >> 32n);

/** Sine and cosine of quarter turns; whole quarters are exact. */
export function turn(quarters: number): { sin: number; cos: number } {
  const quadrant = Math.round(quarters);
  const rest = ((quarters - quadrant) * Math.PI) / 2;
  const pairs = [
    [Math.sin(rest), Math.cos(rest)],
    [Math.cos(rest), -Math.sin(rest)],
    [-Math.sin(rest), -Math.cos(rest)],
    [-Math.cos(rest), Math.sin(rest)],
  ] as const;
  const [sin, cos] = pairs[((quadrant % 4) + 4) % 4] as readonly [number, number];
  return { sin, cos };
}

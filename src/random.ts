// Random numbers on the host, from the same counter-based generator as the kernels (assembly/random.ts):
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011). A seed is a non-negative safe integer. Integers only, so
// every engine computes the same bits.

/** Upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  // no sum reaches 2^32
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (other >>> 16)) >>> 0;
}

/** The four words of Philox4x32-10 for counter (c0, c1, c2, c3) and key (k0, k1), into `words`. */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  words: Uint32Array,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** Key word 0: the lower 32 bits of a seed. */
export function seedLow(seed: number): number {
  return seed >>> 0;
}

/** Key word 1: the upper 21 bits of a seed. */
export function seedHigh(seed: number): number {
  return Math.floor(seed / 2 ** 32);
}

/** The four words of a block, as the kernels draw them, into `words`. */
export function randomWords(seed: number, stream: number, step: number, block: number, words: Uint32Array): void {
  philox(block, stream, step, 0, seedLow(seed), seedHigh(seed), words);
}

/** Words in order: those of the blocks 0, 1, 2, ... of a stream. */
export function wordSource(seed: number, stream: number, step: number): () => number {
  const words = new Uint32Array(4);
  let drawn = 0;
  return () => {
    if (drawn % 4 === 0) randomWords(seed, stream, step, drawn / 4, words);
    return words[drawn++ % 4] as number;
  };
}

/**
 * An integer below `choices`, which is from 1 to 2^32 - 1: the upper half of word * choices, without the few words that would make some
 * results likelier (Lemire 2019).
 */
export function integerBelow(choices: number, next: () => number): number {
  let word = next();
  let low = Math.imul(word, choices) >>> 0;
  if (low < choices) {
    const surplus = (2 ** 32 - choices) % choices;
    while (low < surplus) {
      word = next();
      low = Math.imul(word, choices) >>> 0;
    }
  }
  return multiplyHigh(word, choices);
}

/** Fills `target` with a random order of 0 ... length - 1, every order equally likely (Fisher and Yates). */
export function shuffleInto(target: Uint32Array, seed: number, stream: number, step: number): void {
  const next = wordSource(seed, stream, step);
  for (let i = 0; i < target.length; i++) target[i] = i;
  for (let i = target.length - 1; i > 0; i--) {
    const j = integerBelow(i + 1, next);
    const kept = target[i] as number;
    target[i] = target[j] as number;
    target[j] = kept;
  }
}

/** A random order of 0 ... n - 1. */
export function permutation(n: number, seed: number, stream: number, step: number): Uint32Array {
  const order = new Uint32Array(n);
  shuffleInto(order, seed, stream, step);
  return order;
}

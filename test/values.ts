// Numbers for tests: seeded, the same everywhere.

/** Sizes that cross the trip counts of kernels over vectors of four, unrolled by four. */
export const sizes: readonly number[] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 130, 1000];

/** A generator of integers below 2^32 (mulberry32). */
export function integers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** `n` values uniform in [low, high). */
export function uniform(n: number, seed: number, low = 0, high = 1): Float32Array {
  const next = integers(seed);
  return Float32Array.from({ length: n }, () => low + ((high - low) * next()) / 2 ** 32);
}

/** `n` values of about a standard normal distribution (a sum of twelve uniform ones). */
export function normal(n: number, seed: number, deviation = 1): Float32Array {
  const next = integers(seed);
  return Float32Array.from({ length: n }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += next() / 2 ** 32;
    return sum * deviation;
  });
}

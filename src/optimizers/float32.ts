// What a decay factor loses as float32.

/**
 * How many times as large 1 - beta is once beta is a float32, as kernels have it: 0.99999 for 0.999. Where that is no more than a few
 * roundings, as for 0.9, it is 1.
 */
export function shareRatio(beta: number): number {
  const ratio = (1 - Math.fround(beta)) / (1 - beta);
  return Math.abs(ratio - 1) > 5e-7 ? ratio : 1;
}

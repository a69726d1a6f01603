// Numbers that must be near others.

import { assert } from "./harness.ts";

type Numbers = number | undefined | ArrayLike<number>;

const listOf = (values: Numbers): ArrayLike<number> => (typeof values === "object" ? values : [values as number]);

/** Requires |found - expected| <= tolerance max(1, |expected|), of one number or of each of several. */
export function near(found: Numbers, expected: Numbers, tolerance = 1e-6): void {
  const [a, b] = [listOf(found), listOf(expected)];
  assert.is(a.length, b.length);
  for (let i = 0; i < b.length; i++) {
    const [is, wanted] = [a[i] as number, b[i] as number];
    const ok = Math.abs(is - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
    assert.ok(ok, `${b.length > 1 ? `element ${i} is ` : ""}${is}, expected ${wanted}`);
  }
}

/** Requires |found - expected| <= tolerance max |expected|: where sums of large and small numbers are compared. */
export function nearByLargest(
  what: string,
  found: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
): void {
  assert.is(found.length, expected.length, `${what}: ${found.length} numbers, expected ${expected.length}`);
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  expected.forEach((x, i) => {
    const error = Math.abs((found[i] as number) - x);
    assert.ok(error <= tolerance * largest, `${what}, element ${i}: ${found[i]}, expected ${x}`);
  });
}

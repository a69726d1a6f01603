// Activations by the codes of the epilogues (assembly/activation.ts), in float64.

/** erf by its series below 3, by its continued fraction beyond; about 1e-15. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  if (a < 3) {
    // 2 / sqrt(pi) * sum of (-1)^n x^(2n + 1) / (n! (2n + 1))
    let term = x;
    let sum = x;
    for (let n = 1; n < 100; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  // erfc(a) = exp(-a^2) / sqrt(pi) / (a + (1/2) / (a + (2/2) / (a + (3/2) / ...)))
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const functions: readonly ((x: number) => number)[] = [
  (x) => x,
  (x) => Math.max(x, 0),
  sigmoid,
  Math.tanh,
  (x) => (x < 0 ? Math.expm1(x) : x),
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (x) => (x === -Infinity ? 0 : (x * (1 + erf(x / Math.SQRT2))) / 2),
  (x) => (x === -Infinity ? 0 : x * sigmoid(x)),
  (x) => (x < 0 ? 0.01 * x : x),
];

export function activationOf(code: number): (x: number) => number {
  return functions[code] as (x: number) => number;
}

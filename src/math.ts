// Functions of float64 numbers on the host, the same bits in every engine: only +, -, *, / and bit patterns, whose
// results are exact by the language, unlike those of Math.exp, log, pow, sin and cos. Errors of a few units in the last place.

const word = new DataView(new ArrayBuffer(8));

/** ln 2 and pi / 2 in parts: those before the last have so few bits that small integers times them are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_MIDDLE = 6.077100506303966e-11;
const HALF_PI_LOW = 2.0222662487959506e-21;

/** 2^k for k from -1022 to 1023. */
function powerOfTwo(k: number): number {
  word.setUint32(0, (k + 1023) << 20);
  word.setUint32(4, 0);
  return word.getFloat64(0);
}

/** Sum of coefficients[i] x^i. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + (coefficients[i] as number);
  return sum;
}

/** `count` terms 1 / (first + step i)! with alternating signs where `sign` is -1. */
function reciprocalFactorials(first: number, step: number, count: number, sign: 1 | -1): number[] {
  const terms: number[] = [];
  let factorial = 1;
  for (let n = 2; n <= first; n++) factorial *= n;
  for (let i = 0, n = first; i < count; i++) {
    terms.push((sign === -1 && i % 2 === 1 ? -1 : 1) / factorial);
    for (let j = 0; j < step; j++) factorial *= ++n;
  }
  return terms;
}

const EXP = reciprocalFactorials(0, 1, 15, 1);
const SIN = reciprocalFactorials(1, 2, 10, -1);
const COS = reciprocalFactorials(0, 2, 11, -1);
const ATANH = Array.from({ length: 13 }, (_, i) => 1 / (2 * i + 1));

/** e^x. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  const k = Math.round(x * Math.LOG2E);
  const rest = x - k * LN2_HIGH - k * LN2_LOW;
  const half = k >> 1; // in two steps: 2^k itself may be out of range
  return polynomial(EXP, rest) * powerOfTwo(half) * powerOfTwo(k - half);
}

/** The natural logarithm; -infinity of 0, NaN of negative numbers. */
export function log(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
  const tiny = x < 2.2250738585072014e-308;
  word.setFloat64(0, tiny ? x * 2 ** 54 : x);
  const high = word.getUint32(0);
  let exponent = (high >>> 20) - 1023 - (tiny ? 54 : 0);
  word.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = word.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // log m = 2 atanh((m - 1) / (m + 1))
  const s = (mantissa - 1) / (mantissa + 1);
  return exponent * LN2_HIGH + (2 * s * polynomial(ATANH, s * s) + exponent * LN2_LOW);
}

/** base^exponent: by repeated multiplication for integers, otherwise exp(exponent log base). */
export function pow(base: number, exponent: number): number {
  if (!Number.isInteger(exponent) || Math.abs(exponent) >= 2 ** 31) {
    if (exponent === 0) return 1;
    return base === 1 ? 1 : exp(exponent * log(base));
  }
  let result = 1;
  let factor = base;
  for (let left = Math.abs(exponent); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= factor;
    factor *= factor;
  }
  return exponent < 0 ? 1 / result : result;
}

/** sin and cos of an angle in radians up to about 10^9 in size. */
function circular(x: number, quarters: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  const k = Math.round(x / (Math.PI / 2));
  const rest = x - k * HALF_PI_HIGH - k * HALF_PI_MIDDLE - k * HALF_PI_LOW;
  const quadrant = (((k + quarters) % 4) + 4) % 4;
  const square = rest * rest;
  const value = quadrant % 2 === 0 ? rest * polynomial(SIN, square) : polynomial(COS, square);
  return quadrant < 2 ? value : -value;
}

/** sin x, x in radians. */
export function sin(x: number): number {
  return circular(x, 0);
}

/** cos x, x in radians. */
export function cos(x: number): number {
  return circular(x, 1);
}

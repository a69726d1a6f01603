// Checks of what users pass. A checker names the argument, says what is expected and what came, and returns
// the value; nothing is coerced.

import { LanewiseError } from "../bindings/errors.ts";

/** Checks one value; `where` is the function and `name` the argument, for the message. */
export type Checker<T = unknown> = (value: unknown, name: string, where: string) => T;

/** A value as a person would write it, short. */
export function show(value: unknown): string {
  if (typeof value === "string")
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}...` : JSON.stringify(value);
  if (value === null || typeof value !== "object") {
    return typeof value === "function" ? `function ${value.name || "(anonymous)"}` : String(value);
  }
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}(${(value as Uint8Array).length ?? value.byteLength})`;
  if (Array.isArray(value)) {
    const text = value.slice(0, 8).map(show).join(", ");
    return `[${text}${value.length > 8 ? ", ..." : ""}]`;
  }
  if ("kind" in value) return `a ${value.kind}`; // tensors, variables, losses, ...
  return `an object with keys ${Object.keys(value).slice(0, 8).join(", ") || "(none)"}`;
}

export function invalid(where: string, name: string, expected: string, value: unknown): LanewiseError {
  return new LanewiseError("invalid-argument", `${where}: ${name} must be ${expected}, got ${show(value)}.`);
}

/** A check by a test, from what is expected. */
export const checker =
  <T>(expected: string, test: (value: unknown) => boolean): Checker<T> =>
  (value, name, where) => {
    if (!test(value)) throw invalid(where, name, expected, value);
    return value as T;
  };

const isInteger = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value);
/** Numbers end up as float32: what is infinite there is refused, and what is 0 there is not above 0. */
const isFiniteNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(Math.fround(value));

/** Sizes are kept below 2^31, what an int32 operand holds. */
export const SIZE_MAX: number = 2 ** 31 - 1;

export const isPositiveInteger = (value: unknown): value is number =>
  isInteger(value) && value >= 1 && value <= SIZE_MAX;

export const positiveInteger: Checker<number> = checker("an integer from 1 to 2147483647", isPositiveInteger);
export const nonNegativeInteger: Checker<number> = checker(
  "an integer from 0 to 2147483647",
  (v) => isInteger(v) && v >= 0 && v <= SIZE_MAX,
);
export const integer: Checker<number> = checker("an integer", (v) => isInteger(v) && Math.abs(v) <= SIZE_MAX);
export const seedValue: Checker<number> = checker(
  "a non-negative safe integer",
  (v) => Number.isSafeInteger(v) && (v as number) >= 0,
);
export const finite: Checker<number> = checker("a finite number (as float32)", isFiniteNumber);
export const positive: Checker<number> = checker(
  "a finite number above 0 (as float32)",
  (v) => isFiniteNumber(v) && Math.fround(v) > 0,
);
export const nonNegative: Checker<number> = checker(
  "a finite number of at least 0",
  (v) => isFiniteNumber(v) && v >= 0,
);
/** A share that may be 0 but not 1: a decay, a momentum, a dropout rate. */
export const fraction: Checker<number> = checker(
  "a number from 0 up to but not including 1 (as float32)",
  (v) => isFiniteNumber(v) && v >= 0 && Math.fround(v) < 1,
);
/** A share with both ends, as probabilities are. */
export const share: Checker<number> = checker("a number from 0 to 1", (v) => typeof v === "number" && v >= 0 && v <= 1);
export const integerWithin = (least: number, most: number, what = "an integer"): Checker<number> =>
  checker(`${what} from ${least} to ${most}`, (v) => isInteger(v) && v >= least && v <= most);
export const bool: Checker<boolean> = checker("true or false", (v) => typeof v === "boolean");
export const nonEmptyString: Checker<string> = checker(
  "a non-empty string",
  (v) => typeof v === "string" && v.length > 0,
);
export const anyFunction: Checker<(...args: never[]) => unknown> = checker(
  "a function",
  (v) => typeof v === "function",
);
export const abortSignal: Checker<AbortSignal> = checker(
  "an AbortSignal",
  (v) => typeof AbortSignal === "function" && v instanceof AbortSignal,
);
export const isPairOf = <T>(value: unknown, test: (each: unknown) => each is T): value is readonly [T, T] =>
  Array.isArray(value) && value.length === 2 && value.every(test);
/** Two numbers, the first below the second. */
export const ascendingPair: Checker<readonly [number, number]> = (value, name, where) => {
  if (isPairOf(value, isFiniteNumber) && Math.fround(value[0]) < Math.fround(value[1])) return value;
  throw invalid(where, name, "[low, high], low below high (as float32)", value);
};
/** A size, or a pair of sizes for height and width. */
export const sizeOrPair: Checker<number | readonly [number, number]> = checker(
  "a positive integer or a pair of them",
  (v) => isPositiveInteger(v) || isPairOf(v, isPositiveInteger),
);
/** The shape of one example. */
export const exampleShape: Checker<readonly number[]> = checker(
  "an array of positive integers",
  (v) => Array.isArray(v) && v.every(isPositiveInteger),
);

export function oneOf<T extends string>(...choices: readonly T[]): Checker<T> {
  return (value, name, where) => {
    if (typeof value !== "string" || !(choices as readonly string[]).includes(value)) {
      throw invalid(where, name, `one of ${choices.map((c) => JSON.stringify(c)).join(", ")}`, value);
    }
    return value as T;
  };
}

/** Either of two checks; the expectation of both is in the message. */
export function either<A, B>(first: Checker<A>, second: Checker<B>, expected: string): Checker<A | B> {
  return (value, name, where) => {
    for (const check of [first, second] as Checker<A | B>[]) {
      try {
        return check(value, name, where);
      } catch {
        // the other may fit
      }
    }
    throw invalid(where, name, expected, value);
  };
}

export const anything: Checker = (value) => value;

/** Whether values can be read by name; not so of a Map, a promise, a date. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  if (Object.keys(value).length > 0) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Checks that options are a record at all. */
export function requireRecord(where: string, options: unknown): asserts options is Readonly<Record<string, unknown>> {
  if (!isRecord(options)) throw invalid(where, "options", "an object", options);
  const { kind } = options as { kind?: unknown };
  if (kind === "tensor" || kind === "variable") {
    throw new LanewiseError(
      "invalid-argument",
      `${where}: options must be an object, got a ${kind}. What makes a layer is called with its options first: ${where}({ ... })(x).`,
    );
  }
}

/**
 * Checks an options record: an unknown key, a missing required one or a bad value is an error. A key that is
 * present with the value undefined counts as absent.
 */
export function checkOptions(
  where: string,
  options: unknown,
  checkers: Readonly<Record<string, Checker>>,
  required: readonly string[] = [],
): void {
  requireRecord(where, options);
  for (const [key, value] of Object.entries(options)) {
    const check = Object.hasOwn(checkers, key) ? checkers[key] : undefined;
    if (!check) {
      const known = Object.keys(checkers).join(", ") || "(none)";
      throw new LanewiseError("unknown-option", `${where}: unknown option "${key}". Known: ${known}.`);
    }
    if (value !== undefined) check(value, key, where);
  }
  for (const key of required) {
    if (options[key] === undefined) {
      throw new LanewiseError("invalid-argument", `${where}: option "${key}" is required.`);
    }
  }
}

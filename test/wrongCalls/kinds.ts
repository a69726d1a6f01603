// Kinds of arguments with what they accept, and the wrong calls that follow from a row of the table: a function, a valid
// call, the kind of each argument and option.

import * as lanewise from "../../src/index.ts";

const { LanewiseError, initializers } = lanewise;

// the values that are tried wherever something can be passed

export const pool: Readonly<Record<PoolName, unknown>> = {
  null: null,
  text: "text",
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-1": -1,
  "0": 0,
  "1.5": 1.5,
  "2^31": 2 ** 31,
  "[]": [],
  "{}": {},
  true: true,
  function: () => {},
  "1n": 1n,
  symbol: Symbol("s"),
  date: new Date(0),
};
export type PoolName =
  | "null"
  | "text"
  | "NaN"
  | "Infinity"
  | "-1"
  | "0"
  | "1.5"
  | "2^31"
  | "[]"
  | "{}"
  | "true"
  | "function"
  | "1n"
  | "symbol"
  | "date";

export interface Kind {
  /** What of the pool is right; everything else must be refused. */
  readonly accepts: readonly PoolName[];
  /** More values that must be refused. */
  readonly also: readonly unknown[];
  /** Whether it must be given. */
  readonly required?: boolean;
}

export const kind = (accepts: readonly PoolName[] = [], ...also: readonly unknown[]): Kind => ({ accepts, also });
export const must = (of: Kind): Kind => ({ ...of, required: true });

export const numbers: readonly PoolName[] = ["NaN", "Infinity", "-1", "0", "1.5", "2^31"];
export const size: Kind = kind([], "3", [3]);
export const count: Kind = kind(["0"]);
export const axis: Kind = kind(["-1", "0"], 99, -99, 2 ** 32);
export const finite: Kind = kind(["-1", "0", "1.5", "2^31"], 1e39, "1");
export const positive: Kind = kind(["1.5", "2^31"], 1e-50, 1e39);
export const nonNegative: Kind = kind(["0", "1.5", "2^31"], 1e39);
export const fraction: Kind = kind(["0"], 1, 0.99999999999);
export const flag: Kind = kind(["true"], 1, "true");
export const text: Kind = kind(["text"], "");
export const choice: Kind = kind([], "Relu", "");
export const callable: Kind = kind(["function"]);
export const seed: Kind = kind(["0", "2^31"], 2 ** 53, "7");
export const pair: Kind = kind([], [1], [1, 2, 3], [1, "2"], [0, 1], [1.5, 1]);
export const padding: Kind = kind(
  ["0"],
  [1, 1],
  [[1, 1]],
  [[1], [1]],
  [
    [-1, 0],
    [0, 0],
  ],
  "SAME",
  2 ** 20,
);
export const made: Kind = kind([], "glorot", initializers.zeros, lanewise.l2);
export const constraint: Kind = kind([], "maxNorm", lanewise.maxNorm, lanewise.l2());
export const rate: Kind = kind(["0", "1.5", "2^31", "function"], "0.1", 1e39);
export const exampleShape: Kind = kind(["[]"], [0], [-1], [1.5], ["2"], [null], [2 ** 31]);
export const tensor: Kind = kind(numbers, [1, 2], new Float32Array(3));

export interface Call {
  /** As users reach it: "dense", "ops.add", "model.fit". */
  readonly name: string;
  /** The arguments in order, with a valid value each. */
  readonly args: readonly (readonly [name: string, kind: Kind, valid: unknown])[];
  /** Kinds of the keys of the last argument, where that is an options record. */
  readonly options?: Readonly<Record<string, Kind>>;
  readonly run: (...args: never[]) => unknown;
}

/** An options record: `valid` holds what must be given. */
export const record = (valid: object = {}): readonly ["options", Kind, object] => [
  "options",
  kind(Object.keys(valid).length === 0 ? ["{}"] : [], new Float32Array(2), [1]),
  valid,
];

export function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  try {
    return JSON.stringify(value, (_key, each) => (typeof each === "bigint" ? String(each) : each)) ?? String(value);
  } catch {
    return "tensors";
  }
}

/** What a call threw, null where it was accepted. */
export function attemptNow(run: () => unknown): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}

/** The same for a call that may return a promise. */
export async function attempt(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return null;
  } catch (error) {
    return error;
  }
}

/** A complaint where a call was not refused as it should be. */
export function complaint(what: string, thrown: unknown, ...names: readonly string[]): string | null {
  if (thrown === null) return `${what}: was accepted`;
  if (!(thrown instanceof LanewiseError)) return `${what}: ${(thrown as Error)?.stack ?? String(thrown)}`;
  if (!names.some((name) => thrown.message.includes(name))) return `${what}: does not name ${names}: ${thrown.message}`;
  return null;
}

export interface WrongCall {
  readonly what: string;
  readonly given: readonly unknown[];
  /** The error names one of them. */
  readonly names: readonly string[];
}

/** Every wrong call of a function that follows from its kinds: one argument or option wrong at a time. */
export function wrongCallsOf({ name, args, options = {} }: Call): WrongCall[] {
  const wrong: WrongCall[] = [];
  const valid = args.map((arg) => arg[2]);
  const last = args.length - 1;
  const record = valid[last] as object;
  const requiredKeys = Object.keys(options).filter((key) => options[key]?.required);
  const note = (what: string, at: number, value: unknown, names: readonly string[]): void => {
    wrong.push({ what: `${name}, ${what}`, given: valid.map((each, i) => (i === at ? value : each)), names });
  };
  for (const [i, [label, argument]] of args.entries()) {
    const names = i === last ? [label, ...requiredKeys] : [label];
    for (const [what, value] of wrongValues(argument)) note(`${label} = ${what}`, i, value, names);
  }
  for (const [key, option] of Object.entries(options)) {
    for (const [what, value] of wrongValues(option)) note(`${key} = ${what}`, last, { ...record, [key]: value }, [key]);
  }
  if (Object.keys(options).length > 0) note("an unknown key", last, { ...record, unknownKey: 1 }, ["unknownKey"]);
  return wrong;
}

export function wrongValues({ accepts, also, required }: Kind): [what: string, value: unknown][] {
  return [
    ...Object.entries(pool).filter(([key]) => !accepts.includes(key as PoolName)),
    ...also.map((value): [string, unknown] => [show(value), value]),
    ...(required ? [["undefined", undefined] as [string, unknown]] : []),
  ];
}

export const maker = (
  name: string,
  run: unknown,
  options: Readonly<Record<string, Kind>>,
  valid: object = {},
): Call => ({
  name,
  args: [record(valid)],
  options,
  run: run as Call["run"],
});

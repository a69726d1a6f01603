// Operands of kernels as people write them: what may be left out and what it is then, names for numbers, and
// what no kernel can compute with.

import type { Field } from "../../bindings/engine.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import { LanewiseError } from "../../bindings/errors.ts";
import type { KernelName, Operands } from "../../bindings/generated/kernels.ts";
import { invalid, SIZE_MAX } from "../check.ts";
import { activationCodes } from "../ops/activationCodes.ts";

/** Scalars that must be given; all others have a default. */
type Required =
  | "n"
  | "m"
  | "k"
  | "rows"
  | "columns"
  | "count"
  | "size"
  | "batch"
  | "height"
  | "width"
  | "channels"
  | "filters"
  | "multiplier"
  | "kernelHeight"
  | "kernelWidth"
  | "poolHeight"
  | "poolWidth"
  | "rate"
  | "value";

const forms = { outside: 0, inside: 1, hat: 2 } as const;
const flags = ["transA", "transB", "amsgrad", "centered", "nesterov"] as const;

type Raw<K extends KernelName> = Operands<Float32Array, Int32Array>[K];
type Optional<O> = {
  [P in keyof O]-?: null extends O[P] ? P : O[P] extends number ? (P extends Required ? never : P) : never;
}[keyof O];
type Given<P, V> = P extends "activation"
  ? keyof typeof activationCodes | number
  : P extends "epsilonForm"
    ? keyof typeof forms | number
    : P extends (typeof flags)[number]
      ? boolean | number
      : V;

/**
 * What a kernel is called with. Kernels over sizes d0, d1, ... and strides take `n` in place of the sizes where
 * everything is contiguous.
 */
export type KernelOperands<K extends KernelName> = {
  readonly [P in Exclude<keyof Raw<K>, Optional<Raw<K>>>]: Given<P, Raw<K>[P]>;
} & {
  readonly [P in Optional<Raw<K>>]?: Given<P, Raw<K>[P]>;
} & ("d0" extends keyof Raw<K> ? { readonly n?: number } : unknown);

/** Scalars by name, as far as they are known. */
export type Scalars = Record<string, number>;
type Default = number | ((o: Readonly<Scalars>, given: Readonly<Record<string, unknown>>) => number);

const at = (o: Readonly<Scalars>, name: string): number => o[name] ?? Number.NaN;

/** Rows of the result of a window of which a part may hang out on both sides alike. */
const windowSize =
  (axis: "Height" | "Width", size: string, pad: string): Default =>
  (o) => {
    const reach = ((o[`kernel${axis}`] ?? at(o, `pool${axis}`)) - 1) * (o[`dilation${axis}`] ?? 1) + 1;
    return Math.max(0, Math.floor((at(o, size) + 2 * at(o, pad) - reach) / at(o, `stride${axis}`)) + 1);
  };

/** Distance between neighbours along axis i of a contiguous array of sizes d0, d1, ... */
const contiguous =
  (i: number): Default =>
  (o) => {
    let stride = 1;
    for (let j = i + 1; o[`d${j}`] !== undefined; j++) stride *= at(o, `d${j}`);
    return stride;
  };

/** Defaults by the operand's name, in an order in which each needs only those before. */
const defaults: Readonly<Record<string, Default>> = {
  transA: 0,
  transB: 0,
  lda: (o) => at(o, o.transA ? "m" : "k"),
  ldb: (o) => at(o, o.transB ? "k" : "n"),
  ldc: (o) => at(o, "n"),
  alpha: 1,
  beta: 0,
  activation: 0,
  strideHeight: (o) => o.poolHeight ?? 1,
  strideWidth: (o) => o.poolWidth ?? 1,
  padTop: 0,
  padLeft: 0,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
  outHeight: windowSize("Height", "height", "padTop"),
  outWidth: windowSize("Width", "width", "padLeft"),
  ...Object.fromEntries([0, 1, 2, 3, 4, 5].map((i) => [`d${i}`, 1])),
  ...Object.fromEntries([..."abcs"].flatMap((name) => [0, 1, 2, 3, 4, 5].map((i) => [`${name}${i}`, contiguous(i)]))),
  outer: 1,
  inner: 1,
  scale: 1,
  xStride: (o) => at(o, "columns"),
  outStride: (o) => at(o, "columns"),
  xOffset: 0,
  outOffset: 0,
  on: 1,
  off: 0,
  slope: 0.01,
  low: 0,
  high: 1,
  mean: 0,
  deviation: 1,
  stream: 0,
  beta1: 0.9,
  beta2: 0.999,
  rho: 0.9,
  momentum: 0,
  dampening: 0,
  nesterov: 0,
  weightDecay: 0,
  epsilonForm: 0,
  amsgrad: (_, given) => (given.vMax ? 1 : 0),
  centered: (_, given) => (given.average ? 1 : 0),
};

/** Where a kernel means something else by a name. */
const ownDefaults: { readonly [K in KernelName]?: Readonly<Record<string, Default>> } = {
  adam: { epsilon: 1e-8 },
  rmsprop: { epsilon: 1e-7, epsilonForm: forms.inside },
  batchNorm: { epsilon: 1e-3 },
  batchNormGradient: { epsilon: 1e-3 },
  batchNormInferenceGradient: { epsilon: 1e-3 },
  movingAverage: { momentum: 0.99 },
  clip: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
  clipGradient: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
};

/** What a kernel takes. */
export interface Signature {
  readonly kernel: KernelName;
  readonly scalars: readonly Field[];
  readonly pointers: readonly Field[];
  readonly known: ReadonlySet<string>;
  /** The innermost of d0, d1, ..., which `n` stands for; null where there are none. */
  readonly innermost: string | null;
  /** In the order in which they are computed. */
  readonly defaults: readonly (readonly [name: string, value: Default])[];
}

export function signatureOf(kernel: KernelName): Signature {
  const fields = fieldsOf(kernel);
  const scalars = fields.filter((field) => field.type !== "pointer");
  const names = new Set(fields.map((field) => field.name));
  const innermost = names.has("d5") ? "d5" : names.has("d3") ? "d3" : null;
  const isScalar = (name: string) => scalars.some((field) => field.name === name);
  return {
    kernel,
    scalars,
    pointers: fields.filter((field) => field.type === "pointer"),
    known: innermost ? new Set([...names, "n"]) : names,
    innermost,
    defaults: Object.entries({ ...defaults, ...ownDefaults[kernel] }).filter(([name]) => isScalar(name)),
  };
}

const mustBePositive = /^(stride|dilation|kernel|pool)(Height|Width)$|^groups$/;

/** Checks one scalar that was given, and turns names and truth values into numbers. */
function scalar(where: string, { name, type }: Field, value: unknown): number {
  if (name === "activation" || name === "epsilonForm") return choice(where, name, value);
  if ((flags as readonly string[]).includes(name)) {
    if (typeof value === "boolean" || value === 0 || value === 1) return Number(value);
    throw invalid(where, name, "true, false, 1 or 0", value);
  }
  if (type === "f32") {
    const isRate = name === "rate";
    if (typeof value === "number" && (!isRate || (value >= 0 && value < 1))) return value;
    throw invalid(where, name, isRate ? "a number from 0 up to but not including 1" : "a number", value);
  }
  const least = mustBePositive.test(name) ? 1 : 0;
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= SIZE_MAX) return value as number;
  throw invalid(where, name, `an integer from ${least} to ${SIZE_MAX}`, value);
}

function choice(where: string, name: "activation" | "epsilonForm", value: unknown): number {
  const codes: Readonly<Record<string, number>> = name === "activation" ? activationCodes : forms;
  if (typeof value === "string" && Object.hasOwn(codes, value)) return codes[value] as number;
  if (typeof value === "number" && Object.values(codes).includes(value)) return value;
  throw invalid(where, name, `one of ${Object.keys(codes).join(", ")}, or its number`, value);
}

/** Fills `o` with the scalars of a call, given or by default. */
export function readScalars(
  where: string,
  signature: Signature,
  given: Readonly<Record<string, unknown>>,
  o: Scalars,
): void {
  const { scalars, innermost } = signature;
  for (const name of Object.keys(o)) delete o[name];
  for (const field of scalars) {
    const value = given[field.name];
    if (value !== undefined) o[field.name] = scalar(where, field, value);
  }
  if (innermost) readSize(where, signature, given, innermost, o);
  for (const [name, value] of signature.defaults) {
    o[name] ??= typeof value === "number" ? value : value(o, given);
  }
  for (const { name } of scalars) {
    if (o[name] === undefined) throw new LanewiseError("invalid-argument", `${where}: ${name} is required.`);
  }
  checkTogether(where, signature, given, o);
}

/** `n`, or at least one of d0, d1, ... */
function readSize(
  where: string,
  { scalars }: Signature,
  given: Readonly<Record<string, unknown>>,
  innermost: string,
  o: Scalars,
): void {
  const sized = scalars.filter(({ name }) => /^d\d$/.test(name) && o[name] !== undefined);
  if (given.n === undefined) {
    if (sized.length > 0) return;
    throw new LanewiseError("invalid-argument", `${where}: n is required, or sizes d0 to ${innermost}.`);
  }
  if (sized.length > 0) {
    throw new LanewiseError("invalid-argument", `${where}: give n or sizes (${sized[0]?.name}), not both.`);
  }
  o[innermost] = scalar(where, { ...(scalars[0] as Field), name: "n" }, given.n);
}

/** What is right by itself and wrong together; a kernel would leave its arrays or trap. */
function checkTogether(
  where: string,
  { kernel }: Signature,
  given: Readonly<Record<string, unknown>>,
  o: Scalars,
): void {
  const wrong = (text: string) => new LanewiseError("invalid-argument", `${where}: ${text}`);
  for (const [name, least] of [
    ["lda", o.transA ? "m" : "k"],
    ["ldb", o.transB ? "k" : "n"],
    ["ldc", "n"],
  ] as const) {
    if (name in o && at(o, name) < at(o, least)) {
      throw wrong(`${name} must be at least ${least}, ${at(o, least)}, got ${o[name]}.`);
    }
  }
  if ("groups" in o && (at(o, "channels") % at(o, "groups") !== 0 || at(o, "filters") % at(o, "groups") !== 0)) {
    throw wrong(`channels (${o.channels}) and filters (${o.filters}) must be multiples of groups (${o.groups}).`);
  }
  for (const [axis, pad] of [
    ["Height", "padTop"],
    ["Width", "padLeft"],
  ] as const) {
    if (!(pad in o)) continue;
    const reach = (o[`kernel${axis}`] ?? at(o, `pool${axis}`)) * (o[`dilation${axis}`] ?? 1);
    const end = at(o, `out${axis}`) * at(o, `stride${axis}`) + reach + at(o, pad);
    if (end > SIZE_MAX)
      throw wrong(`windows reach to ${end} along ${axis.toLowerCase()}; at most ${SIZE_MAX} can be counted.`);
  }
  if (o.amsgrad && !given.vMax) throw wrong("amsgrad needs vMax.");
  if (o.centered && !given.average) throw wrong("centered needs average.");
  if ((kernel === "sgd" || kernel === "rmsprop") && o.momentum !== 0 && !given.velocity) {
    throw wrong("momentum needs velocity.");
  }
}

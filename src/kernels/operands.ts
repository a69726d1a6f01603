// Operands of kernels as people write them: what may be left out and what it is then, names for numbers, and
// what no kernel can compute with.

import type { Field } from "../../bindings/engine.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import { LanewiseError } from "../../bindings/errors.ts";
import type { KernelName, Operands } from "../../bindings/generated/kernels.ts";
import type { Checker } from "../check.ts";
import { fraction, invalid, nonNegativeInteger, positiveInteger, SIZE_MAX } from "../check.ts";
import { activationCodes } from "../ops/activationCodes.ts";
import { changes, fillModes, interpolations } from "../ops/imageCodes.ts";
import { epsilonForms } from "../optimizers/epsilonForms.ts";

/** Scalars that must be given; all others have a default. */
type Required =
  | "n"
  | "m"
  | "k"
  | "rows"
  | "columns"
  | "count"
  | "batches"
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
  | "value"
  | "pixels"
  | "draws"
  | "radius"
  | "boxHeight"
  | "boxWidth"
  | "steps"
  | "limit";

/** Operands whose numbers have names. */
const named: {
  readonly activation: typeof activationCodes;
  readonly epsilonForm: typeof epsilonForms;
  readonly interpolation: typeof interpolations;
  readonly fillMode: typeof fillModes;
  readonly change: typeof changes;
} = {
  activation: activationCodes,
  epsilonForm: epsilonForms,
  interpolation: interpolations,
  fillMode: fillModes,
  change: changes,
};
const flags = [
  "transA",
  "transB",
  "amsgrad",
  "biasCorrection",
  "centered",
  "nesterov",
  "relu",
  "transposed",
  "whole",
  "sameZoom",
] as const;

type Raw<K extends KernelName> = Operands<Float32Array, Int32Array>[K];
type Optional<O> = {
  [P in keyof O]-?: null extends O[P] ? P : O[P] extends number ? (P extends Required ? never : P) : never;
}[keyof O];
type Given<P, V> = P extends keyof typeof named
  ? keyof (typeof named)[P] | number
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

type AxisName = "Height" | "Width";

/** Rows of a window without its dilation. A kernel that does not say is made for 3x3 and stride 1. */
const windowRows = (o: Readonly<Scalars>, axis: AxisName): number => o[`kernel${axis}`] ?? o[`pool${axis}`] ?? 3;
const strideOf = (o: Readonly<Scalars>, axis: AxisName): number => o[`stride${axis}`] ?? 1;

/** Rows of the result of a window of which a part may hang out on both sides alike. */
const windowSize =
  (axis: AxisName, size: string, pad: string): Default =>
  (o) => {
    const reach = (windowRows(o, axis) - 1) * (o[`dilation${axis}`] ?? 1) + 1;
    return Math.max(0, Math.floor((at(o, size) + 2 * at(o, pad) - reach) / strideOf(o, axis)) + 1);
  };

const axes = [0, 1, 2, 3, 4, 5] as const;

/** Distance between neighbours along axis i of a contiguous array of sizes d0, d1, ... */
const contiguous = (i: number): Default => {
  const inner = axes.slice(i + 1).map((axis) => `d${axis}`);
  return (o) => inner.reduce((stride, name) => stride * (o[name] ?? 1), 1);
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
  ...Object.fromEntries(axes.map((i) => [`d${i}`, 1])),
  ...Object.fromEntries([..."abcs"].flatMap((name) => axes.map((i) => [`${name}${i}`, contiguous(i)]))),
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
  relu: 0,
  weightDecay: 0,
  epsilonForm: 0,
  amsgrad: (_, given) => (given.vMax ? 1 : 0),
  centered: (_, given) => (given.average ? 1 : 0),
  probability: 1,
  mirrorVertical: 0,
  mirrorHorizontal: 0,
  whole: 0,
  sameZoom: 0,
  rowsBefore: 0,
  columnsBefore: 0,
  interpolation: 1,
  fillMode: 0,
  fillValue: 0,
  change: 0,
  transposed: 0,
  biasCorrection: 0,
  place: 0,
  places: 1,
};

/** Where a kernel means something else by a name. */
const ownDefaults: { readonly [K in KernelName]?: Readonly<Record<string, Default>> } = {
  accumulate: { clipValue: Number.POSITIVE_INFINITY },
  adadelta: { rho: 0.95, epsilon: 1e-7 },
  adagrad: { epsilon: 1e-7, epsilonForm: epsilonForms.inside },
  adam: { epsilon: 1e-8 },
  adamax: { epsilon: 1e-7 },
  lion: { beta2: 0.99 },
  nadam: { epsilon: 1e-7 },
  rmsprop: { epsilon: 1e-7, epsilonForm: epsilonForms.inside },
  batchNorm: { epsilon: 1e-3 },
  batchNormGradient: { epsilon: 1e-3 },
  batchNormInferenceGradient: { epsilon: 1e-3 },
  layerNorm: { epsilon: 1e-3 },
  layerNormGradient: { epsilon: 1e-3 },
  movingAverage: { momentum: 0.99 },
  clip: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
  colorTransform: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
  addNoise: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
  colorMatrices: { deviation: 0 },
  imageWarp: { outHeight: (o) => at(o, "height"), outWidth: (o) => at(o, "width") },
};

/** Scalars of a call before all are known. */
type Unknown = Record<string, number | undefined>;

/** What a kernel takes. */
export interface Signature {
  readonly kernel: KernelName;
  readonly scalars: readonly { readonly name: string; readonly check: Checker<number> }[];
  readonly pointers: readonly Field[];
  readonly known: ReadonlySet<string>;
  /** Names of d0, d1, ..., for the last of which `n` may stand. */
  readonly sizes: readonly string[];
  /** In the order in which they are computed. */
  readonly defaults: readonly (readonly [name: string, value: Default])[];
  /** Checks of scalars together; they throw. */
  readonly together: readonly Together[];
}

export function signatureOf(kernel: KernelName): Signature {
  const fields = fieldsOf(kernel);
  const scalars = fields.filter((field) => field.type !== "pointer");
  const isScalar = (name: string) => scalars.some((field) => field.name === name);
  const names = fields.map((field) => field.name);
  const sizes = names.filter((name) => /^d\d$/.test(name));
  return {
    kernel,
    scalars: scalars.map((field) => ({ name: field.name, check: checkerOf(field) })),
    pointers: fields.filter((field) => field.type === "pointer"),
    known: new Set(sizes.length > 0 ? [...names, "n"] : names),
    sizes,
    defaults: Object.entries({ ...defaults, ...ownDefaults[kernel] }).filter(([name]) => isScalar(name)),
    together: together
      .filter(({ scalar, kernels }) => isScalar(scalar) && (kernels?.includes(kernel) ?? true))
      .map(({ check }) => check),
  };
}

const checker =
  (expected: string, test: (value: unknown) => boolean): Checker<number> =>
  (value, name, where) => {
    if (!test(value)) throw invalid(where, name, expected, value);
    return Number(value);
  };
const anyNumber = checker("a number", (value) => typeof value === "number");
const flag = checker("true, false, 1 or 0", (value) => typeof value === "boolean" || value === 0 || value === 1);

function choice(codes: Readonly<Record<string, number>>): Checker<number> {
  return (value, name, where) => {
    if (typeof value === "string" && Object.hasOwn(codes, value)) return codes[value] as number;
    if (typeof value === "number" && Object.values(codes).includes(value)) return value;
    throw invalid(where, name, `one of ${Object.keys(codes).join(", ")}, or its number`, value);
  };
}

/** Checks one scalar, and turns names and truth values into numbers. */
function checkerOf({ name, type }: Field): Checker<number> {
  if (Object.hasOwn(named, name)) return choice(named[name as keyof typeof named]);
  if ((flags as readonly string[]).includes(name)) return flag;
  if (name === "rate") return fraction;
  if (type === "f32") return anyNumber;
  // a kernel would divide by these
  return /^(stride|dilation|kernel|pool)(Height|Width)$|^(groups|steps)$/.test(name)
    ? positiveInteger
    : nonNegativeInteger;
}

/** Fills `o` with the scalars of a call, given or by default. */
export function readScalars(
  where: string,
  signature: Signature,
  given: Readonly<Record<string, unknown>>,
  o: Scalars,
): void {
  const unknown: Unknown = o;
  for (const { name, check } of signature.scalars) {
    const value = given[name];
    unknown[name] = value === undefined ? undefined : check(value, name, where);
  }
  if (signature.sizes.length > 0) readSize(where, signature.sizes, given.n, unknown);
  for (const [name, value] of signature.defaults) {
    if (unknown[name] === undefined) unknown[name] = typeof value === "number" ? value : value(o, given);
  }
  for (const { name } of signature.scalars) {
    if (unknown[name] === undefined) throw new LanewiseError("invalid-argument", `${where}: ${name} is required.`);
  }
  for (const check of signature.together) check(where, given, o);
}

/** `n`, or at least one of d0, d1, ... */
function readSize(where: string, sizes: readonly string[], n: unknown, o: Unknown): void {
  const sized = sizes.find((name) => o[name] !== undefined);
  if (n === undefined) {
    if (sized) return;
    throw new LanewiseError("invalid-argument", `${where}: n is required, or sizes ${sizes[0]} to ${sizes.at(-1)}.`);
  }
  if (sized) throw new LanewiseError("invalid-argument", `${where}: give n or sizes (${sized}), not both.`);
  o[sizes.at(-1) as string] = nonNegativeInteger(n, "n", where);
}

type Together = (where: string, given: Readonly<Record<string, unknown>>, o: Readonly<Scalars>) => void;

const wrong = (where: string, text: string): LanewiseError =>
  new LanewiseError("invalid-argument", `${where}: ${text}`);

/** A leading dimension is at least as long as a row. */
const leading =
  (name: string, least: (o: Readonly<Scalars>) => string): Together =>
  (where, _, o) => {
    const row = least(o);
    if (at(o, name) >= at(o, row)) return;
    throw wrong(where, `${name} must be at least ${row}, ${at(o, row)}, got ${at(o, name)}.`);
  };

/** Places in a padded image are counted in 32 bits. */
const reach =
  (axis: AxisName, pad: string): Together =>
  (where, _, o) => {
    const window = windowRows(o, axis) * (o[`dilation${axis}`] ?? 1);
    const end = at(o, `out${axis}`) * strideOf(o, axis) + window + at(o, pad);
    if (end <= SIZE_MAX) return;
    throw wrong(where, `windows reach to ${end} along ${axis.toLowerCase()}; at most ${SIZE_MAX} can be counted.`);
  };

/** A setting that needs a slot. */
const needs =
  (setting: string, slot: string): Together =>
  (where, given, o) => {
    if (o[setting] !== 0 && !given[slot]) throw wrong(where, `${setting} needs ${slot}.`);
  };

/**
 * What is right by itself and wrong together: a kernel would leave its arrays, trap, or ignore what was said.
 * Each holds for the kernels that have the scalar.
 */
const together: readonly {
  readonly scalar: string;
  readonly check: Together;
  readonly kernels?: readonly KernelName[];
}[] = [
  { scalar: "lda", check: leading("lda", (o) => (o.transA ? "m" : "k")) },
  { scalar: "ldb", check: leading("ldb", (o) => (o.transB ? "k" : "n")) },
  { scalar: "ldc", check: leading("ldc", () => "n") },
  {
    scalar: "groups",
    check: (where, _, { channels = 0, filters = 0, groups = 1 }) => {
      if (channels % groups === 0 && filters % groups === 0) return;
      throw wrong(where, `channels (${channels}) and filters (${filters}) must be multiples of groups (${groups}).`);
    },
  },
  { scalar: "padTop", check: reach("Height", "padTop") },
  { scalar: "padLeft", check: reach("Width", "padLeft") },
  {
    scalar: "place",
    check: (where, _, { place = 0, places = 1 }) => {
      if (place < places) return;
      throw wrong(where, `place must be less than places, ${places}, got ${place}.`);
    },
  },
  {
    scalar: "places",
    kernels: ["clipFactor"],
    check: (where, _, { places = 1, n = 0 }) => {
      if (places === 1 || places === n) return;
      throw wrong(where, `places must be 1 or n, ${n}, got ${places}.`);
    },
  },
  { scalar: "amsgrad", check: needs("amsgrad", "vMax") },
  { scalar: "centered", check: needs("centered", "average") },
  { scalar: "momentum", check: needs("momentum", "velocity"), kernels: ["sgd", "rmsprop"] },
  { scalar: "nesterov", check: needs("nesterov", "velocity") },
  {
    scalar: "epsilonForm",
    kernels: ["adagrad", "adamax", "rmsprop"],
    check: (where, _, { epsilonForm }) => {
      if (epsilonForm === epsilonForms.hat) throw wrong(where, "epsilonForm must be outside or inside, got hat.");
    },
  },
  {
    scalar: "change",
    check: (where, given, { change, channels = 0, draws }) => {
      if (change === changes.shift && !given.directions) throw wrong(where, "a shift needs directions.");
      if (change !== changes.shift && draws !== 1)
        throw wrong(where, `contrast and hue are one number: draws must be 1, got ${draws}.`);
      if (change === changes.contrast && !given.mean) throw wrong(where, "contrast needs mean.");
      if (change === changes.hue && channels < 3) throw wrong(where, `hue needs at least 3 channels, got ${channels}.`);
    },
  },
];

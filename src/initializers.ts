// The namespace `initializers`, and initializers as options give them: made, or by name.

import type { Checker } from "./check.ts";
import { invalid } from "./check.ts";
import type { Initializer } from "./initializers/distributions.ts";
import {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  leCunNormal,
  leCunUniform,
  ones,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
  zeros,
} from "./initializers/distributions.ts";

export type {
  ConstantOptions,
  FanMode,
  Initializer,
  NoOptions,
  NormalOptions,
  UniformOptions,
  VarianceScalingOptions,
} from "./initializers/distributions.ts";
export * as initializers from "./initializers/distributions.ts";

/** Initializers by name, with their default options. */
export type InitializerName =
  | "zeros"
  | "ones"
  | "randomNormal"
  | "randomUniform"
  | "truncatedNormal"
  | "varianceScaling"
  | "glorotUniform"
  | "glorotNormal"
  | "heUniform"
  | "heNormal"
  | "leCunUniform"
  | "leCunNormal";

/** Those that need no options, by the names that strings may give. */
const byName: Readonly<Record<InitializerName, () => Initializer>> = {
  zeros,
  ones,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  leCunUniform,
  leCunNormal,
};

/** What may be given wherever an initializer is wanted. */
export type InitializerLike = Initializer | InitializerName;

const isInitializer = (value: unknown): value is Initializer =>
  typeof value === "object" && value !== null && (value as Initializer).kind === "initializer";

/** The initializer that an option names or is; `where` is the function and `name` the option, for the message. */
export function resolveInitializer(where: string, name: string, value: unknown): Initializer {
  if (isInitializer(value)) return value;
  if (typeof value === "string" && Object.hasOwn(byName, value)) return byName[value as InitializerName]();
  const names = Object.keys(byName).join(", ");
  throw invalid(
    where,
    name,
    `an initializer, as initializers.heNormal() makes one, or one of the names ${names}`,
    value,
  );
}

export const initializerOption: Checker<InitializerLike> = (value, name, where) => {
  resolveInitializer(where, name, value);
  return value as InitializerLike;
};

// The namespace `initializers`, and initializers as options give them: made, or by name.

import type { Checker } from "./check.ts";
import { invalid } from "./check.ts";
import type { Initializer, InitializerName } from "./initializers/usual.ts";
import { usual } from "./initializers/usual.ts";

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
export type { InitializerName } from "./initializers/usual.ts";

/** What may be given wherever an initializer is wanted. */
export type InitializerLike = Initializer | InitializerName;

const isInitializer = (value: unknown): value is Initializer =>
  typeof value === "object" && value !== null && (value as Initializer).kind === "initializer";

/** The initializer that an option names or is; `where` is the function and `name` the option, for the message. */
export function resolveInitializer(where: string, name: string, value: unknown): Initializer {
  if (isInitializer(value)) return value;
  if (typeof value === "string" && Object.hasOwn(usual, value)) return usual[value as InitializerName];
  const names = Object.keys(usual).join(", ");
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

// A search that the tests share: its space, an objective that is a formula, and what of its results stays the same.

import type { JournalStorage, Objective, Parameter } from "../src/index.ts";
import { spaces } from "../src/index.ts";

export type Hyperparameters = { readonly rate: number; readonly units: number; readonly kind: "a" | "b" };
type SpaceOf<T> = { readonly [Name in keyof T]: Parameter<T[Name]> };

export const space: SpaceOf<Hyperparameters> = {
  rate: spaces.logUniform(1e-4, 1),
  units: spaces.integer(1, 64),
  kind: spaces.choice(["a", "b"]),
};

/** Least, 0, at rate 0.01, 20 units and kind "b". */
export const bowl: Objective<Hyperparameters> = ({ rate, units, kind }) =>
  Math.log10(rate / 0.01) ** 2 + ((units - 20) / 64) ** 2 + (kind === "b" ? 0 : 0.1);

export const least: { readonly direction: "minimize" } = { direction: "minimize" };

/** What of a result does not depend on the clock. */
export const facts = ({ trials }: { trials: readonly { seconds: number }[] }): unknown =>
  trials.map(({ seconds: _, ...rest }) => rest);

/** A journal in memory. */
export function memory(text = ""): JournalStorage & { text: string } {
  const self = {
    text,
    read: () => self.text,
    append(line: string) {
      self.text += line;
    },
  };
  return self;
}

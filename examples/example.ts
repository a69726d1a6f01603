// What an example is: a function that trains, says what it found and gives pictures. `node examples/run.mjs NAME` runs one in a
// terminal; the tests run it and compare its figures with targets.

import { readCsv, split } from "lanewise";

/** What an example is given. */
export interface Given {
  readonly seed: number;
  /** Bytes of a file of the examples' data: digits.csv.gz, or one of MNIST. */
  read(name: string): Promise<Uint8Array>;
  /** Says something on the way. */
  log(text: string): void;
}

export interface Found {
  readonly figures: Readonly<Record<string, number>>;
  /** SVG by name. */
  readonly pictures: Readonly<Record<string, string>>;
}

/** Numbers from [0, 1) for data that are made up (a linear congruential generator with the constants of Numerical Recipes). */
export function numbersOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Images [n, 64] and their labels. */
export interface Digits {
  readonly x: { readonly data: Float64Array; readonly shape: number[] };
  readonly y: Uint8Array;
}

/** The digits of 8x8 pixels, 0 to 16, in a training and a test part. */
export async function readDigits({ read, seed }: Given): Promise<Record<"train" | "test", Digits>> {
  const { x, y } = await readCsv(await read("digits.csv.gz"), { header: false, target: "column64" });
  return split({ x, y: Uint8Array.from(y as Float64Array) }, { ratios: [0.8, 0.2], stratify: true, seed });
}

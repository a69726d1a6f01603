// The only file that imports uvu. Suites register here and are all run; too few cases are an error.

import { suite as uvuSuite } from "uvu";
import * as assert from "uvu/assert";

export { assert };
export type Test = (name: string, body: () => void | Promise<void>) => void;

const suites: { run: () => void }[] = [];
let registered = 0;

/** Registers a suite; `define` is called at once with the function that adds a case. */
export function suite(name: string, define: (test: Test) => void): void {
  const made = uvuSuite(name);
  define((caseName, body) => {
    registered++;
    made(caseName, body);
  });
  suites.push(made);
}

export function runAll(): void {
  for (const each of suites) each.run();
}

export function registeredCases(): number {
  return registered;
}

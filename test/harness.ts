// The only file that imports uvu. Suites register here; runAll runs and counts them, the same way in Node
// and in a page: one line a suite, failures in full. uvu's `.only` is not handed out, its `.run()` cannot be
// forgotten, and fewer cases than expected are a failure.

import "./uvuDeferred.ts"; // before uvu
import { suite as uvuSuite } from "uvu";
import * as assert from "uvu/assert";
import { quiet, takeQueued } from "./uvuDeferred.ts";

export { assert };

export interface Test {
  (name: string, body: () => void | Promise<void>): void;
  /** Says that a case cannot run here, and why; it is counted. */
  skip(name: string, why: string): void;
}

export interface Results {
  passed: number;
  failed: number;
  skipped: number;
  /** One line for each failure. */
  failures: string[];
}

const CASE_LIMIT_MS = 120_000;

const suites: { name: string; run: () => void; skips: string[] }[] = [];
let registered = 0;

/** A body that cannot hang: a promise that is not settled in time is an error. */
function limited(body: () => void | Promise<void>): () => Promise<void> {
  return async () => {
    quiet.now = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done within ${CASE_LIMIT_MS / 1000} s`)), CASE_LIMIT_MS);
      });
      await Promise.race([body(), late]);
    } finally {
      clearTimeout(timer);
      quiet.now = true;
    }
  };
}

/** Registers a suite; `define` is called at once with the function that adds a case. */
export function suite(name: string, define: (test: Test) => void): void {
  const made = uvuSuite(name);
  const skips: string[] = [];
  const before = registered;
  const test = ((caseName, body) => {
    registered++;
    made(caseName, limited(body));
  }) as Test;
  test.skip = (caseName, why) => {
    registered++;
    skips.push(`${caseName}: ${why}`);
  };
  define(test);
  if (registered === before) throw new Error(`suite "${name}" has no cases`);
  suites.push({ name, run: () => made.run(), skips });
}

/** Runs all suites; fewer registered cases than `minimum` are a failure. `announce` hears what begins. */
export async function runAll(minimum: number, announce: (name: string) => void): Promise<Results> {
  const write = (line: string) => console.log(line);
  const results: Results = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const { name, run, skips } of suites) {
    announce(name);
    run();
    const started = performance.now();
    quiet.now = true;
    const [errors, passed, , total] = await takeQueued()();
    quiet.now = false;
    const ms = Math.round(performance.now() - started);
    results.passed += passed;
    results.failed += total - passed;
    results.skipped += skips.length;
    write(`  ${passed === total ? "ok  " : "FAIL"} ${name}: ${passed} of ${total} (${ms} ms)`);
    for (const skip of skips) write(`       skipped: ${skip}`);
    if (passed === total) continue;
    write(String(errors));
    results.failures.push(`${name}: ${total - passed} of ${total}`);
  }
  if (registered < Math.max(1, minimum)) {
    const text = `${registered} cases registered, at least ${minimum} expected (test/minimum.ts)`;
    write(`  FAIL ${text}`);
    results.failed++;
    results.failures.push(text);
  }
  return results;
}

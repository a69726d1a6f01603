// Expectations of errors: a LanewiseError with a code and a text.

import { LanewiseError } from "../src/index.ts";
import { assert } from "./harness.ts";

function check(error: unknown, code: string, text: RegExp): void {
  assert.instance(error, LanewiseError);
  assert.is((error as LanewiseError).code, code, String(error));
  assert.match((error as LanewiseError).message, text);
}

const NOTHING = Symbol("nothing was thrown");

/** Requires that a call throws. */
export function throwsError(run: () => unknown, code: string, text: RegExp): void {
  let thrown: unknown = NOTHING;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  check(thrown, code, text);
}

/** Requires that a promise rejects. */
export async function rejects(promise: Promise<unknown>, code: string, text: RegExp): Promise<void> {
  check(
    await promise.then(
      () => NOTHING,
      (error: unknown) => error,
    ),
    code,
    text,
  );
}

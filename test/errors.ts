// Expectations of errors: a LanewiseError with a code and texts.

import { LanewiseError } from "../src/index.ts";
import { assert } from "./harness.ts";

function check(error: unknown, code: string, texts: readonly (string | RegExp)[]): LanewiseError {
  assert.instance(error, LanewiseError, String(error));
  const { code: found, message } = error as LanewiseError;
  assert.is(found, code, message);
  for (const text of texts) assert.ok(typeof text === "string" ? message.includes(text) : text.test(message), message);
  return error as LanewiseError;
}

function unexpected(value: unknown): never {
  throw new Error(`nothing was thrown, but ${value} given`);
}

/** What a call throws or what its promise rejects with, of whatever kind. */
export async function thrownBy(run: () => unknown): Promise<unknown> {
  let value: unknown;
  try {
    value = await run();
  } catch (error) {
    return error;
  }
  return unexpected(value);
}

/** Requires that a call throws. */
export function throwsError(run: () => unknown, code: string, ...texts: readonly (string | RegExp)[]): LanewiseError {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    return check(error, code, texts);
  }
  return unexpected(value);
}

/** Requires that a promise rejects, or that a call throws or gives such a promise. */
export async function rejects(
  given: Promise<unknown> | (() => unknown),
  code: string,
  ...texts: readonly (string | RegExp)[]
): Promise<LanewiseError> {
  return check(await thrownBy(typeof given === "function" ? given : () => given), code, texts);
}

// What the kernels are compared with: a row in plain JavaScript, in a process or worker that runs nothing else, so that
// the engine's optimizer sees one kind of array and one shape. It works on command and answers each message.

import { twins } from "../src/reference/twins.ts";
import { baselines } from "./baseline/baselines.ts";
import type { Sampler } from "./harness.ts";
import { sampler } from "./harness.ts";
import type { Values } from "./operands.ts";
import { arraysOf, fill, sampleOutputs } from "./operands.ts";
import type { Row } from "./row.ts";

export type Role = "baseline" | "twin";

export type Request =
  | { readonly kind: "prepare"; readonly role: Role; readonly row: Row }
  | { readonly kind: "sample"; readonly seconds: number };

/** Outputs of the first run; seconds a call; or what went wrong. */
export type Answer = { readonly outputs: number[][] } | { readonly seconds: number } | { readonly error: string };

let sample: Sampler | undefined;

function prepare(role: Role, row: Row): number[][] {
  const arrays = new Map<string, Values>();
  for (const { name, element, length } of arraysOf(row)) {
    arrays.set(name, element === "f32" ? new Float32Array(length) : new Int32Array(length));
  }
  fill(row, arrays);
  const operands = { ...row.scalars, ...Object.fromEntries(arrays) };
  const run = (role === "twin" ? twins : baselines)[row.kernel] as (operands: unknown) => unknown;
  run(operands);
  const outputs = sampleOutputs(row, arrays);
  const result = arrays.get(arraysOf(row).find(({ writes }) => writes)?.name ?? "");
  sample = sampler(() => {
    run(operands);
    if (result && result[0] === undefined) throw new Error("the result is gone");
  });
  return outputs;
}

export function answer(request: Request): Answer {
  try {
    if (request.kind === "prepare") return { outputs: prepare(request.role, request.row) };
    if (!sample) throw new Error("nothing is prepared");
    return { seconds: sample(request.seconds) };
  } catch (error) {
    return { error: (error as Error).stack ?? String(error) };
  }
}

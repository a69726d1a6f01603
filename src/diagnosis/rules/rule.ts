// What a rule of advise is.

import type { Run } from "../run.ts";

export type Severity = "problem" | "warning" | "hint";

/** What a rule found in a run. */
export interface Finding {
  readonly severity: Severity;
  /** What was seen, with its numbers. */
  readonly reason: string;
  readonly suggestion: string;
}

/** A rule of thumb: null where it has nothing to say. */
export interface Rule {
  readonly name: string;
  check(run: Run): Finding | null;
}

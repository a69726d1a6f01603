// threads: how many threads each instruction is worth, and in how many parts one thread runs it, from what it costs. By
// the shapes alone, never by the machine: a crew that is smaller shares among those it has.

import type { Share } from "../../bindings/engine.ts";
import type { VirtualChain, VirtualInstruction } from "./lower.ts";
import { accesses, stepsOf } from "./lower.ts";

/** What decides how an instruction is shared, in nanoseconds. */
export interface ThreadCosts {
  readonly multiplyAdd: number;
  /** An element that is read or written, from a cache. */
  readonly element: number;
  /** Work that a thread must have for itself: less is not worth that it meets the others before and after. */
  readonly share: number;
  /** What a whole program must save to be worth waking others at all. */
  readonly program: number;
  /**
   * An update that takes longer is an instruction of its own: threads share it then as they share the weight's gradient, and what one of
   * them wrote, the same one reads.
   */
  readonly apart: number;
  /** The longest that a thread runs a part. */
  readonly part: number;
  /** Most elements that a part writes: where memory was never touched, the first time takes thirty times as long. */
  readonly partElements: number;
}

/** Measured on two cores of 4 GHz; two meetings take a microsecond, and some of the data moves to another core's cache. */
export const usualThreadCosts: ThreadCosts = {
  multiplyAdd: 0.036,
  element: 0.1,
  share: 2000,
  program: 20_000,
  apart: 10_000,
  part: 8e6,
  partElements: 400_000,
};

/** What an instruction is estimated to take on one thread. */
export interface WorkEstimate {
  readonly nanoseconds: number;
  /** Elements that it writes. */
  readonly written: number;
}

const lengthOf = (buffers: readonly { readonly length: number }[]): number =>
  buffers.reduce((sum, { length }) => sum + length, 0);

export function workOf(instruction: VirtualInstruction | VirtualChain, costs: ThreadCosts): WorkEstimate {
  const { reads, writes } = accesses(instruction);
  const written = lengthOf(writes);
  if (written === 0) return { nanoseconds: 0, written }; // it may end the program, which one thread does for all
  const multiplyAdds = stepsOf(instruction).reduce((sum, step) => sum + (step.multiplyAdds ?? 0), 0);
  return { nanoseconds: (lengthOf(reads) + written) * costs.element + multiplyAdds * costs.multiplyAdd, written };
}

/** Of two that are done as one. */
export function together(a: WorkEstimate, b: WorkEstimate): WorkEstimate {
  return { nanoseconds: a.nanoseconds + b.nanoseconds, written: a.written + b.written };
}

/** More parts would only be smaller. */
const PARTS_MAX = 32;

const divided = (work: number, each: number): number =>
  Math.max(1, Math.min(PARTS_MAX, Math.floor(work / Math.max(each, 1))));

/** How instructions of so much work are divided; not among threads where the program is too small to gain. */
export function sharesOf(works: readonly WorkEstimate[], { share, program, part, partElements }: ThreadCosts): Share[] {
  const shares = works.map(({ nanoseconds, written }) => ({
    threads: divided(nanoseconds, share),
    parts: Math.max(divided(nanoseconds, part), divided(written, partElements)),
  }));
  // with two threads, the least that are shared by
  const saved = works.reduce(
    (sum, { nanoseconds }, i) => sum + ((shares[i] as Share).threads > 1 ? nanoseconds / 2 : 0),
    0,
  );
  return saved >= program ? shares : shares.map((each) => ({ ...each, threads: 1 }));
}

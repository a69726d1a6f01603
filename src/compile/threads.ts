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
  /** Time of a part, where all of memory has been touched before: the first time takes up to thirty times as long. */
  readonly part: number;
}

/** Measured on two cores of 4 GHz; two meetings take half a microsecond, and half of the data moves to another core's cache. */
export const usualThreadCosts: ThreadCosts = {
  multiplyAdd: 0.036,
  element: 0.1,
  share: 2000,
  program: 20_000,
  part: 1e5,
};

/** Estimated time of an instruction on one thread. */
export function workOf(instruction: VirtualInstruction | VirtualChain, costs: ThreadCosts): number {
  const { reads, writes } = accesses(instruction);
  if (writes.length === 0) return 0; // it may end the program, which one thread does for all
  const elements = [...reads, ...writes].reduce((sum, { length }) => sum + length, 0);
  const multiplyAdds = stepsOf(instruction).reduce((sum, step) => sum + (step.multiplyAdds ?? 0), 0);
  return elements * costs.element + multiplyAdds * costs.multiplyAdd;
}

/** More parts would only be smaller. */
const PARTS_MAX = 32;

const divided = (work: number, each: number): number =>
  Math.max(1, Math.min(PARTS_MAX, Math.floor(work / Math.max(each, 1))));

/** How instructions of so much work are divided; not among threads where the program is too small to gain. */
export function sharesOf(works: readonly number[], { share, program, part }: ThreadCosts): Share[] {
  const shares = works.map((work) => ({ threads: divided(work, share), parts: divided(work, part) }));
  // with two threads, the least that are shared by
  const saved = works.reduce((sum, work, i) => sum + ((shares[i] as Share).threads > 1 ? work / 2 : 0), 0);
  return saved >= program ? shares : shares.map((each) => ({ ...each, threads: 1 }));
}

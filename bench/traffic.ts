// The bytes a row moves: each operand once, unless the row says otherwise, and what that is as streams for the roof.

import type { Operand } from "./operands.ts";
import { arraysOf } from "./operands.ts";
import type { Pass, Row, Traffic } from "./row.ts";

/** Operands of fewer bytes than this share of the largest do not count as a stream. */
const LEAST_SHARE = 1 / 32;

/** An operand that the scalars say is not read, though it may be. */
function isRead(row: Row, { name, reads }: Operand): boolean {
  if (name === "c" && row.scalars.beta === 0) return false;
  return reads && !(row.kernel === "blockCopy" && name === "out");
}

export function trafficOf(row: Row): Traffic {
  if (row.traffic) return row.traffic;
  const arrays = arraysOf(row).map((array) => ({ ...array, reads: isRead(row, array), bytes: array.length * 4 }));
  const most = Math.max(...arrays.map(({ bytes }) => bytes));
  const counted = arrays.filter(({ bytes }) => bytes >= most * LEAST_SHARE);
  const bytesOf = (reads: boolean, writes: boolean) =>
    counted.filter((array) => array.reads === reads && array.writes === writes).map(({ bytes }) => bytes);
  return [{ reads: bytesOf(true, false), updates: bytesOf(true, true), writes: bytesOf(false, true) }];
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Bytes read and written. */
export function bytesOf(traffic: Traffic): number {
  return traffic.reduce(
    (sum, { reads, updates, writes }) => sum + total(reads) + 2 * total(updates) + total(writes),
    0,
  );
}

/** Streams of equal length that run side by side. */
export interface Segment {
  readonly reads: number;
  readonly updates: number;
  readonly writes: number;
  readonly bytes: number;
}

/** A pass over streams of unequal lengths: all side by side until the shortest ends, and so on. */
export function segmentsOf({ reads, updates, writes }: Pass): Segment[] {
  const ends = [...new Set([...reads, ...updates, ...writes])].sort((a, b) => a - b);
  const alive = (lengths: readonly number[], end: number) => lengths.filter((length) => length >= end).length;
  return ends.map((end, i) => ({
    reads: alive(reads, end),
    updates: alive(updates, end),
    writes: alive(writes, end),
    bytes: end - (ends[i - 1] ?? 0),
  }));
}

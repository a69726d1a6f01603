// Shapes are arrays of sizes, outermost first. Nothing here knows tensors.

import { LanewiseError } from "../bindings/errors.ts";

export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Stands for the batch size where it is not known yet; a prime, so that nothing else is it by chance. */
export const SYMBOLIC_BATCH = 1_000_003;

/** "[32, 10]"; an unknown batch size is written null. */
export function formatShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((n) => (n === SYMBOLIC_BATCH || n === null ? "null" : n)).join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Shape of an elementwise result by NumPy's rules: sizes are aligned at the end, 1 stretches. */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: aligned at the end, sizes must be equal or 1. Reshape one of them.`,
      );
    }
    shape.push(m === 1 ? n : m);
  }
  return shape;
}

/** Axes as sorted, distinct, non-negative numbers; all of them where `axes` is undefined. */
export function normalizeAxes(where: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = typeof axes === "number" ? [axes] : axes;
  if (!Array.isArray(list))
    throw new LanewiseError("invalid-argument", `${where}: axes must be an integer or an array of integers.`);
  const result = list.map((axis, i) => normalizeAxis(where, axis, rank, list === axes ? `axes[${i}]` : "axes"));
  const distinct = [...new Set(result)].sort((a, b) => a - b);
  if (distinct.length !== result.length) {
    throw new LanewiseError("invalid-argument", `${where}: axes ${formatShape(list)} name one axis twice.`);
  }
  return distinct;
}

export function normalizeAxis(where: string, axis: number, rank: number, name = "axis"): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const wanted = rank === 0 ? "left out: a scalar has no axes" : `an integer from ${-rank} to ${rank - 1}`;
    throw new LanewiseError(
      "invalid-argument",
      `${where}: ${name} must be ${wanted}${rank === 0 ? "" : ` for a tensor of rank ${rank}`}, got ${typeof axis === "string" ? JSON.stringify(axis) : String(axis)}.`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** Strides in elements of a contiguous tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number);
  return strides;
}

// How elementwise kernels walk broadcast operands: strides, with axes joined so that few loops remain.

import { stridesOf } from "../shape.ts";

/** Strides of `dims` seen as `shape`: 0 along axes that stretch. */
export function broadcastStrides(dims: readonly number[], shape: readonly number[]): number[] {
  const own = stridesOf(dims);
  return shape.map((_, axis) => {
    const i = axis - (shape.length - dims.length);
    return i < 0 || dims[i] === 1 ? 0 : (own[i] as number);
  });
}

/** Joins axes that run on in every operand, so that few remain; sizes of 1 go. */
export function collapse(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
): { shape: number[]; strides: number[][] } {
  const sizes: number[] = [];
  const kept: number[][] = strides.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis] as number;
    if (size === 1) continue;
    const last = sizes.length - 1;
    const joins = last >= 0 && strides.every((s, k) => kept[k]?.[last] === (s[axis] as number) * size);
    if (joins) {
      sizes[last] = (sizes[last] as number) * size;
      for (let k = 0; k < strides.length; k++) (kept[k] as number[])[last] = strides[k]?.[axis] as number;
    } else {
      sizes.push(size);
      for (let k = 0; k < strides.length; k++) (kept[k] as number[]).push(strides[k]?.[axis] as number);
    }
  }
  return { shape: sizes, strides: kept };
}

/** Operands d0.. and a0.. b0.. of a broadcasting kernel, padded at the front to `rank` axes; null if there are more. */
export function loopOperands(
  shape: readonly number[],
  strides: Readonly<Record<string, readonly number[]>>,
  rank: number,
): Record<string, number> | null {
  const names = Object.keys(strides);
  const joined = collapse(shape, Object.values(strides));
  if (joined.shape.length > rank) return null;
  const pad = rank - joined.shape.length;
  const operands: Record<string, number> = {};
  for (let i = 0; i < rank; i++) {
    operands[`d${i}`] = i < pad ? 1 : (joined.shape[i - pad] as number);
    names.forEach((name, k) => {
      operands[`${name}${i}`] = i < pad ? 0 : (joined.strides[k]?.[i - pad] as number);
    });
  }
  return operands;
}

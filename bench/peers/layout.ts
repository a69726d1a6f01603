// The same weights and inputs for libraries whose images are [B, C, H, W] and kernels [O, I, H, W].

import type { RowData } from "./data.ts";
import type { Placed, PlacedModel } from "./models.ts";
import { flatLayers, sizeOf } from "./models.ts";

/** Element [i, j, ...] of the result is that of `values` with the axes in the order `axes`. */
export function transpose(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array<ArrayBuffer> {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const result = new Float32Array(values.length);
  const index = axes.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    const from = axes.reduce((sum, axis, k) => sum + (index[k] as number) * (strides[axis] as number), 0);
    result[i] = values[from] as number;
    for (let k = axes.length - 1; k >= 0; k--) {
      index[k] = (index[k] as number) + 1;
      if ((index[k] as number) < (shape[axes[k] as number] as number)) break;
      index[k] = 0;
    }
  }
  return result;
}

/** Kernels become [O, I, H, W]; rows of a dense kernel that follow a flattened image are put in its new order. */
export function channelsFirst(model: PlacedModel, data: RowData): RowData & { readonly inputShape: readonly number[] } {
  const flattened = new Map<Placed, readonly number[]>();
  let image: readonly number[] | null = null;
  for (const { type, inputShape, weights } of flatLayers(model.layers)) {
    if (type === "flatten") image = inputShape;
    else if (image && weights.kernel) {
      flattened.set(weights.kernel, image);
      image = null;
    }
  }
  const weight = (placed: Placed): Float32Array<ArrayBuffer> => {
    const values = data.weight(placed);
    const [height, width, channels] = flattened.get(placed) ?? [];
    if (placed.shape.length === 4) return transpose(values, placed.shape, [3, 2, 0, 1]);
    if (height === undefined || width === undefined || channels === undefined) return values;
    return transpose(values, [height, width, channels, placed.shape[1] as number], [2, 0, 1, 3]);
  };
  if (model.inputShape.length < 3) return { weight, x: data.x, labels: data.labels, inputShape: model.inputShape };
  const [height, width, channels] = model.inputShape as [number, number, number];
  const x = transpose(data.x, [data.labels.length, height, width, channels], [0, 3, 1, 2]);
  return { weight, x, labels: data.labels, inputShape: [channels, height, width] };
}

/** The padding of Keras's "same" along one axis, before and after. */
export function samePadding(size: number, kernel: number, stride: number): [before: number, after: number] {
  const all = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  return [all >> 1, all - (all >> 1)];
}

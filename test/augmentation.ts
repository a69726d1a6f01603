// What the tests of augmentation share: images by a formula, comparisons, every layer once.

import type { Layer } from "../src/index.ts";
import { augment, LanewiseError } from "../src/index.ts";
import { assert } from "./harness.ts";

export type Images = { readonly data: Float32Array; readonly shape: number[] };

/** The formula of golden/augment.py: [0, 1). */
export function spread(...shape: number[]): Images {
  const n = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 10007) / 10007), shape };
}

export const constant = (value: number, ...shape: number[]): Images => {
  const n = shape.reduce((a, b) => a * b, 1);
  return { data: new Float32Array(n).fill(value), shape };
};

/** n times the first image. */
export function repeated({ data, shape }: Images, n: number): Images {
  const size = data.length / (shape[0] as number);
  const out = new Float32Array(n * size);
  for (let i = 0; i < n; i++) out.set(data.subarray(0, size), i * size);
  return { data: out, shape: [n, ...shape.slice(1)] };
}

export const imageOf = ({ data, shape }: Images, i: number): number[] => {
  const size = data.length / (shape[0] as number);
  return [...data.subarray(i * size, (i + 1) * size)];
};

/** An image [height, width, channels] with each pixel taken from another place, null is 0. */
export function taken(
  image: readonly number[],
  [height, width, channels]: readonly [number, number, number],
  from: (y: number, x: number) => readonly [number, number] | null,
): number[] {
  return Array.from({ length: height * width * channels }, (_, i) => {
    const place = from(Math.floor(i / channels / width), Math.floor(i / channels) % width);
    if (!place) return 0;
    return image[(place[0] * width + place[1]) * channels + (i % channels)] as number;
  });
}

export function close(got: ArrayLike<number>, wanted: ArrayLike<number>, within: number, what = ""): void {
  assert.is(got.length, wanted.length, what);
  for (let i = 0; i < wanted.length; i++) {
    const off = Math.abs((got[i] as number) - (wanted[i] as number));
    assert.ok(off <= within, `${what}[${i}] is ${got[i]}, expected ${wanted[i]}`);
  }
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Whether values look uniform over [low, high]: bounds, mean and variance within five of their deviations. */
export function requireUniform(values: readonly number[], low: number, high: number, slack = 1e-5): void {
  assert.ok(Math.min(...values) >= low - slack && Math.max(...values) <= high + slack, "outside of the range");
  const n = values.length;
  const unit = values.map((v) => (v - low) / (high - low));
  assert.ok(Math.abs(mean(unit) - 0.5) < 5 * Math.sqrt(1 / 12 / n), `mean ${mean(unit)}`);
  const variance = mean(unit.map((u) => (u - 0.5) ** 2));
  assert.ok(Math.abs(variance - 1 / 12) < 5 * Math.sqrt(1 / 180 / n), `variance ${variance}`);
}

export const rejects = async (promise: Promise<unknown>, code: string, text: RegExp): Promise<void> => {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, LanewiseError);
  assert.is((error as LanewiseError).code, code);
  assert.match((error as LanewiseError).message, text);
};

type Maker = (options?: { readonly seed: number }) => Layer;

/** Every layer of augmentation for images of any channels, with settings at which it changes them. */
export const makers: Readonly<Record<string, Maker>> = {
  mirror: (o) => augment.mirror({ mode: "horizontalAndVertical", ...o }),
  crop: (o) => augment.crop({ padding: 2, ...o }),
  shift: (o) => augment.shift({ heightFactor: 0.3, widthFactor: 0.3, ...o }),
  rotate: (o) => augment.rotate({ degrees: 40, ...o }),
  zoom: (o) => augment.zoom({ heightFactor: 0.4, ...o }),
  shear: (o) => augment.shear({ xFactor: 0.4, yFactor: 0.2, ...o }),
  affine: (o) => augment.affine({ mirror: {}, rotate: { factor: 0.1 }, shear: { xFactor: 0.2 }, ...o }),
  elastic: (o) => augment.elastic({ alpha: 20, sigma: 2, ...o }),
  brightness: (o) => augment.brightness({ factor: 0.3, ...o }),
  contrast: (o) => augment.contrast({ factor: 0.5, ...o }),
  colorShift: (o) => augment.colorShift({ factor: 0.2, ...o }),
  gaussianNoise: (o) => augment.gaussianNoise({ stddev: 20, ...o }),
  cutout: (o) => augment.cutout({ size: 3, ...o }),
};

/** Every layer of augmentation, for images of three channels. */
export const colorMakers: Readonly<Record<string, Maker>> = {
  ...makers,
  hue: (o) => augment.hue({ factor: 0.4, ...o }),
  principalColor: (o) =>
    augment.principalColor({
      ...{
        deviation: 0.5,
        colors: {
          values: [0.5, 0.3, 0.1],
          vectors: [
            [0.6, 0.8, 0],
            [0.8, -0.6, 0],
            [0, 0, 1],
          ],
        },
      },
      ...o,
    }),
};

// Records of assembly/pool/: channels over the vector's width, padding, overlap, gaps, ties, NaN.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { integers, normal } from "../values.ts";

/** Height, width, pool, stride, padding before; the output covers as much as padding after would allow. */
type Geometry = readonly [
  height: number,
  width: number,
  pool: readonly number[],
  stride: readonly number[],
  pad: readonly number[],
];

const geometries: readonly Geometry[] = [
  [4, 6, [2, 2], [2, 2], [0, 0]],
  [5, 7, [2, 2], [2, 2], [0, 0]],
  [5, 5, [3, 3], [2, 2], [1, 1]],
  [7, 11, [3, 3], [1, 2], [0, 1]],
  [3, 6, [3, 3], [3, 3], [0, 0]],
  [5, 6, [2, 2], [1, 1], [0, 0]],
  [4, 5, [3, 2], [1, 1], [1, 0]],
  [6, 6, [2, 1], [3, 4], [0, 0]],
  [1, 1, [1, 1], [1, 1], [0, 0]],
  [2, 3, [5, 5], [1, 1], [2, 2]],
  [3, 3, [1, 1], [2, 2], [1, 1]], // windows of padding alone
  [0, 3, [2, 2], [1, 1], [0, 0]],
];

function casesOf([height, width, pool, stride, pad]: Geometry, batch: number, channels: number): KernelCase[] {
  const [poolHeight = 1, poolWidth = 1] = pool;
  const [strideHeight = 1, strideWidth = 1] = stride;
  const [padTop = 0, padLeft = 0] = pad;
  const outHeight = Math.max(0, Math.floor((height + 2 * padTop - poolHeight) / strideHeight) + 1);
  const outWidth = Math.max(0, Math.floor((width + 2 * padLeft - poolWidth) / strideWidth) + 1);
  const shape = { batch, height, width, channels, outHeight, outWidth, poolHeight, poolWidth };
  const windows = { ...shape, strideHeight, strideWidth, padTop, padLeft };
  const inputs = batch * height * width * channels;
  const outputs = batch * outHeight * outWidth * channels;
  const name = `[${batch}, ${height}, ${width}, ${channels}], pool ${pool}, stride ${stride}, pad ${pad}`;
  const next = integers(channels);
  const ties = Float32Array.from({ length: inputs }, () => (next() % 3) - 1);
  const special = Float32Array.from(ties, (value) => [value, NaN, -Infinity, Infinity, -0][next() % 5] as number);
  // windows of which some channels have a NaN, and those before have none
  const rare = Float32Array.from(ties, (value, i) => (i % 29 === 28 ? NaN : value));
  const dy = normal(outputs, 1);
  const area = poolHeight * poolWidth;
  const close = () => (4 * Math.sqrt(area) + 4) * 2 ** -24 * 5;
  const out = () => new Float32Array(outputs);
  const dx = () => new Float32Array(inputs).fill(7);
  return [
    ...Object.entries({ normal: normal(inputs, 2), ties, special, rare }).flatMap(([kind, x]) => [
      kernelCase("maxPool2d", `${name}, ${kind}`, { ...windows, x, out: out() }),
      ...[0, 1].map((relu) =>
        kernelCase("maxPool2dGradient", `${name}, relu ${relu}, ${kind}`, { ...windows, relu, x, dy, dx: dx() }, close),
      ),
      kernelCase("averagePool2d", `${name}, ${kind}`, { ...windows, x, out: out() }, close),
    ]),
    kernelCase("averagePool2dGradient", name, { ...windows, dy, dx: dx() }, close),
  ];
}

export const poolCases: readonly KernelCase[] = [
  ...geometries.flatMap((geometry) => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17].flatMap((c) => casesOf(geometry, 2, c))),
  ...[63, 64, 65, 130].flatMap((c) => casesOf([4, 5, [3, 3], [1, 2], [1, 1]], 1, c)),
  ...[63, 64, 65, 130].flatMap((c) => casesOf([4, 4, [2, 2], [2, 2], [0, 0]], 1, c)),
  ...[65, 130].flatMap((c) => casesOf([3, 6, [3, 3], [3, 3], [0, 0]], 1, c)),
  ...casesOf([6, 6, [2, 2], [2, 2], [0, 0]], 0, 3),
];

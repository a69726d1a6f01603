// Records of assembly/augment/: sizes of one pixel and up, one to five channels, every way to fill what is outside,
// places far away and none at all.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, uniform } from "../values.ts";

const stream = 0x40000003;
const control = Int32Array.of(0x12345678, 0x1abcde, 7, 0);

/** [height, width, channels] */
type Size = readonly [number, number, number];
const sizes: readonly Size[] = [
  ...[1, 2, 3, 4, 5].map((channels): Size => [5, 7, channels]),
  [1, 1, 1],
  [1, 1, 3],
  [1, 6, 1],
  [6, 1, 4],
  [2, 2, 1],
  [4, 4, 3],
  [9, 13, 1],
  [9, 13, 3],
  [16, 33, 1],
  [0, 3, 1],
  [3, 0, 1],
];

/** A turn about the middle, with a zoom. */
function turned([height, width]: Size, angle: number, zoom = 1): number[] {
  const [y, x] = [(height - 1) / 2, (width - 1) / 2];
  const [c, s] = [zoom * Math.cos(angle), zoom * Math.sin(angle)];
  return [c, s, y - c * y - s * x, -s, c, x + s * y - c * x];
}

/** Maps of places by name, for images of a size. */
const maps: Readonly<Record<string, (size: Size) => readonly number[]>> = {
  same: () => [1, 0, 0, 0, 1, 0],
  shifted: () => [1, 0, -2, 0, 1, 3],
  gone: () => [1, 0, 1000, 0, 1, -77],
  mirrored: ([, width]) => [1, 0, 0, 0, -1, width - 1],
  "upside down": ([height]) => [-1, 0, height - 1, 0, 1, 0],
  "mirrored and shifted": ([height, width]) => [-1, 0, height, 0, -1, width - 3],
  "between pixels": () => [1, 0, 0.25, 0, 1, -0.625],
  turned: (size) => turned(size, 0.3),
  small: (size) => turned(size, -1.1, 3.7),
  large: (size) => turned(size, 2, 0.31),
  "far away": () => [1, 0.5, 3e9, -0.25, 1, -3e9],
  nothing: () => [Number.NaN, 0, 0, 0, 1, Number.NaN],
};

function warp(
  name: string,
  size: Size,
  [outHeight, outWidth]: readonly [number, number],
  settings: { interpolation: number; fillMode: number; batch?: number; field?: boolean; special?: boolean },
): KernelCase {
  const { interpolation, fillMode, batch = 2, field = false, special = false } = settings;
  const [height, width, channels] = size;
  const one = (maps[name] as (size: Size) => readonly number[])(size);
  const matrices = Float32Array.from({ length: 6 * batch }, (_, i) => one[i % 6] as number);
  const x = normal(batch * height * width * channels, 1, 3);
  if (special) for (let i = 0; i < x.length; i += 3) x[i] = [Infinity, Number.NaN, -0][(i / 3) % 3] as number;
  const displaced = field ? { field: normal(batch * 2 * outHeight * outWidth, 2, 1.5) } : {};
  return kernelCase(
    "imageWarp",
    `${name}, [${size}] to [${outHeight}, ${outWidth}], ${interpolation ? "bilinear" : "nearest"}, fill ${fillMode}${field ? ", field" : ""}`,
    {
      ...{ batch, height, width, channels, outHeight, outWidth, interpolation, fillMode, fillValue: 0.5, x, matrices },
      ...displaced,
      out: new Float32Array(batch * outHeight * outWidth * channels).fill(9),
    },
    // copies are exact; else three differences and products of values up to 12
    interpolation === 0 || special ? { ulp: 0 } : () => 1e-5,
  );
}

const warpCases: readonly KernelCase[] = [
  ...sizes.flatMap((size) => {
    const out = [size[0], size[1]] as const;
    return Object.keys(maps).flatMap((name) =>
      [0, 1].flatMap((interpolation) =>
        [0, 1, 2, 3].map((fillMode) => warp(name, size, out, { interpolation, fillMode })),
      ),
    );
  }),
  // results of another size
  ...(
    [
      [3, 4],
      [12, 30],
      [1, 1],
      [0, 5],
    ] as const
  ).flatMap((out) =>
    ["same", "mirrored", "turned"].flatMap((name) =>
      [1, 3].map((channels) => warp(name, [9, 11, channels], out, { interpolation: 1, fillMode: 2 })),
    ),
  ),
  // more than one piece, an image in none and in many
  warp("turned", [40, 64, 1], [40, 64], { interpolation: 1, fillMode: 0, batch: 3 }),
  warp("mirrored", [40, 64, 3], [40, 64], { interpolation: 1, fillMode: 0, batch: 3 }),
  warp("turned", [4, 4, 1], [4, 4], { interpolation: 1, fillMode: 0, batch: 0 }),
  ...["same", "turned"].flatMap((name) =>
    [1, 2, 3, 4].flatMap((channels) =>
      [0, 1].map((interpolation) =>
        warp(name, [6, 9, channels], [6, 9], { interpolation, fillMode: 3 - interpolation, field: true }),
      ),
    ),
  ),
  // what is copied is not computed with
  ...["shifted", "mirrored"].flatMap((name) =>
    [1, 3].map((channels) => warp(name, [6, 9, channels], [6, 9], { interpolation: 1, fillMode: 1, special: true })),
  ),
];

const noMatrices = kernelCase(
  "imageWarp",
  "neither matrices nor a field",
  {
    ...{ batch: 2, height: 3, width: 5, channels: 1, outHeight: 3, outWidth: 5, interpolation: 1, fillMode: 0 },
    ...{ fillValue: 0, x: normal(30, 1), out: new Float32Array(30) },
  },
  { ulp: 0 },
);

const noChange = { mirrorVertical: 0, mirrorHorizontal: 0, whole: 0, sameZoom: 0, probability: 1 };
/** Shift down and right, turn in quarters, zoom of rows and columns, shear of rows and columns. */
const ranges = (...pairs: readonly number[]): Float32Array =>
  Float32Array.from({ length: 14 }, (_, i) => pairs[i] ?? 0);

function affine(
  name: string,
  [height, width]: Size,
  settings: Partial<typeof noChange>,
  drawn: Float32Array,
  batch = 9,
) {
  return kernelCase(
    "affineMatrices",
    `${name}, [${height}, ${width}], ${batch}`,
    {
      ...{ batch, height, width, ...noChange, ...settings, stream, control, ranges: drawn },
      matrices: new Float32Array(6 * batch),
    },
    // a few roundings of products with half the size
    () => 1e-6 * (2 + Math.max(height, width)),
  );
}

const everything = ranges(-3, 3, -2, 5, -0.4, 0.3, -0.3, 0.2, -0.1, 0.6, -0.2, 0.2, 0, 0.5);

const matrixCases: readonly KernelCase[] = [
  ...[0, 1, 3, 9, 70].map((batch) => affine("everything", [28, 31, 1], { mirrorHorizontal: 0.5 }, everything, batch)),
  affine("mirrors", [5, 8, 1], { mirrorHorizontal: 0.5, mirrorVertical: 0.5 }, ranges()),
  affine("seldom", [5, 8, 1], { probability: 0.3, mirrorVertical: 1 }, everything),
  affine("never", [5, 8, 1], { probability: 0 }, everything),
  affine("one zoom", [5, 8, 1], { sameZoom: 1 }, everything),
  affine("whole steps", [5, 8, 1], { whole: 1 }, ranges(-3, 3, 0.5, 2.5)),
  affine("one pixel", [1, 1, 1], {}, everything),
  ...[-2, -1.5, -1, -0.5, 0, 0.25, 0.5, 1, 1.75, 2, 3, 7].map((turn) =>
    affine(`${turn} quarters`, [7, 7, 1], {}, ranges(0, 0, 0, 0, turn, turn)),
  ),
  ...[0, 1, 5, 60].map((batch) =>
    kernelCase("cropMatrices", `${batch}`, {
      ...{ batch, rows: 9, columns: 17, rowsBefore: 4, columnsBefore: 0, stream, control },
      matrices: new Float32Array(6 * batch),
    }),
  ),
];

function elastic(batch: number, height: number, width: number, radius: number): KernelCase {
  const weights = Float32Array.from(
    { length: radius + 1 },
    (_, k) => Math.exp((-k * k) / (radius + 1) ** 2) / (radius + 1),
  );
  const field = new Float32Array(batch * 2 * height * width);
  return kernelCase(
    "elasticField",
    `[${batch}, ${height}, ${width}], radius ${radius}`,
    { batch, height, width, radius, alpha: 3, stream, control, weights, field },
    () => 1e-5,
  );
}

function cut(
  [height, width, channels]: Size,
  [boxHeight, boxWidth]: readonly [number, number],
  probability = 1,
  batch = 5,
) {
  const n = batch * height * width * channels;
  return kernelCase("cutout", `${boxHeight}x${boxWidth} of [${height}, ${width}, ${channels}], ${probability}`, {
    ...{ batch, height, width, channels, boxHeight, boxWidth, probability, fillValue: -1.5, stream, control },
    ...{ x: normal(n, 3), out: new Float32Array(n) },
  });
}

const otherPlaces: readonly KernelCase[] = [
  elastic(2, 28, 28, 12),
  elastic(1, 5, 7, 3),
  elastic(1, 7, 5, 9),
  elastic(3, 1, 1, 2),
  elastic(1, 1, 9, 4),
  elastic(1, 9, 1, 4),
  elastic(1, 8, 16, 0),
  elastic(0, 8, 16, 2),
  elastic(1, 0, 16, 2),
  ...sizes.map((size) => cut(size, [2, 3])),
  cut([6, 9, 3], [0, 3]),
  cut([6, 9, 3], [100, 100]),
  cut([6, 9, 1], [2 ** 31 - 1, 2 ** 31 - 1]),
  cut([6, 9, 2], [3, 3], 0.4, 20),
  cut([6, 9, 2], [3, 3], 0, 2),
  cut([64, 70, 3], [16, 16], 1, 2),
];

function colors(name: string, channels: number, draws: number, more: Record<string, unknown>, batch = 9): KernelCase {
  return kernelCase(
    "colorMatrices",
    `${name}, ${channels} channels, ${batch}`,
    {
      ...{ batch, channels, draws, change: 0, probability: 1, low: -0.3, high: 0.8, deviation: 0, stream, control },
      ...more,
      transforms: new Float32Array(batch * channels * (channels + 1)).fill(7),
    },
    () => 2e-5,
  );
}

const colorCases: readonly KernelCase[] = [
  ...[1, 2, 3, 4, 5, 9].flatMap((channels) => [
    colors("one shift", channels, 1, { directions: new Float32Array(channels).fill(20) }),
    colors("own shifts", channels, channels, { directions: normal(channels * channels, 4), probability: 0.5 }),
    colors("normal", channels, channels, { directions: normal(channels * channels, 4), deviation: 0.1 }),
    colors("contrast", channels, 1, { change: 1, mean: normal(9 * channels, 5) }),
    colors("hue", channels, 1, { change: 2 }),
  ]),
  colors("a quarter of a turn", 3, 1, { change: 2, low: 0.25, high: 0.25 }),
  colors("nothing to draw along", 3, 1, {}),
  ...[0, 1, 40].map((batch) => colors("many", 3, 1, { change: 2 }, batch)),
];

function painted(batch: number, pixels: number, channels: number, transposed: number, low: number, high: number) {
  const n = batch * pixels * channels;
  const x = normal(n, 6);
  if (n > 20) x[7] = Number.NaN;
  return kernelCase(
    "colorTransform",
    `[${batch}, ${pixels}, ${channels}] to [${low}, ${high}]${transposed ? ", transposed" : ""}`,
    {
      ...{ batch, pixels, channels, transposed, low, high, x },
      ...{ transforms: normal(batch * channels * (channels + 1), 7), out: new Float32Array(n) },
    },
    () => 1e-5,
  );
}

const pixelCounts = [0, 1, 3, 4, 5, 9, 35];
const transformCases: readonly KernelCase[] = [
  ...[1, 2, 3, 4, 5].flatMap((channels) =>
    pixelCounts.flatMap((pixels) =>
      [0, 1].map((transposed) => painted(3, pixels, channels, transposed, -Infinity, Infinity)),
    ),
  ),
  ...[1, 3, 4].map((channels) => painted(2, 3000, channels, 0, -0.5, 1)),
  painted(0, 9, 3, 0, 0, 1),
];

const noiseCases: readonly KernelCase[] = [0, 1, 3, 4, 5, 9, 33, 1023, 1024, 1025, 3001].map((n) =>
  kernelCase(
    "addNoise",
    `n = ${n}`,
    { n, deviation: 0.5, low: -1, high: 1.5, stream, control, x: uniform(n, 8, -2, 2), out: new Float32Array(n) },
    () => 2e-6,
  ),
);

export const augmentCases: readonly KernelCase[] = [
  ...warpCases,
  noMatrices,
  ...matrixCases,
  ...otherPlaces,
  ...colorCases,
  ...transformCases,
  ...noiseCases,
];

// Augmentation: by the kernel that does its work on the pixels, on digits, on small pictures of three
// channels and on large ones; and what is drawn before. The first word of a shape says what the operands hold (operands.ts).

import type { KernelName } from "../../bindings/generated/kernels.ts";
import { fillModes } from "../../src/ops/imageCodes.ts";
import type { Row } from "../row.ts";
import { plainRow } from "./plain.ts";

type Pictures = readonly [batch: number, size: number, channels: number];

const pictures: readonly Pictures[] = [
  [64, 28, 1], // digits
  [64, 32, 3],
  [8, 224, 3],
];

/** Sizes of the twin's run where the pictures are large. */
const smaller = ([, size, channels]: Pictures): Pictures => [1, size, channels];
const nameOf = ([batch, size, channels]: Pictures): string => `${batch}x${size}x${size}x${channels}`;

type Scalars = Readonly<Record<string, number>>;

/** A row over pictures; `also` are scalars beside their sizes. */
function row(kernel: KernelName, what: string, given: Pictures, also: Scalars, present: readonly string[]): Row {
  const [batch, size, channels] = given;
  const scalars = {
    batch,
    height: size,
    width: size,
    channels,
    pixels: size * size,
    n: batch * size * size * channels,
  };
  const known = Object.fromEntries(Object.entries(scalars).filter(([name]) => takes[kernel]?.includes(name)));
  const more = size > 100 && batch > 1 ? { reduced: row(kernel, what, smaller(given), also, present) } : {};
  const quick = given === pictures[0] && (what === "rotate" || what === "noise");
  return plainRow(
    "augmentation",
    kernel,
    `${what} ${nameOf(given)}`,
    { ...known, ...also },
    { present, quick, ...more },
  );
}

/** Which of the sizes of pictures a kernel has. */
const takes: { readonly [K in KernelName]?: readonly string[] } = {
  imageWarp: ["batch", "height", "width", "channels"],
  colorTransform: ["batch", "pixels", "channels"],
  addNoise: ["n"],
  cutout: ["batch", "height", "width", "channels"],
  elasticField: ["batch", "height", "width"],
};

const warp = (what: string, given: Pictures): Row =>
  row("imageWarp", what, given, { fillMode: what === "crop" ? fillModes.constant : fillModes.reflect }, [
    what === "elastic" ? "field" : "matrices",
  ]);

const BATCH = 64;

export const augmentRows: readonly Row[] = [
  ...pictures.flatMap((given) => [
    ...["mirror", "crop", "shift", "rotate", "zoom", "shear", "affine", "elastic"].map((what) => warp(what, given)),
    row("colorTransform", "colors", given, { low: 0, high: 1 }, []), // one work, whatever the matrices hold
    row("addNoise", "noise", given, { deviation: 0.1, low: 0, high: 1 }, []),
    row("cutout", "cutout", given, { boxHeight: given[1] >> 1, boxWidth: given[1] >> 1 }, []),
  ]),
  row("elasticField", "elastic", [64, 28, 1], { radius: 12 }, []),
  row("elasticField", "elastic", [2, 224, 3], { radius: 30 }, []),
  plainRow("augmentation", "affineMatrices", `affine ${BATCH}`, {
    batch: BATCH,
    height: 28,
    width: 28,
    mirrorHorizontal: 0.5,
  }),
  plainRow("augmentation", "cropMatrices", `crop ${BATCH}`, { batch: BATCH, rows: 9, columns: 9, rowsBefore: 4 }),
  ...(["directions", "mean"] as const).map((name, change) => {
    const scalars = { batch: BATCH, channels: 3, draws: change === 0 ? 3 : 1, change, low: -0.2, high: 0.2 };
    return plainRow("augmentation", "colorMatrices", `${name} ${BATCH}x3`, scalars, { present: [name] });
  }),
  plainRow("augmentation", "colorMatrices", `hue ${BATCH}x3`, {
    ...{ batch: BATCH, channels: 3, draws: 1, change: 2, low: -0.2, high: 0.2 },
  }),
];

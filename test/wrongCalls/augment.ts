// Augmentation. What is checked once the images are known, and examples that are mixed before training.

import * as lanewise from "../../src/index.ts";
import type { Call, Kind } from "./kinds.ts";
import {
  choice,
  count,
  finite,
  flag,
  kind,
  maker,
  must,
  nonNegative,
  pair,
  positive,
  record,
  seed,
  size,
  text,
} from "./kinds.ts";

const { augment } = lanewise;

const layerKinds = { name: text, trainable: flag, seed };
/** A share: 0 to 1. */
const share = kind(["0"], 1.01, "1");
const common = { ...layerKinds, probability: share };
const fill = { interpolation: choice, fillMode: choice, fillValue: finite };
/** A range within -1 and 1. */
const factor = kind(["0"], [1], [0.2, 0.1], [0, 2], [-2, 0], ["0", 1], 1.1);
const degrees = kind(["0", "1.5"], [30, 10], [0, 361], 361);
const zoom = kind(["0"], [-1, 0], [0.2, 0.1], 1);
const valueRange = kind([], [1], [1, 0], [0, 0], [0, "1"], 255, [0, 1, 2]);
const drawn = kind(["-1", "0", "1.5", "2^31"], [1], [2, 1], [0, "1"]);
const values = { ...common, factor: must(factor), valueRange };
const part = kind([], 1, { unknown: 1 }, { probability: 2 }, { factor: 2 });

const colors = {
  values: [1, 0.5],
  vectors: [
    [1, 0],
    [0, 1],
  ],
};
const wrongColors = kind(
  [],
  { values: [1] },
  { values: [1], vectors: [] },
  { values: [1], vectors: [[1, 2]] },
  { values: ["1"], vectors: [[1]] },
);

const images = { data: new Uint8Array(2 * 3 * 3 * 1), shape: [2, 3, 3, 1] };
/** Arrays that are not images. */
const picture: Kind = must(kind([], [1, 2], new Float32Array(9), { data: [1], shape: [2] }));
const labelled = { x: new Float32Array(8), y: [0, 1] };

export const calls: readonly Call[] = [
  maker("augment.mirror", augment.mirror, { ...layerKinds, mode: choice, probability: share }),
  maker(
    "augment.crop",
    augment.crop,
    { ...layerKinds, height: size, width: size, padding: count, fillMode: choice, fillValue: finite },
    { height: 2 },
  ),
  maker(
    "augment.shift",
    augment.shift,
    { ...common, ...fill, heightFactor: factor, widthFactor: factor },
    { heightFactor: 0.1 },
  ),
  maker("augment.rotate", augment.rotate, { ...common, ...fill, degrees }, { degrees: 10 }),
  maker("augment.rotate, by factor", augment.rotate, { ...common, ...fill, factor }, { factor: 0.1 }),
  maker(
    "augment.zoom",
    augment.zoom,
    { ...common, ...fill, heightFactor: must(zoom), widthFactor: zoom },
    { heightFactor: 0.1 },
  ),
  maker("augment.shear", augment.shear, { ...common, ...fill, xFactor: factor, yFactor: factor }, { xFactor: 0.1 }),
  maker(
    "augment.affine",
    augment.affine,
    { ...common, ...fill, mirror: { ...part, accepts: ["{}"] }, shift: part, rotate: part, zoom: part, shear: part },
    { mirror: {} },
  ),
  maker(
    "augment.elastic",
    augment.elastic,
    { ...layerKinds, ...fill, alpha: must(finite), sigma: must(kind(["1.5"], 1e-50, 1001)) },
    { alpha: 34, sigma: 4 },
  ),
  maker("augment.brightness", augment.brightness, values, { factor: 0.1 }),
  maker("augment.contrast", augment.contrast, values, { factor: 0.1 }),
  maker("augment.colorShift", augment.colorShift, values, { factor: 0.1 }),
  maker("augment.hue", augment.hue, values, { factor: 0.1 }),
  maker(
    "augment.principalColor",
    augment.principalColor,
    { ...common, colors: must(wrongColors), deviation: nonNegative, valueRange },
    { colors },
  ),
  maker(
    "augment.gaussianNoise",
    augment.gaussianNoise,
    { ...layerKinds, stddev: must(nonNegative), valueRange },
    { stddev: 1 },
  ),
  maker("augment.cutout", augment.cutout, { ...common, size: must(pair), fillValue: finite }, { size: 2 }),
  {
    name: "augment.principalColors",
    args: [["images", picture, images], record()],
    options: { valueRange },
    run: augment.principalColors as Call["run"],
  },
  {
    name: "augment.mixup",
    args: [["data", kind([], [1], { x: labelled.x }, { ...labelled, z: 1 }), labelled], record({ classes: 2 })],
    options: { alpha: positive, batchSize: size, seed, classes: must(size), dropRemainder: flag },
    run: augment.mixup as Call["run"],
  },
  {
    name: "augment.overlay",
    args: [["a", picture, images], ["b", picture, images], record()],
    options: { gain: drawn, snr: drawn, valueRange, seed },
    run: augment.overlay as Call["run"],
  },
  {
    name: "augment.apply",
    args: [
      ["images", picture, images],
      ["layers", kind(["[]"], [1], [augment.mirror], augment.mirror), [augment.mirror()]],
      record(),
    ],
    options: { seed, step: count },
    run: augment.apply as Call["run"],
  },
];

// Pooling, and normalisation of batches and layers.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { GroupName } from "../goals.ts";
import type { Row } from "../row.ts";
import { plainRow } from "./plain.ts";

interface Pooling {
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  readonly pool: number;
  readonly stride: number;
  readonly pad: number;
}

const poolings: readonly (Pooling & { readonly group: GroupName })[] = [
  { group: "streamingInside", batch: 1, size: 16, channels: 16, pool: 2, stride: 2, pad: 0 },
  { group: "streamingInside", batch: 1, size: 15, channels: 16, pool: 3, stride: 2, pad: 1 },
  { group: "streamingInside", batch: 2, size: 28, channels: 6, pool: 2, stride: 2, pad: 0 }, // LeNet-5
  { group: "streaming", batch: 10, size: 112, channels: 64, pool: 2, stride: 2, pad: 0 }, // VGG
  { group: "streaming", batch: 10, size: 112, channels: 64, pool: 3, stride: 2, pad: 1 }, // ResNet
];

const poolKernels = ["maxPool2d", "maxPool2dGradient", "averagePool2d", "averagePool2dGradient"] as const;

function pooling(kernel: KernelName, shape: (typeof poolings)[number]): Row {
  const { group, batch, size, channels, pool, stride, pad } = shape;
  const scalars = {
    ...{ batch, height: size, width: size, channels, poolHeight: pool, poolWidth: pool },
    ...{ strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad },
  };
  const more = group === "streaming" && batch > 1 ? { reduced: pooling(kernel, { ...shape, batch: 1 }) } : {};
  return plainRow(group, kernel, `${batch}x${size}x${size}x${channels} ${pool}x${pool}/${stride}`, scalars, more);
}

/** Each pass of a kernel that must see all values before it can write any. */
function twoPasses(rows: number, channels: number) {
  const bytes = rows * channels * 4;
  return [
    { reads: [bytes, bytes], updates: [], writes: [] },
    { reads: [bytes, bytes], updates: [], writes: [bytes] },
  ];
}

function batchNorm(kernel: KernelName, rows: number, channels: number, inside: boolean): Row {
  const group = inside ? "streamingInside" : "streaming";
  const traffic = kernel === "batchNormGradient" ? { traffic: twoPasses(rows, channels) } : {};
  const present = kernel === "batchNorm" ? ["gamma", "beta"] : ["gamma"];
  const more = {
    present: kernel === "batchNormStatistics" ? [] : present,
    ...traffic,
    ...(inside ? {} : { reduced: batchNorm(kernel, Math.ceil(rows / 64), channels, true) }),
  };
  return plainRow(group, kernel, `${rows}x${channels}`, { rows, channels }, more);
}

function layerNorm(kernel: KernelName, rows: number, columns: number, inside: boolean): Row {
  const group = inside ? "streamingInside" : "streaming";
  const bytes = rows * columns * 4;
  const more = {
    present: kernel === "layerNorm" ? ["gamma", "beta"] : ["gamma"],
    // rows are read once, whatever is computed of them
    ...(kernel === "layerNorm" ? {} : { traffic: [{ reads: [bytes, bytes], updates: [], writes: [bytes] }] }),
    ...(inside ? {} : { reduced: layerNorm(kernel, Math.ceil(rows / 64), columns, true) }),
  };
  return plainRow(group, kernel, `${rows}x${columns}`, { rows, columns }, more);
}

const normKernels = ["batchNormStatistics", "batchNorm", "batchNormGradient", "batchNormInferenceGradient"] as const;

export const imageRows: readonly Row[] = [
  ...poolings.flatMap((shape) => poolKernels.map((kernel) => pooling(kernel, shape))),
  ...normKernels.flatMap((kernel) => [
    batchNorm(kernel, 64, 64, true),
    batchNorm(kernel, 256, 16, true),
    batchNorm(kernel, 125_000, 64, false),
    batchNorm(kernel, 31_250, 256, false),
  ]),
  ...(["layerNorm", "layerNormGradient"] as const).flatMap((kernel) => [
    layerNorm(kernel, 64, 64, true),
    layerNorm(kernel, 16, 256, true),
    layerNorm(kernel, 125_000, 64, false),
    layerNorm(kernel, 10_000, 768, false),
  ]),
];

// The records of all kernels, by the family that a folder or file of assembly/ holds.

import type { KernelCase } from "../kernelCase.ts";
import { augmentCases } from "./augment.ts";
import { batchNormCases } from "./batchNorm.ts";
import { convCases } from "./conv.ts";
import { copyCases } from "./copy.ts";
import { gatherCases } from "./gather.ts";
import { gemmCases } from "./gemm.ts";
import { gradientCases } from "./gradients.ts";
import { layerNormCases } from "./layerNorm.ts";
import { optimCases } from "./optim.ts";
import { pointwiseCases } from "./pointwise.ts";
import { poolCases } from "./pool.ts";
import { randomCases } from "./random.ts";
import { argMaxCases, reduceCases } from "./reduce.ts";
import { softmaxCases } from "./softmax.ts";

export const families: Readonly<Record<string, readonly KernelCase[]>> = {
  augment: augmentCases,
  batchNorm: batchNormCases,
  conv: convCases,
  copy: copyCases,
  gather: gatherCases,
  gemm: gemmCases,
  layerNorm: layerNormCases,
  optim: [...optimCases, ...gradientCases],
  pointwise: pointwiseCases,
  pool: poolCases,
  random: randomCases,
  reduce: [...reduceCases, ...argMaxCases],
  softmax: softmaxCases,
};

// Every kernel's baseline by name; the type makes the table complete.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import * as augment from "./augment.ts";
import type { Baseline } from "./baseline.ts";
import * as batchNorm from "./batchNorm.ts";
import * as conv from "./conv.ts";
import * as copy from "./copy.ts";
import * as depthwise from "./depthwise.ts";
import * as gather from "./gather.ts";
import * as gemm from "./gemm.ts";
import * as gradients from "./gradients.ts";
import * as layerNorm from "./layerNorm.ts";
import * as optim from "./optim.ts";
import * as pointwise from "./pointwise.ts";
import * as pool from "./pool.ts";
import * as random from "./random.ts";
import * as reduce from "./reduce.ts";
import * as softmax from "./softmax.ts";

export const baselines: { readonly [K in KernelName]: Baseline<K> } = {
  ...augment,
  ...batchNorm,
  ...conv,
  ...copy,
  ...depthwise,
  ...gather,
  ...gemm,
  ...gradients,
  ...layerNorm,
  ...optim,
  ...pointwise,
  ...pool,
  ...random,
  ...reduce,
  ...softmax,
};

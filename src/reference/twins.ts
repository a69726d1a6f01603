// Every kernel's twin by name; the type makes the table complete.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import * as augmentColor from "./augmentColor.ts";
import * as augmentPlaces from "./augmentPlaces.ts";
import * as batchNorm from "./batchNorm.ts";
import * as conv from "./conv.ts";
import * as copy from "./copy.ts";
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
import type { Twin } from "./twin.ts";

export const twins: { readonly [K in KernelName]: Twin<K> } = {
  ...augmentColor,
  ...augmentPlaces,
  ...batchNorm,
  ...conv,
  ...copy,
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

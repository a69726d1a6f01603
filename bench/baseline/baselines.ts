// Every kernel's baseline by name.

import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { Baseline } from "./baseline.ts";
import * as conv from "./conv.ts";
import * as depthwise from "./depthwise.ts";
import * as gemm from "./gemm.ts";

export const baselines: { readonly [K in KernelName]?: Baseline<K> } = { ...conv, ...depthwise, ...gemm };

// What the kernels should reach, group by group: a share of the roof, a factor over the baseline, or a rate. Shares are
// of what the machine can do at most, measured in the same run; a factor of the baseline counts where all is in the cache.

import type { Build } from "../bindings/variant.ts";

export interface Goal {
  readonly title: string;
  /** Least percent of the roof. */
  readonly percent?: number | Readonly<Record<Build, number>>;
  /** Least number of times faster than the baseline. */
  readonly times?: number;
  /** Least number of elements a second. */
  readonly elements?: number;
}

/** In the order of the report. */
export const groupNames = [
  "gemm",
  "thinGemm",
  "conv",
  "winograd",
  "firstLayer",
  "depthwise",
  "streaming",
  "streamingInside",
  "transcendental",
  "transcendentalInside",
  "optimizer",
  "optimizerInside",
  "augmentation",
  "other",
] as const;

export type GroupName = (typeof groupNames)[number];

export const goals: Readonly<Record<GroupName, Goal>> = {
  gemm: { title: "GEMM, all dimensions at least 64", percent: { relaxed: 92, strict: 90 } },
  thinGemm: { title: "GEMM, a dimension of 1 to 32", percent: 50, times: 1 },
  conv: { title: "convolution and its gradients", percent: 80 },
  winograd: { title: "convolution 3x3, stride 1, many channels", percent: 120 },
  firstLayer: { title: "convolution, 1 or 3 channels", percent: 55 },
  depthwise: { title: "depthwise convolution and its gradients", percent: 40 },
  streaming: { title: "few instructions an element, outside the cache", percent: 85 },
  streamingInside: { title: "few instructions an element, in the cache", times: 10 },
  transcendental: { title: "exp, log, tanh, erf and the like, outside the cache", percent: 55 },
  transcendentalInside: { title: "exp, log, tanh, erf and the like, in the cache", times: 6 },
  optimizer: { title: "optimizers, 10 million parameters", percent: 85 },
  optimizerInside: { title: "optimizers, 100,000 parameters", elements: 2e9 },
  augmentation: { title: "augmentation of images", times: 3 },
  other: { title: "others" },
};

export function percentOf(goal: Goal, build: Build): number | undefined {
  return typeof goal.percent === "object" ? goal.percent[build] : goal.percent;
}

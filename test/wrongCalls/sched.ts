// Schedules, callbacks, the learning-rate finder, averages.

import * as lanewise from "../../src/index.ts";
import type { Call } from "./kinds.ts";
import {
  callable,
  choice,
  count,
  flag,
  fraction,
  kind,
  maker,
  must,
  nonNegative,
  positive,
  rate,
  record,
  size,
  text,
} from "./kinds.ts";
import { makeModel, x, y } from "./models.ts";

const { schedules } = lanewise;

const initial = { initialLearningRate: must(positive), per: choice };
const decayed = { ...initial, decaySteps: must(size) };
const valid = { initialLearningRate: 0.1 };
const decayKinds = { ...initial, decaySteps: size, staircase: flag };
const monitored = { monitor: text, mode: choice, minDelta: nonNegative };

export const calls: readonly Call[] = [
  {
    name: "schedules.constant",
    args: [["learningRate", must(nonNegative), 0.1]],
    run: schedules.constant as Call["run"],
  },
  maker("schedules.inverseTimeDecay", schedules.inverseTimeDecay, { ...decayKinds, decayRate: nonNegative }, valid),
  maker("schedules.exponentialDecay", schedules.exponentialDecay, { ...decayKinds, decayRate: positive }, valid),
  maker("schedules.inverseSqrtDecay", schedules.inverseSqrtDecay, { ...initial, k: positive }, valid),
  maker(
    "schedules.stepDecay",
    schedules.stepDecay,
    { ...initial, factor: positive, every: must(size) },
    { ...valid, every: 2 },
  ),
  maker(
    "schedules.piecewiseConstantDecay",
    schedules.piecewiseConstantDecay,
    {
      boundaries: must(kind([], [1], [1, 1], [2, 1], [1, "2"], [1.5, 2], [-1, 2], [1, 2, 3])),
      values: must(kind([], [1], [1, 2, -1], [1, 2, "3"], [1, 2, Number.NaN], [1, 2, 3, 4])),
      per: choice,
    },
    { boundaries: [1, 2], values: [1, 2, 3] },
  ),
  maker(
    "schedules.polynomialDecay",
    schedules.polynomialDecay,
    { ...decayed, endLearningRate: nonNegative, power: positive, cycle: flag },
    { ...valid, decaySteps: 2 },
  ),
  maker(
    "schedules.cosineDecay",
    schedules.cosineDecay,
    { ...decayed, alpha: nonNegative },
    { ...valid, decaySteps: 2 },
  ),
  maker(
    "schedules.cosineDecayRestarts",
    schedules.cosineDecayRestarts,
    {
      ...initial,
      firstDecaySteps: must(size),
      tMul: kind(["1.5", "2^31"], 0.99, "2"),
      mMul: positive,
      alpha: nonNegative,
    },
    { ...valid, firstDecaySteps: 2 },
  ),
  maker(
    "schedules.oneCycle",
    schedules.oneCycle,
    {
      maxLearningRate: must(positive),
      totalSteps: must(size),
      pctStart: fraction,
      divFactor: positive,
      finalDivFactor: positive,
      annealing: choice,
      per: choice,
    },
    { maxLearningRate: 1, totalSteps: 9 },
  ),
  maker(
    "schedules.warmup",
    schedules.warmup,
    { steps: must(size), from: nonNegative, learningRate: must(rate), per: choice },
    { steps: 2, learningRate: 1 },
  ),
  {
    name: "schedules.sequence",
    args: [
      ["schedules", must(kind([], [1], [1, "2"], [1, -1], [1, null])), [1, 2]],
      ["boundaries", must(kind([], [0], [1.5], ["1"], [1, 2])), [1]],
      record(),
    ],
    options: { per: choice },
    run: schedules.sequence as Call["run"],
  },
  {
    name: "schedules.scale",
    args: [
      ["schedule", must(rate), 1],
      ["factor", must(nonNegative), 2],
    ],
    run: schedules.scale as Call["run"],
  },
  {
    name: "exponentialAverage",
    args: [["beta", must(fraction), 0.9], record()],
    options: { biasCorrection: flag },
    run: lanewise.exponentialAverage as Call["run"],
  },
  {
    name: "exponentialAverage, add",
    args: [["value", must(kind(["-1", "0", "1.5", "2^31"], "1")), 1]],
    run: lanewise.exponentialAverage(0.9).add as Call["run"],
  },
  maker(
    "earlyStopping",
    lanewise.earlyStopping,
    {
      ...monitored,
      patience: count,
      baseline: kind(["-1", "0", "1.5", "2^31"], "1"),
      restoreBestWeights: flag,
      startFromEpoch: count,
    },
    {},
  ),
  maker(
    "reduceLearningRateOnPlateau",
    lanewise.reduceLearningRateOnPlateau,
    { ...monitored, factor: kind([], 1, 1e-50), patience: count, cooldown: count, minLearningRate: nonNegative },
    {},
  ),
  maker(
    "modelCheckpoint",
    lanewise.modelCheckpoint,
    { ...monitored, path: kind(["text", "function"], ""), saveBestOnly: kind(["true"], false, 1) },
    {},
  ),
  maker("monotoneCost", lanewise.monotoneCost, { action: choice, tolerance: nonNegative, write: callable }),
  {
    name: "findLearningRate",
    args: [["model", must(kind([], [])), makeModel()], ["", must(kind([], [1], [{ x }])), { x, y }], record()],
    options: {
      from: positive,
      to: positive,
      steps: kind([], 1, "2"),
      batchSize: size,
      shuffle: flag,
      smoothing: fraction,
      signal: kind([], { aborted: false }),
    },
    run: lanewise.findLearningRate as Call["run"],
  },
];

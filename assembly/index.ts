// Exports only. The strict build holds everything that stands here.

export { blockCopy, copy, fill } from "./copy";
export { guard } from "./guard";
export { adam, rmsprop, sgd } from "./optim";
export {
  dropout,
  dropoutScratch,
  randomNormal,
  randomNormalScratch,
  randomTruncatedNormal,
  randomTruncatedNormalScratch,
  randomUniform,
  randomUniformScratch,
} from "./random";
export {
  argMax,
  reduceMax,
  reduceMaxPhases,
  reduceMaxScratch,
  reduceMin,
  reduceMinPhases,
  reduceMinScratch,
  reduceSum,
  reduceSumPhases,
  reduceSumScratch,
} from "./reduce";
export { run } from "./run";

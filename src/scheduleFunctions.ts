// The namespace `schedules`: closures from step and epoch to a learning rate.

export { type SequenceOptions, scale, sequence, type WarmupOptions, warmup } from "./schedules/composition.ts";
export {
  type CosineDecayRestartsOptions,
  cosineDecayRestarts,
  type OneCycleOptions,
  oneCycle,
} from "./schedules/cycle.ts";
export {
  type CosineDecayOptions,
  constant,
  cosineDecay,
  exponentialDecay,
  type InverseSqrtDecayOptions,
  inverseSqrtDecay,
  inverseTimeDecay,
  type PiecewiseConstantDecayOptions,
  type PolynomialDecayOptions,
  piecewiseConstantDecay,
  polynomialDecay,
  type RateDecayOptions,
  type StepDecayOptions,
  stepDecay,
} from "./schedules/decay.ts";

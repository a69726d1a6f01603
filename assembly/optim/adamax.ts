// Adam by the largest gradient (Kingma and Ba 2015, section 7).

import { InF32, InOutF32, Task } from "../task";
import { Epsilon, none, Pass, RULE_1, Slots } from "./pass";

@unmanaged
export class AdamaxArgs {
  n: i32;
  beta1: f32;
  beta2: f32;
  epsilon: f32;
  epsilonForm: i32; // 0 outside, 1 inside
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  m: InOutF32; // [n]
  u: InOutF32; // [n]
  control: InF32; // [8] learningRate, 1 / (1 - beta1^t) of the float32 beta1
}

/** u = rate m / (largest + outside) */
@final
@unmanaged
class Adamax {
  @inline update<LANES>(
    gradient: v128,
    m: usize,
    u: usize,
    _c: usize,
    beta1: v128,
    share1: v128,
    beta2: v128,
    inside: v128,
    outside: v128,
    rate: v128,
    _k6: v128,
    _k7: v128,
  ): v128 {
    const lanes = changetype<LANES>(0);
    const first = Slots.average<LANES>(m, beta1, share1, gradient);
    const largest = f32x4.max(f32x4.mul(beta2, lanes.load(u)), f32x4.add(f32x4.abs(gradient), inside));
    lanes.store(u, largest);
    return f32x4.div(f32x4.mul(rate, first), f32x4.add(largest, outside));
  }
}

/**
 * m = beta1 m + (1 - beta1) g, c1 the correction of step t
 * outside: u = max(beta2 u, |g|), w -= learningRate c1 m / (u + epsilon)
 * inside:  u = max(beta2 u, |g| + epsilon), w -= learningRate c1 m / u
 * and w -= learningRate weightDecay w
 */
export function adamax(args: AdamaxArgs, task: Task): void {
  const o = none();
  Pass.all<Adamax, AdamaxArgs>(
    args,
    task,
    args.m,
    args.u,
    0,
    f32x4.splat(args.beta1),
    f32x4.splat(1 - args.beta1),
    f32x4.splat(args.beta2),
    Epsilon.inside(args.epsilonForm, args.epsilon, 1),
    Epsilon.outside(args.epsilonForm, args.epsilon, 1),
    f32x4.splat(load<f32>(args.control) * load<f32>(args.control + RULE_1)),
    o,
    o,
  );
}

// Adam by the largest gradient (Kingma and Ba 2015, section 7).

import { InF32, InOutF32, Task } from "../task";
import { isIdle, none, Pass, RULE_1, Slots } from "./pass";

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

/** w -= rate m / (u + outside) + decay w */
@final
@unmanaged
class Adamax {
  @inline step<LANES>(
    w: usize,
    g: usize,
    m: usize,
    u: usize,
    _c: usize,
    beta1: v128,
    share1: v128,
    beta2: v128,
    inside: v128,
    outside: v128,
    rate: v128,
    decay: v128,
    _k7: v128,
    _k8: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const gradient = lanes.load(g);
    const first = Slots.average<LANES>(m, beta1, share1, gradient);
    const largest = f32x4.max(f32x4.mul(beta2, lanes.load(u)), f32x4.add(f32x4.abs(gradient), inside));
    lanes.store(u, largest);
    const update = f32x4.div(f32x4.mul(rate, first), f32x4.add(largest, outside));
    Slots.takeOff<LANES>(w, update, decay);
  }
}

/**
 * m = beta1 m + (1 - beta1) g, c1 the correction of step t
 * outside: u = max(beta2 u, |g|), w -= learningRate c1 m / (u + epsilon)
 * inside:  u = max(beta2 u, |g| + epsilon), w -= learningRate c1 m / u
 * and w -= learningRate weightDecay w
 */
export function adamax(args: AdamaxArgs, task: Task): void {
  if (isIdle(args.control)) return;
  const learningRate = load<f32>(args.control);
  const isInside = args.epsilonForm === 1;
  const o = none();
  Pass.all<Adamax>(
    args.n,
    task,
    args.w,
    args.g,
    args.m,
    args.u,
    0,
    f32x4.splat(args.beta1),
    f32x4.splat(1 - args.beta1),
    f32x4.splat(args.beta2),
    f32x4.splat(isInside ? args.epsilon : 0),
    f32x4.splat(isInside ? 0 : args.epsilon),
    f32x4.splat(learningRate * load<f32>(args.control + RULE_1)),
    f32x4.splat(learningRate * args.weightDecay),
    o,
    o,
  );
}

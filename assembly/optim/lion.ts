// Lion (Chen et al. 2023). 1 - beta is taken of the float32 values.

import { InF32, InOutF32, Task } from "../task";
import { isIdle, none, Pass, Slots } from "./pass";

@unmanaged
export class LionArgs {
  n: i32;
  beta1: f32;
  beta2: f32;
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  m: InOutF32; // [n]
  control: InF32; // [8] learningRate
}

/** w -= rate sign(beta1 m + share1 g) + decay w, then m = beta2 m + share2 g */
@final
@unmanaged
class Lion {
  @inline step<LANES>(
    w: usize,
    g: usize,
    m: usize,
    _b: usize,
    _c: usize,
    beta1: v128,
    share1: v128,
    beta2: v128,
    share2: v128,
    rate: v128,
    decay: v128,
    _k6: v128,
    _k7: v128,
    _k8: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const gradient = lanes.load(g);
    const before = lanes.load(m);
    const c = f32x4.add(f32x4.mul(beta1, before), f32x4.mul(share1, gradient));
    lanes.store(m, f32x4.add(f32x4.mul(beta2, before), f32x4.mul(share2, gradient)));
    // 1 with the sign of c; zeros and NaN stay what they are
    const one = v128.or(v128.and(c, f32x4.splat(-0.0)), f32x4.splat(1));
    const sign = v128.bitselect(one, c, f32x4.gt(f32x4.abs(c), f32x4.splat(0)));
    Slots.takeOff<LANES>(w, f32x4.mul(rate, sign), decay);
  }
}

/**
 * u = sign(beta1 m + (1 - beta1) g), 0 where that is 0
 * m = beta2 m + (1 - beta2) g
 * w -= learningRate (u + weightDecay w)
 */
export function lion(args: LionArgs, task: Task): void {
  if (isIdle(args.control)) return;
  const learningRate = load<f32>(args.control);
  const beta1 = f32x4.splat(args.beta1);
  const share1 = f32x4.splat(1 - args.beta1);
  const beta2 = f32x4.splat(args.beta2);
  const share2 = f32x4.splat(1 - args.beta2);
  const rate = f32x4.splat(learningRate);
  const decay = f32x4.splat(learningRate * args.weightDecay);
  const o = none();
  Pass.all<Lion>(args.n, task, args.w, args.g, args.m, 0, 0, beta1, share1, beta2, share2, rate, decay, o, o, o);
}

// Lion (Chen et al. 2023). 1 - beta is taken of the float32 values.

import { InF32, InOutF32, Task } from "../task";
import { none, Pass } from "./pass";

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

/** u = rate sign(beta1 m + share1 g), then m = beta2 m + share2 g */
@final
@unmanaged
class Lion {
  @inline update<LANES>(
    gradient: v128,
    m: usize,
    _b: usize,
    _c: usize,
    beta1: v128,
    share1: v128,
    beta2: v128,
    share2: v128,
    rate: v128,
    _k5: v128,
    _k6: v128,
    _k7: v128,
  ): v128 {
    const lanes = changetype<LANES>(0);
    const before = lanes.load(m);
    const c = f32x4.add(f32x4.mul(beta1, before), f32x4.mul(share1, gradient));
    lanes.store(m, f32x4.add(f32x4.mul(beta2, before), f32x4.mul(share2, gradient)));
    // 1 with the sign of c; zeros and NaN stay what they are
    const one = v128.or(v128.and(c, f32x4.splat(-0.0)), f32x4.splat(1));
    const sign = v128.bitselect(one, c, f32x4.gt(f32x4.abs(c), f32x4.splat(0)));
    return f32x4.mul(rate, sign);
  }
}

/**
 * u = sign(beta1 m + (1 - beta1) g), 0 where that is 0
 * m = beta2 m + (1 - beta2) g
 * w -= learningRate (u + weightDecay w)
 */
export function lion(args: LionArgs, task: Task): void {
  const o = none();
  Pass.all<Lion, LionArgs>(
    args,
    task,
    args.m,
    0,
    0,
    f32x4.splat(args.beta1),
    f32x4.splat(1 - args.beta1),
    f32x4.splat(args.beta2),
    f32x4.splat(1 - args.beta2),
    v128.load32_splat(args.control),
    o,
    o,
    o,
  );
}
